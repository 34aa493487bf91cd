//! What happens to messages, what stands beside them, and what is about nobody's conversation.

use rand::RngExt;
use serde_json::json;

use super::{Generator, Known, NOBODYS, Pair, Place, Said, times};

impl Generator<'_> {
    /// One of the known messages that pass.
    fn some_known(&mut self, passes: impl Fn(&Known) -> bool) -> Option<usize> {
        let from = self.known.len().saturating_sub(60);
        let fitting: Vec<usize> = (from..self.known.len()).filter(|&at| passes(&self.known[at])).collect();
        (!fitting.is_empty()).then(|| fitting[self.pick(fitting.len())])
    }

    fn said(&mut self, known: &Known) -> &mut Said {
        let thread = self.truth.thread(&known.pair.account, &known.pair.contact);
        thread.by_mid.get_mut(&known.mid).expect("a known message was said")
    }

    /// Set, and now and then taken back a second later.
    pub(super) fn reaction(&mut self) {
        let Some(at) = self.some_known(|known| !known.reacted) else { return };
        self.known[at].reacted = true;
        let known = self.known[at].clone();
        let ends = if self.random.random_bool(0.3) { 2 } else { 1 };
        for action in ["react", "unreact"].into_iter().take(ends) {
            let mut part = json!({"mid": known.mid, "action": action});
            if action == "react" {
                part["reaction"] = json!("love");
                part["emoji"] = json!("❤");
            }
            let time = times::exact(self.random, self.at_ms);
            let element = self.element((&known.pair.contact, &known.pair.account), time, "reaction", part);
            let place = self.place("message_reactions");
            self.push(&known.pair.account, place, element, false);
            self.at_ms += 1000;
        }
        self.said(&known).reaction = (ends == 1).then(|| "❤".to_owned());
    }

    /// By the last message, as Instagram says it, or by the time, as Messenger does.
    pub(super) fn seen(&mut self) {
        let Some(at) = self.some_known(|known| known.outbound) else { return };
        let known = self.known[at].clone();
        let sent_ms = self.said(&known).sent_ms;
        let by_mid = self.random.random_bool(0.6);
        let part = if by_mid { json!({"mid": known.mid}) } else { json!({"watermark": sent_ms}) };
        self.did(&known.pair, "messaging_seen", "read", part, false);
        let thread = self.truth.thread(&known.pair.account, &known.pair.contact);
        thread.read_until_ms = thread.read_until_ms.max(sent_ms);
    }

    pub(super) fn edit(&mut self) {
        let Some(at) = self.some_known(|known| known.text && !known.outbound) else { return };
        let (known, text) = (self.known[at].clone(), self.words());
        let number = self.said(&known).edits + 1;
        let shown = if self.random.random_bool(0.5) { json!(number) } else { json!(number.to_string()) };
        let part = json!({"mid": known.mid, "text": text, "num_edit": shown});
        self.did(&known.pair, "message_edit", "message_edit", part, false);
        let said = self.said(&known);
        (said.edits, said.text) = (number, Some(text));
    }

    pub(super) fn edit_that_nobody_made(&mut self, pair: &Pair) {
        let mid = self.known.last().map_or_else(|| self.mid(), |known| known.mid.clone());
        let part = json!({"mid": mid, "num_edit": 0});
        if self.random.random_bool(0.5) {
            self.did(pair, "message_edit", "message_edit", part, false);
        } else {
            let bare = json!({"timestamp": self.at_ms, "message_edit": part});
            self.push(&pair.account, Place::Messaging, bare, false);
        }
    }

    pub(super) fn unsend(&mut self) {
        let Some(at) = self.some_known(|_| true) else { return };
        let known = self.known.remove(at);
        let part = json!({"mid": known.mid, "is_deleted": self.set()});
        if known.outbound {
            let time = times::any(self.random, self.at_ms);
            let element = self.element((&known.pair.account, &known.pair.contact), time, "message", part);
            self.push(&known.pair.account, Place::Messaging, element, false);
        } else {
            self.did(&known.pair, "messages", "message", part, false);
        }
        self.said(&known).deleted = true;
    }

    /// What stands in the thread and nobody wrote.
    pub(super) fn note(&mut self, pair: &Pair, kind: &str, what: &str) {
        let part =
            json!({"title": "News", "payload": format!("N{}", self.made), "new_owner_app_id": self.made.to_string()});
        let part = if what == "hologram" { json!({"mid": format!("aWdfholo{}", self.made)}) } else { part };
        let time = times::any(self.random, self.at_ms);
        let element = self.element((&pair.contact, &pair.account), time, what, part);
        self.push(&pair.account, Place::Messaging, element, false);
        self.without_mid(pair, kind, 0);
    }

    /// What no conversation shows.
    pub(super) fn silent(&mut self, pair: &Pair) {
        let (what, part) = match self.random.random_range(0..6) {
            0 => ("delivery", json!({"mids": ["m_B1"], "watermark": self.at_ms})),
            1 => ("delivery", json!({"watermark": self.at_ms})),
            2 => ("account_linking", json!({"status": "linked", "authorization_code": "z9"})),
            3 => ("policy_enforcement", json!({"action": "warning", "reason": "spam"})),
            4 => ("policy-enforcement", json!({"action": "block", "reason": "spam"})),
            _ => ("response_feedback", json!({"feedback": "Good response", "mid": "m_B1"})),
        };
        let time = times::any(self.random, self.at_ms);
        let element = self.element((&pair.contact, &pair.account), time, what, part);
        self.push(&pair.account, Place::Messaging, element, false);
    }

    /// In each of its shapes, and now and then a second time for the boosted post.
    pub(super) fn comment(&mut self, pair: &Pair) {
        let (id, text) = (format!("178{:08}", self.made), self.words());
        let name = if self.random.random_bool(0.5) { "id" } else { "comment_id" };
        let media = ["17918195224117851", "17918195224117850"];
        let times = if self.random.random_bool(0.2) { 2 } else { 1 };
        for media in &media[..times] {
            let value = json!({name: id, "from": {"id": self.id(&pair.contact), "username": "jane"}, "text": text,
                "media": {"id": media, "media_product_type": "FEED"}});
            let place = match self.random.random_range(0..4) {
                0 => Place::Flat("comments"),
                1 => Place::Change("live_comments"),
                _ => Place::Change("comments"),
            };
            self.push(&pair.account, place, value, false);
        }
        let thread = self.truth.thread(&pair.account, &pair.contact);
        thread.by_mid.insert(id, Said { kind: "comment", text: Some(text), ..Said::default() });
        thread.unread += 1;
    }

    pub(super) fn about_the_account(&mut self, account: &str) {
        let (field, value) = match self.random.random_range(0..4) {
            0 => ("mentions", json!({"comment_id": "178", "media_id": "179"})),
            1 => ("story_insights", json!({"media_id": "179", "reach": 5})),
            2 => ("polls", json!({"id": "77", "question": "?"})),
            _ => ("comments", json!({"id": "177", "from": {"id": account, "username": "shop"}, "text": "thanks"})),
        };
        self.push(account, Place::Change(field), value, false);
    }

    /// For an account that nobody has connected, and from the dashboard's button.
    pub(super) fn nobodys(&mut self) {
        let mid = if self.random.random_bool(0.5) { self.mid() } else { "random_mid".to_owned() };
        let account = if mid == "random_mid" { "0" } else { NOBODYS };
        let element = self.element(("12334", account), json!(self.at_ms), "message", json!({"mid": mid, "text": "hi"}));
        self.push(account, Place::Messaging, element, false);
    }
}
