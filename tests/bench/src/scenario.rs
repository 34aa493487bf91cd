//! The story that the functions are measured in: each one's event, out of a world in which it makes sense.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use local::Login;
use reqwest::header;
use serde_json::{Value, json};
use url::Url;

use crate::Failure;
use crate::event::{self, Caller, Http};
use crate::queue::Queued;
use crate::subject::{Recorder, Subject};

const INTEGRATION: &str = "/api/integrations/meta/instagram";
const CONVERSATIONS: &str = "/api/tenants/{tenantId}/conversations";
const TENANT: &str = "luna";
/// Who connects Luna's account and answers.
const ANA: Option<Caller<'static>> = Some(Caller { person: "ana", tenant: TENANT, role: "admin" });
/// Who is of the tenant Grande, and has several accounts.
const EVA: Option<Caller<'static>> = Some(Caller { person: "eva", tenant: "grande", role: "admin" });
/// Who runs all of it.
const OLIVIA: Option<Caller<'static>> = Some(Caller { person: "olivia", tenant: "buzon", role: "operator" });
/// Contacts who have written before, beside Inès.
const CONTACTS: usize = 100;
/// DMs of theirs in a batch for the processor. Lambda hands out at most ten messages of a FIFO queue at once; the
/// larger batches tell what more would bring.
const BATCHES: [usize; 3] = [10, 100, 1000];
/// The most events that Meta puts into one body.
const EVENTS: usize = 1000;

/// A world in which Luna Café has an inbox, and how to speak for the people in it.
pub(crate) struct Scenario<'w> {
    recorder: Recorder<'w>,
    account: String,
    /// Inès, whose name is known.
    ines: String,
    conversation: String,
    now_ms: u64,
}

/// Everything that can be measured.
pub(crate) struct Subjects {
    /// One for each function.
    pub(crate) functions: Vec<Subject>,
    /// Other events of the same functions: what a DM and its answer cause.
    pub(crate) further: Vec<Subject>,
    /// 1,000 events in one body.
    pub(crate) thousand: Subject,
    /// The processor's batches, by their number of DMs.
    pub(crate) batches: Vec<(usize, Subject)>,
}

impl<'w> Scenario<'w> {
    /// Connects an account and fills its inbox.
    pub(crate) async fn play(recorder: Recorder<'w>) -> Result<Self, Failure> {
        let world = recorder.world;
        let ana = world.browser("ana");
        ana.connect("instagram", "luna.cafe").await;
        let text = json!({"kind": "text", "text": "¿Abrís mañana?"});
        let told = world.act("ines.moreau", "luna.cafe", text).await;
        let ines = told["igsid"].as_str().ok_or("the simulated Meta tells who wrote")?.to_owned();
        world.settle().await;
        let conversation = text_of(&ana.conversation().await["id"])?;
        let account = text_of(&ana.status().await["connections"][0]["ig_user_id"])?;
        let now_ms = u64::try_from(world.stack.clock().now_ms())?;
        let scenario = Self { recorder, account, ines, conversation, now_ms };
        let first: Vec<Value> = (0..CONTACTS).map(|contact| scenario.dm(&contact_id(contact), contact, 0)).collect();
        world.deliver(&scenario.notification(&first)).await;
        world.settle().await;
        Ok(scenario)
    }

    /// For what is compared with the functions.
    pub(crate) const fn recorder(&self) -> &Recorder<'w> {
        &self.recorder
    }

    /// One DM as API Gateway hands it to `webhook-receive` and to those it is compared with.
    pub(crate) fn webhook(&self) -> Bytes {
        self.signed(&self.notification(&[self.dm(&self.ines, 0, 1)]))
    }

    /// Records everything, in an order in which each step finds what it needs.
    pub(crate) async fn record(&self) -> Result<Subjects, Failure> {
        let recorder = &self.recorder;
        let mut functions = Vec::new();
        let mut further = Vec::new();

        let (receive, _) =
            recorder.function("webhook-receive", "webhook-receive", &[self.webhook(), self.webhook()]).await?;
        functions.push(receive);
        let thousand: Vec<Value> = (0..EVENTS).map(|contact| self.dm(&contact_id(contact), contact, 2)).collect();
        let thousand = self.signed(&self.notification(&thousand));
        let (thousand, _) = recorder.function("webhook-receive, 1000 events", "webhook-receive", &[thousand]).await?;

        let dm = self.dm(&self.ines, 0, 3);
        functions.push(self.processor("processor", 2, &[dm]).await?);
        let mut batches = Vec::new();
        for size in BATCHES {
            let dm = |number| self.dm(&contact_id(number % CONTACTS), number, 4 + size);
            let dms: Vec<Value> = (0..size).map(dm).collect();
            let label = format!("processor, batch of {size}");
            batches.push((size, self.processor(&label, 3 + size, &dms).await?));
        }

        functions.extend(self.telling().await?);
        functions.extend(self.answer(&mut further).await?);
        functions.extend(self.connecting().await?);
        functions.extend(self.asking().await?);
        functions.extend(self.ending().await?);
        Ok(Subjects { functions, further, thousand, batches })
    }

    /// The processor with a batch of these, warm: before them a DM comes, from which it learns whose the account is.
    async fn processor(&self, label: &str, round: usize, events: &[Value]) -> Result<Subject, Failure> {
        let first = event::batch(&self.queued(&[self.dm(&self.ines, 0, round)]).await?);
        let batch = event::batch(&self.queued(events).await?);
        Ok(self.recorder.function(label, "processor", &[first, batch]).await?.0)
    }

    /// What is stored is told, while nobody listens; and a browser sends a sign of life.
    async fn telling(&self) -> Result<Vec<Subject>, Failure> {
        let recorder = &self.recorder;
        let record = Bytes::from_static(include_bytes!("../../../events/publisher.json"));
        let (publisher, _) = recorder.function("publisher", "publisher", &[record.clone(), record]).await?;
        let ping = Bytes::from_static(include_bytes!("../../../events/live-message.json"));
        let (live, _) = recorder.function("live", "live", &[ping]).await?;
        let webhooks = get("/api/tenants/{tenantId}/webhooks", &[("tenantId", TENANT)], "", ANA);
        let (endpoints, _) = recorder.function("endpoints", "endpoints", &[webhooks]).await?;
        let due = Bytes::from_static(include_bytes!("../../../events/deliverer-due.json"));
        let (deliverer, _) = recorder.function("deliverer", "deliverer", &[due]).await?;
        Ok(vec![publisher, live, endpoints, deliverer])
    }

    /// Ana answers; Meta echoes it and tells that it was read.
    async fn answer(&self, further: &mut Vec<Subject>) -> Result<Vec<Subject>, Failure> {
        let recorder = &self.recorder;
        let (send, queued) = recorder.function("send", "send", &[self.send("¡Hola!"), self.send("A las 9.")]).await?;
        let deliveries: Vec<Bytes> = queued.chunks(1).map(event::batch).collect();
        let (sender, _) = recorder.function("sender", "sender", &deliveries).await?;

        let mid = self.newest_mid().await?;
        let message = json!({"mid": mid, "text": "A las 9.", "is_echo": true});
        let echo = self.happened(&self.account, &self.ines, 10, "message", &message);
        further.push(self.processor("processor, echo", 8, &[echo]).await?);
        let read = self.happened(&self.ines, &self.account, 11, "read", &json!({"mid": mid}));
        further.push(self.processor("processor, read receipt", 9, &[read]).await?);
        Ok(vec![send, sender])
    }

    /// Marta connects an account, and Eva chooses among several.
    async fn connecting(&self) -> Result<Vec<Subject>, Failure> {
        let recorder = &self.recorder;
        let start = post(&format!("{INTEGRATION}/start"), &json!({"login": "instagram"}), ANA);
        let (start, _) = recorder.function("oauth-start", "oauth-start", &[start]).await?;
        let visit = self.visit("marta", "instagram", "mara.paints").await?;
        let callback = Http {
            method: "GET",
            route: &format!("{INTEGRATION}/callback"),
            query: visit.callback.query().unwrap_or_default(),
            cookies: &[visit.cookie],
            ..Http::default()
        };
        let (callback, _) = recorder.function("oauth-callback", "oauth-callback", &[callback.event()]).await?;
        let visit = self.visit("eva", "facebook", "amara.okafor").await?;
        let http = no_redirects()?;
        http.get(visit.callback.clone()).header(header::COOKIE, &visit.cookie).send().await?;
        let state = visit.callback.query_pairs().find(|(name, _)| name == "state").ok_or("a state")?.1.into_owned();
        let assets = Http {
            method: "GET",
            route: &format!("{INTEGRATION}/assets"),
            query: &format!("state={state}"),
            caller: EVA,
            ..Http::default()
        };
        let (select, _) = recorder.function("oauth-select", "oauth-select", &[assets.event()]).await?;
        Ok(vec![start, callback, select])
    }

    /// What is asked without changing anything.
    async fn asking(&self) -> Result<Vec<Subject>, Failure> {
        let recorder = &self.recorder;
        let conversations = get(CONVERSATIONS, &[("tenantId", TENANT)], "limit=25", ANA);
        let (inbox, _) = recorder.function("inbox", "inbox", &[conversations]).await?;
        let status = get(&format!("{INTEGRATION}/status"), &[], "", ANA);
        let (status, _) = recorder.function("status", "status", &[status]).await?;
        let token = self.recorder.world.stack.app(Login::Instagram).ok_or("an app")?.verify_token.clone();
        let query = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        let verify = get("/webhooks/meta/instagram", &[], &query, None);
        let (verify, _) = recorder.function("webhook-verify", "webhook-verify", &[verify]).await?;
        let (web, _) = recorder.function("web", "web", &[get("/", &[], "", None)]).await?;
        let tenant = get("/api/admin/tenants/{tenantId}", &[("tenantId", TENANT)], "", OLIVIA);
        let (admin, _) = recorder.function("admin", "admin", &[tenant]).await?;
        Ok(vec![inbox, status, verify, web, admin])
    }

    /// What ends things, therefore last.
    async fn ending(&self) -> Result<Vec<Subject>, Failure> {
        let recorder = &self.recorder;
        let scan = Bytes::from_static(br#"{"task":"scan"}"#);
        let (upkeep, _) = recorder.function("upkeep", "upkeep", &[scan]).await?;
        let disconnect = post(&format!("{INTEGRATION}/disconnect"), &json!({"ig_user_id": self.account}), ANA);
        let (disconnect, _) = recorder.function("disconnect", "disconnect", &[disconnect]).await?;
        let deletion = self.signed_request("data-deletion", &self.owner().await?)?;
        let (data_requests, _) = recorder.function("data-requests", "data-requests", &[deletion]).await?;
        // A deletion that goes on comes back to the queue until it has settled, so this is one that does not exist.
        let order = serde_json::from_value(json!({"MessageBody": json!({"code": "0".repeat(32)}).to_string()}))?;
        let (eraser, _) = recorder.function("eraser", "eraser", &[event::batch(&[order])]).await?;
        Ok(vec![upkeep, disconnect, data_requests, eraser])
    }

    /// Who has connected the account, by Meta's id of that person for the app.
    async fn owner(&self) -> Result<String, Failure> {
        let connections = self.recorder.world.tables().items("ConnectionsTable").await;
        let mut ours = connections.iter().filter(|item| {
            let account = item.get("account").and_then(|account| account.as_s().ok());
            account.is_some_and(|account| *account == format!("meta_instagram#{}", self.account))
        });
        let owner = ours.find_map(|connection| connection.get("app_scoped_user_id")?.as_s().ok());
        Ok(owner.ok_or("the connection names who has made it")?.clone())
    }

    fn send(&self, text: &str) -> Bytes {
        Http {
            method: "POST",
            route: "/api/tenants/{tenantId}/instagram/messages/send",
            parameters: &[("tenantId", TENANT)],
            headers: &[("idempotency-key", &format!("answer-{}", text.len()))],
            body: Some(json!({"conversationId": self.conversation, "text": text}).to_string()),
            caller: ANA,
            ..Http::default()
        }
        .event()
    }

    fn dm(&self, contact: &str, number: usize, round: usize) -> Value {
        let mid = BASE64_URL_SAFE_NO_PAD.encode(format!(
            "ig_dm_item:1:IGMessageID:{}:{contact}:{number}:{round:06}:3190557835384368",
            self.account
        ));
        let message = json!({"mid": mid, "text": "¿Tenéis mesa para cuatro personas esta noche a las nueve?"});
        self.happened(contact, &self.account, round, "message", &message)
    }

    fn happened(&self, from: &str, to: &str, round: usize, what: &str, part: &Value) -> Value {
        let at = self.now_ms + u64::try_from(round).unwrap_or_default();
        json!({"sender": {"id": from}, "recipient": {"id": to}, "timestamp": at, what: part})
    }

    fn notification(&self, events: &[Value]) -> Value {
        json!({"object": "instagram", "entry": [{"id": self.account, "time": self.now_ms, "messaging": events}]})
    }

    /// The events as `webhook-receive` queues them.
    async fn queued(&self, events: &[Value]) -> Result<Vec<Queued>, Failure> {
        let webhook = self.signed(&self.notification(events));
        let (_, mut queued) = self.recorder.function("webhook-receive", "webhook-receive", &[webhook]).await?;
        queued.sort_by(|one, other| one.message_body.cmp(&other.message_body)); // batches are sent side by side
        Ok(queued)
    }

    fn signed(&self, notification: &Value) -> Bytes {
        let body = notification.to_string();
        let signature = self.recorder.world.sign(Login::Instagram, body.as_bytes());
        Http {
            method: "POST",
            route: "/webhooks/meta/instagram",
            headers: &[("x-hub-signature-256", &signature), ("user-agent", "facebookexternalua")],
            body: Some(body),
            ..Http::default()
        }
        .event()
    }

    /// A call of Meta's about a person.
    ///
    /// Source: <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>
    fn signed_request(&self, what: &str, user_id: &str) -> Result<Bytes, Failure> {
        let issued_at = self.now_ms / 1000;
        let payload = json!({"algorithm": "HMAC-SHA256", "issued_at": issued_at, "user_id": user_id}).to_string();
        let payload = BASE64_URL_SAFE_NO_PAD.encode(payload);
        let signature = self.recorder.world.sign(Login::Instagram, payload.as_bytes());
        let signature = hex::decode(signature.trim_start_matches("sha256="))?;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        Ok(Http {
            method: "POST",
            route: &format!("/webhooks/meta/{what}"),
            headers: &[("content-type", "application/x-www-form-urlencoded")],
            body: Some(format!("signed_request={signature}.{payload}")),
            ..Http::default()
        }
        .event())
    }

    /// The mid of the answer that was sent last.
    async fn newest_mid(&self) -> Result<String, Failure> {
        let ana = self.recorder.world.browser("ana");
        let messages = ana.messages(&json!({"id": self.conversation})).await;
        let sent = messages.iter().find(|message| message["status"] == "sent").ok_or("the answer was not sent")?;
        text_of(&sent["provider_message_id"])
    }

    /// A person of this tenant gives consent at Meta as this user.
    async fn visit(&self, person: &str, login: &str, user: &str) -> Result<Visit, Failure> {
        let stack = &self.recorder.world.stack;
        let http = no_redirects()?;
        let start = format!("{}{INTEGRATION}/start", stack.api_url());
        let started = http.post(start).bearer_auth(stack.token(person)).json(&json!({"login": login})).send().await?;
        let cookie = started.headers().get(header::SET_COOKIE).ok_or("start sets a cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let mut consent = Url::parse(&text_of(&started.json::<Value>().await?["authUrl"])?)?;
        consent.query_pairs_mut().append_pair("auto_user", user);
        let redirected = http.get(consent).send().await?;
        let callback = redirected.headers().get(header::LOCATION).ok_or("Meta redirects")?.to_str()?;
        Ok(Visit { callback: Url::parse(callback)?, cookie })
    }
}

/// How a visit to Meta ended.
struct Visit {
    callback: Url,
    cookie: String,
}

fn no_redirects() -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?)
}

fn contact_id(number: usize) -> String {
    format!("7340000000{number:06}")
}

fn text_of(value: &Value) -> Result<String, Failure> {
    Ok(value.as_str().ok_or("a member of an answer is missing")?.to_owned())
}

fn get(route: &str, parameters: &[(&str, &str)], query: &str, caller: Option<Caller<'_>>) -> Bytes {
    Http { method: "GET", route, parameters, query, caller, ..Http::default() }.event()
}

fn post(route: &str, body: &Value, caller: Option<Caller<'_>>) -> Bytes {
    Http { method: "POST", route, body: Some(body.to_string()), caller, ..Http::default() }.event()
}
