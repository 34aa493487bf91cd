//! `messenger_profile` of a Page: greeting, Get Started, ice breakers, persistent menu.

use http::Method;
use serde_json::{Map, Value, json};

use super::{Answer, auth::Actor, call::GraphCall};
use crate::{clock::SECOND_MS, errors::GraphError, send, world::World};

const PROPERTIES: &[&str] = &["get_started", "greeting", "ice_breakers", "persistent_menu", "whitelisted_domains"];
const CALLS: usize = 10;
const WITHIN_MS: i64 = 600 * SECOND_MS;
const ICE_BREAKERS: usize = 4;
const GREETING: usize = 160;
const MENU_ITEMS: usize = 20;
const MENU_TITLE: usize = 30;

/// # Errors
///
/// 613 for the eleventh call within ten minutes, 100 for what is malformed, too long or too much.
pub(super) fn serve(world: &mut World, call: &GraphCall, actor: &Actor, now_ms: i64) -> Result<Answer, GraphError> {
    if !world.is_within(&format!("messenger_profile/{}", actor.account), CALLS, WITHIN_MS, now_ms) {
        return Err(send::too_many());
    }
    let profile = world.messenger_profiles.entry(actor.account.clone()).or_default();
    match call.method {
        Method::GET => Ok(Answer::of(told(profile, call.required("fields")?)?)),
        Method::POST => {
            let new = checked(&call.as_json(), profile)?;
            profile.extend(new);
            Ok(Answer::of(json!({ "result": "success" })))
        }
        Method::DELETE => {
            let body = call.as_json();
            let fields: Vec<&str> = body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if fields.is_empty() {
                return Err(GraphError::parameter("The parameter fields is required"));
            }
            let keeps_menu = profile.contains_key("persistent_menu") && !fields.contains(&"persistent_menu");
            if fields.contains(&"get_started") && keeps_menu {
                return Err(needs_get_started());
            }
            for field in fields {
                profile.remove(field);
            }
            Ok(Answer::of(json!({ "result": "success" })))
        }
        _ => Err(GraphError::no_object(&call.method, &actor.account)),
    }
}

fn told(profile: &Map<String, Value>, fields: &str) -> Result<Value, GraphError> {
    let mut told = Map::new();
    for field in fields.split(',').map(str::trim) {
        match field {
            "subject_to_new_eu_privacy_rules" => drop(told.insert(field.to_owned(), false.into())),
            known if PROPERTIES.contains(&known) => {
                if let Some(value) = profile.get(known) {
                    told.insert(known.to_owned(), value.clone());
                }
            }
            unknown => return Err(GraphError::parameter(format!("Param fields[0] must not be {unknown}"))),
        }
    }
    Ok(if told.is_empty() { json!({ "data": [] }) } else { json!({ "data": [told] }) })
}

/// The properties of a call that sets some; the others stay.
fn checked(body: &Value, profile: &Map<String, Value>) -> Result<Map<String, Value>, GraphError> {
    let named = PROPERTIES.iter().filter_map(|name| Some(((*name).to_owned(), body.get(name)?.clone())));
    let new: Map<String, Value> = named.collect();
    if new.is_empty() {
        return Err(GraphError::parameter(format!("One of {} is required", PROPERTIES.join(", "))));
    }
    if new.get("get_started").is_some_and(|button| button["payload"].as_str().is_none_or(str::is_empty)) {
        return Err(GraphError::parameter("Param get_started needs a payload"));
    }
    let is_too_long = |greeting: &Value| greeting["text"].as_str().is_none_or(|text| text.chars().count() > GREETING);
    if elements(&new, "greeting").any(is_too_long) {
        return Err(GraphError::parameter("Param greeting must hold texts of up to 160 characters"));
    }
    if elements(&new, "ice_breakers").any(|list| actions(list).count() > ICE_BREAKERS) {
        return Err(GraphError::parameter("Param ice_breakers must hold up to 4 questions"));
    }
    for menu in elements(&new, "persistent_menu") {
        let is_titled = |item: &Value| {
            item["title"].as_str().is_some_and(|title| (1..=MENU_TITLE).contains(&title.chars().count()))
        };
        if actions(menu).count() > MENU_ITEMS || !actions(menu).all(is_titled) {
            return Err(GraphError::parameter("A menu has up to 20 items with titles of 1 to 30 characters"));
        }
    }
    let has_button = new.contains_key("get_started") || profile.contains_key("get_started");
    if new.contains_key("persistent_menu") && !has_button {
        return Err(needs_get_started());
    }
    Ok(new)
}

fn needs_get_started() -> GraphError {
    GraphError::parameter("A persistent menu needs a Get Started button")
}

fn elements<'a>(new: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    new.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn actions(entry: &Value) -> impl Iterator<Item = &Value> {
    entry["call_to_actions"].as_array().into_iter().flatten()
}
