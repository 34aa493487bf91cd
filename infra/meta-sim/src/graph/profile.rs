//! The profile of a contact on Instagram, for those who have their consent.

use serde_json::json;

use super::{
    Answer,
    auth::Actor,
    call::GraphCall,
    fields::{self, Node},
};
use crate::{channel::Channel, errors::GraphError, media, sim::Moment, world::World};

const PROFILE: Node = Node {
    kind: "IGBusinessScopedID",
    fields: &[
        "id",
        "name",
        "username",
        "profile_pic",
        "follower_count",
        "is_user_follow_business",
        "is_business_follow_user",
        "is_verified_user",
    ],
};

/// `GET /<IGSID>`
///
/// # Errors
///
/// 9010 for an IGSID of another account, 100/33 for no IGSID at all, 230 before the person wrote by themselves, 200 without
/// Advanced Access.
pub(crate) fn profile(
    world: &World,
    call: &GraphCall,
    actor: &Actor,
    igsid: &str,
    moment: Moment<'_>,
) -> Result<Answer, GraphError> {
    let asked = fields::parse(call.param("fields").unwrap_or("id,name,username"));
    PROFILE.check(&asked)?;
    let Some(contact) = world.contact_by_id(Channel::Instagram, &actor.account, igsid) else {
        return Err(if world.knows_contact_id(Channel::Instagram, igsid) {
            GraphError::new(9010, "(#9010) No matching Instagram user")
        } else {
            GraphError::no_object(&call.method, igsid)
        });
    };
    world.check_access(actor, contact)?;
    let thread = world.thread(&actor.account, &contact.username);
    if !thread.is_some_and(|thread| thread.consented) {
        return Err(GraphError::new(230, "(#230) User consent is required to access user profile"));
    }
    let all = json!({
        "id": igsid,
        "name": contact.name,
        "username": world.handle(&contact.username),
        "profile_pic": media::url(moment, &contact.username),
        "follower_count": contact.followers,
        "is_user_follow_business": contact.follows_business,
        "is_business_follow_user": false,
        "is_verified_user": contact.verified,
    });
    Ok(Answer::of(fields::select(&all, &asked)))
}
