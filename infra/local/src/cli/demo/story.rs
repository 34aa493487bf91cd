//! The main job: connect, a DM comes in, a reply goes out, disconnect. Once with each login, and on Messenger.

use domain::Channel;
use local::{Login, apps};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    BoxError, Transcript, Unmet,
    client::{Browser, Client, text, until},
};
use crate::cli::webhook::signature;

/// One telling of the story.
struct Cast<'a> {
    client: &'a Client,
    tenant: Browser<'a>,
    other: Browser<'a>,
    login: Login,
    /// By its name on Instagram; on Messenger its Page.
    account: &'static str,
    contact: &'static str,
    words: &'static str,
    answer: &'static str,
}

pub(super) async fn play(transcript: &mut Transcript, client: &Client) -> Result<(), BoxError> {
    Transcript::chapter("Before anything else")?;
    for app in apps::simulated() {
        let what = format!("Meta verifies our webhook address for the {} app", app.login.as_str());
        let path = format!("/apps/{}/verify", app.app_id);
        transcript.step(&what, client.meta(Method::POST, &path, None)).await?;
    }
    Transcript::chapter("Instagram Login: Ana of Luna Café has one account")?;
    let cast = Cast {
        client,
        tenant: transcript.step("Ana signs in", client.sign_in("ana", "luna")).await?,
        other: transcript
            .step("Marta of Taller Norte signs in, to see what she must not", client.sign_in("marta", "taller"))
            .await?,
        login: Login::Instagram,
        account: "luna.cafe",
        contact: "ines.moreau",
        words: "¿Tienen mesa para dos esta noche?",
        answer: "¡Claro! ¿A las nueve?",
    };
    let connected = connect_one(&cast, "luna.cafe");
    let id = transcript.step("Connect Instagram: one account, connected at once", connected).await?;
    converse(transcript, &cast, &id).await?;

    Transcript::chapter("Messenger: the same café has a Facebook Page")?;
    let cast = Cast {
        tenant: transcript.step("Ana opens its card", client.sign_in("ana", "luna")).await?.on(Channel::Messenger),
        login: Login::Facebook,
        words: "¿Y terraza, si no llueve?",
        answer: "También. Le guardo una mesa fuera.",
        ..cast
    };
    let connected = connect_one(&cast, "lucia.navarro");
    let id = transcript.step("Connect Facebook: one Page, connected at once", connected).await?;
    converse(transcript, &cast, &id).await?;

    Transcript::chapter("Facebook Login: Eva of Grande Retail has several accounts")?;
    let cast = Cast {
        tenant: transcript.step("Eva signs in", client.sign_in("eva", "grande")).await?,
        account: "atelier.okafor",
        contact: "kofi_mensah",
        words: "Is the blue vase still there?",
        answer: "It is. Shall I put it aside?",
        ..cast
    };
    let state = transcript.step("Connect with Facebook: several accounts, so there is a choice", choose(&cast)).await?;
    let id = transcript.step("Select two of them", select_two(&cast, &state)).await?;
    converse(transcript, &cast, &id).await
}

impl Cast<'_> {
    const fn channel(&self) -> Channel {
        self.tenant.channel
    }

    /// The field that names an account.
    const fn id_field(&self) -> &'static str {
        match self.channel() {
            Channel::Instagram => "ig_user_id",
            Channel::Messenger => "page_id",
        }
    }

    async fn act(&self, action: Value) -> Result<Value, Unmet> {
        self.client.act(self.channel(), self.contact, self.account, action).await
    }

    async fn webhook(&self, body: &str, signature: &str) -> Result<u16, Unmet> {
        self.client.webhook(self.channel(), body, signature).await
    }

    /// The tenant's connection with this id.
    async fn connection(&self, id: &str) -> Result<Value, Unmet> {
        let status = self.tenant.status().await?;
        let mut connections = status["connections"].as_array().cloned().unwrap_or_default().into_iter();
        let own = connections.find(|connection| connection[self.id_field()] == id);
        own.ok_or_else(|| Unmet::Not("the status has the account".to_owned()))
    }
}

/// Everything after an account is connected.
async fn converse(transcript: &mut Transcript, cast: &Cast<'_>, id: &str) -> Result<(), BoxError> {
    transcript.step("The card shows the account as connected", shown_as_connected(cast, id)).await?;
    let arrives = message_arrives(cast);
    let conversation = transcript.step("A contact writes: the DM is in the tenant's inbox", arrives).await?;
    transcript
        .step("It is in nobody else's inbox, and its address is a 404 there", stays_private(cast, &conversation))
        .await?;
    transcript
        .step("Meta delivers the same DM three more times: it is there once", stays_single(cast, &conversation))
        .await?;
    transcript.step("A forged signature is a 401 and changes nothing", forgery_is_refused(cast, &conversation)).await?;
    let sent = reply_is_sent(cast, &conversation);
    let reply = transcript.step("A reply is accepted, sent by Meta and settled with its id", sent).await?;
    transcript.step("The contact's phone shows it, once", phone_shows_it(cast)).await?;
    transcript.step("Meta's echo of it was merged: no second bubble", echo_is_merged(cast, &conversation)).await?;
    transcript.step("The contact reads it: the reply says so", reply_is_read(cast, &conversation, &reply)).await?;
    transcript.step("Disconnect: the card says so", disconnects(cast, id)).await?;
    transcript.step("The next DM is acknowledged and dropped", next_is_dropped(cast, &conversation)).await
}

async fn connect_one(cast: &Cast<'_>, user: &str) -> Result<String, Unmet> {
    let page = cast.tenant.connect(cast.login.as_str(), user).await?;
    require(
        page.query().is_some_and(|query| query.contains(&format!("{}=connected", cast.channel()))),
        "the page says that it is connected",
    )?;
    let status = cast.tenant.status().await?;
    Ok(text(&status["connections"][0], cast.id_field())?.to_owned())
}

async fn choose(cast: &Cast<'_>) -> Result<String, Unmet> {
    let page = cast.tenant.connect(cast.login.as_str(), "amara.okafor").await?;
    let state = page.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned());
    state.filter(|_| page.path().ends_with("/select")).ok_or_else(|| Unmet::Not("the selection page opens".to_owned()))
}

async fn select_two(cast: &Cast<'_>, state: &str) -> Result<String, Unmet> {
    let assets = cast.tenant.assets(state).await?;
    let names = [cast.account, "okafor.studio"];
    let wanted = names.map(|name| assets.iter().find(|asset| asset["ig_username"] == name));
    let [Some(first), Some(second)] = wanted else {
        return Err(Unmet::Not("both accounts are offered".to_owned()));
    };
    let choice = |asset: &Value| json!({ "ig_user_id": asset["ig_user_id"], "page_id": asset["page_id"] });
    cast.tenant.select(state, vec![choice(first), choice(second)]).await?;
    Ok(text(first, "ig_user_id")?.to_owned())
}

async fn shown_as_connected(cast: &Cast<'_>, id: &str) -> Result<(), Unmet> {
    require(cast.tenant.status().await?["connected"] == true, "connected is true")?;
    require(cast.connection(id).await?["status"] == "active", "the account is active")
}

/// The conversation's id.
async fn message_arrives(cast: &Cast<'_>) -> Result<String, Unmet> {
    cast.act(json!({ "kind": "text", "text": cast.words })).await?;
    until(async || {
        let conversations = cast.tenant.conversations().await?;
        let found = conversations.iter().find(|conversation| conversation["last_message"]["preview"] == cast.words);
        found.map(|conversation| text(conversation, "id").map(str::to_owned)).transpose()
    })
    .await
}

async fn stays_private(cast: &Cast<'_>, conversation: &str) -> Result<(), Unmet> {
    require(cast.other.conversations().await?.is_empty(), "the other tenant's inbox is empty")?;
    let own_path = format!("/api/tenants/{}/conversations/{conversation}/messages", cast.tenant.tenant);
    require(cast.other.refused(&own_path).await? == 404, "another tenant's path is not found")?;
    let borrowed = format!("/api/tenants/{}/conversations/{conversation}/messages", cast.other.tenant);
    require(cast.other.refused(&borrowed).await? == 404, "another tenant's conversation is not found")
}

/// The last body that Meta delivered with these words, as it was signed.
async fn delivered_body(cast: &Cast<'_>) -> Result<String, Unmet> {
    let deliveries = cast.client.meta(Method::GET, "/webhooks/deliveries", None).await?;
    let mut bodies = deliveries.as_array().into_iter().flatten().filter_map(|delivery| delivery["body"].as_str());
    let told = |body: &&str| {
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        json["entry"][0]["messaging"][0]["message"]["text"] == cast.words
    };
    bodies.rfind(told).map(str::to_owned).ok_or_else(|| Unmet::Not("Meta delivered the DM".to_owned()))
}

async fn stays_single(cast: &Cast<'_>, conversation: &str) -> Result<(), Unmet> {
    let body = delivered_body(cast).await?;
    for _ in 0..3 {
        let status = cast.webhook(&body, &signed(cast, &body)).await?;
        require(status == 200, "a duplicate is acknowledged")?;
    }
    settles_at(cast, conversation, 1).await
}

async fn forgery_is_refused(cast: &Cast<'_>, conversation: &str) -> Result<(), Unmet> {
    let body = fresh(&delivered_body(cast).await?, "forged");
    let status = cast.webhook(&body, &signature("not the app secret", body.as_bytes())).await?;
    require(status == 401, "the forgery is a 401")?;
    settles_at(cast, conversation, 1).await
}

/// The message's id.
async fn reply_is_sent(cast: &Cast<'_>, conversation: &str) -> Result<String, Unmet> {
    let key = format!("demo-{conversation}");
    let accepted = cast.tenant.reply(conversation, cast.answer, &key).await?;
    let again = cast.tenant.reply(conversation, cast.answer, &key).await?;
    let id = text(&accepted, "id")?.to_owned();
    require(again["id"] == id.as_str(), "the same idempotency key is the same message")?;
    until(async || {
        let messages = cast.tenant.messages(conversation).await?;
        let reply = messages.into_iter().find(|message| message["id"] == id.as_str());
        let is_settled = |reply: &Value| ["sent", "delivered"].iter().any(|status| reply["status"] == *status);
        Ok(reply.filter(|reply| is_settled(reply) && reply["provider_message_id"].is_string()))
    })
    .await?;
    Ok(id)
}

async fn phone_shows_it(cast: &Cast<'_>) -> Result<(), Unmet> {
    let messages = cast.client.phone(cast.channel(), cast.contact, cast.account).await?;
    let shown = messages.iter().filter(|message| message["outbound"] == true && message["text"] == cast.answer).count();
    require(shown == 1, "the phone shows the answer once")
}

async fn echo_is_merged(cast: &Cast<'_>, conversation: &str) -> Result<(), Unmet> {
    settles_at(cast, conversation, 2).await
}

async fn reply_is_read(cast: &Cast<'_>, conversation: &str, reply: &str) -> Result<(), Unmet> {
    cast.act(json!({ "kind": "seen" })).await?;
    until(async || {
        let messages = cast.tenant.messages(conversation).await?;
        Ok(messages.iter().any(|message| message["id"] == reply && message["status"] == "read").then_some(()))
    })
    .await
}

async fn disconnects(cast: &Cast<'_>, id: &str) -> Result<(), Unmet> {
    let revoked = cast.tenant.disconnect(json!({ cast.id_field(): id })).await?;
    require(revoked["status"] == "revoked", "the connection is revoked")?;
    require(cast.connection(id).await?["status"] == "revoked", "the card shows it as revoked")
}

/// Meta no longer tells us; one that was already under way is dropped as well.
async fn next_is_dropped(cast: &Cast<'_>, conversation: &str) -> Result<(), Unmet> {
    let told = cast.act(json!({ "kind": "text", "text": "Still there?" })).await?;
    require(told["told"].as_array().is_some_and(Vec::is_empty), "Meta tells nobody any more")?;
    let late = fresh(&delivered_body(cast).await?, "late");
    require(cast.webhook(&late, &signed(cast, &late)).await? == 200, "the late one is acknowledged")?;
    settles_at(cast, conversation, 2).await
}

/// Once everything that was delivered has been processed, the conversation has so many messages.
async fn settles_at(cast: &Cast<'_>, conversation: &str, expected: usize) -> Result<(), Unmet> {
    cast.client.settled().await?;
    let found = cast.tenant.messages(conversation).await?.len();
    require(found == expected, &format!("the conversation has {expected} messages (it has {found})"))
}

/// The same event as another message.
fn fresh(body: &str, mid: &str) -> String {
    let mut json: Value = serde_json::from_str(body).unwrap_or_default();
    json["entry"][0]["messaging"][0]["message"]["mid"] = Value::from(mid);
    json.to_string()
}

fn signed(cast: &Cast<'_>, body: &str) -> String {
    let app = apps::simulated().into_iter().find(|app| app.login == cast.login);
    signature(&app.map(|app| app.app_secret).unwrap_or_default(), body.as_bytes())
}

pub(super) fn require(holds: bool, what: &str) -> Result<(), Unmet> {
    if holds { Ok(()) } else { Err(Unmet::Not(format!("expected that {what}"))) }
}
