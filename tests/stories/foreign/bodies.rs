//! Events in bodies, as Meta batches them: from one to a thousand, several accounts mixed, in either envelope.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::shapes::{Event, Place};
use super::times;

/// One time that everything is delivered.
pub(super) struct Round<'r> {
    random: &'r mut StdRng,
    now_ms: i64,
    /// Times may be written in another way than the first time.
    again: bool,
}

impl<'r> Round<'r> {
    pub(super) const fn new(random: &'r mut StdRng, now_ms: i64, again: bool) -> Self {
        Self { random, now_ms, again }
    }

    /// The bodies of a round. Small ones are as frequent as large ones.
    pub(super) fn bodies(mut self, mut events: Vec<Event>) -> Vec<String> {
        let mut bodies = Vec::new();
        while !events.is_empty() {
            let most = [1, 2, 10, 100, 1000][self.random.random_range(0..5)];
            let size = self.random.random_range(1..=most).min(events.len());
            let part = events.split_off(events.len() - size);
            bodies.push(self.body(part));
        }
        bodies
    }

    fn body(&mut self, events: Vec<Event>) -> String {
        let mut entries: Vec<Value> = Vec::new();
        for event in events {
            let Event { account, place, .. } = &event;
            let (list, element) = match place {
                Place::Messaging => ("messaging", self.element(&event)),
                Place::Standby => ("standby", self.element(&event)),
                Place::Change(field) => ("changes", json!({"field": field, "value": self.element(&event)})),
                Place::Flat(field) => {
                    entries.push(
                        json!({"id": account, "time": self.now_ms / 1000, "field": field, "value": event.element}),
                    );
                    continue;
                }
            };
            let neighbour = entries.last_mut().filter(|entry| entry["id"] == json!(account));
            match neighbour.and_then(|entry| entry.get_mut(list)?.as_array_mut()) {
                Some(elements) => elements.push(element),
                None => entries.push(json!({"id": account, "time": self.entry_time(list), list: [element]})),
            }
        }
        self.bytes(&entries)
    }

    /// Changes count seconds, messages milliseconds, and some entries have no time.
    fn entry_time(&mut self, list: &str) -> Value {
        match (list, self.random.random_range(0..20)) {
            (_, 0) => Value::Null,
            ("changes", _) => json!(self.now_ms / 1000),
            _ => json!(self.now_ms),
        }
    }

    fn element(&mut self, event: &Event) -> Value {
        let mut element = event.element.clone();
        if self.again && event.named && self.random.random_bool(0.3) {
            element["timestamp"] = times::again(self.random, event.at_ms);
        }
        element
    }

    /// Meta escapes slashes and everything beyond ASCII; whether it always does is nowhere written.
    fn bytes(&mut self, entries: &[Value]) -> String {
        let body = json!({"object": "instagram", "entry": entries});
        let body = if self.random.random_bool(0.1) { json!([body]) } else { body }.to_string();
        if self.random.random_bool(0.5) {
            return body;
        }
        let mut escaped = String::with_capacity(body.len());
        for letter in body.chars() {
            match letter {
                '/' => escaped.push_str("\\/"),
                letter if letter.is_ascii() => escaped.push(letter),
                letter => escaped.extend(letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
            }
        }
        escaped
    }
}
