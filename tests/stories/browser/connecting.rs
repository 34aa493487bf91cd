//! Accounts are connected by clicks, with every way in which that can end.

use std::time::Instant;

use domain::Channel;
use local::Login;
use reqwest::Method;
use serde_json::json;
use stories::World;

use super::Story;
use super::channels::{Side, disconnect, sides};
use super::window::Window;
use crate::util::{INES, LUNA};

/// What the product asks for with Instagram Login.
const SCOPES: [&str; 2] = ["instagram_business_basic", "instagram_business_manage_messages"];
const SETTINGS: &str = "/settings/integrations";
const INTRO: &str = "Conecta tu Instagram profesional para responder y gestionar DMs desde el inbox de Curbe.";
const UNDER: &str = "Te llevaremos a Meta para iniciar sesión y seleccionar tu cuenta de Instagram.";

/// At Meta's page: who logs in, and what they decide.
async fn consent(window: &Window<'_>, who: &str, decision: &str) {
    window.click(who).await;
    window.click(decision).await;
}

#[tokio::test]
async fn who_knows_nothing_connects_receives_and_answers() {
    let Some(story) = Story::begin().await else { return };
    let (ana, ines) = (story.window().await, story.window().await);

    ana.visit("/").await;
    ana.reads("Tres pasos y listo.").await;
    ana.picture("home-signed-out").await;
    ana.click("Iniciar sesión").await;
    ana.picture("issuer").await;
    ana.click("Ana Luna").await;
    ana.click("Conectar").await;

    ana.reads(INTRO).await;
    ana.reads(UNDER).await;
    ana.click("Need help").await;
    ana.reads("Necesitas una cuenta de Instagram Business o Creator y permisos para autorizar mensajería.").await;
    ana.picture("card-not-connected").await;
    ana.click("Connect Instagram").await;
    ana.reads("Log in with Instagram").await;
    consent(&ana, "@luna.cafe", "Allow").await;
    ana.arrives(SETTINGS).await;
    ana.reads("Connected: @luna.cafe").await;
    ana.reads("Curbe puede recibir y responder DMs para esta cuenta.").await;
    ana.picture("card-connected").await;

    ana.visit("/").await;
    ana.reads("Conecta Instagram o Facebook Hecho @luna.cafe").await;
    ana.picture("home-connected").await;
    ines.visit(&format!("{}/phone?contact={INES}&account={LUNA}", story.world.stack.meta_url())).await;
    ines.write("Message", "¿Abren hoy?").await;
    ines.click("Send").await;
    ana.reads("Recibe tu primer mensaje Hecho").await;
    ana.picture("home-finished").await;

    ana.click("Abrir el inbox").await;
    ana.click("Inès Moreau").await;
    ana.write("Escribe una respuesta", "Sí, hasta las 20 h ☕").await;
    ana.click("Enviar").await;
    ana.reads("Enviado").await;
    ines.reads("Sí, hasta las 20 h ☕").await;
    ines.picture("phone").await;
    ana.close(&[]).await;
    ines.close(&[]).await;
}

/// From the one address that `cargo dev` prints: each click is on what the page itself offers next.
#[tokio::test]
async fn ten_clicks_lead_from_the_start_page_to_an_answered_message() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.window().await;
    let begun = Instant::now();
    ana.visit("/").await;
    ana.click("Iniciar sesión").await;
    ana.click("Ana Luna").await;
    ana.click("Conectar").await;
    ana.click("Connect Instagram").await;
    ana.click("Allow").await;
    ana.reads("Connected: @luna.cafe").await;
    ana.click("Escríbete desde el teléfono").await;
    ana.turn_to_popup().await;
    ana.reads("Say hello.").await;
    ana.write("Message", "¿Abren hoy?").await;
    ana.click("Send").await;
    ana.reads("Unsend").await;
    ana.close_popup().await;
    ana.click("Abrir el inbox").await;
    ana.reads("¿Abren hoy?").await;
    ana.comes_true("deep(document).some((e) => e.matches('.row.unread'))").await;
    ana.click(&first_conversation(&ana).await).await;
    ana.write("Escribe una respuesta", "Sí, hasta las 20 h").await;
    ana.click("Enviar").await;
    ana.reads("Enviado").await;
    println!("from the start page to the answer: {} clicks, {:.1} s", ana.clicks(), begun.elapsed().as_secs_f32());
    assert_eq!(ana.clicks(), 10);
    ana.close(&[]).await;
}

/// The name on the first row of the inbox.
async fn first_conversation(window: &Window<'_>) -> String {
    let name = window.run("return deep(document).find((e) => e.matches('.row .name')).innerText;", &[]).await;
    name.as_str().expect("a conversation has a name").to_owned()
}

#[tokio::test]
async fn of_several_accounts_of_a_facebook_login_some_are_chosen() {
    for side in sides() {
        some_are_chosen(&side).await;
    }
}

async fn some_are_chosen(side: &Side) {
    let Some(story) = Story::begin().await else { return };
    let ([first, second], [connect_none, connect_both], [unfinished, choose]) =
        (side.several, side.connect_several, side.unfinished);
    let picture = async |window: &Window<'_>, state: &str| window.picture(&format!("{state}-{}", side.channel)).await;
    let eva = story.signed_in("Eva Grande", SETTINGS).await;
    eva.click(side.facebook).await;
    eva.reads("Log in with Facebook").await;
    picture(&eva, "consent").await;
    consent(&eva, "Amara Okafor", "Allow").await;
    eva.arrives(&format!("/settings/integrations/{}/select", side.channel)).await;
    eva.reads(connect_none).await;
    eva.reads("Tu rol en la página no permite responder mensajes.").await;
    assert!(!eva.can_press(connect_none).await, "nothing is chosen");
    eva.click(first).await;
    eva.click(second).await;
    eva.reads(connect_both).await;
    picture(&eva, "selector-several").await;

    eva.visit(SETTINGS).await;
    eva.reads(unfinished).await;
    picture(&eva, "card-unfinished-choice").await;
    eva.click(choose).await;
    eva.click(first).await;
    eva.click(second).await;
    eva.click(connect_both).await;
    eva.reads(&format!("Connected: {first}")).await;
    eva.reads(&format!("Connected: {second}")).await;
    picture(&eva, "card-several").await;

    eva.click(&format!("Disconnect {second}")).await;
    eva.reads(&format!("¿Desconectar {second}?")).await;
    picture(&eva, "card-confirm").await;
    eva.click("Cancelar").await;
    eva.reads_no_more(&format!("¿Desconectar {second}?")).await;
    disconnect(&eva, second).await;
    eva.reads_no_more(&format!("Connected: {second}")).await;
    eva.reads(&format!("Connected: {first}")).await;

    let once_more =
        format!("document.querySelector('buzon-connect-card[channel={}]').connect('facebook');", side.channel);
    eva.run(&once_more, &[]).await;
    consent(&eva, "Amara Okafor", "Allow").await;
    eva.reads("Ya está conectada.").await;
    let marked = "deep(document).filter((e) => e.matches('.choice') && e.innerText.includes('Ya está conectada.'))";
    let first_alone = format!("(all => all.length === 1 && all[0].innerText.includes('{first}'))({marked})");
    eva.comes_true(&first_alone).await;
    picture(&eva, "selector-connected").await;
    eva.close(&[]).await;
}

#[tokio::test]
async fn of_the_chosen_accounts_those_that_were_refused_are_named() {
    let Some(story) = Story::begin().await else { return };
    let eva = story.signed_in("Eva Grande", SETTINGS).await;
    eva.click("Usar Facebook Login").await;
    consent(&eva, "Amara Okafor", "Allow").await;
    eva.click("@atelier.okafor").await;
    eva.click("@okafor.studio").await;
    // Meanwhile another tenant connects one of them.
    story.world.browser("ana").connect("instagram", "okafor.studio").await;
    eva.click("Connect 2 Account(s)").await;
    eva.reads("Algunas cuentas no se conectaron").await;
    eva.reads("@okafor.studio: Esta cuenta ya está conectada en otro lugar").await;
    eva.picture("selector-partly").await;
    eva.click("Continuar").await;
    eva.reads("Connected: @atelier.okafor").await;
    assert!(!eva.words().await.contains("Connected: @okafor.studio"));
    eva.close(&[]).await;
}

#[tokio::test]
async fn a_choice_that_waited_too_long_says_so() {
    let Some(story) = Story::begin().await else { return };
    let eva = story.signed_in("Eva Grande", "/settings/integrations/instagram/select").await;
    eva.reads("Esta elección ya no vale").await;
    eva.picture("selector-expired").await;
    eva.close(&["/assets"]).await;
}

#[tokio::test]
async fn every_other_end_of_a_login_is_told() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    ana.click("Connect Instagram").await;
    consent(&ana, "@luna.cafe", "Cancel").await;
    ana.reads("Connection cancelled").await;
    ana.picture("card-cancelled").await;

    ana.click("Connect Instagram").await;
    consent(&ana, "@theo.brandt", "Allow").await;
    ana.reads("Professional account required").await;
    ana.picture("card-professional-required").await;

    ana.click("Usar Facebook Login").await;
    consent(&ana, "Noah Weiss", "Allow").await;
    ana.reads("No encontramos una cuenta de Instagram profesional").await;

    let error = json!({"message": "An unexpected error has occurred.", "type": "OAuthException", "code": 2, "is_transient": true});
    let fault = json!({"endpoint": "subscribed_apps", "method": "POST", "count": null, "action": {"kind": "error", "status": 500, "error": error}});
    story.world.meta("POST", "/faults", fault).await;
    ana.click("Connect Instagram").await;
    consent(&ana, "@luna.cafe", "Allow").await;
    ana.reads("Los mensajes no se entregan").await;
    ana.reads("Intentar de nuevo").await;
    ana.picture("card-pending").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_broken_connection_asks_to_be_mended_and_a_revoked_one_to_be_made_again() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    let http = world.browser("ana");
    http.connect("instagram", LUNA).await;
    world.dm(INES, LUNA, "Hola").await;
    world.meta("POST", "/password", json!({"user": LUNA})).await;
    http.send(&http.conversation().await, "¡Hola!").await;
    world.settle().await;

    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    ana.reads("@luna.cafe necesita que la vuelvas a conectar.").await;
    ana.reads("La contraseña de Instagram o Facebook cambió.").await;
    ana.picture("card-error").await;
    ana.visit("/inbox").await;
    ana.reads("hasta entonces no llegan mensajes").await;
    ana.click("Inès Moreau").await;
    ana.reads("La contraseña de la cuenta cambió. Vuelve a conectar en Integraciones.").await;
    ana.picture("inbox-broken-account").await;

    ana.click("Ir a Integraciones").await;
    ana.click("Reconnect").await;
    consent(&ana, "@luna.cafe", "Allow").await;
    ana.reads("Connected: @luna.cafe").await;
    ana.click("Disconnect @luna.cafe").await;
    ana.run("find('Cancelar').parentElement.querySelector('button').click();", &[]).await;
    ana.reads("@luna.cafe está desconectada.").await;
    ana.reads(INTRO).await;
    ana.picture("card-revoked").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_plan_without_room_says_which_plan_has_it() {
    let Some(story) = Story::begin().await else { return };
    story.world.browser("marta").connect("instagram", "mara.paints").await;
    let marta = story.signed_in("Marta Norte", SETTINGS).await;
    marta.reads("Connected: @mara.paints").await;
    marta.reads("Pro plan required").await;
    marta.reads("Cambia al plan Pro para conectar más cuentas.").await;
    assert!(!marta.can_press("Conectar otra cuenta").await);
    marta.picture("card-plan-required").await;
    let beside = "find('Conectar otra cuenta').parentElement.querySelector('.badge')";
    assert_eq!(marta.run(&format!("return {beside}.matches('a');"), &[]).await, json!(false), "leads nowhere yet");
    let upgrade = "document.querySelector('buzon-connect-card').setAttribute('upgrade-url', '/plans');";
    marta.run(upgrade, &[]).await;
    marta.comes_true(&format!("new URL({beside}.href).pathname === '/plans'")).await;
    // Connecting the same account again takes no further place.
    marta.click("Reconnect @mara.paints").await;
    consent(&marta, "@mara.paints", "Allow").await;
    marta.reads("Instagram conectado.").await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn who_may_not_connect_is_offered_nothing_that_would_be_refused() {
    let Some(story) = Story::begin().await else { return };
    let (olivia, ana) = (story.world.browser("olivia"), story.world.browser("ana"));
    ana.connect("instagram", LUNA).await;
    let luis = story.signed_in("Luis Prado", SETTINGS).await;
    luis.reads("Connected: @luna.cafe").await;
    luis.reads("Pide a una persona administradora que conecte Instagram.").await;
    assert!(!luis.can_press("Conectar otra cuenta").await);
    assert!(!luis.can_press("Disconnect @luna.cafe").await);
    assert!(!luis.can_press("Reconnect @luna.cafe").await);
    luis.picture("card-agent").await;
    let terms = json!({"overrides": {"max_connections": 1}});
    olivia.call(Method::PUT, "/api/admin/tenants/luna", Some(terms), &[]).await.json();
    luis.visit(SETTINGS).await;
    luis.reads("Pide a una persona administradora que conecte Instagram.").await;
    assert!(!luis.words().await.contains("plan required"), "a plan is not for an agent to change");
    luis.close(&[]).await;
}

#[tokio::test]
async fn a_revoked_account_does_not_count_as_one() {
    let Some(story) = Story::begin().await else { return };
    let marta = story.world.browser("marta");
    marta.connect("instagram", "mara.paints").await;
    marta.disconnect(json!({})).await;
    let terms = json!({"overrides": {"max_connections": 0}});
    story.world.browser("olivia").call(Method::PUT, "/api/admin/tenants/taller", Some(terms), &[]).await.json();
    let marta = story.signed_in("Marta Norte", SETTINGS).await;
    marta.reads("Cambia al plan Pro para conectar Instagram.").await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn a_plan_without_the_channel_says_so_before_anything_is_connected() {
    let Some(story) = Story::begin().await else { return };
    let terms = json!({"overrides": {"max_connections": 0}});
    let path = "/api/admin/tenants/taller";
    story.world.browser("olivia").call(Method::PUT, path, Some(terms), &[]).await.json();
    let marta = story.signed_in("Marta Norte", SETTINGS).await;
    marta.reads("Pro plan required").await;
    marta.reads("Cambia al plan Pro para conectar Instagram.").await;
    assert!(!marta.can_press("Connect Instagram").await);
    let tooltip = marta.run("return find('Connect Instagram').title;", &[]).await;
    assert_eq!(tooltip, json!("Cambia al plan Pro para conectar Instagram."));
    marta.picture("card-plan-none").await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn after_a_downgrade_the_paused_account_says_so() {
    let Some(story) = Story::begin().await else { return };
    let eva = story.world.browser("eva");
    eva.connect("instagram", LUNA).await;
    eva.connect("instagram", "mara.paints").await;
    let terms = json!({"overrides": {"max_connections": 1}});
    let path = "/api/admin/tenants/grande";
    story.world.browser("olivia").call(Method::PUT, path, Some(terms), &[]).await.json();
    let eva = story.signed_in("Eva Grande", SETTINGS).await;
    eva.reads("@mara.paints está en pausa. Tu plan no incluye tantas cuentas.").await;
    eva.reads("Connected: @luna.cafe").await;
    eva.picture("card-paused").await;
    eva.close(&[]).await;
}

#[tokio::test]
async fn before_access_ends_the_card_asks_for_a_new_login() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    world.browser("ana").connect("facebook", "lucia.navarro").await;
    world.advance_hours(77 * 24);
    world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
    world.settle().await;
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    ana.reads("Meta pide que renueves el acceso antes del").await;
    ana.picture("card-notice").await;
    ana.click("Reconnect").await;
    consent(&ana, "Lucía Navarro", "Allow").await;
    ana.reads("Instagram conectado.").await;
    ana.reads_no_more("Meta pide que renueves").await;
    ana.close(&["lookaside.fbsbx.com"]).await; // Meta's link to the picture has ended by then: a letter stands in its place
}

#[tokio::test]
async fn where_the_plan_has_room_for_one_account_one_is_chosen() {
    let Some(story) = Story::begin().await else { return };
    let marta = story.signed_in("Marta Norte", SETTINGS).await;
    marta.click("Usar Facebook Login").await;
    consent(&marta, "Amara Okafor", "Allow").await;
    marta.reads("Elige tu cuenta de Instagram").await;
    marta.click("@atelier.okafor").await;
    marta.click("@okafor.studio").await;
    marta.comes_true("deep(document).filter((e) => e.checked).length === 1").await;
    marta.picture("selector-one").await;
    marta.click("Connect this account").await;
    marta.reads("Connected: @okafor.studio").await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn two_tenants_in_two_browsers_share_nothing() {
    let Some(story) = Story::begin().await else { return };
    let (ana, marta) = (story.signed_in("Ana Luna", SETTINGS).await, story.signed_in("Marta Norte", SETTINGS).await);
    ana.click("Connect Instagram").await;
    consent(&ana, "@luna.cafe", "Allow").await;
    ana.reads("Connected: @luna.cafe").await;
    marta.click("Connect Instagram").await;
    consent(&marta, "@luna.cafe", "Allow").await;
    marta.reads("Esta cuenta ya está conectada en otro lugar").await;
    story.world.dm(INES, LUNA, "solo para Luna").await;
    ana.visit("/inbox").await;
    ana.reads("solo para Luna").await;
    marta.visit("/inbox").await;
    marta.reads("Aún no hay conversaciones").await;
    ana.close(&[]).await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn an_agent_connects_nothing_and_sees_no_manual_form() {
    let Some(story) = Story::begin().await else { return };
    let luis = story.signed_in("Luis Prado", SETTINGS).await;
    luis.reads("Pide a una persona administradora que conecte Instagram.").await;
    assert!(!luis.can_press("Connect Instagram").await);
    assert!(!luis.words().await.contains("Conexión manual"));
    luis.picture("card-agent").await;
    luis.close(&[]).await;
}

#[tokio::test]
async fn where_the_debug_switch_is_on_agents_see_the_manual_form_as_well() {
    let Some(story) = Story::begin().await else { return };
    let switched_on = json!({"settings": {"integration_debug": true}});
    let path = "/api/admin/tenants/luna";
    story.world.browser("olivia").call(Method::PUT, path, Some(switched_on), &[]).await.json();
    let luis = story.signed_in("Luis Prado", SETTINGS).await;
    luis.reads("Conexión manual").await;
    assert!(!luis.can_press("Connect Instagram").await, "the switch changes nothing else");
    luis.close(&[]).await;
}

/// A token that an administrator has copied, and the id that goes with it.
struct ByHand {
    /// What the form says it is of, the field of the id, and what the account is called.
    words: [&'static str; 3],
    id: String,
    token: String,
}

async fn by_hand(world: &World, channel: Channel) -> ByHand {
    let state = world.meta("GET", "/state", json!(null)).await;
    let id = |list: &str, name: &str, called: &str| {
        let found = state[list].as_array().and_then(|all| all.iter().find(|one| one[name] == called));
        found.and_then(|one| one["id"].as_str()).expect("an id").to_owned()
    };
    let (login, words, id, mut asked) = match channel {
        Channel::Instagram => (
            Login::Instagram,
            ["Instagram · Instagram", "Id de la cuenta de Instagram", "@luna.cafe"],
            id("accounts", "username", LUNA),
            json!({"user": LUNA, "kind": "instagram_long", "scopes": SCOPES}),
        ),
        Channel::Messenger => {
            let page = id("pages", "name", "Luna Café");
            let scopes = ["pages_show_list", "pages_messaging", "pages_manage_metadata"];
            let asked = json!({"user": "lucia.navarro", "kind": "page", "page_id": page, "scopes": scopes});
            (Login::Facebook, ["Messenger", "Id de la página", "Luna Café"], page, asked)
        }
    };
    asked["app_id"] = world.stack.app(login).expect("the app is registered").app_id.clone().into();
    let made = world.meta("POST", "/tokens", asked).await;
    ByHand { words, id, token: made["tokens"][0].as_str().expect("a token").to_owned() }
}

#[tokio::test]
async fn an_administrator_connects_by_hand() {
    for channel in Channel::ALL {
        let Some(story) = Story::begin().await else { return };
        let ByHand { words: [what, field, account], id, token } = by_hand(&story.world, channel).await;
        let ana = story.signed_in("Ana Luna", SETTINGS).await;
        ana.click("Conexión manual").await;
        ana.write("Qué conectar", what).await;
        ana.write(field, &id).await;
        ana.write("Token de acceso", &token).await;
        ana.picture(&format!("manual-connection-{channel}")).await;
        ana.click("Conectar a mano").await;
        ana.reads(&format!("Conectada: {account}")).await;
        ana.reads(&format!("Connected: {account}")).await;
        ana.close(&[]).await;
    }
}
