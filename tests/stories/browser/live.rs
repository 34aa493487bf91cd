//! An open inbox is told what has changed, and asks then; where nobody tells, it asks again and again.

use std::time::{Duration, Instant};

use domain::Channel;
use local_aws::{Effect, FaultRule, Service};
use serde_json::{Value, json};

use super::{Story, Window};
use crate::util::{INES, KOFI, LUNA, connected};

const WRITE: &str = "Escribe una respuesta";

/// Whether the inbox is told.
const IS_TOLD: &str = "Boolean(document.querySelector('buzon-inbox')?.live?.isOpen)";

/// Of what the page does by itself only the first question after a change comes, for which an index may have been too slow.
const ONLY_WHEN_TOLD: &str =
    "(milliseconds) => (milliseconds === 1500 || milliseconds > 5000 ? undefined : milliseconds)";

const MINUTE_MS: i64 = 60 * 1000;

/// How many are timed; nothing is asserted about it.
const DMS: usize = 20;

/// Luna Café is connected, and of a thousand hints so many are lost.
async fn begin(channel: Channel, lost: u32) -> Option<Story> {
    let mut story = Story::begin_with(|settings| settings.weather.lost_posts = lost).await?;
    story.world = connected(story.world.on(channel)).await;
    Some(story)
}

/// Ana has the inbox open, is told, and has asked what she asks for after that, so that she asks no more unless she is told.
async fn told(story: &Story) -> Window<'_> {
    let ana = story.signed_in("Ana Luna", "/settings/integrations").await;
    ana.puts_off(ONLY_WHEN_TOLD).await;
    ana.visit("/inbox").await;
    ana.comes_true(IS_TOLD).await;
    ana.comes_true("gate.log.includes(2000)").await;
    story.world.stack.aws().catch_up();
    ana
}

#[tokio::test]
async fn a_dm_its_answer_and_what_others_do_appear_without_a_poll() {
    for channel in Channel::ALL {
        let Some(story) = begin(channel, 0).await else { return };
        let world = &story.world;
        let ana = told(&story).await;
        world.dm(INES, LUNA, "¿Abren hoy?").await;
        ana.reads("¿Abren hoy?").await;
        ana.click("Inès Moreau").await;
        ana.write(WRITE, "Sí, hasta las 20 h\u{E007}").await;
        let went_out = match channel {
            Channel::Instagram => "Enviado",
            Channel::Messenger => "Entregado",
        };
        ana.reads(went_out).await;
        world.act(INES, LUNA, json!({"kind": "seen"})).await;
        ana.reads("Visto").await;
        world.dm(KOFI, LUNA, "Hello there").await;
        ana.comes_true("document.title.startsWith('(1)')").await;

        let luis = world.browser("luis").on(channel);
        let new = luis.conversations().await.remove(0);
        let read = format!("/api/tenants/luna/conversations/{}/read", new["id"].as_str().expect("an id"));
        luis.post(&read, json!({})).await;
        ana.comes_true("!document.title.startsWith('(')").await;
        ana.release().await;
        ana.close(&[]).await;
    }
}

#[tokio::test]
async fn dms_appear_soon_one_after_the_other() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let ana = told(&story).await;
    let mut took = Vec::new();
    for number in 0..DMS {
        let text = format!("message {number}.");
        let sent = Instant::now();
        story.world.act(INES, LUNA, json!({"kind": "text", "text": text})).await;
        ana.reads(&text).await;
        took.push(sent.elapsed().as_millis());
    }
    took.sort_unstable();
    println!("of {DMS} DMs half were read within {} ms, 95 % within {} ms", took[DMS / 2], took[DMS * 95 / 100]);
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn an_account_that_somebody_disconnects_is_said_above_the_conversations() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let ana = told(&story).await;
    story.world.browser("ana").disconnect(json!({})).await;
    ana.reads("Conecta Instagram o Facebook para recibir mensajes.").await;
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn an_idle_inbox_asks_for_nothing_but_the_next_ticket() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let ana = story.signed_in("Ana Luna", "/settings/integrations").await;
    // What it would do after minutes, it does after seconds.
    ana.puts_off("(milliseconds) => (milliseconds < 20000 ? milliseconds : milliseconds / 40)").await;
    ana.visit("/inbox").await;
    ana.comes_true(IS_TOLD).await;
    let tickets = "gate.log.filter((entry) => String(entry).includes('/live/tickets')).length";
    ana.comes_true(&format!("{tickets} > 1")).await;
    let log = ana.log().await;
    let is_call = |entry: &&Value| entry.as_str().is_some_and(|path| path.contains("/api/"));
    let last = log.iter().rposition(|entry| *entry == json!(90_000)).expect("it has asked for the last time");
    let idle: Vec<&Value> = log[last..].iter().skip_while(|entry| *entry != &json!(1500)).collect();
    let polls = idle.iter().take_while(|entry| !is_call(entry)).count();
    let next = idle.iter().find(|entry| is_call(entry)).expect("a call");
    assert!(next.as_str().is_some_and(|path| path.ends_with("/live/tickets")), "{idle:?}");
    assert!(polls > 5, "it was idle for a while: {idle:?}");
    ana.comes_true(IS_TOLD).await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.reads("¿Abren hoy?").await;
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn after_a_socket_was_closed_nothing_is_missing_and_nothing_shown_twice() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.comes_true(IS_TOLD).await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.click("Inès Moreau").await;
    ana.reads("Aquí empieza la conversación.").await;
    for text in ["¿Y mañana?", "¿Y el lunes?"] {
        ana.run("window.before = document.querySelector('buzon-inbox').live.socket;", &[]).await;
        let is_open = "return document.querySelector('buzon-inbox').live.socket === window.before;";
        while ana.run(is_open, &[]).await == json!(true) {
            story.world.stack.clock().advance(11 * MINUTE_MS); // API Gateway closes what nothing has moved on
            tokio::time::sleep(Duration::from_millis(300)).await; // a last hint may have moved it
        }
        story.world.dm(INES, LUNA, text).await;
        ana.reads(text).await;
        ana.comes_true(IS_TOLD).await;
    }
    let shown = "deep(document).filter((e) => e.matches('.bubble')).map((e) => e.innerText)";
    ana.comes_true(&format!("{shown}.join() === '¿Abren hoy?,¿Y mañana?,¿Y el lunes?'")).await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_page_that_was_offline_is_told_again_and_has_missed_nothing() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.comes_true(IS_TOLD).await;
    ana.offline(true).await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.offline(false).await;
    ana.reads("¿Abren hoy?").await;
    ana.comes_true(IS_TOLD).await;
    ana.close(&["ERR_INTERNET_DISCONNECTED", "WebSocket"]).await;
}

#[tokio::test]
async fn a_lost_hint_is_made_up_for() {
    let Some(story) = begin(Channel::Instagram, 1000).await else { return };
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.comes_true(IS_TOLD).await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.reads("¿Abren hoy?").await; // it asks again after it was let in
    ana.close(&[]).await;

    let ana = told(&story).await;
    story.world.dm(KOFI, LUNA, "Hello there").await;
    ana.run("document.dispatchEvent(new Event('visibilitychange'));", &[]).await; // she looks at the tab again
    ana.reads("Hello there").await;
    ana.release().await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn a_page_that_nobody_sees_counts_what_is_unread_and_marks_nothing_as_read() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let world = &story.world;
    world.dm(INES, LUNA, "¿Abren hoy?").await;
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.click("Inès Moreau").await;
    ana.comes_true("document.title === 'Inbox · Curbe'").await;
    ana.comes_true(IS_TOLD).await;
    let hidden = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => arguments[0] }); \
                  document.dispatchEvent(new Event('visibilitychange'));";
    ana.run(hidden, &[json!(true)]).await;
    world.dm(INES, LUNA, "¿Y mañana?").await;
    ana.comes_true("document.title === '(1) Inbox · Curbe'").await;
    assert_eq!(world.browser("ana").conversation().await["unread_count"], 1);
    ana.run(hidden, &[json!(false)]).await;
    ana.comes_true("document.title === 'Inbox · Curbe'").await;
    ana.close(&[]).await;
}

#[tokio::test]
async fn who_gets_no_socket_is_told_nothing_of_it_and_asks_again_and_again() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let world = &story.world;
    let failing = Effect::Error {
        code: "ValidationException".to_owned(),
        message: String::new(),
        status: 400,
        reasons: Vec::new(),
    };
    let faults = world.stack.aws().faults();
    let rule = faults.inject(FaultRule::on(Service::DynamoDb, "DeleteItem", failing).from_function("live"));
    let ana = story.signed_in("Ana Luna", "/inbox").await;
    ana.reads("Aún no hay conversaciones").await;
    let said = ana.words().await;
    for text in ["¿Abren hoy?", "¿Y mañana?"] {
        world.dm(INES, LUNA, text).await;
        ana.reads(text).await;
    }
    assert!(!said.contains("conexión"), "{said}");
    assert!(faults.hits(rule) > 0, "it has tried");
    faults.clear();
    ana.comes_true(IS_TOLD).await;
    ana.close(&["WebSocket"]).await;
}

#[tokio::test]
async fn a_page_around_that_forbids_sockets_has_an_inbox_all_the_same() {
    let Some(story) = begin(Channel::Instagram, 0).await else { return };
    let ana = story.signed_in("Ana Luna", "/settings/integrations").await;
    ana.puts_off(
        "(window.WebSocket = class { constructor() { throw new DOMException('', 'SecurityError'); } }, (ms) => ms)",
    )
    .await;
    ana.visit("/inbox").await;
    ana.reads("Aún no hay conversaciones").await;
    story.world.dm(INES, LUNA, "¿Abren hoy?").await;
    ana.reads("¿Abren hoy?").await;
    ana.release().await;
    ana.close(&[]).await;
}
