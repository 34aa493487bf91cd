//! Unified Login: the token of a system user speaks for Instagram accounts on `graph.facebook.com`. There is no Page, and the
//! token never ends.

use super::{Answer, auth::Actor, call::GraphCall, facebook, messaging, subscriptions};
use crate::{
    errors::GraphError,
    sim::Moment,
    world::{World, tokens::Token},
};

/// Calls with the token of a system user.
pub(super) fn route(
    world: &mut World,
    call: &GraphCall,
    token: &Token,
    (id, rest): (&str, &[&str]),
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let is_self = id == "me" || id == token.user_id();
    match (call.method.as_str(), rest) {
        ("GET", []) | ("GET" | "DELETE", ["permissions"]) if is_self => {
            facebook::as_person(world, call, token, (id, rest), moment)
        }
        ("GET", []) if world.account(id).is_some() => facebook::account(world, call, token, id, moment),
        (_, ["subscribed_apps"]) if world.owns(&token.holder, id) => {
            if !token.grants("instagram_manage_messages") {
                return Err(GraphError::permission(200, "instagram_manage_messages"));
            }
            subscriptions::serve(world, call, token, id)
        }
        // An edge belongs to an account; a message, a conversation or a contact to the account that it is of.
        (_, rest) => {
            let account =
                world.account_of_object(&token.holder, id).ok_or_else(|| GraphError::no_object(&call.method, id))?;
            let actor = Actor::of(world, token, call, &account)?;
            messaging::route(world, call, &actor, token, (if id == account { "me" } else { id }, rest), moment)
        }
    }
}
