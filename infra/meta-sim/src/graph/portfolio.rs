//! Pages and business portfolios of a person.

use serde_json::{Value, json};

use super::{
    Answer,
    call::GraphCall,
    fields::{self, Field, Node},
    paging,
};
use crate::{
    errors::GraphError,
    media,
    sim::Moment,
    world::{
        World,
        people::{Page, Reach},
        tokens::Token,
    },
};

const PAGE: Node = Node {
    kind: "Page",
    fields: &[
        "id",
        "name",
        "access_token",
        "tasks",
        "category",
        "picture",
        "instagram_business_account",
        "messaging_feature_status",
    ],
};
const BUSINESS: Node = Node { kind: "Business", fields: &["id", "name"] };

/// `GET /me/accounts`. Pages of a portfolio, and some others, are not among them: the caller has to look further.
pub(crate) fn accounts(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    if !token.grants("pages_show_list") {
        return Err(GraphError::permission(200, "pages_show_list"));
    }
    let listed = world.roles_of(&token.holder).filter(|(_, role)| role.reach == Reach::Listed);
    let ids: Vec<String> = listed.map(|(page, _)| page.id.clone()).collect();
    list(world, call, token, &ids, moment)
}

/// `GET /<BUSINESS_ID>/owned_pages`, `GET /<BUSINESS_ID>/client_pages`
pub(crate) fn pages_of_business(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    (business_id, edge): (&str, &str),
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    check_business_management(token)?;
    let person = world.person(&token.holder).filter(|person| person.businesses.iter().any(|id| id == business_id));
    let business = person.and_then(|_| world.businesses.iter().find(|business| business.id == business_id));
    let business = business.ok_or_else(|| GraphError::no_object(&call.method, business_id))?;
    let ids = if edge == "owned_pages" { business.owned_pages.clone() } else { business.client_pages.clone() };
    list(world, call, token, &ids, moment)
}

/// `GET /me/businesses`
pub(crate) fn businesses(
    world: &World,
    call: &GraphCall,
    token: &Token,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    check_business_management(token)?;
    let asked = fields::parse(call.param("fields").unwrap_or("id,name"));
    BUSINESS.check(&asked)?;
    let mine = world.person(&token.holder).map_or(&[][..], |person| &person.businesses);
    let all: Vec<Value> = world
        .businesses
        .iter()
        .filter(|business| mine.contains(&business.id))
        .map(|business| fields::select(&json!({ "id": business.id, "name": business.name }), &asked))
        .collect();
    Ok(Answer::of(paging::page(call, moment.base, world.variants.page_cap, world.variants.empty_pages, &all)?))
}

/// `GET /<PAGE_ID>`
pub(crate) fn page(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    page_id: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    if !world.roles_of(&token.holder).any(|(page, _)| page.id == page_id) {
        return Err(GraphError::no_object(&call.method, page_id));
    }
    let asked = fields::parse(call.param("fields").unwrap_or("id,name"));
    PAGE.check(&asked)?;
    Ok(Answer::of(describe(world, token, page_id, &asked, moment)))
}

fn check_business_management(token: &Token) -> Result<(), GraphError> {
    if token.grants("business_management") { Ok(()) } else { Err(GraphError::permission(200, "business_management")) }
}

fn list(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    ids: &[String],
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let asked = fields::parse(call.param("fields").unwrap_or("id,name,access_token,tasks,category"));
    PAGE.check(&asked)?;
    let all: Vec<Value> = ids.iter().map(|id| describe(world, token, id, &asked, moment)).collect();
    Ok(Answer::of(paging::page(call, moment.base, world.variants.page_cap, world.variants.empty_pages, &all)?))
}

fn describe(world: &mut World, token: &Token, page_id: &str, asked: &[Field], moment: Moment<'_>) -> Value {
    let wants_token = asked.iter().any(|field| field.name == "access_token");
    let page_token = wants_token.then(|| world.page_token(token, page_id, moment.now_ms));
    let Some(page) = world.page(page_id) else { return json!({}) };
    let mut all = json!({
        "id": page.id,
        "name": page.name,
        "category": "Local business",
        "picture": { "data": { "height": 50, "width": 50, "is_silhouette": false, "url": media::url(moment, &page.name) } },
        "tasks": tasks(world, token, page),
        // Whether Conversation Routing decides which app may answer.
        "messaging_feature_status": { "ig_multi_app": world.variants.routing },
    });
    if let Some(page_token) = page_token {
        all["access_token"] = page_token.into();
    }
    if let Some(account) = page.instagram.as_deref().and_then(|id| world.account(id))
        && token.grants("instagram_basic")
    {
        let wants_details =
            asked.iter().any(|field| field.name == "instagram_business_account" && !field.inner.is_empty());
        all["instagram_business_account"] = json!({ "id": account.id });
        if wants_details {
            all["instagram_business_account"] = json!({
                "id": account.id,
                "username": account.username,
                "name": account.name,
                "profile_picture_url": media::url(moment, &account.username),
                "followers_count": account.followers,
            });
        }
    }
    fields::select(&all, asked)
}

fn tasks(world: &World, token: &Token, page: &Page) -> Vec<String> {
    let role = world.roles_of(&token.holder).find(|(known, _)| known.id == page.id);
    let tasks = role.map(|(_, role)| role.tasks.clone()).unwrap_or_default();
    if !world.variants.profile_plus_tasks {
        return tasks;
    }
    tasks.iter().map(|task| format!("PROFILE_PLUS_{task}")).collect()
}
