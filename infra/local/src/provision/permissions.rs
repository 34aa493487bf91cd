use local_aws::{Permissions, Policy};
use serde_json::Value as Json;

use super::{ProvisionError, refused};
use crate::template::{Identities, Role, Template};

/// Lets each function do what the template allows its role, and nothing else.
pub(crate) fn permit(
    permissions: &Permissions,
    template: &Template,
    identities: &Identities,
) -> Result<(), ProvisionError> {
    for Role { callers, policies, boundary } in template.roles(identities)? {
        let policies =
            policies.into_iter().map(|document| policy(&callers[0], document)).collect::<Result<Vec<_>, _>>()?;
        let boundary = boundary.map(|document| policy(&callers[0], document)).transpose()?;
        for caller in callers {
            permissions.assume(caller, policies.clone(), boundary.clone());
        }
    }
    for key in template.keys(identities)? {
        if let Some(arn) = identities.get(&key.logical_id).and_then(|identity| identity.attributes.get("Arn")) {
            permissions.protect(arn, policy(&key.logical_id, key.policy)?);
        }
    }
    Ok(())
}

fn policy(resource: &str, document: Json) -> Result<Policy, ProvisionError> {
    serde_json::from_value(document).map_err(refused(resource))
}
