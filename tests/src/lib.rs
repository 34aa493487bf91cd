//! The world around a story: a local stack of its own, people with browsers, and contacts with phones.
//!
//! Everything goes over HTTP: to the API as a browser would, to the simulated Meta through its control calls.

#![expect(clippy::must_use_candidate, reason = "to ask an answer is to assert something about it")]
#![expect(clippy::missing_panics_doc, reason = "everything here panics where the story is not as it is told")]

mod answer;
mod browser;
pub mod contract;
mod lanes;
mod queue;
mod socket;
mod store;
mod surge;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Channel;
use local::{Login, Stack, StackSettings};
use local_aws::Weather;
use serde_json::{Value, json};
use tempfile::TempDir;

pub use answer::Answer;
pub use browser::{Browser, outcome};
pub use lanes::{Rush, Waits};
pub use socket::{Closed, Socket};
pub use store::Tables;
pub use surge::Surge;

/// How long a story waits for queues and webhooks to come to rest. Far more than it takes; nothing is asserted about it.
const AT_MOST: Duration = Duration::from_mins(5);

/// Where the weather of every story begins.
const SEED: u64 = 9;

/// Stories of one process write into one file.
static ONE_RECORD_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A running stack with nobody connected.
pub struct World {
    /// The stack.
    pub stack: Stack,
    channel: Channel,
    http: reqwest::Client,
    _data: TempDir,
}

impl World {
    /// Starts a stack on free ports with empty tables, in harsh weather. A failed delivery is tried again after a second.
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts a stack with other settings.
    ///
    /// # Panics
    ///
    /// When the stack does not start: no story can be told then.
    pub async fn start_with(change: impl FnOnce(&mut StackSettings)) -> Self {
        let data = TempDir::new().expect("a folder for the stack's data");
        let mut settings = StackSettings::new(data.path());
        settings.retry_delay = Some(Duration::from_secs(1));
        // As every other wait for a queue. A story about the wait itself takes this back.
        settings.variables.insert("SETTLING_SECONDS".to_owned(), "1".to_owned());
        settings.weather = Weather::harsh(SEED);
        settings.transcript = transcript();
        change(&mut settings);
        let stack = Stack::start(settings).await.expect("the local stack starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { stack, channel: Channel::Instagram, http, _data: data }
    }

    /// The same world, in which contacts write and people answer on this channel unless it is said otherwise.
    #[must_use]
    pub fn on(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// The channel on which contacts write and people answer.
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// A sample person with a browser of their own.
    #[must_use]
    pub fn browser(&self, person: &str) -> Browser<'_> {
        let found = self.stack.people().iter().find(|known| known.id == person);
        let tenant = found.unwrap_or_else(|| panic!("there is no sample person `{person}`")).tenant;
        Browser::new(self, Some(self.stack.token(person)), tenant)
    }

    /// A browser in which nobody is signed in.
    #[must_use]
    pub fn stranger(&self) -> Browser<'_> {
        Browser::new(self, None, "")
    }

    /// A call to the simulated Meta's control API.
    ///
    /// # Panics
    ///
    /// When Meta refuses it: the story is told wrongly then.
    pub async fn meta(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/control{path}", self.stack.meta_url());
        let method = method.parse().expect("an HTTP method");
        let answer = self.http.request(method, url).json(&body).send().await.expect("the simulated Meta answers");
        let status = answer.status();
        let text = answer.text().await.expect("an answer has a body");
        assert!(status.is_success(), "{path} was refused: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A contact does something towards an account; answers `{id, contact_id, told}`.
    pub async fn act(&self, contact: &str, account: &str, action: Value) -> Value {
        self.act_on(self.channel, contact, account, action).await
    }

    /// The same on a channel. On Messenger an account of Instagram is the Page that it is linked to.
    pub async fn act_on(&self, channel: Channel, contact: &str, account: &str, action: Value) -> Value {
        let body = json!({"channel": channel, "contact": contact, "account": account, "action": action});
        self.meta("POST", "/act", body).await
    }

    /// A contact writes, and everything that follows has happened; answers the mid.
    pub async fn dm(&self, contact: &str, account: &str, text: &str) -> String {
        let told = self.act(contact, account, json!({"kind": "text", "text": text})).await;
        self.received(&told).await
    }

    /// The same on a channel.
    pub async fn dm_on(&self, channel: Channel, contact: &str, account: &str, text: &str) -> String {
        let told = self.act_on(channel, contact, account, json!({"kind": "text", "text": text})).await;
        self.received(&told).await
    }

    /// Everything that follows has happened; answers the mid.
    async fn received(&self, told: &Value) -> String {
        self.settle().await;
        told["id"].as_str().expect("a message has a mid").to_owned()
    }

    /// Orders a failure at Meta.
    pub async fn fault(&self, endpoint: &str, action: Value) {
        self.meta("POST", "/faults", json!({"endpoint": endpoint, "count": 1, "action": action})).await;
    }

    /// The whole conversation as the contact's phone shows it, oldest first.
    pub async fn phone(&self, contact: &str, account: &str) -> Vec<Value> {
        let path = format!("/threads?account={account}&contact={contact}&channel={}", self.channel);
        let threads = self.meta("GET", &path, Value::Null).await;
        let first = threads.get("threads").and_then(|threads| threads.get(0)).or_else(|| threads.get(0));
        first.and_then(|thread| thread["messages"].as_array()).cloned().unwrap_or_default()
    }

    /// Waits until queues are empty, functions have ended and Meta has delivered.
    ///
    /// # Panics
    ///
    /// When that does not happen.
    pub async fn settle(&self) {
        self.stack.wait_idle(AT_MOST).await.expect("the stack comes to rest");
    }

    /// Moves every clock of the stack.
    pub fn advance_hours(&self, hours: i64) {
        self.stack.clock().advance(hours * 60 * 60 * 1000);
    }

    /// What is in the tables, read beside the API.
    #[must_use]
    pub fn tables(&self) -> Tables<'_> {
        Tables::new(self)
    }

    /// Signs a webhook body as Meta does, with the app of this login.
    ///
    /// # Panics
    ///
    /// When no such app is registered.
    #[must_use]
    pub fn sign(&self, login: Login, body: &[u8]) -> String {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let app = self.stack.app(login).expect("both apps are registered");
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(app.app_secret.as_bytes()).expect("any key length");
        mac.update(body);
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    /// Delivers a signed webhook body past the simulated Meta.
    pub async fn deliver(&self, body: &Value) -> Answer {
        let bytes = body.to_string().into_bytes();
        let signature = self.sign(self.login(), &bytes);
        self.post_webhook(bytes, Some(&signature)).await
    }

    /// The login that leads to the world's channel, and whose app signs its webhooks.
    pub const fn login(&self) -> Login {
        match self.channel {
            Channel::Instagram => Login::Instagram,
            Channel::Messenger => Login::Facebook,
        }
    }

    /// Posts to the webhook's address as anybody could.
    ///
    /// # Panics
    ///
    /// When the gateway does not answer.
    pub async fn post_webhook(&self, body: Vec<u8>, signature: Option<&str>) -> Answer {
        let signature = signature.map(|signature| ("x-hub-signature-256", signature));
        let headers: Vec<_> = [("content-type", "application/json")].into_iter().chain(signature).collect();
        self.post(&format!("/webhooks/meta/{}", self.channel), body, &headers).await
    }

    /// Posts bytes to a path of the API as they are.
    ///
    /// # Panics
    ///
    /// When the gateway does not answer, or not as it is described.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.post(format!("{}{path}", self.stack.api_url())).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = Answer::read(request.send().await.expect("the gateway answers")).await;
        contract::demand(&reqwest::Method::POST, path, &answer);
        answer
    }

    /// Appends every AWS call of the story, a line of JSON each.
    ///
    /// What the stories call is what the template has to allow: `tests/template/permissions.py` compares the two.
    fn record_calls(&self, file: &Path) -> std::io::Result<()> {
        let calls = self.stack.aws().calls().snapshot();
        let mut lines = String::new();
        for call in &calls {
            lines.push_str(&serde_json::to_string(call)?);
            lines.push('\n');
        }
        let _turn = ONE_RECORD_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        OpenOptions::new().create(true).append(true).open(file)?.write_all(lines.as_bytes())
    }

    pub(crate) const fn http(&self) -> &reqwest::Client {
        &self.http
    }
}

/// A new file for what a stack and its AWS say to each other, where `BUZON_TRANSCRIPTS` names a folder.
///
/// `tests/aws` looks for what AWS would say otherwise.
fn transcript() -> Option<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let folder = PathBuf::from(std::env::var_os("BUZON_TRANSCRIPTS")?);
    let story = std::thread::current().name().unwrap_or("unnamed").replace("::", ".");
    Some(folder.join(format!("{story}-{}-{}.jsonl", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))))
}

impl Drop for World {
    /// Keeps the record of calls where `BUZON_CALLS` names a file.
    fn drop(&mut self) {
        if let Some(file) = std::env::var_os("BUZON_CALLS") {
            self.record_calls(file.as_ref()).unwrap_or_else(|error| eprintln!("the calls were not recorded: {error}"));
        }
    }
}
