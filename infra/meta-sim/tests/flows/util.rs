//! A simulation with one app for each login, and an app's end of the webhooks.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{RawQuery, State},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use meta_sim::{App, Clock, Login, MetaSim, Settings};
use reqwest::{Client, Response, redirect::Policy};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

pub(crate) const INSTAGRAM_APP: &str = "990001";
pub(crate) const FACEBOOK_APP: &str = "880001";
pub(crate) const SECRET: &str = "sample-app-secret";
pub(crate) const CALLBACK: &str = "http://app.example/callback";
pub(crate) const INSTAGRAM_SCOPES: &str =
    "instagram_business_basic,instagram_business_manage_messages,instagram_business_manage_comments";
pub(crate) const FACEBOOK_SCOPES: &str = "instagram_basic,instagram_manage_messages,pages_show_list,\
                                          pages_manage_metadata,pages_read_engagement,pages_messaging,\
                                          business_management";

/// What the app's webhook address was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The app's end: answers with a status, remembers everything.
#[derive(Clone, Default)]
pub(crate) struct Hook {
    pub(crate) received: Arc<Mutex<Vec<Received>>>,
    /// Statuses of the next answers; 200 when there is none.
    pub(crate) statuses: Arc<Mutex<Vec<u16>>>,
}

impl Hook {
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        received.iter().filter_map(|one| serde_json::from_slice(&one.body).ok()).collect()
    }

    /// Every element of every `messaging[]`.
    pub(crate) fn messaging(&self) -> Vec<Value> {
        let entries = self.bodies().into_iter().flat_map(|body| body["entry"].as_array().cloned().unwrap_or_default());
        entries.flat_map(|entry| entry["messaging"].as_array().cloned().unwrap_or_default()).collect()
    }
}

async fn receive(State(hook): State<Hook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    hook.received.lock().unwrap().push(Received { headers, body });
    let mut statuses = hook.statuses.lock().unwrap();
    let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
    StatusCode::from_u16(status).unwrap()
}

async fn verify(RawQuery(query): RawQuery) -> (StatusCode, String) {
    let query = Url::parse(&format!("http://x/?{}", query.unwrap_or_default())).unwrap();
    let get = |name: &str| query.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if get("hub.verify_token").as_deref() == Some("verify-me") {
        (StatusCode::OK, get("hub.challenge").unwrap_or_default())
    } else {
        (StatusCode::FORBIDDEN, String::new())
    }
}

pub(crate) struct World {
    pub(crate) meta: MetaSim,
    pub(crate) hook: Hook,
    pub(crate) http: Client,
    pub(crate) clock: Clock,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let hook = Hook::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook_url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(receive).get(verify)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let app = |login, app_id: &str| App {
            login,
            app_id: app_id.into(),
            app_secret: SECRET.into(),
            redirect_uris: vec![CALLBACK.into()],
            webhook_url: Some(hook_url.clone()),
            verify_token: Some("verify-me".into()),
            deauthorize_url: Some(hook_url.clone()),
            data_deletion_url: Some(hook_url.clone()),
        };
        let clock = settings.clock.clone();
        let apps = vec![app(Login::Instagram, INSTAGRAM_APP), app(Login::Facebook, FACEBOOK_APP)];
        let meta = MetaSim::start(Settings { apps, ..settings }).await.unwrap();
        let http = Client::builder().no_proxy().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap();
        Self { meta, hook, http, clock }
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.meta.url())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.http.get(self.at(path)).send().await.unwrap()).await
    }

    pub(crate) async fn get_with(&self, path: &str, token: &str) -> (u16, Value) {
        answer(self.http.get(self.at(path)).bearer_auth(token).send().await.unwrap()).await
    }

    pub(crate) async fn post_with(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        answer(self.http.post(self.at(path)).bearer_auth(token).json(body).send().await.unwrap()).await
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = answer(self.http.post(self.at(path)).json(&body).send().await.unwrap()).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn change(&self, path: &str, body: Value) -> Value {
        let (status, answer) = answer(self.http.patch(self.at(path)).json(&body).send().await.unwrap()).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn act(&self, account: &str, action: Value) -> Value {
        self.control("/control/act", json!({ "contact": "ines.moreau", "account": account, "action": action })).await
    }

    pub(crate) async fn quiet(&self) {
        let (status, _) = self.get("/control/webhooks/idle").await;
        assert_eq!(status, 200);
    }

    /// Lets no simulated time pass since a moment.
    pub(crate) fn turn_back_to(&self, moment_ms: i64) {
        self.clock.advance_ms(moment_ms - self.clock.now_ms());
    }

    /// The address that the Instagram dialog sends the browser to.
    pub(crate) async fn authorize(&self, more: &str) -> Url {
        let query = format!(
            "client_id={INSTAGRAM_APP}&redirect_uri={CALLBACK}&response_type=code&scope={INSTAGRAM_SCOPES}&state=s1{more}"
        );
        location(&self.http.get(self.at(&format!("/www.instagram.com/oauth/authorize?{query}"))).send().await.unwrap())
    }

    pub(crate) async fn exchange(&self, code: &str, redirect_uri: &str) -> (u16, Value) {
        let form = [
            ("client_id", INSTAGRAM_APP),
            ("client_secret", SECRET),
            ("grant_type", "authorization_code"),
            ("redirect_uri", redirect_uri),
            ("code", code),
        ];
        answer(self.http.post(self.at("/api.instagram.com/oauth/access_token")).form(&form).send().await.unwrap()).await
    }

    /// A short-lived token of an Instagram account.
    pub(crate) async fn short_token(&self, username: &str) -> String {
        let url = self.authorize(&format!("&auto_user={username}")).await;
        let (_, body) = self.exchange(&parameter(&url, "code").unwrap(), CALLBACK).await;
        text(&body["access_token"])
    }

    /// A long-lived token of an Instagram account that the app is subscribed to.
    pub(crate) async fn connected(&self, username: &str) -> String {
        let short = self.short_token(username).await;
        let path = "/graph.instagram.com/access_token?grant_type=ig_exchange_token";
        let (status, body) = self.get(&format!("{path}&client_secret={SECRET}&access_token={short}")).await;
        assert_eq!(status, 200, "{body}");
        let token = text(&body["access_token"]);
        let path =
            "/graph.instagram.com/v25.0/me/subscribed_apps?subscribed_fields=messages,message_echoes,messaging_seen";
        let (status, body) = self.post_with(path, &token, &json!({})).await;
        assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
        token
    }

    /// A long-lived User token of Facebook.
    pub(crate) async fn facebook_token(&self, username: &str) -> String {
        let query =
            format!("client_id={FACEBOOK_APP}&redirect_uri={CALLBACK}&response_type=code&scope={FACEBOOK_SCOPES}");
        let path = format!("/www.facebook.com/v25.0/dialog/oauth?{query}&auto_user={username}");
        let url = location(&self.http.get(self.at(&path)).send().await.unwrap());
        let code = parameter(&url, "code").unwrap();
        let client = format!("client_id={FACEBOOK_APP}&client_secret={SECRET}");
        let path = "/graph.facebook.com/v25.0/oauth/access_token";
        let (status, body) = self.get(&format!("{path}?{client}&redirect_uri={CALLBACK}&code={code}")).await;
        assert_eq!(status, 200, "{body}");
        let short = text(&body["access_token"]);
        let exchange = format!("grant_type=fb_exchange_token&fb_exchange_token={short}");
        let (status, body) = self.get(&format!("{path}?{client}&{exchange}")).await;
        assert_eq!(status, 200, "{body}");
        text(&body["access_token"])
    }
}

pub(crate) async fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn location(response: &Response) -> Url {
    assert_eq!(response.status(), 302);
    Url::parse(response.headers()["location"].to_str().unwrap()).unwrap()
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
