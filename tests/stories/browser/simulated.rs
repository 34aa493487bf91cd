//! The simulated Meta and the local stack's own pages: what people see first in a demo.

use serde_json::json;

use super::Story;
use crate::util::{INES, LUNA, luna};

#[tokio::test]
async fn the_simulated_phone_has_every_kind_of_message() {
    let Some(mut story) = Story::begin().await else { return };
    story.world = luna().await;
    let world = &story.world;
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    let ana = world.browser("ana");
    ana.send(&ana.conversation().await, "¡Sí! Hasta las 20 h. ¿Le reservo una mesa en la terraza?").await.json();
    world.settle().await;
    for action in [
        json!({"kind": "media", "media": "image"}),
        json!({"kind": "media", "media": "audio"}),
        json!({"kind": "share"}),
        json!({"kind": "unsupported"}),
        json!({"kind": "text", "text": "Para dos, por favor. Somos alérgicos a los frutos secos, ¿hay algún plato sin ellos?"}),
        json!({"kind": "seen"}),
    ] {
        world.act(INES, LUNA, action).await;
        world.settle().await;
    }
    let ines = story.window().await;
    ines.visit(&format!("{}/phone", world.stack.meta_url())).await;
    ines.reads("Luna Café").await;
    ines.reads("connected").await;
    ines.picture("phone-start").await;
    ines.visit(&format!("{}/phone?contact={INES}&account={LUNA}", world.stack.meta_url())).await;
    ines.reads("Para dos, por favor.").await;
    ines.picture("phone-kinds").await;
    ines.click("Send something else").await;
    ines.picture("phone-extras").await;
    ines.click("Mention in my story").await;
    ines.comes_true("deep(document).some((e) => e.alt === 'Story mention')").await;
    ines.visit(&format!("{}/phone?contact={INES}&account=mara.paints", world.stack.meta_url())).await;
    ines.reads("No app listens to this account yet").await;
    ines.picture("phone-unconnected").await;
    ines.close(&[]).await;
}

#[tokio::test]
async fn the_simulated_logins_fit_every_screen() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.signed_in("Ana Luna", "/settings/integrations").await;
    ana.click("Connect Instagram").await;
    ana.reads("Log in with Instagram").await;
    ana.comes_true("find('Allow').getBoundingClientRect().bottom <= innerHeight").await;
    ana.picture("consent-instagram").await;
    ana.run("history.replaceState(null, '', location.pathname + '?client_id=0'); location.reload();", &[]).await;
    ana.reads("Error").await;
    ana.picture("consent-refused").await;
    ana.visit(story.world.stack.meta_url()).await;
    ana.reads("A small Meta, on your machine").await;
    ana.picture("meta-home").await;
    ana.close(&["400"]).await;
}

#[tokio::test]
async fn a_permission_that_was_not_given_is_named() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.signed_in("Ana Luna", "/settings/integrations").await;
    ana.click("Connect Instagram").await;
    ana.click("@luna.cafe").await;
    ana.click("View and answer messages").await;
    ana.click("Allow").await;
    ana.reads("Faltan permisos").await;
    ana.picture("card-permissions-missing").await;
    ana.close(&[]).await;
}
