use std::time::Duration;

use serde_json::{Value, json};
use stories::World;

use super::patience::Patience;
use super::rest::rest;
use super::story::{Story, expect, world};
use crate::util::{INES, KOFI, LUNA, all_messages, answers_on_phone, set_aside, used};

/// An agent answers twice.
pub(super) struct Send {
    world: World,
    to_ines: Value,
    to_kofi: Value,
}

/// Not at once: an answer in doubt would have all its deliveries behind it before its search has begun.
const RETRY_DELAY: Duration = Duration::from_secs(1);

const ANSWERS: [&str; 2] = ["first", "second"];

impl Send {
    /// Sends until it is accepted, as whoever knows the API does.
    async fn until_accepted(&self, conversation: &Value, text: &str) {
        let ana = self.world.browser("ana");
        let body = json!({"conversationId": conversation["id"], "text": text});
        for _ in 0..8 {
            if ana.send_body(body.clone(), &[("idempotency-key", &text.replace(' ', "-"))]).await.status == 202 {
                return;
            }
        }
    }
}

impl Story for Send {
    const NAME: &'static str = "An answer";

    async fn set_up(patience: Patience) -> Self {
        let world = world(patience, |settings| settings.retry_delay = Some(RETRY_DELAY)).await;
        let ana = world.browser("ana");
        ana.connect("instagram", LUNA).await;
        world.dm(INES, LUNA, "Hola").await;
        world.dm(KOFI, LUNA, "Hi").await;
        let conversations = ana.conversations().await;
        let of = |contact: &str| {
            let mut found = conversations.iter().filter(|conversation| conversation["contact"]["username"] == contact);
            found.next().expect("they wrote").clone()
        };
        let (to_ines, to_kofi) = (of(INES), of(KOFI));
        drop(ana);
        Self { world, to_ines, to_kofi }
    }

    fn world(&self) -> &World {
        &self.world
    }

    async fn tell(&self) {
        for text in ANSWERS {
            self.until_accepted(&self.to_ines, text).await;
        }
    }

    async fn go_on(&self) {
        for _ in 0..3 {
            let _ = rest(&self.world).await;
            self.world.stack.clock().advance(7 * 60_000);
            self.world.stack.run_schedule("sender", "Sweep").await.expect("the sweep runs");
        }
        let _ = rest(&self.world).await;
        self.until_accepted(&self.to_kofi, "to a neighbour").await;
    }

    async fn wrongs(&self, mishaps: usize) -> Vec<String> {
        let mut wrongs = Vec::new();
        let world = &self.world;
        expect(&mut wrongs, "on the phone", &answers_on_phone(world, INES).await, &ANSWERS.map(str::to_owned).to_vec());
        let neighbour = vec!["to a neighbour".to_owned()];
        expect(&mut wrongs, "on the neighbour's phone", &answers_on_phone(world, KOFI).await, &neighbour);
        let mut messages = all_messages(&world.browser("ana"), &self.to_ines).await;
        messages.reverse();
        let found: Vec<_> =
            messages.iter().map(|message| (message["text"].clone(), message["status"].clone())).collect();
        let sent = |text: &str| (json!(text), json!("sent"));
        let expected = vec![(json!("Hola"), messages[0]["status"].clone()), sent("first"), sent("second")];
        expect(&mut wrongs, "in the inbox", &found, &expected);
        let counted = usize::try_from(used(world).await).unwrap_or(usize::MAX);
        if !(3..=3 + mishaps).contains(&counted) {
            wrongs.push(format!("3 answers were counted as {counted}"));
        }
        expect(&mut wrongs, "set aside", &set_aside(world), &Vec::new());
        wrongs
    }
}
