//! People, accounts, contacts, and what contacts do.

use std::{collections::HashSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, Controlled, merged};
use crate::{
    actions::{self, Action},
    channel::Channel,
    sim::Sim,
    world::people::{Account, Business, Contact, Page, Person},
};

/// An action with its two sides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Act {
    /// Username, or an IGSID or PSID.
    contact: String,
    /// Username or `IG_ID`; id or name of a Page, or the username of its account.
    account: String,
    #[serde(default)]
    channel: Option<Channel>,
    action: Action,
}

/// A contact does something. The answer names what was made and which apps are told.
pub(crate) async fn act(State(sim): State<Arc<Sim>>, Json(act): Json<Act>) -> Controlled {
    let (channel, contact_id, done) = {
        let mut world = sim.world_mut();
        let (channel, account) = actions::party(&world, act.channel, &act.account)?;
        let contact = world.contact(&act.contact).map(|contact| contact.username.clone());
        let contact_id = contact.map(|contact| channel.contact_id(&account, &contact));
        let done = actions::apply(&mut world, &act.contact, (channel, account), act.action, sim.moment())?;
        (channel, contact_id, done)
    };
    let mut told: Vec<String> = done.events.iter().flat_map(|event| sim.tell(event)).collect();
    told.dedup();
    // A message has a sender, a comment an author.
    let igsid = done.events.first().map(|event| match &event.element["sender"]["id"] {
        Value::Null => event.element["from"]["id"].clone(),
        sender => sender.clone(),
    });
    let mut answer = json!({ "id": done.id, "contact_id": contact_id, "told": told });
    if channel == Channel::Instagram {
        answer["igsid"] = json!(igsid);
    }
    Ok(Json(answer))
}

/// Which conversations to list.
#[derive(Debug, Deserialize)]
pub(super) struct Between {
    account: Option<String>,
    contact: Option<String>,
    channel: Option<Channel>,
}

pub(super) async fn threads(State(sim): State<Arc<Sim>>, Query(between): Query<Between>) -> Json<Value> {
    let world = sim.world();
    let party = |account| actions::party(&world, between.channel, account).ok().map(|(_, id)| id);
    let account = between.account.as_deref().map(party);
    let contact = between.contact.as_deref().map(|contact| world.contact(contact).map(|contact| &contact.username));
    let wanted = world.threads.iter().filter(|thread| {
        account.as_ref().is_none_or(|account| account.as_ref() == Some(&thread.account))
            && between.channel.is_none_or(|channel| channel == thread.channel)
            && contact.is_none_or(|contact| contact == Some(&thread.contact))
    });
    Json(wanted.map(|thread| json!(thread)).collect())
}

/// Somebody new, with everything that is theirs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    person: Person,
    #[serde(default)]
    accounts: Vec<Account>,
    #[serde(default)]
    pages: Vec<Page>,
    #[serde(default)]
    businesses: Vec<Business>,
}

pub(super) async fn add_person(State(sim): State<Arc<Sim>>, Json(new): Json<NewPerson>) -> Controlled {
    let mut world = sim.world_mut();
    if world.person(&new.person.username).is_some() {
        return Err(ControlError::Invalid("this username is taken".to_owned()));
    }
    let mut person = new.person;
    for account in new.accounts {
        if world.account(&account.id).is_some() || world.account(&account.username).is_some() {
            return Err(ControlError::Invalid("an account with this id or username exists".to_owned()));
        }
        if !person.accounts.contains(&account.id) {
            person.accounts.push(account.id.clone());
        }
        world.accounts.push(account);
    }
    world.pages.extend(new.pages);
    world.businesses.extend(new.businesses);
    world.people.push(person.clone());
    Ok(Json(json!(person)))
}

/// Accounts without people, for load tests: they can be used with minted tokens.
pub(super) async fn add_accounts(State(sim): State<Arc<Sim>>, Json(new): Json<Vec<Account>>) -> Json<Value> {
    let mut world = sim.world_mut();
    let fresh: HashSet<&str> = new.iter().map(|account| account.id.as_str()).collect();
    world.accounts.retain(|known| !fresh.contains(known.id.as_str()));
    world.accounts.extend(new);
    Json(json!({ "accounts": world.accounts.len() }))
}

pub(super) async fn change_account(
    State(sim): State<Arc<Sim>>,
    Path(account): Path<String>,
    Json(change): Json<Value>,
) -> Controlled {
    let mut world = sim.world_mut();
    let known = world.account(&account).ok_or(ControlError::Unknown("account"))?;
    let (id, changed) = (known.id.clone(), merged(known, change)?);
    if let Some(place) = world.accounts.iter_mut().find(|account| account.id == id) {
        *place = changed.clone();
    }
    Ok(Json(json!(changed)))
}

pub(super) async fn add_contacts(State(sim): State<Arc<Sim>>, Json(new): Json<Vec<Contact>>) -> Json<Value> {
    let mut world = sim.world_mut();
    let fresh: HashSet<&str> = new.iter().map(|contact| contact.username.as_str()).collect();
    world.contacts.retain(|known| !fresh.contains(known.username.as_str()));
    world.contacts.extend(new);
    Json(json!({ "contacts": world.contacts.len() }))
}

pub(super) async fn change_contact(
    State(sim): State<Arc<Sim>>,
    Path(contact): Path<String>,
    Json(change): Json<Value>,
) -> Controlled {
    let mut world = sim.world_mut();
    let known = world.contact(&contact).ok_or(ControlError::Unknown("contact"))?;
    let (username, changed) = (known.username.clone(), merged(known, change)?);
    if let Some(place) = world.contacts.iter_mut().find(|contact| contact.username == username) {
        *place = changed.clone();
    }
    Ok(Json(json!(changed)))
}
