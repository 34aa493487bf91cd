use local_aws::Weather;
use reqwest::Method;
use serde_json::json;
use stories::World;

use super::SEED;
use super::patience::Patience;
use super::rest::rest;
use super::story::{Story, expect, world};
use crate::util::{INES, KOFI, LUNA, audited, set_aside};

/// An admin has a contact erased.
pub(super) struct Erase {
    world: World,
    conversation: String,
}

impl Story for Erase {
    const NAME: &'static str = "An erasure";

    async fn set_up(patience: Patience) -> Self {
        let world = world(patience, |settings| {
            settings.weather = Weather::harsh(SEED);
            // An order that waits for its second look comes back at once as well: twenty times within the wait, which is its last.
            settings.variables.insert("SETTLING_SECONDS".to_owned(), "0".to_owned());
        })
        .await;
        let ana = world.browser("ana");
        ana.connect("instagram", LUNA).await;
        for text in ["a secret of mine", "and another"] {
            world.dm(INES, LUNA, text).await;
        }
        let conversation = ana.conversation().await;
        ana.send(&conversation, "our answer").await;
        world.settle().await;
        world.dm(KOFI, LUNA, "I stay").await;
        let conversation = conversation["id"].as_str().expect("an id").to_owned();
        drop(ana);
        Self { world, conversation }
    }

    fn world(&self) -> &World {
        &self.world
    }

    async fn tell(&self) {
        let ana = self.world.browser("ana");
        let path = format!("/api/tenants/luna/conversations/{}", self.conversation);
        for _ in 0..8 {
            if [202, 404].contains(&ana.call(Method::DELETE, &path, None, &[]).await.status) {
                return;
            }
        }
    }

    async fn go_on(&self) {
        for _ in 0..4 {
            let _ = rest(&self.world).await;
            self.world.stack.clock().advance(10 * 60_000);
        }
    }

    async fn wrongs(&self, faults: usize) -> Vec<String> {
        let mut wrongs = Vec::new();
        for (table, items) in self.world.tables().everything().await {
            for trace in [INES, "secret", "another", "our answer"] {
                wrongs.extend(items.iter().filter(|item| item.contains(trace)).map(|item| format!("{table}: {item}")));
            }
        }
        let ana = self.world.browser("ana");
        let mut texts = Vec::new();
        for conversation in ana.conversations().await {
            texts.push((ana.texts(&conversation).await, conversation["unread_count"].clone()));
        }
        expect(&mut wrongs, "what stays", &texts, &vec![(vec!["I stay".to_owned()], json!(1))]);
        // Who was not answered asks again, and each demand that was taken has its receipt.
        let receipts = audited(&ana, "data.erased").await;
        expect(&mut wrongs, "receipts", &receipts, &receipts.clamp(1, 1 + faults));
        expect(&mut wrongs, "set aside", &set_aside(&self.world), &Vec::new());
        wrongs
    }
}
