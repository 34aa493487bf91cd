//! One thing that happened to an account or a Page, and the envelope around several.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    App, Login,
    channel::Channel,
    world::{World, apps::ECHOES, variants::EchoField},
};

/// Where in an `entry` an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// `entry[].messaging[]`
    Messaging,
    /// `entry[].standby[]`: another app owns the thread.
    Standby,
    /// `entry[].changes[]`
    Changes,
    /// `field` and `value` in the entry itself, as documented for comments of Instagram Login.
    Flat,
}

/// An event of one account or Page.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    #[serde(default)]
    pub(crate) channel: Channel,
    /// `entry.id`
    pub(crate) account: String,
    /// The webhook field that an app has to be subscribed to.
    pub(crate) field: String,
    pub(crate) place: Place,
    /// The element of `messaging[]` or `standby[]`, or the `value` of a change.
    pub(crate) element: Value,
    pub(crate) at_ms: i64,
}

impl Event {
    pub(crate) fn messaging(channel: Channel, account: &str, field: &str, at_ms: i64, element: Value) -> Self {
        Self { channel, account: account.into(), field: field.into(), place: Place::Messaging, element, at_ms }
    }

    pub(crate) fn change(channel: Channel, account: &str, field: &str, at_ms: i64, value: Value) -> Self {
        Self { channel, account: account.into(), field: field.into(), place: Place::Changes, element: value, at_ms }
    }

    /// The apps that are told. Direct messages stay untold when the account does not allow access to them.
    pub(crate) fn receivers<'a>(&self, world: &'a World) -> Vec<&'a App> {
        match self.channel {
            Channel::Instagram => self.instagram_receivers(world),
            Channel::Messenger => {
                let is_echo = self.element["message"]["is_echo"] == true && self.place == Place::Messaging;
                world.page_receivers(&self.account, if is_echo { ECHOES } else { &self.field })
            }
        }
    }

    /// The event as one of its receivers is told of it: what an ad or a link has to say about a message comes to those only
    /// who asked for referrals as well.
    pub(crate) fn told_to(&self, world: &World, app_id: &str) -> Self {
        let mut told = self.clone();
        let referrals = self.channel.fields().referrals;
        if self.channel == Channel::Messenger
            && !(world.asked_of_page(app_id, &self.account, referrals)
                && world.switches(app_id).has_field(self.channel, referrals))
            && let Some(message) = told.element.get_mut("message").and_then(Value::as_object_mut)
        {
            message.remove("referral");
        }
        told
    }

    fn instagram_receivers<'a>(&self, world: &'a World) -> Vec<&'a App> {
        let is_message = matches!(self.place, Place::Messaging | Place::Standby);
        let allowed = world.account(&self.account).is_some_and(|account| account.allow_message_access);
        if is_message && !allowed {
            return vec![];
        }
        let is_echo = self.element["message"]["is_echo"] == true;
        let own_field = is_echo && world.variants.echoes == EchoField::Own;
        let apps = world.receivers(&self.account, if own_field { ECHOES } else { &self.field });
        apps.into_iter().filter(|app| exists_for(app.login, &self.field)).collect()
    }
}

/// Some fields exist for one login only.
fn exists_for(login: Login, field: &str) -> bool {
    match login {
        Login::Instagram => {
            !matches!(field, "mentions" | "messaging_policy_enforcement" | "response_feedback" | "story_insights")
        }
        Login::Facebook => field != "messaging_optins",
    }
}

/// The body for some events of one channel. Neighbours of one account and kind share an entry, as in Meta's batches.
pub(crate) fn envelope(events: &[Event]) -> Value {
    let mut entries: Vec<(String, Place, Value)> = Vec::new();
    for event in events {
        let list = match event.place {
            Place::Messaging => "messaging",
            Place::Standby => "standby",
            Place::Changes => "changes",
            Place::Flat => "",
        };
        let element = match event.place {
            Place::Changes => json!({ "field": event.field, "value": event.element }),
            _ => event.element.clone(),
        };
        let neighbour = entries.last_mut().filter(|(account, place, _)| {
            *account == event.account && *place == event.place && event.place != Place::Flat
        });
        if let Some((_, _, entry)) = neighbour
            && let Some(elements) = entry[list].as_array_mut()
        {
            elements.push(element);
            continue;
        }
        let entry = match event.place {
            Place::Messaging | Place::Standby => json!({ "id": event.account, "time": event.at_ms, list: [element] }),
            Place::Changes => json!({ "id": event.account, "time": event.at_ms / 1_000, list: [element] }),
            Place::Flat => json!({
                "id": event.account, "time": event.at_ms / 1_000, "field": event.field, "value": element,
            }),
        };
        entries.push((event.account.clone(), event.place, entry));
    }
    let entries: Vec<Value> = entries.into_iter().map(|(_, _, entry)| entry).collect();
    json!({ "object": events.first().map_or(Channel::Instagram, |event| event.channel).object(), "entry": entries })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(account: &str) -> Event {
        Event::messaging(
            Channel::Instagram,
            account,
            "messages",
            1_752_834_911_539,
            json!({ "message": { "mid": "m" } }),
        )
    }

    #[test]
    fn neighbours_of_one_account_share_an_entry() {
        let body = envelope(&[message("1"), message("1"), message("2")]);
        assert_eq!(body["entry"].as_array().map(Vec::len), Some(2));
        assert_eq!(body["entry"][0]["messaging"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn changes_count_time_in_seconds_and_messages_in_milliseconds() {
        let comment = Event::change(Channel::Instagram, "1", "comments", 1_520_622_968_000, json!({ "id": "9" }));
        let body = envelope(&[comment, message("1")]);
        assert_eq!(body["entry"][0]["time"], 1_520_622_968);
        assert_eq!(body["entry"][0]["changes"][0]["field"], "comments");
        assert_eq!(body["entry"][1]["time"], 1_752_834_911_539_i64);
    }
}
