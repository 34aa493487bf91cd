//! Both channels side by side: a card each on one page, and one inbox.

use domain::Channel;
use reqwest::Method;
use serde_json::json;

use super::window::Window;
use super::{Story, embedding};
use crate::util::{INES, KOFI, LUNA, answers_on_phone};

const SETTINGS: &str = "/settings/integrations";
const WRITE: &str = "Escribe una respuesta";

/// What a person reads and presses on one channel.
pub(super) struct Side {
    pub(super) channel: Channel,
    /// The button of the card.
    pub(super) connect: &'static str,
    /// What leads to Facebook Login.
    pub(super) facebook: &'static str,
    /// What the card says while nothing is connected.
    intro: &'static str,
    /// Who logs in at Meta, for Luna Café.
    who: &'static str,
    /// What Luna Café is called.
    account: &'static str,
    /// How far Meta says that an answer has come before it is read.
    arrived: &'static str,
    /// Accounts of one login.
    pub(super) several: [&'static str; 2],
    /// The button that connects none or both of them.
    pub(super) connect_several: [&'static str; 2],
    /// What the card says while a choice waits, and what leads there.
    pub(super) unfinished: [&'static str; 2],
    /// So many times the letter ñ are much, and so many are one too many.
    pub(super) much_is: usize,
    pub(super) too_many: usize,
    /// What the composer says of each.
    pub(super) counted: [&'static str; 2],
}

pub(super) const fn side(channel: Channel) -> Side {
    match channel {
        Channel::Instagram => Side {
            channel,
            connect: "Connect Instagram",
            facebook: "Usar Facebook Login",
            intro: "Conecta tu Instagram profesional para responder y gestionar DMs desde el inbox de Curbe.",
            who: "@luna.cafe",
            account: "@luna.cafe",
            arrived: "Enviado",
            several: ["@atelier.okafor", "@okafor.studio"],
            connect_several: ["Connect 0 Account(s)", "Connect 2 Account(s)"],
            unfinished: ["Te falta elegir qué cuenta conectar.", "Elegir cuenta"],
            much_is: 400,
            too_many: 501,
            counted: ["800 de 1000 bytes", "Demasiado largo: 1002 de 1000 bytes."],
        },
        Channel::Messenger => Side {
            channel,
            connect: "Connect Facebook",
            facebook: "Connect Facebook",
            intro: "Conecta tu página de Facebook para responder y gestionar los mensajes de Messenger desde el inbox de Curbe.",
            who: "Lucía Navarro",
            account: "Luna Café",
            arrived: "Entregado",
            several: ["Atelier Okafor", "Okafor Studio"],
            connect_several: ["Connect 0 Page(s)", "Connect 2 Page(s)"],
            unfinished: ["Te falta elegir qué página conectar.", "Elegir página"],
            much_is: 1600,
            too_many: 2001,
            counted: ["1600 de 2000 caracteres", "Demasiado largo: 2001 de 2000 caracteres."],
        },
    }
}

/// Every channel with its words.
pub(super) fn sides() -> [Side; 2] {
    Channel::ALL.map(side)
}

/// By clicks, on the page with the cards.
async fn connect(window: &Window<'_>, side: &Side) {
    window.click(side.connect).await;
    window.click(side.who).await;
    window.click("Allow").await;
    window.arrives(SETTINGS).await;
    window.reads(&format!("Connected: {}", side.account)).await;
}

/// Presses the button of the question, not the one that asks it.
pub(super) async fn disconnect(window: &Window<'_>, account: &str) {
    window.click(&format!("Disconnect {account}")).await;
    window.reads(&format!("¿Desconectar {account}?")).await;
    window.run("find('Cancelar').parentElement.querySelector('button').click();", &[]).await;
}

/// How many conversations the list shows with the mark of a channel, by the name that is read out.
async fn marked(window: &Window<'_>, channel: Channel) -> u64 {
    let script =
        "return deep(document).filter((e) => e.matches('.row [role=img]') && nameOf(e) === arguments[0]).length;";
    window.run(script, &[json!(channel.name())]).await.as_u64().expect("a number")
}

#[tokio::test]
async fn each_channel_is_connected_answered_and_disconnected_by_clicks() {
    for side in sides() {
        let Some(story) = Story::begin().await else { return };
        let ana = story.signed_in("Ana Luna", SETTINGS).await;
        ana.reads(side.intro).await;
        connect(&ana, &side).await;
        ana.picture(&format!("cards-{}", side.channel)).await;

        story.world.dm_on(side.channel, INES, LUNA, "¿Abren hoy?").await;
        ana.click("Abrir el inbox").await;
        ana.click("Inès Moreau").await;
        assert_eq!(marked(&ana, side.channel).await, 1);
        ana.reads("Puedes responder durante 23 h").await;
        ana.write(WRITE, "Sí, hasta las 20 h\u{E007}").await;
        ana.reads(side.arrived).await;
        ana.picture(&format!("thread-arrived-{}", side.channel)).await;
        story.world.act_on(side.channel, INES, LUNA, json!({"kind": "seen"})).await;
        ana.reads("Visto").await;
        ana.picture(&format!("thread-{}", side.channel)).await;

        ana.visit(SETTINGS).await;
        disconnect(&ana, side.account).await;
        ana.reads(&format!("{} está desconectada.", side.account)).await;
        ana.reads(side.intro).await;
        ana.visit("/inbox").await;
        ana.reads("Conecta Instagram o Facebook para recibir mensajes.").await;
        ana.reads("Inès Moreau").await;
        ana.close(&[]).await;
    }
}

#[tokio::test]
async fn of_two_cards_on_a_page_the_one_whose_login_ended_tells_it() {
    let Some(story) = Story::begin().await else { return };
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    for side in sides() {
        ana.click(side.connect).await;
        ana.click(side.who).await;
        ana.click("Cancel").await;
        ana.reads("Connection cancelled").await;
        let script = "return deep(document).filter((e) => e.localName === 'buzon-connect-card' && \
                      e.shadowRoot.querySelector('[role=status]').innerText.includes('Connection cancelled')) \
                      .map((e) => e.getAttribute('channel'));";
        assert_eq!(ana.run(script, &[]).await, json!([side.channel]));
    }
    for side in sides() {
        connect(&ana, &side).await;
        ana.reads(&format!("{} conectado.", side.channel.name())).await;
        let in_sight = format!(
            "(({{ top, bottom }}) => top > -1 && bottom < innerHeight + 1)\
             (document.querySelector('buzon-connect-card[channel={}]').getBoundingClientRect())",
            side.channel
        );
        ana.comes_true(&in_sight).await;
    }
    ana.reads("Connected: @luna.cafe").await;
    ana.reads("Connected: Luna Café").await;
    ana.picture("cards-both").await;
    ana.visit("/").await;
    ana.reads("@luna.cafe · Luna Café").await;
    ana.picture("home-both").await;

    ana.visit(SETTINGS).await;
    disconnect(&ana, "Luna Café").await;
    ana.reads("Luna Café está desconectada.").await;
    ana.reads("Connected: @luna.cafe").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn one_inbox_has_both_channels_and_can_be_narrowed_to_one() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    world.browser("ana").connect("instagram", LUNA).await;
    world.browser("ana").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    world.dm_on(Channel::Instagram, INES, LUNA, "¿Abren hoy?").await;
    world.dm_on(Channel::Messenger, KOFI, LUNA, "Hello there").await;
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.reads("Hello there").await;
    for channel in Channel::ALL {
        assert_eq!(marked(&ana, channel).await, 1, "{channel}");
    }
    ana.reads("Kofi Mensah").await;
    ana.picture("inbox-both").await;

    ana.click("Messenger").await;
    ana.reads_no_more("¿Abren hoy?").await;
    ana.reads("Hello there").await;
    assert_eq!((marked(&ana, Channel::Messenger).await, marked(&ana, Channel::Instagram).await), (1, 0));
    ana.picture("inbox-messenger").await;
    world.dm_on(Channel::Messenger, INES, LUNA, "¿Y por aquí?").await;
    ana.reads("¿Y por aquí?").await;
    ana.click("Instagram").await;
    ana.reads("¿Abren hoy?").await;
    ana.reads_no_more("Hello there").await;
    // Who reads one channel is told of the other.
    ana.comes_true("/^\\(3\\) /.test(document.title)").await;
    world.dm_on(Channel::Messenger, KOFI, LUNA, "Still there?").await;
    ana.comes_true("/^\\(4\\) /.test(document.title)").await;
    ana.click("Todos").await;
    ana.reads("Still there?").await;

    ana.click("Kofi Mensah").await;
    ana.write(WRITE, "We open at nine\u{E007}").await;
    ana.comes_true("/Enviado|Entregado/.test(words())").await;
    ana.click("Instagram").await;
    ana.reads("We open at nine").await; // the thread stays
    ana.close(&[]).await;
    world.settle().await;
    assert!(answers_on_phone(world, KOFI).await.is_empty(), "nothing went to Instagram");
    let thread =
        world.meta("GET", &format!("/threads?contact={KOFI}&account={LUNA}&channel=messenger"), json!(null)).await;
    assert!(thread[0]["messages"].to_string().contains("We open at nine"), "{thread}");
}

#[tokio::test]
async fn of_a_disconnected_account_nobody_is_told_that_they_can_answer() {
    for side in sides() {
        let Some(story) = Story::begin().await else { return };
        let world = &story.world;
        for channel in Channel::ALL {
            world.browser("ana").on(channel).connect("facebook", "lucia.navarro").await;
        }
        world.dm_on(side.channel, INES, LUNA, "¿Abren hoy?").await;
        let ana = story.signed_in("Ana Luna", "/inbox").await;
        ana.click("Inès Moreau").await;
        ana.reads("Puedes responder durante 23 h").await;
        ana.write(WRITE, "Sí, hasta").await;
        world.browser("ana").on(side.channel).disconnect(json!({})).await;
        ana.run("window.dispatchEvent(new Event('focus'));", &[]).await;
        ana.reads(&format!("Hay que volver a conectar {} para responder.", side.account)).await;
        assert!(!ana.words().await.contains("Puedes responder"));
        assert!(!ana.can_press("Enviar").await);
        ana.picture(&format!("thread-disconnected-{}", side.channel)).await;

        ana.visit(SETTINGS).await;
        connect(&ana, &side).await;
        ana.visit("/inbox").await;
        ana.click("Inès Moreau").await;
        ana.reads("Puedes responder durante 23 h").await;
        ana.reads_no_more("Hay que volver a conectar").await;
        ana.write(WRITE, " las 20 h\u{E007}").await;
        ana.reads(side.arrived).await;
        ana.reads("Sí, hasta las 20 h").await;
        ana.close(&[]).await;
    }
}

#[tokio::test]
async fn a_place_that_one_card_frees_is_there_for_the_other() {
    let Some(story) = Story::begin().await else { return };
    let terms = json!({"overrides": {"channels": ["instagram", "messenger"], "max_connections": 1}});
    story.world.browser("olivia").call(Method::PUT, "/api/admin/tenants/taller", Some(terms), &[]).await.json();
    story.world.browser("marta").connect("instagram", LUNA).await;
    let marta = story.signed_in("Marta Norte", SETTINGS).await;
    marta.reads("Connected: @luna.cafe").await;
    marta.reads("Pro plan required").await;
    assert!(!marta.can_press("Connect Facebook").await);
    disconnect(&marta, "@luna.cafe").await;
    marta.comes_true("!find('Connect Facebook').disabled").await;
    marta.reads_no_more("Pro plan required").await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn whoever_has_no_name_yet_is_somebody_and_no_id() {
    for side in sides() {
        let Some(story) = Story::begin().await else { return };
        let world = &story.world;
        let http = world.browser("ana").on(side.channel);
        http.connect("facebook", "lucia.navarro").await;
        world.act_on(side.channel, INES, LUNA, json!({"kind": "ad_message", "text": "price?"})).await;
        world.settle().await;
        let ana = story.signed_in("Ana Luna", "/inbox").await;
        let id = http.conversations().await[0]["contact"]["id"].as_str().expect("an id").to_owned();
        ana.click(&format!("Alguien ({})", &id[id.len() - 4..])).await;
        ana.reads("Puedes responder durante 23 h").await;
        assert!(!ana.words().await.contains(&id), "ids are for programs");
        ana.picture(&format!("thread-nameless-{}", side.channel)).await;
        world.dm_on(side.channel, INES, LUNA, "for two, please").await;
        ana.reads("Inès Moreau").await;
        ana.close(&[]).await;
    }
}

#[tokio::test]
async fn every_kind_of_message_of_messengers_has_its_look() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    world.browser("ana").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    for action in [
        json!({"kind": "postback", "title": "Empezar", "payload": "START"}),
        json!({"kind": "media", "media": "image"}),
        json!({"kind": "media", "media": "audio"}),
        json!({"kind": "media", "media": "file"}),
        json!({"kind": "sticker"}),
        json!({"kind": "fallback", "title": "La carta de hoy", "url": "https://example.com/carta"}),
        json!({"kind": "share"}),
        json!({"kind": "reel"}),
        json!({"kind": "template"}),
        json!({"kind": "quick_reply", "text": "Sí", "payload": "YES"}),
    ] {
        world.act_on(Channel::Messenger, KOFI, LUNA, action).await;
        world.settle().await;
    }
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.click("Kofi Mensah").await;
    ana.reads("Tocó un botón").await;
    ana.reads("La carta de hoy").await;
    let shown = "deep(document).some((e) => e.matches('.sticker img') && e.naturalWidth > 0)";
    ana.comes_true(shown).await;
    ana.picture("thread-kinds-messenger").await;
    ana.run("deep(document).find((e) => e.getAttribute('role') === 'log').scrollTop = 0;", &[]).await;
    ana.picture("thread-attachments-messenger").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn the_simulated_phone_has_messengers_app_beside_instagrams() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    let http = world.browser("ana").on(Channel::Messenger);
    http.connect("facebook", "lucia.navarro").await;
    let ines = story.window().await;
    ines.visit(&format!("{}/phone", world.stack.meta_url())).await;
    ines.click("Messenger").await;
    ines.reads("Luna Café").await;
    ines.picture("phone-start-messenger").await;
    ines.click("Luna Café").await;
    ines.write("Message", "¿Abren hoy?").await;
    ines.click("Send").await;
    ines.reads("Unsend").await;
    world.settle().await;
    http.send(&http.conversation().await, "Sí, hasta las 20 h").await.json();
    ines.reads("Sí, hasta las 20 h").await;
    ines.picture("phone-messenger").await;
    ines.close(&[]).await;
}

#[tokio::test]
async fn where_one_channel_is_there_no_filter_is_offered() {
    let Some(story) = Story::begin().await else { return };
    story.world.browser("ana").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.reads("Cuando alguien te escriba por Messenger, aparecerá aquí.").await;
    assert!(!ana.can_press("Todos").await);
    ana.picture("inbox-empty-messenger").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_plan_without_messenger_says_which_plan_has_it() {
    let Some(story) = Story::begin().await else { return };
    let marta = story.signed_in("Marta Norte", SETTINGS).await;
    marta.reads("Pro plan required").await;
    marta.reads("Cambia al plan Pro para conectar Messenger.").await;
    assert!(marta.can_press("Connect Instagram").await);
    assert!(!marta.can_press("Connect Facebook").await);
    let upgrade = "for (const card of document.querySelectorAll('buzon-connect-card')) card.setAttribute('upgrade-url', '/plans');";
    marta.run(upgrade, &[]).await;
    marta.comes_true("new URL(find('Pro plan required').href).pathname === '/plans'").await;
    marta.picture("cards-plan-without-messenger").await;

    let terms = json!({"overrides": {"channels": ["instagram", "messenger"], "max_connections": 2}});
    story.world.browser("olivia").call(Method::PUT, "/api/admin/tenants/taller", Some(terms), &[]).await.json();
    story.world.browser("marta").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    story.world.browser("olivia").call(Method::PUT, "/api/admin/tenants/taller", Some(json!({})), &[]).await.json();
    marta.visit(SETTINGS).await;
    marta.reads("Luna Café está en pausa. Tu plan no incluye Messenger.").await;
    marta.picture("cards-paused-messenger").await;
    marta.close(&[]).await;
}

#[tokio::test]
async fn what_meta_did_about_an_accounts_messages_is_said_on_its_card() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    world.browser("ana").on(Channel::Messenger).connect("facebook", "lucia.navarro").await;
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    let does = async |action: &str| {
        let policy = json!({"kind": "policy_enforcement", "action": action, "reason": "spam"});
        world.act_on(Channel::Messenger, INES, LUNA, policy).await;
        world.settle().await;
        ana.visit(SETTINGS).await;
    };
    does("warning").await;
    ana.reads("Meta advirtió a esta página por sus mensajes").await;
    ana.reads("Motivo, según Meta: spam.").await;
    ana.picture("card-warned-messenger").await;
    does("block").await;
    ana.reads("Meta bloqueó los mensajes de esta página").await;
    does("unblock").await;
    ana.reads("Connected: Luna Café").await;
    assert!(!ana.words().await.contains("bloqueó"));
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_page_that_lost_its_token_says_so_in_words_of_facebook() {
    let Some(story) = Story::begin().await else { return };
    let world = &story.world;
    let http = world.browser("ana").on(Channel::Messenger);
    http.connect("facebook", "lucia.navarro").await;
    world.dm_on(Channel::Messenger, INES, LUNA, "Hola").await;
    world.meta("POST", "/password", json!({"user": "lucia.navarro"})).await;
    http.send(&http.conversation().await, "¡Hola!").await;
    world.settle().await;
    let ana = story.signed_in("Ana Luna", SETTINGS).await;
    ana.reads("Luna Café necesita que la vuelvas a conectar.").await;
    ana.reads("La contraseña de Facebook cambió.").await;
    ana.picture("card-error-messenger").await;
    ana.visit("/inbox").await;
    ana.reads("Luna Café necesita que la vuelvas a conectar: hasta entonces no llegan mensajes.").await;
    ana.click("Ir a Integraciones").await;
    ana.click("Reconnect Luna Café").await;
    ana.click("Lucía Navarro").await;
    ana.click("Allow").await;
    ana.reads("Messenger conectado.").await;
    ana.close(&[]).await;
}

/// The cards go to Meta in the window that they are in.
const IN_THIS_WINDOW: &str =
    "for (const card of document.querySelectorAll('buzon-connect-card')) card.removeAttribute('mode');";

#[tokio::test]
async fn a_page_of_another_site_has_a_card_for_each_channel() {
    for way in ["popup", "page"] {
        let Some(story) = Story::begin().await else { return };
        let site = story.window().await;
        site.visit(&embedding::page(&story, "&person=eva")).await;
        site.reads("Connect Facebook").await;
        if way == "page" {
            site.run(IN_THIS_WINDOW, &[]).await;
        }
        site.click("Connect Facebook").await;
        if way == "popup" {
            site.turn_to_popup().await;
        }
        site.click("Amara Okafor").await;
        site.click("Allow").await;
        if way == "popup" {
            site.turn_back().await;
        }
        site.click("Atelier Okafor").await;
        site.click("Connect 1 Page(s)").await;
        site.reads("Connected: Atelier Okafor").await;
        assert!(site.can_press("Connect Instagram").await, "the other card is as it was");
        site.picture(&format!("embedded-messenger-{way}")).await;
        story.world.dm_on(Channel::Messenger, INES, "Atelier Okafor", "¿Abren hoy?").await;
        site.click("Inès Moreau").await;
        site.write(WRITE, "Sí\u{E007}").await;
        site.comes_true("/Enviado|Entregado/.test(words())").await;
        site.close(&[]).await;
    }
}
