//! Events of every kind that Meta documents or was seen to send, and what each of them says.

mod beside;

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::times;
use super::truth::{Said, Truth};

/// How many people write to each account.
const CONTACTS: u32 = 24;

/// Nobody has connected it.
const NOBODYS: &str = "17840000000000000";

/// Where an event stands in its entry.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Messaging,
    Standby,
    /// With the name of its field.
    Change(&'static str),
    /// The entry is its own only change.
    Flat(&'static str),
}

/// An event, and where Meta puts it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The id of its entry.
    pub(super) account: String,
    pub(super) place: Place,
    pub(super) element: Value,
    /// It has a mid, so it is the same event whatever its time.
    pub(super) named: bool,
    pub(super) at_ms: i64,
}

/// Account and contact of an event.
#[derive(Clone, Debug)]
struct Pair {
    account: String,
    contact: String,
}

/// A direct message that something may still happen to.
#[derive(Clone, Debug)]
struct Known {
    pair: Pair,
    mid: String,
    outbound: bool,
    /// It has a text, which may be edited.
    text: bool,
    reacted: bool,
}

/// Makes events one after the other and writes down what they say.
pub(super) struct Generator<'r> {
    random: &'r mut StdRng,
    accounts: Vec<String>,
    at_ms: i64,
    made: u64,
    known: Vec<Known>,
    events: Vec<Event>,
    truth: Truth,
}

impl<'r> Generator<'r> {
    pub(super) fn new(random: &'r mut StdRng, accounts: &[String], first_ms: i64) -> Self {
        let accounts = accounts.to_vec();
        Self {
            random,
            accounts,
            at_ms: first_ms,
            made: 0,
            known: Vec::new(),
            events: Vec::new(),
            truth: Truth::default(),
        }
    }

    /// About so many events, and what they say together.
    pub(super) fn make(mut self, count: usize) -> (Vec<Event>, Truth) {
        while self.events.len() < count {
            self.made += 1;
            self.at_ms += self.random.random_range(1..500);
            self.step();
        }
        (self.events, self.truth)
    }

    fn step(&mut self) {
        let pair = self.pair();
        match self.random.random_range(0..100) {
            0..28 => self.text(&pair),
            28..42 => self.media(&pair),
            42..46 => self.reply(&pair),
            46..48 => self.message(&pair, "unsupported", json!({"is_unsupported": true}), &[]),
            48..58 => self.echo(&pair),
            58..61 => self.referral(&pair),
            61..66 => self.postback(&pair),
            66..72 => self.reaction(),
            72..76 => self.seen(),
            76..80 => self.edit(),
            80..82 => self.edit_that_nobody_made(&pair),
            82..85 => self.unsend(),
            85..87 => self.note(&pair, "optin", "optin"),
            87..88 => self.note(&pair, "thread_control", "pass_thread_control"),
            88..89 => self.note(&pair, "thread_control", "take_thread_control"),
            89..90 => self.note(&pair, "unsupported", "hologram"),
            90..93 => self.silent(&pair),
            93..97 => self.comment(&pair),
            97..98 => self.about_the_account(&pair.account),
            _ => self.nobodys(),
        }
    }

    fn pick(&mut self, of: usize) -> usize {
        self.random.random_range(0..of)
    }

    fn pair(&mut self) -> Pair {
        let account = self.pick(self.accounts.len());
        let account = self.accounts[account].clone();
        Pair { account, contact: (900_000 + self.random.random_range(0..CONTACTS)).to_string() }
    }

    fn mid(&self) -> String {
        format!("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx{:06}", self.made)
    }

    /// An id as text, and now and then as a number.
    fn id(&mut self, id: &str) -> Value {
        if self.random.random_bool(0.1) { json!(id.parse::<u64>().unwrap_or_default()) } else { json!(id) }
    }

    /// A flag that is set, and now and then as text.
    fn set(&mut self) -> Value {
        if self.random.random_bool(0.3) { json!("true") } else { json!(true) }
    }

    fn element(&mut self, (sender, recipient): (&str, &str), time: Value, what: &str, part: Value) -> Value {
        let mut element = json!({"sender": {"id": self.id(sender)}, "recipient": {"id": self.id(recipient)}});
        if !time.is_null() {
            element["timestamp"] = time;
        }
        element[what] = part;
        element
    }

    fn push(&mut self, account: &str, place: Place, element: Value, named: bool) {
        self.events.push(Event { account: account.to_owned(), place, element, named, at_ms: self.at_ms });
    }

    /// In the list of messages, and now and then among the changes.
    fn place(&mut self, field: &'static str) -> Place {
        if self.random.random_bool(0.15) { Place::Change(field) } else { Place::Messaging }
    }

    /// Something that the contact did, with a time in any form.
    fn did(&mut self, pair: &Pair, field: &'static str, what: &str, part: Value, named: bool) {
        let time = times::any(self.random, self.at_ms);
        let element = self.element((&pair.contact, &pair.account), time, what, part);
        let place = self.place(field);
        // Samples of taps and links have the contact's id in the entry.
        let misled = matches!(what, "postback" | "referral")
            && matches!(place, Place::Messaging)
            && self.random.random_bool(0.2);
        let entry = if misled { pair.contact.clone() } else { pair.account.clone() };
        self.push(&entry, place, element, named);
    }

    fn message(&mut self, pair: &Pair, kind: &'static str, mut body: Value, attachments: &[&str]) {
        let mid = self.mid();
        body["mid"] = json!(mid);
        let text = body["text"].as_str().map(str::to_owned);
        if self.random.random_bool(0.05) {
            let time = times::any(self.random, self.at_ms);
            let element = self.element((&pair.contact, &pair.account), time, "message", body);
            self.push(&pair.account, Place::Standby, element, true);
        } else {
            self.did(pair, "messages", "message", body, true);
        }
        let known =
            Known { pair: pair.clone(), mid: mid.clone(), outbound: false, text: text.is_some(), reacted: false };
        self.known.push(known);
        let attachments = attachments.iter().map(|kind| (*kind).to_owned()).collect();
        let thread = self.truth.thread(&pair.account, &pair.contact);
        thread.by_mid.insert(mid, Said { kind, text, attachments, ..Said::default() });
        thread.unread += 1;
    }

    fn words(&mut self) -> String {
        let words = [
            "¿Abrís mañana?",
            "price?",
            "сколько стоит",
            "https://example.com/a/b",
            "🌙 😀",
            "a \u{ffff} b",
            "行きたい",
        ];
        format!("{} {}", words[self.pick(words.len())], self.made)
    }

    fn text(&mut self, pair: &Pair) {
        let text = self.words();
        let body = match self.random.random_range(0..10) {
            0 => json!({"text": text, "quick_reply": {"payload": "PICK_RED"}}),
            1 => json!({"text": text, "is_echo": "false", "is_deleted": false}),
            2 => {
                json!({"text": text, "referral": {"ref": "summer", "ad_id": "1202", "source": "ADS", "type": "OPEN_THREAD",
                "ads_context_data": {"ad_title": "Sale", "photo_url": "https://example.com/p.jpg"}}})
            }
            _ => json!({"text": text}),
        };
        self.message(pair, "message", body, &[]);
    }

    fn media(&mut self, pair: &Pair) {
        let url = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=18012&signature=Aby";
        let with_url = |kind: &str| json!({"type": kind, "payload": {"url": url}});
        let (kind, attachments, shown): (_, _, &[&str]) = match self.random.random_range(0..12) {
            0 => ("message", json!([with_url("image"), with_url("image")]), &["image", "image"]),
            1 => ("message", json!([with_url("video")]), &["video"]),
            2 => ("message", json!([with_url("audio")]), &["audio"]),
            3 => (
                "message",
                json!([with_url("share"), {"type": "ig_post", "payload": {"ig_post_media_id": "178", "title": "T", "url": url}}]),
                &["ig_post"],
            ),
            4 => (
                "message",
                json!([{"type": "ig_reel", "payload": {"reel_video_id": "179", "title": "T", "url": url}}]),
                &["ig_reel"],
            ),
            5 => ("story_mention", json!([with_url("story_mention")]), &["story_mention"]),
            6 => (
                "message",
                json!([{"type": "ig_story", "payload": {"story_media_id": "179", "story_media_url": url}}]),
                &["ig_story"],
            ),
            7 => ("message", json!([{"type": "ephemeral"}]), &["ephemeral"]),
            8 => (
                "message",
                json!([{"type": "fallback", "title": "Menu", "url": "https://example.com/m", "payload": null}]),
                &["fallback"],
            ),
            9 => (
                "message",
                json!([{"type": "sticker", "payload": {"url": url, "sticker_id": 369_239_263_222_822_i64}}]),
                &["sticker"],
            ),
            10 => (
                "message",
                json!([{"type": "template", "payload": {"generic": {"elements": [{"title": "T", "n": 1e300}]}}}]),
                &["template"],
            ),
            _ => ("message", json!([{"type": "file", "payload": {"url": url, "": "nameless"}}]), &["file"]),
        };
        self.message(pair, kind, json!({"attachments": attachments}), shown);
    }

    fn reply(&mut self, pair: &Pair) {
        let text = self.words();
        if self.random.random_bool(0.5) {
            self.message(
                pair,
                "message",
                json!({"text": text, "reply_to": {"mid": "aWdfearlier", "is_self_reply": false}}),
                &[],
            );
        } else {
            let story = json!({"url": "https://lookaside.fbsbx.com/x", "id": "179"});
            self.message(pair, "story_reply", json!({"text": text, "reply_to": {"story": story}}), &[]);
        }
    }

    fn echo(&mut self, pair: &Pair) {
        let (mid, text) = (self.mid(), self.words());
        let mut body = json!({"mid": mid, "text": text});
        if self.random.random_bool(0.9) {
            body["is_echo"] = self.set();
        }
        let time = times::exact(self.random, self.at_ms);
        let element = self.element((&pair.account, &pair.contact), time, "message", body);
        let place = self.place("messages");
        self.push(&pair.account, place, element, true);
        let known = Known { pair: pair.clone(), mid: mid.clone(), outbound: true, text: true, reacted: false };
        self.known.push(known);
        let said = Said { kind: "message", outbound: true, text: Some(text), sent_ms: self.at_ms, ..Said::default() };
        self.truth.thread(&pair.account, &pair.contact).by_mid.insert(mid, said);
    }

    fn referral(&mut self, pair: &Pair) {
        let part = json!({"ref": format!("campaign-{}", self.made), "source": "SHORTLINKS", "type": "OPEN_THREAD"});
        self.did(pair, "messaging_referral", "referral", part, false);
        self.without_mid(pair, "referral", 1);
    }

    fn without_mid(&mut self, pair: &Pair, kind: &str, unread: u64) {
        let thread = self.truth.thread(&pair.account, &pair.contact);
        *thread.without_mid.entry(kind.to_owned()).or_default() += 1;
        thread.unread += unread;
    }

    fn postback(&mut self, pair: &Pair) {
        let (title, mid) = (self.words(), self.mid());
        let named = self.random.random_bool(0.6);
        let mut part = json!({"title": title, "payload": format!("P{}", self.made)});
        if !named {
            self.did(pair, "messaging_postbacks", "postback", part, false);
            return self.without_mid(pair, "postback", 1);
        }
        part["mid"] = json!(mid);
        self.did(pair, "messaging_postbacks", "postback", part, true);
        let thread = self.truth.thread(&pair.account, &pair.contact);
        thread.by_mid.insert(mid, Said { kind: "postback", text: Some(title), ..Said::default() });
        thread.unread += 1;
    }
}
