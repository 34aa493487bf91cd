use reqwest::Method;
use serde_json::{Value, json};
use stories::{Browser, World, outcome};
use url::Url;

use super::patience::Patience;
use super::rest::rest;
use super::story::{Story, connected, expect};
use crate::util::{INES, KOFI, LUNA, answers_on_phone, set_aside};

/// Somebody whose plan has one account connects it.
pub(super) struct Connect {
    world: World,
}

const NEIGHBOUR: &str = "mara.paints";
const OTHER: &str = "raman.spices";

/// One try at connecting; where it leads, if anywhere.
async fn attempt(browser: &Browser<'_>, user: &str) -> Option<String> {
    let start = browser.post("/api/integrations/meta/instagram/start", json!({"login": "instagram"})).await;
    let started: Value = serde_json::from_str(&start.body).ok()?;
    let page = Url::parse(started["authUrl"].as_str()?).ok()?;
    let callback = browser.consent(page, user, &[]).await;
    // A page that did not load is loaded again.
    for _ in 0..2 {
        let answer = browser.call(Method::GET, &callback, None, &[]).await;
        if (300..400).contains(&answer.status) {
            let landed = Url::parse("http://host").and_then(|base| base.join(&answer.location())).ok()?;
            return outcome(&landed, "instagram");
        }
    }
    None
}

async fn until_connected(browser: &Browser<'_>, user: &str) {
    for _ in 0..5 {
        if attempt(browser, user).await.as_deref() == Some("connected") {
            return;
        }
    }
}

impl Story for Connect {
    const NAME: &'static str = "A connection";

    async fn set_up(patience: Patience) -> Self {
        Self { world: connected(patience, &[("ana", NEIGHBOUR)]).await }
    }

    fn world(&self) -> &World {
        &self.world
    }

    async fn tell(&self) {
        until_connected(&self.world.browser("marta"), LUNA).await;
    }

    async fn go_on(&self) {
        for _ in 0..3 {
            let _ = rest(&self.world).await;
            self.world.advance_hours(1);
            self.world.stack.run_schedule("upkeep", "Scan").await.expect("a scan");
        }
        let _ = rest(&self.world).await;
        self.world.dm(INES, LUNA, "Hola").await;
        self.world.dm(KOFI, NEIGHBOUR, "Hi").await;
    }

    async fn wrongs(&self, _: usize) -> Vec<String> {
        let mut wrongs = Vec::new();
        let world = &self.world;
        let (marta, ana) = (world.browser("marta"), world.browser("ana"));
        let status = marta.status().await;
        let connections = status["connections"].as_array().cloned().unwrap_or_default();
        let found: Vec<_> = connections.iter().map(|one| (one["ig_username"].clone(), one["status"].clone())).collect();
        expect(&mut wrongs, "connections", &found, &vec![(json!(LUNA), json!("active"))]);
        for (person, text) in [(&marta, "Hola"), (&ana, "Hi")] {
            let mut texts = Vec::new();
            for conversation in person.conversations().await {
                texts.extend(person.texts(&conversation).await);
                person.send(&conversation, "answer").await;
            }
            expect(&mut wrongs, "received", &texts, &vec![text.to_owned()]);
        }
        let _ = rest(world).await;
        expect(&mut wrongs, "on the phone", &answers_on_phone(world, INES).await, &vec!["answer".to_owned()]);
        // The one place of the plan is counted once: full now, free after a disconnect, full again.
        expect(&mut wrongs, "a second account", &attempt(&marta, OTHER).await, &None);
        marta.disconnect(json!({})).await;
        expect(&mut wrongs, "another instead", &attempt(&marta, OTHER).await.as_deref(), &Some("connected"));
        expect(&mut wrongs, "a second account then", &attempt(&marta, LUNA).await, &None);
        expect(&mut wrongs, "set aside", &set_aside(world), &Vec::new());
        wrongs
    }
}
