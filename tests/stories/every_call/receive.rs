use serde_json::{Value, json};
use stories::World;

use super::patience::Patience;
use super::rest::rest;
use super::story::{Story, expect, world};
use crate::util::{KOFI, LUNA, Pair, account_of, all_conversations, all_messages, entry, notification, set_aside};

/// A contact writes twice and reacts, in one delivery.
pub(super) struct Receive {
    world: World,
    delivery: Value,
}

impl Story for Receive {
    const NAME: &'static str = "A webhook";

    async fn set_up(patience: Patience) -> Self {
        let world = world(patience, |_| ()).await;
        world.browser("ana").connect("instagram", LUNA).await;
        world.dm(KOFI, LUNA, "I was here before").await;
        let pair = Pair::new(&account_of(&world.browser("ana")).await, 4711);
        let at = world.stack.clock().now_ms();
        let events = [
            pair.text(at, "aWdfone", "one"),
            pair.text(at + 1, "aWdftwo", "two"),
            pair.did(
                at + 2,
                "reaction",
                &json!({"mid": "aWdfone", "action": "react", "reaction": "love", "emoji": "❤"}),
            ),
        ];
        let delivery = notification(&[entry(&pair.account, at, &events)]);
        Self { world, delivery }
    }

    fn world(&self) -> &World {
        &self.world
    }

    async fn tell(&self) {
        for _ in 0..6 {
            if self.world.deliver(&self.delivery).await.status == 200 {
                return;
            }
        }
    }

    async fn go_on(&self) {
        for minutes in [10, 35 * 60] {
            let _ = rest(&self.world).await;
            self.world.stack.clock().advance(minutes * 60_000);
            self.tell().await;
        }
    }

    async fn wrongs(&self, _: usize) -> Vec<String> {
        let mut wrongs = Vec::new();
        let ana = self.world.browser("ana");
        let mut found = Vec::new();
        for conversation in all_conversations(&ana).await {
            let mut messages = all_messages(&ana, &conversation).await;
            messages.reverse();
            let texts = messages.iter().map(|message| message["text"].as_str().unwrap_or_default().to_owned());
            let texts: Vec<String> = texts.collect();
            found.push((texts, conversation["unread_count"].clone()));
            if messages.len() == 2 {
                let reactions = messages[0]["reactions"].as_array().map_or(0, Vec::len);
                expect(&mut wrongs, "reactions", &reactions, &1);
            }
        }
        found.sort_by_key(|(texts, _)| texts.len());
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let expected = vec![(texts(&["I was here before"]), json!(1)), (texts(&["one", "two"]), json!(2))];
        expect(&mut wrongs, "conversations", &found, &expected);
        expect(&mut wrongs, "set aside", &set_aside(&self.world), &Vec::new());
        wrongs
    }
}
