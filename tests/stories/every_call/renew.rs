use serde_json::{Value, json};
use stories::World;

use super::patience::Patience;
use super::rest::rest;
use super::story::{Story, connected, expect};
use crate::util::{INES, LUNA, answers_on_phone, set_aside};

/// Half of the life of two tokens is over.
pub(super) struct Renew {
    world: World,
    ended_at: Vec<Value>,
}

const PEOPLE: [(&str, &str); 2] = [("ana", LUNA), ("marta", "mara.paints")];

impl Renew {
    async fn cards(world: &World, member: &str) -> Vec<Value> {
        let mut found = Vec::new();
        for (person, _) in PEOPLE {
            found.push(world.browser(person).status().await["connections"][0][member].clone());
        }
        found
    }

    async fn scan(&self) {
        // A scan that fails is made again by the next.
        let _ = self.world.stack.run_schedule("upkeep", "Scan").await;
        let _ = rest(&self.world).await;
    }
}

impl Story for Renew {
    const NAME: &'static str = "A renewal";

    async fn set_up(patience: Patience) -> Self {
        let world = connected(patience, &PEOPLE).await;
        let ended_at = Self::cards(&world, "token_expires_at").await;
        world.advance_hours(31 * 24);
        Self { world, ended_at }
    }

    fn world(&self) -> &World {
        &self.world
    }

    async fn tell(&self) {
        self.scan().await;
    }

    async fn go_on(&self) {
        for _ in 0..4 {
            self.world.advance_hours(6);
            self.scan().await;
        }
        self.world.dm(INES, LUNA, "Hola").await;
        let ana = self.world.browser("ana");
        for conversation in ana.conversations().await {
            ana.send(&conversation, "answer").await;
        }
    }

    async fn wrongs(&self, _: usize) -> Vec<String> {
        let mut wrongs = Vec::new();
        let world = &self.world;
        expect(&mut wrongs, "status", &Self::cards(world, "status").await, &vec![json!("active"); 2]);
        expect(&mut wrongs, "notices", &Self::cards(world, "notice").await, &vec![Value::Null; 2]);
        let ends = Self::cards(world, "token_expires_at").await;
        for (old, new) in self.ended_at.iter().zip(&ends) {
            if old.as_str() >= new.as_str() {
                wrongs.push(format!("a token still ends at {new}"));
            }
        }
        expect(&mut wrongs, "on the phone", &answers_on_phone(world, INES).await, &vec!["answer".to_owned()]);
        expect(&mut wrongs, "set aside", &set_aside(world), &Vec::new());
        wrongs
    }
}
