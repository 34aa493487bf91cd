//! DMs are read and answered in the inbox.

use serde_json::{Value, json};

use super::channels::{Side, sides};
use super::{Story, Window};
use crate::util::{INES, KOFI, LUNA, answers_on_phone, approve_human_agent, luna as connected};

const WRITE: &str = "Escribe una respuesta";

/// Luna Café is connected.
pub(super) async fn begin() -> Option<Story> {
    let mut story = Story::begin().await?;
    story.world = connected().await;
    Some(story)
}

/// Ana has the inbox open.
pub(super) async fn inbox(story: &Story) -> Window<'_> {
    story.signed_in("Ana Luna", "/inbox").await
}

/// Inès wrote, and Ana has opened the conversation.
async fn opened(story: &Story) -> Window<'_> {
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    let ana = inbox(story).await;
    ana.click("Inès Moreau").await;
    ana.reads("Puedes responder durante 23 h").await;
    ana
}

async fn act(story: &Story, contact: &str, action: Value) {
    story.world.act(contact, LUNA, action).await;
}

#[tokio::test]
async fn what_contacts_do_appears_without_a_reload() {
    let Some(story) = begin().await else { return };
    let ana = inbox(&story).await;
    ana.reads("Cuando alguien te escriba por Instagram, aparecerá aquí.").await;
    ana.picture("inbox-empty").await;
    act(&story, INES, json!({"kind": "text", "text": "¿Abren hoy?"})).await;
    act(&story, KOFI, json!({"kind": "text", "text": "Hello there"})).await;
    ana.reads("Hello there").await;
    ana.comes_true("document.title === '(2) Inbox · Curbe'").await;
    ana.picture("inbox-list").await;

    ana.click("Inès Moreau").await;
    ana.reads("Hoy").await;
    ana.comes_true("document.title === '(1) Inbox · Curbe'").await;
    ana.write(WRITE, "¡Sí! Hasta las 20 h.\u{E007}").await; // ends with the Enter key
    ana.reads("Enviado").await;
    act(&story, INES, json!({"kind": "seen"})).await;
    ana.reads("Visto").await;
    act(&story, INES, json!({"kind": "reaction"})).await;
    ana.comes_true("deep(document).some((e) => e.getAttribute('aria-label') ?.startsWith('Reacciones: ❤'))").await;
    act(&story, INES, json!({"kind": "text", "text": "Genial, gracia"})).await;
    act(&story, INES, json!({"kind": "edit", "text": "Genial, gracias"})).await;
    ana.reads("editado").await;
    act(&story, INES, json!({"kind": "text", "text": "uy"})).await;
    act(&story, INES, json!({"kind": "unsend"})).await;
    ana.reads("Mensaje retirado").await;
    ana.reads_no_more("uy").await;
    ana.picture("thread").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn every_kind_of_message_has_its_look() {
    let Some(story) = begin().await else { return };
    for action in [
        json!({"kind": "media", "media": "image"}),
        json!({"kind": "media", "media": "audio"}),
        json!({"kind": "media", "media": "video"}),
        json!({"kind": "media", "media": "file"}),
        json!({"kind": "story_mention"}),
        json!({"kind": "story_reply", "text": "¡Qué buena pinta!"}),
        json!({"kind": "share"}),
        json!({"kind": "reel"}),
        json!({"kind": "template"}),
        json!({"kind": "ephemeral"}),
        json!({"kind": "unsupported"}),
        json!({"kind": "postback", "title": "Ver carta", "payload": "MENU"}),
        json!({"kind": "quick_reply", "text": "Sí", "payload": "YES"}),
    ] {
        act(&story, KOFI, action).await;
        story.world.settle().await;
    }
    let quoted = story.world.dm(KOFI, LUNA, "¿Tienen terraza?").await;
    act(&story, KOFI, json!({"kind": "text", "text": "¿Y bien?", "reply_to": quoted})).await;
    let ana = inbox(&story).await;
    ana.click("Kofi Mensah").await;
    for text in [
        "Te mencionó en su historia",
        "En respuesta a: una historia",
        "Tocó un botón",
        "Contenido que Instagram no comparte",
        "En respuesta a: ¿Tienen terraza?",
    ] {
        ana.reads(text).await;
    }
    ana.comes_true("deep(document).some((e) => e.matches('.attachment img') && e.naturalWidth > 0)").await;
    for kind in ["audio[controls]", "video[controls]", "a.attachment[target=_blank][rel~=noopener]"] {
        ana.comes_true(&format!("deep(document).some((e) => e.matches('{kind}'))")).await;
    }
    ana.picture("thread-kinds").await;
    ana.run("deep(document).find((e) => e.getAttribute('role') === 'log').scrollTop = 0;", &[]).await;
    ana.picture("thread-attachments").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn after_the_window_the_composer_says_why_it_is_closed() {
    let Some(story) = begin().await else { return };
    // The browser has the real time; so the message is made to be old.
    story.world.advance_hours(-25);
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    story.world.advance_hours(25);
    let ana = inbox(&story).await;
    ana.click("Inès Moreau").await;
    ana.reads("Fuera de las 24 horas: se enviará como respuesta humana, si tu app lo permite.").await;
    ana.write(WRITE, "Sí\u{E007}").await; // the app may not
    ana.reads("El plazo para responder terminó.").await;
    ana.reads("El plazo de 24 horas terminó. Podrás responder cuando te vuelva a escribir.").await;
    assert!(!ana.can_press(WRITE).await);
    ana.picture("thread-window-closed").await;
    act(&story, INES, json!({"kind": "text", "text": "¿Hola?"})).await;
    ana.reads("Puedes responder durante").await;
    assert!(ana.can_press(WRITE).await);
    ana.comes_true("deep(document).filter((e) => e.matches('.day')).length === 2").await; // yesterday and today
    ana.close(&["/messages/send"]).await;
}

#[tokio::test]
async fn where_meta_approved_it_people_answer_after_the_window_as_well() {
    let Some(story) = begin().await else { return };
    approve_human_agent(&story.world).await;
    story.world.advance_hours(-25);
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    story.world.advance_hours(25);
    let ana = inbox(&story).await;
    ana.click("Inès Moreau").await;
    ana.reads("Fuera de las 24 horas: se enviará como respuesta humana, si tu app lo permite.").await;
    ana.picture("thread-human-agent").await;
    ana.write(WRITE, "Perdón por la espera: sí.\u{E007}").await;
    ana.reads("Enviado").await;
    story.world.settle().await;
    assert_eq!(answers_on_phone(&story.world, INES).await, ["Perdón por la espera: sí."]);
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_refused_answer_says_why_and_goes_out_again_on_request() {
    let Some(story) = begin().await else { return };
    let ana = opened(&story).await;
    let error = json!({"message": "blocked", "type": "OAuthException", "code": 551, "error_subcode": 1_545_041});
    story.world.fault("messages", json!({"kind": "error", "status": 400, "error": error})).await;
    ana.write(WRITE, "Sí\u{E007}").await;
    ana.reads("No se envió").await;
    ana.reads("Esta persona no puede recibir tus mensajes.").await;
    ana.picture("thread-failed").await;
    ana.click("Reintentar").await;
    ana.reads("Enviado").await;
    story.world.settle().await;
    assert_eq!(answers_on_phone(&story.world, INES).await, ["Sí"]);
    ana.close(&[]).await;
}

#[tokio::test]
async fn an_answer_of_which_nobody_knows_is_not_called_sent() {
    let Some(story) = begin().await else { return };
    let ana = opened(&story).await;
    story
        .world
        .meta("POST", "/faults", json!({"endpoint": "any", "count": null, "action": {"kind": "html", "status": 500}}))
        .await;
    ana.write(WRITE, "Sí\u{E007}").await;
    ana.reads("Sin confirmar").await;
    ana.reads("No sabemos si el mensaje llegó.").await;
    ana.picture("thread-uncertain").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn without_a_network_nothing_is_lost() {
    let Some(story) = begin().await else { return };
    let ana = opened(&story).await;
    ana.offline(true).await;
    ana.reads("Sin conexión. Lo intentamos de nuevo…").await;
    ana.write(WRITE, "Sí\u{E007}").await;
    ana.reads("No se envió").await;
    ana.picture("inbox-offline").await;
    ana.offline(false).await;
    ana.reads_no_more("Lo intentamos de nuevo…").await;
    ana.click("Reintentar").await;
    ana.reads("Enviado").await;
    story.world.settle().await;
    assert_eq!(answers_on_phone(&story.world, INES).await, ["Sí"]);
    ana.close(&["ERR_INTERNET_DISCONNECTED"]).await;
}

#[tokio::test]
async fn a_texts_length_is_counted_as_its_channel_does_and_too_much_is_not_sent() {
    for Side { channel, counted: [much, too_much], much_is, too_many, .. } in sides() {
        let Some(story) = Story::begin().await else { return };
        let world = &story.world;
        world.browser("ana").on(channel).connect("facebook", "lucia.navarro").await;
        world.dm_on(channel, INES, LUNA, "¿Abren hoy?").await;
        let ana = inbox(&story).await;
        ana.click("Inès Moreau").await;
        ana.write(WRITE, &"ñ".repeat(much_is)).await;
        ana.reads(much).await;
        assert!(ana.can_press("Enviar").await);
        ana.write(WRITE, &"ñ".repeat(too_many - much_is)).await;
        ana.reads(too_much).await;
        assert!(!ana.can_press("Enviar").await);
        ana.picture(&format!("thread-too-long-{channel}")).await;
        ana.close(&[]).await;
    }
}

#[tokio::test]
async fn older_messages_come_on_scroll_and_conversations_are_found() {
    let Some(story) = begin().await else { return };
    for number in 1..=60 {
        act(&story, INES, json!({"kind": "text", "text": format!("mensaje {number}.")})).await;
    }
    act(&story, KOFI, json!({"kind": "text", "text": "Hello there"})).await;
    story.world.settle().await;
    let ana = inbox(&story).await;
    ana.write("Buscar en las conversaciones cargadas", "kofi").await;
    ana.reads_no_more("Inès Moreau").await;
    ana.write("Buscar en las conversaciones cargadas", "x").await;
    ana.reads("Nada coincide con «kofix».").await;
    ana.picture("inbox-nothing-found").await;
    ana.write("Buscar en las conversaciones cargadas", "\u{E003}\u{E003}\u{E003}\u{E003}\u{E003}").await; // Backspace
    ana.click("Inès Moreau").await;
    ana.reads("mensaje 60.").await;
    assert!(!ana.words().await.contains("mensaje 2."), "the first page is the newest");
    ana.picture("thread-older").await;
    ana.run("deep(document).find((e) => e.getAttribute('role') === 'log').scrollTop = 0;", &[]).await;
    ana.reads("mensaje 2.").await;
    ana.reads("Aquí empieza la conversación.").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_token_that_ends_in_mid_session_costs_no_draft() {
    let Some(story) = begin().await else { return };
    let ana = opened(&story).await;
    ana.write(WRITE, "Todavía no he termin").await;
    story.world.advance_hours(2);
    story.world.dm(INES, LUNA, "¿Y mañana?").await;
    ana.reads("¿Y mañana?").await; // she is still signed in at the issuer, which sends her back
    ana.comes_true("deep(document).some((e) => e.value === 'Todavía no he termin')").await;
    ana.close(&["401"]).await;
}
