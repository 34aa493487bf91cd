//! What a browser, a tenant's page and a contact's phone do, over HTTP.

use std::{future::Future, time::Duration};

use domain::Channel;
use reqwest::{Method, Response, header, redirect};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use super::Unmet;

/// How long something may take that happens behind a queue.
const PATIENCE: Duration = Duration::from_secs(15);

/// Calls the three servers that people meet.
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    meta: String,
    issuer: String,
    aws: String,
}

/// A signed-in person and their browser.
pub(super) struct Browser<'a> {
    client: &'a Client,
    token: String,
    /// The tenant's id.
    pub(super) tenant: &'static str,
    /// Whose card and conversations are looked at.
    pub(super) channel: Channel,
}

impl Client {
    pub(super) fn new(api: &str, meta: &str, issuer: &str, aws: &str) -> Self {
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build();
        let http = http.expect("a client with plain settings can be built");
        let [api, meta, issuer, aws] = [api, meta, issuer, aws].map(str::to_owned);
        Self { http, api, meta, issuer, aws }
    }

    /// Instagram's card is looked at first.
    pub(super) async fn sign_in(&self, person: &str, tenant: &'static str) -> Result<Browser<'_>, Unmet> {
        let asked = self.http.post(format!("{}/token/sample", self.issuer)).json(&json!({ "person": person }));
        let answer = read("token", asked.send().await?).await?;
        Ok(Browser {
            client: self,
            token: text(&answer, "access_token")?.to_owned(),
            tenant,
            channel: Channel::Instagram,
        })
    }

    /// Calls the control API of the simulated Meta.
    pub(super) async fn meta(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Unmet> {
        let mut asked = self.http.request(method, format!("{}/control{path}", self.meta));
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        read("the simulated Meta", asked.send().await?).await
    }

    /// A contact does something on the phone. `account` is an Instagram account: on Messenger its Page is meant.
    pub(super) async fn act(
        &self,
        channel: Channel,
        contact: &str,
        account: &str,
        action: Value,
    ) -> Result<Value, Unmet> {
        let body = json!({ "channel": channel, "contact": contact, "account": account, "action": action });
        self.meta(Method::POST, "/act", Some(body)).await
    }

    /// What the contact's phone shows of a conversation.
    pub(super) async fn phone(&self, channel: Channel, contact: &str, account: &str) -> Result<Vec<Value>, Unmet> {
        let path = format!("/threads?contact={contact}&account={account}&channel={channel}");
        let threads = self.meta(Method::GET, &path, None).await?;
        Ok(threads[0]["messages"].as_array().cloned().unwrap_or_default())
    }

    /// Waits until Meta has delivered everything and the functions have taken it from their queues.
    pub(super) async fn settled(&self) -> Result<(), Unmet> {
        self.meta(Method::GET, "/webhooks/idle?timeout_ms=15000", None).await?;
        until(async || {
            let asked = self.http.get(format!("{}/_local/queues", self.aws)).send().await?;
            let queues = read("the queues", asked).await?;
            let working =
                queues.as_array().into_iter().flatten().filter(|queue| queue["is_dead_letter_queue"] == false);
            let mut counts =
                working.flat_map(|queue| queue["counts"].as_object().into_iter().flat_map(|counts| counts.values()));
            Ok(counts.all(|count| count == 0).then_some(()))
        })
        .await
    }

    /// Posts a body to a channel's webhook.
    pub(super) async fn webhook(&self, channel: Channel, body: &str, signature: &str) -> Result<u16, Unmet> {
        let post = self.http.post(format!("{}/webhooks/meta/{channel}", self.api));
        let post = post.header(header::CONTENT_TYPE, "application/json").header("x-hub-signature-256", signature);
        Ok(post.body(body.to_owned()).send().await?.status().as_u16())
    }
}

impl Browser<'_> {
    /// The same browser at another channel's card and conversations.
    pub(super) fn on(self, channel: Channel) -> Self {
        Self { channel, ..self }
    }

    /// A route of the integration.
    fn integration(&self, word: &str) -> String {
        format!("/api/integrations/meta/{}/{word}", self.channel)
    }

    /// Calls the API as the person.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Unmet> {
        let (_, answer) = self.call_with(method, path, body, &[]).await?;
        Ok(answer)
    }

    async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> Result<(Vec<String>, Value), Unmet> {
        let mut asked = self.client.http.request(method, format!("{}{path}", self.client.api)).bearer_auth(&self.token);
        for (name, value) in headers {
            asked = asked.header(*name, *value);
        }
        if let Some(body) = body {
            asked = asked.json(&body);
        }
        let answer = asked.send().await?;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies = cookies.filter_map(|cookie| cookie.split(';').next()).map(str::to_owned).collect();
        Ok((cookies, read("the API", answer).await?))
    }

    /// The button's round trip: start, Meta's dialog, callback. Returns where the browser lands.
    pub(super) async fn connect(&self, login: &str, meta_user: &str) -> Result<Url, Unmet> {
        let (cookies, started) =
            self.call_with(Method::POST, &self.integration("start"), Some(json!({ "login": login })), &[]).await?;
        let mut dialog = parsed(text(&started, "authUrl")?)?;
        dialog.query_pairs_mut().append_pair("auto_user", meta_user);
        let callback = self.follow(&dialog, &[]).await?;
        self.follow(&callback, &cookies).await
    }

    /// Opens a page that answers with a redirect.
    async fn follow(&self, url: &Url, cookies: &[String]) -> Result<Url, Unmet> {
        let answer = self.client.http.get(url.as_str()).header(header::COOKIE, cookies.join("; ")).send().await?;
        let location = answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
        match location {
            Some(location) => url.join(location).map_err(|_| Unmet::Not("the redirect leads nowhere".to_owned())),
            None => Err(refusal("a redirect was expected", answer).await),
        }
    }

    pub(super) async fn status(&self) -> Result<Value, Unmet> {
        self.call(Method::GET, &self.integration("status"), None).await
    }

    pub(super) async fn assets(&self, state: &str) -> Result<Vec<Value>, Unmet> {
        let query: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
        let assets = self.call(Method::GET, &self.integration(&format!("assets?state={query}")), None).await?;
        assets.as_array().cloned().ok_or_else(|| Unmet::Not("the assets are no list".to_owned()))
    }

    pub(super) async fn select(&self, state: &str, accounts: Vec<Value>) -> Result<Value, Unmet> {
        let body = json!({ "state": state, "accounts": accounts });
        self.call(Method::POST, &self.integration("select"), Some(body)).await
    }

    /// `body` names the account as its channel does.
    pub(super) async fn disconnect(&self, body: Value) -> Result<Value, Unmet> {
        self.call(Method::POST, &self.integration("disconnect"), Some(body)).await
    }

    pub(super) async fn conversations(&self) -> Result<Vec<Value>, Unmet> {
        let page = self.call(Method::GET, &format!("/api/tenants/{}/conversations", self.tenant), None).await?;
        Ok(page["conversations"].as_array().cloned().unwrap_or_default())
    }

    pub(super) async fn messages(&self, conversation: &str) -> Result<Vec<Value>, Unmet> {
        let path = format!("/api/tenants/{}/conversations/{conversation}/messages", self.tenant);
        let page = self.call(Method::GET, &path, None).await?;
        Ok(page["messages"].as_array().cloned().unwrap_or_default())
    }

    /// Sends a reply; the same key sends nothing twice.
    pub(super) async fn reply(&self, conversation: &str, words: &str, key: &str) -> Result<Value, Unmet> {
        let path = format!("/api/tenants/{}/{}/messages/send", self.tenant, self.channel);
        let body = json!({ "conversationId": conversation, "text": words });
        let (_, message) = self.call_with(Method::POST, &path, Some(body), &[("idempotency-key", key)]).await?;
        Ok(message)
    }

    /// The status of a call that is to be refused.
    pub(super) async fn refused(&self, path: &str) -> Result<u16, Unmet> {
        let asked = self.client.http.get(format!("{}{path}", self.client.api)).bearer_auth(&self.token);
        Ok(asked.send().await?.status().as_u16())
    }
}

/// Asks until the answer is there.
pub(super) async fn until<T, F>(mut ask: impl FnMut() -> F) -> Result<T, Unmet>
where
    F: Future<Output = Result<Option<T>, Unmet>>,
{
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        sleep(Duration::from_millis(15)).await;
    }
    Err(Unmet::NotInTime(PATIENCE))
}

/// A text of an answer.
pub(super) fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Unmet> {
    answer[name].as_str().ok_or_else(|| Unmet::Not(format!("the answer has no `{name}`")))
}

fn parsed(url: &str) -> Result<Url, Unmet> {
    Url::parse(url).map_err(|_| Unmet::Not("authUrl is no address".to_owned()))
}

async fn read(what: &'static str, answer: Response) -> Result<Value, Unmet> {
    if !answer.status().is_success() {
        return Err(refusal(what, answer).await);
    }
    Ok(answer.json().await?)
}

async fn refusal(what: &'static str, answer: Response) -> Unmet {
    let status = answer.status().as_u16();
    let mut body = answer.text().await.unwrap_or_default();
    body.truncate(body.floor_char_boundary(400));
    Unmet::Answer { what, status, body }
}
