use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::Channel;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::{Answer, World, contract};

/// A person's browser: their token and their cookies.
pub struct Browser<'w> {
    /// Whose card is looked at.
    channel: Channel,
    world: &'w World,
    token: Option<String>,
    tenant: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl<'w> Browser<'w> {
    pub(crate) fn new(world: &'w World, token: Option<String>, tenant: &str) -> Self {
        Self { channel: world.channel, world, token, tenant: tenant.to_owned(), cookies: Mutex::default() }
    }

    /// The same browser at the card and the conversations of another channel than the world's.
    #[must_use]
    pub fn on(self, channel: Channel) -> Self {
        Self { channel, ..self }
    }

    /// A route of the integration, of the browser's channel.
    pub fn route(&self, word: &str) -> String {
        format!("/api/integrations/meta/{}/{word}", self.channel)
    }

    /// The same browser with another token.
    #[must_use]
    pub fn with_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }

    /// The person's tenant.
    #[must_use]
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Reads a path of the API.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    /// Posts JSON to a path of the API.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    /// Calls a path of the API, or an absolute address.
    ///
    /// # Panics
    ///
    /// When nobody answers, or the API does not answer as it is described.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        let api = self.world.stack.api_url();
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{api}{path}") };
        let ours = url.starts_with(api);
        let mut request = self.world.http().request(method.clone(), &url);
        if ours {
            if let Some(token) = &self.token {
                request = request.bearer_auth(token);
            }
            if let Some(cookies) = self.cookie_header() {
                request = request.header("cookie", cookies);
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        // A person needs longer than an index.
        self.world.stack.aws().catch_up();
        let answer = Answer::read(request.send().await.expect("somebody answers")).await;
        if ours {
            let url = Url::parse(&url).expect("an address");
            contract::demand(&method, url.path(), &answer);
            self.keep_cookies(&answer);
        }
        answer
    }

    fn cookie_header(&self) -> Option<String> {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep_cookies(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok()) {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Starts a login; answers Meta's address.
    pub async fn start(&self, login: &str) -> Url {
        let started = self.post(&self.route("start"), json!({"login": login})).await.json();
        let address = started["authUrl"].as_str().expect("start answers authUrl");
        Url::parse(address).expect("authUrl is an address")
    }

    /// At Meta's page: this user decides; answers the address of our callback.
    pub async fn consent(&self, mut page: Url, user: &str, more: &[(&str, &str)]) -> String {
        page.query_pairs_mut().append_pair("auto_user", user).extend_pairs(more);
        self.call(Method::GET, page.as_str(), None, &[]).await.location()
    }

    /// The whole round trip, without a choice: where the callback sends the browser.
    pub async fn authorize(&self, login: &str, user: &str, more: &[(&str, &str)]) -> Url {
        let page = self.start(login).await;
        let callback = self.consent(page, user, more).await;
        self.arrive(&callback).await
    }

    /// Arrives at our callback; where it sends the browser.
    pub async fn arrive(&self, callback: &str) -> Url {
        let location = self.get(callback).await.location();
        Url::parse(self.world.stack.api_url())
            .and_then(|base| base.join(&location))
            .expect("a redirect leads to an address")
    }

    /// Connects an account that is the only one of its user.
    pub async fn connect(&self, login: &str, user: &str) {
        let landed = self.authorize(login, user, &[]).await;
        assert_eq!(outcome(&landed, self.channel.as_str()).as_deref(), Some("connected"), "{landed}");
    }

    /// What is connected.
    pub async fn status(&self) -> Value {
        self.get(&self.route("status")).await.json()
    }

    /// The conversations, newest first.
    pub async fn conversations(&self) -> Vec<Value> {
        let page = self.get(&format!("/api/tenants/{}/conversations", self.tenant)).await.json();
        page["conversations"].as_array().expect("a page of conversations").clone()
    }

    /// The only conversation.
    pub async fn conversation(&self) -> Value {
        let all = self.conversations().await;
        assert_eq!(all.len(), 1, "one conversation: {all:?}");
        all[0].clone()
    }

    /// The newest messages of a conversation, newest first.
    pub async fn messages(&self, conversation: &Value) -> Vec<Value> {
        let id = conversation["id"].as_str().expect("a conversation has an id");
        let page = self.get(&format!("/api/tenants/{}/conversations/{id}/messages", self.tenant)).await.json();
        page["messages"].as_array().expect("a page of messages").clone()
    }

    /// The texts of a conversation, oldest first.
    pub async fn texts(&self, conversation: &Value) -> Vec<String> {
        let mut messages = self.messages(conversation).await;
        messages.reverse();
        messages.iter().map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Sends a text.
    pub async fn send(&self, conversation: &Value, text: &str) -> Answer {
        self.send_body(json!({"conversationId": conversation["id"], "text": text}), &[]).await
    }

    /// Sends any body.
    pub async fn send_body(&self, body: Value, headers: &[(&str, &str)]) -> Answer {
        let path = format!("/api/tenants/{}/{}/messages/send", self.tenant, self.channel);
        self.call(Method::POST, &path, Some(body), headers).await
    }

    /// Disconnects an account, or the only one.
    pub async fn disconnect(&self, body: Value) -> Answer {
        self.post(&self.route("disconnect"), body).await
    }

    /// The kinds of the audit log, newest first.
    pub async fn audit(&self) -> Vec<String> {
        let page = self.get(&format!("/api/tenants/{}/events", self.tenant)).await.json();
        let events = page["events"].as_array().expect("a page of events");
        events.iter().map(|event| event["kind"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A parameter of an address.
#[must_use]
pub fn outcome(landed: &Url, name: &str) -> Option<String> {
    landed.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
