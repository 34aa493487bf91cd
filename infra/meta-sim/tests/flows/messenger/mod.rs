//! Messenger, as an app of a Page sees it.

mod connect;
mod events;
mod people;
mod refusals;
mod sending;
mod subscription;

use serde_json::{Value, json};

use crate::util::{FACEBOOK_APP, World, text};

const ALL_FIELDS: &str = "messages,message_echoes,message_deliveries,message_reads,message_reactions,message_edits,\
                          messaging_postbacks,messaging_referrals,messaging_optins,messaging_handovers,standby,\
                          messaging_policy_enforcement,messaging_account_linking,feed";
const PAGES_SCOPES: &str = "pages_messaging,pages_manage_metadata,pages_show_list,pages_read_engagement,\
                            business_management";
/// A Page with an Instagram account, and one without.
const LUNA: (&str, &str) = ("lucia.navarro", "Luna Café");
const BAKERY: (&str, &str) = ("petra.novak", "Novák Bakery");

/// A Page and its token.
struct Page {
    id: String,
    token: String,
}

impl Page {
    /// The Page of a person, as an app finds it with all permissions.
    async fn of(world: &World, (person, name): (&str, &str)) -> Self {
        let token = world.facebook_token(person).await;
        let path = "/graph.facebook.com/v25.0/me/accounts?fields=id,name,access_token&limit=100";
        let (_, body) = world.get_with(path, &token).await;
        let pages = body["data"].as_array().unwrap().clone();
        let page = pages.into_iter().find(|page| page["name"] == name).unwrap();
        Self { id: text(&page["id"]), token: text(&page["access_token"]) }
    }

    /// The same, and the app is subscribed to everything.
    async fn subscribed(world: &World, who: (&str, &str)) -> Self {
        let page = Self::of(world, who).await;
        let (status, body) = page.subscribe(world, ALL_FIELDS).await;
        assert_eq!((status, &body), (200, &json!({ "success": true })), "{body}");
        page
    }

    fn path(&self, edge: &str) -> String {
        format!("/graph.facebook.com/v25.0/{}/{edge}", self.id)
    }

    async fn subscribe(&self, world: &World, fields: &str) -> (u16, Value) {
        world.post_with(&self.path("subscribed_apps"), &self.token, &json!({ "subscribed_fields": fields })).await
    }

    /// Inès does something.
    async fn act(&self, world: &World, action: Value) -> Value {
        world.act(&self.id, action).await
    }

    /// Inès writes; her PSID.
    async fn written_to(&self, world: &World) -> String {
        text(&self.act(world, json!({ "kind": "text", "text": "Is it open?" })).await["contact_id"])
    }

    async fn send(&self, world: &World, body: &Value) -> (u16, Value) {
        world.post_with(&self.path("messages"), &self.token, body).await
    }

    async fn get(&self, world: &World, path: &str) -> (u16, Value) {
        world.get_with(&format!("/graph.facebook.com/v25.0/{path}"), &self.token).await
    }
}

fn reply(psid: &str, text: &str) -> Value {
    json!({ "recipient": { "id": psid }, "messaging_type": "RESPONSE", "message": { "text": text } })
}

/// Everything that the app was told under object `page`.
async fn told(world: &World) -> Vec<Value> {
    world.quiet().await;
    let bodies = world.hook.bodies().into_iter().filter(|body| body["object"] == "page");
    let entries = bodies.flat_map(|body| body["entry"].as_array().cloned().unwrap_or_default());
    entries
        .flat_map(|entry| {
            let lists = ["messaging", "standby", "changes"].map(|list| entry[list].as_array().cloned());
            lists.into_iter().flatten().flatten().collect::<Vec<_>>()
        })
        .collect()
}

/// What the app is told of one action.
async fn told_of(world: &World, page: &Page, action: Value) -> Vec<Value> {
    world.quiet().await;
    world.hook.received.lock().unwrap().clear();
    page.act(world, action).await;
    told(world).await
}

async fn variants(world: &World, change: Value) {
    world.change("/control/variants", change).await;
}

async fn switches(world: &World, change: Value) {
    world.change(&format!("/control/apps/{FACEBOOK_APP}"), change).await;
}
