//! A FIFO queue against a model that does the same in the plainest way: one list, searched from its start.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::message::{Draft, MessageAttributes, ReceiptHandle};
use super::queue::Queue;
use super::settings::{Attributes, Settings};
use crate::clock::Moment;

const SEQUENCES: u64 = 300;
const STEPS: usize = 120;
const MAX_RECEIVE_COUNT: u32 = 3;
const VISIBILITY_SECONDS: i64 = 30;

#[derive(Clone, Debug)]
struct Modelled {
    group: u8,
    body: String,
    hidden_until_ms: Option<i64>,
    receive_count: u32,
    handle: Option<ReceiptHandle>,
}

#[derive(Debug, Default)]
struct Model {
    messages: Vec<Modelled>,
    /// Deduplication ids and when they were used.
    used: Vec<(u8, i64)>,
}

impl Model {
    fn send(&mut self, group: u8, deduplication: u8, body: &str, now_ms: i64) {
        self.used.retain(|(_, used_ms)| now_ms < used_ms + 300_000);
        if self.used.iter().any(|(id, _)| *id == deduplication) {
            return;
        }
        self.used.push((deduplication, now_ms));
        let body = body.to_owned();
        self.messages.push(Modelled { group, body, hidden_until_ms: None, receive_count: 0, handle: None });
    }

    fn settle(&mut self, now_ms: i64) {
        for message in &mut self.messages {
            message.hidden_until_ms = message.hidden_until_ms.filter(|until_ms| now_ms < *until_ms);
        }
    }

    fn receive(&mut self, max: usize, now_ms: i64) -> (Vec<String>, Vec<String>) {
        let (mut delivered, mut dead) = (Vec::new(), Vec::new());
        while delivered.len() < max {
            let is_locked =
                |group| self.messages.iter().any(|other| other.group == group && other.hidden_until_ms.is_some());
            let Some(first) = self.messages.iter().find(|message| !is_locked(message.group)) else { break };
            let group = first.group;
            let room = max - delivered.len();
            let taken: Vec<String> = self
                .messages
                .iter()
                .filter(|message| message.group == group)
                .take(room)
                .map(|message| message.body.clone())
                .collect();
            for body in taken {
                let place = self.messages.iter().position(|message| message.body == body).unwrap();
                if self.messages[place].receive_count >= MAX_RECEIVE_COUNT {
                    dead.push(self.messages.remove(place).body);
                } else {
                    self.messages[place].receive_count += 1;
                    self.messages[place].hidden_until_ms = Some(now_ms + VISIBILITY_SECONDS * 1000);
                    delivered.push(body);
                }
            }
        }
        (delivered, dead)
    }

    fn in_flight(&self) -> Vec<usize> {
        (0..self.messages.len()).filter(|&place| self.messages[place].hidden_until_ms.is_some()).collect()
    }
}

struct Walk {
    random: StdRng,
    queue: Queue,
    model: Model,
    now_ms: i64,
    sent: u32,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let attributes = Attributes::from([("FifoQueue".into(), "true".into())]);
        let queue = Queue::new(Settings::new("model.fifo", &attributes).unwrap(), 1);
        Self { random: StdRng::seed_from_u64(seed), queue, model: Model::default(), now_ms: 1_000_000, sent: 0 }
    }

    fn now(&self) -> Moment {
        Moment { real_ms: self.now_ms, clock_ms: self.now_ms }
    }

    fn step(&mut self) {
        match self.random.random_range(0..10) {
            0..=3 => self.send(),
            4..=6 => self.receive(),
            7 => self.delete(),
            8 => self.change_visibility(),
            _ => self.wait(),
        }
        let counts = self.queue.counts();
        assert_eq!(counts.in_flight, self.model.in_flight().len());
        assert_eq!(counts.visible + counts.in_flight, self.model.messages.len());
    }

    fn send(&mut self) {
        let (group, deduplication) = (self.random.random_range(0..4), self.random.random_range(0..40));
        self.sent += 1;
        let body = format!("{}", self.sent);
        self.model.send(group, deduplication, &body, self.now_ms);
        let draft = Draft {
            message_body: body,
            delay_seconds: None,
            message_attributes: MessageAttributes::new(),
            message_system_attributes: MessageAttributes::new(),
            message_group_id: Some(group.to_string()),
            message_deduplication_id: Some(deduplication.to_string()),
        };
        self.queue.send(draft, self.now()).unwrap();
    }

    fn receive(&mut self) {
        let max = self.random.random_range(1..=4);
        let received = self.queue.receive(max, Some(MAX_RECEIVE_COUNT), VISIBILITY_SECONDS, self.now());
        let delivered: Vec<_> = received.delivered.iter().map(|(message, _)| message.body.clone()).collect();
        let dead: Vec<_> = received.dead.iter().map(|message| message.body.clone()).collect();
        assert_eq!((delivered, dead), self.model.receive(max, self.now_ms));
        for (message, handle) in received.delivered {
            let modelled = self.model.messages.iter_mut().find(|modelled| modelled.body == message.body);
            modelled.unwrap().handle = Some(handle);
        }
    }

    fn delete(&mut self) {
        let Some(place) = self.any_in_flight() else { return };
        let handle = self.model.messages.remove(place).handle.unwrap();
        self.queue.delete(&handle).unwrap();
    }

    fn change_visibility(&mut self) {
        let Some(place) = self.any_in_flight() else { return };
        let seconds = self.random.random_range(0..60);
        let modelled = &mut self.model.messages[place];
        modelled.hidden_until_ms = (seconds > 0).then_some(self.now_ms + seconds * 1000);
        let handle = modelled.handle.clone().unwrap();
        self.queue.change_visibility(&handle, seconds, self.now()).unwrap();
    }

    fn wait(&mut self) {
        self.now_ms += self.random.random_range(1..40_000);
        self.queue.settle(self.now());
        self.model.settle(self.now_ms);
    }

    fn any_in_flight(&mut self) -> Option<usize> {
        let places = self.model.in_flight();
        let any = self.random.random_range(0..places.len().max(1));
        places.get(any).copied()
    }
}

#[test]
fn a_fifo_queue_does_what_a_plain_list_would_do() {
    for seed in 0..SEQUENCES {
        let outcome = std::panic::catch_unwind(|| {
            let mut walk = Walk::new(seed);
            for _ in 0..STEPS {
                walk.step();
            }
        });
        assert!(outcome.is_ok(), "seed {seed}");
    }
}
