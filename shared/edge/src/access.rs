//! Who may use which route: the one table that all handlers ask.

use lambda_http::Request;

use crate::caller::{Caller, ClaimNames, Role};
use crate::http::route_key;
use crate::problem::Problem;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: a page, or a call that proves itself in another way (a `state`, a signature).
    Public,
    /// Callers of these roles.
    Roles(&'static [Role]),
    /// Callers of these roles, and anybody of a tenant for whom `integration_debug` is switched on.
    RolesOrDebug(&'static [Role]),
}

use Access::{Public, Roles, RolesOrDebug};
use Role::{Admin, Agent, Operator, Service};

const INBOX: Access = Roles(&[Agent, Admin, Service]);
const OWNERS: Access = Roles(&[Admin]);
const STAFF: Access = Roles(&[Operator]);
const OWNERS_AND_STAFF: Access = Roles(&[Admin, Operator]);

/// Every route of the API by its key. A route that is not here is nobody's.
///
/// A caller has one role and none contains another: whoever connects accounts also answers, because the table says so, and
/// the operator reads no inbox, because it does not.
pub const ROUTES: &[(&str, Access)] = &[
    // Pages, assets, and what no other route knows.
    ("$default", Public),
    // The connection.
    ("POST /api/integrations/meta/instagram/start", OWNERS),
    ("GET /api/integrations/meta/instagram/callback", Public),
    ("GET /api/integrations/meta/instagram/assets", OWNERS),
    ("POST /api/integrations/meta/instagram/select", OWNERS),
    ("POST /api/integrations/meta/instagram/disconnect", OWNERS),
    ("GET /api/integrations/meta/instagram/status", INBOX),
    ("POST /api/integrations/meta/messenger/start", OWNERS),
    ("GET /api/integrations/meta/messenger/callback", Public),
    ("GET /api/integrations/meta/messenger/assets", OWNERS),
    ("POST /api/integrations/meta/messenger/select", OWNERS),
    ("POST /api/integrations/meta/messenger/disconnect", OWNERS),
    ("GET /api/integrations/meta/messenger/status", INBOX),
    ("GET /api/integrations/status", INBOX),
    // What Meta and people outside call.
    ("GET /webhooks/meta/instagram", Public),
    ("POST /webhooks/meta/instagram", Public),
    ("GET /webhooks/meta/messenger", Public),
    ("POST /webhooks/meta/messenger", Public),
    ("POST /webhooks/meta/deauthorize", Public),
    ("POST /webhooks/meta/data-deletion", Public),
    ("GET /data-deletion/{code}", Public),
    // The inbox.
    ("POST /api/tenants/{tenantId}/instagram/messages/send", INBOX),
    ("POST /api/tenants/{tenantId}/messenger/messages/send", INBOX),
    ("GET /api/tenants/{tenantId}/conversations", INBOX),
    ("GET /api/tenants/{tenantId}/conversations/{conversationId}", INBOX),
    ("GET /api/tenants/{tenantId}/conversations/{conversationId}/messages", INBOX),
    ("POST /api/tenants/{tenantId}/conversations/{conversationId}/read", INBOX),
    ("PATCH /api/tenants/{tenantId}/conversations/{conversationId}", INBOX),
    ("DELETE /api/tenants/{tenantId}/conversations/{conversationId}", OWNERS),
    ("GET /api/tenants/{tenantId}/events", OWNERS),
    ("POST /api/tenants/{tenantId}/live/tickets", INBOX),
    // Endpoints.
    ("GET /api/tenants/{tenantId}/webhooks", OWNERS),
    ("POST /api/tenants/{tenantId}/webhooks", OWNERS),
    ("GET /api/tenants/{tenantId}/webhooks/{endpointId}", OWNERS),
    ("PATCH /api/tenants/{tenantId}/webhooks/{endpointId}", OWNERS),
    ("DELETE /api/tenants/{tenantId}/webhooks/{endpointId}", OWNERS),
    ("POST /api/tenants/{tenantId}/webhooks/{endpointId}/rotate", OWNERS),
    ("POST /api/tenants/{tenantId}/webhooks/{endpointId}/test", OWNERS),
    ("GET /api/tenants/{tenantId}/webhooks/{endpointId}/deliveries", OWNERS),
    ("POST /api/tenants/{tenantId}/webhooks/{endpointId}/deliveries/{deliveryId}/redeliver", OWNERS),
    // Administration.
    ("GET /api/admin/webhooks", STAFF),
    ("POST /api/admin/webhooks", STAFF),
    ("GET /api/admin/webhooks/{endpointId}", STAFF),
    ("PATCH /api/admin/webhooks/{endpointId}", STAFF),
    ("DELETE /api/admin/webhooks/{endpointId}", STAFF),
    ("POST /api/admin/webhooks/{endpointId}/rotate", STAFF),
    ("POST /api/admin/webhooks/{endpointId}/test", STAFF),
    ("GET /api/admin/webhooks/{endpointId}/deliveries", STAFF),
    ("POST /api/admin/webhooks/{endpointId}/deliveries/{deliveryId}/redeliver", STAFF),
    ("GET /api/admin/tenants", STAFF),
    ("GET /api/admin/tenants/{tenantId}", OWNERS_AND_STAFF),
    ("PUT /api/admin/tenants/{tenantId}", STAFF),
    ("DELETE /api/admin/tenants/{tenantId}", STAFF),
    ("GET /api/admin/tenants/{tenantId}/events", OWNERS_AND_STAFF),
    ("GET /api/admin/connections", STAFF),
    ("POST /api/admin/connections", RolesOrDebug(&[Admin, Operator])),
    ("POST /api/admin/connections/{accountId}/refresh", OWNERS_AND_STAFF),
    ("POST /api/admin/connections/{accountId}/resubscribe", OWNERS_AND_STAFF),
    ("POST /api/admin/erasures", STAFF),
    ("POST /api/admin/queues/{name}/replay", STAFF),
];

/// Who may use the route of this key.
#[must_use]
pub fn access(route_key: &str) -> Option<Access> {
    ROUTES.iter().find(|(key, _)| *key == route_key).map(|(_, access)| *access)
}

impl Access {
    /// Whether a caller of this role may; `debug` is whether `integration_debug` is switched on for them.
    #[must_use]
    pub fn admits(self, role: Role, debug: bool) -> bool {
        match self {
            Public => true,
            Roles(roles) => roles.contains(&role),
            RolesOrDebug(roles) => debug || roles.contains(&role),
        }
    }
}

impl Caller {
    /// Reads the caller of a request and checks that the table lets them use its route.
    ///
    /// # Errors
    ///
    /// As [`Caller::of`]; 403 `role-required` for a role that may not.
    pub fn admit(request: &Request, names: &ClaimNames) -> Result<Self, Problem> {
        let caller = Self::of(request, names)?;
        caller.check_route(request, caller.debug)?;
        Ok(caller)
    }

    /// Checks that the table lets the caller use a request's route.
    ///
    /// # Errors
    ///
    /// 403 `role-required`.
    pub fn check_route(&self, request: &Request, debug: bool) -> Result<(), Problem> {
        if access(route_key(request)).is_some_and(|access| access.admits(self.role, debug)) {
            return Ok(());
        }
        Err(Problem::new(403, "role-required", "Your role does not allow this"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::json;

    use super::*;
    use crate::environment::Environment;
    use crate::http::tests::request;

    fn names() -> ClaimNames {
        ClaimNames::new(&Environment::from_map(BTreeMap::new())).expect("the defaults are usable")
    }

    fn asked(route: &str, claims: &serde_json::Value) -> Request {
        request(&json!({
            "routeKey": route,
            "requestContext": { "routeKey": route, "authorizer": { "jwt": { "claims": claims } } },
        }))
    }

    /// A line for each route that needs a caller: who of agent, admin, service and operator may.
    #[test]
    fn every_role_may_use_the_routes_that_are_written_down_here_and_no_other() {
        const TABLE: &str = "
            POST /api/integrations/meta/instagram/start                             - A - -
            GET /api/integrations/meta/instagram/assets                             - A - -
            POST /api/integrations/meta/instagram/select                            - A - -
            POST /api/integrations/meta/instagram/disconnect                        - A - -
            GET /api/integrations/meta/instagram/status                             a A s -
            POST /api/integrations/meta/messenger/start                             - A - -
            GET /api/integrations/meta/messenger/assets                             - A - -
            POST /api/integrations/meta/messenger/select                            - A - -
            POST /api/integrations/meta/messenger/disconnect                        - A - -
            GET /api/integrations/meta/messenger/status                             a A s -
            GET /api/integrations/status                                            a A s -
            POST /api/tenants/{tenantId}/instagram/messages/send                    a A s -
            POST /api/tenants/{tenantId}/messenger/messages/send                    a A s -
            GET /api/tenants/{tenantId}/conversations                               a A s -
            GET /api/tenants/{tenantId}/conversations/{conversationId}              a A s -
            GET /api/tenants/{tenantId}/conversations/{conversationId}/messages     a A s -
            POST /api/tenants/{tenantId}/conversations/{conversationId}/read        a A s -
            PATCH /api/tenants/{tenantId}/conversations/{conversationId}            a A s -
            DELETE /api/tenants/{tenantId}/conversations/{conversationId}           - A - -
            POST /api/tenants/{tenantId}/live/tickets                               a A s -
            GET /api/tenants/{tenantId}/events                                      - A - -
            GET /api/tenants/{tenantId}/webhooks - A - -
            POST /api/tenants/{tenantId}/webhooks - A - -
            GET /api/tenants/{tenantId}/webhooks/{endpointId} - A - -
            PATCH /api/tenants/{tenantId}/webhooks/{endpointId} - A - -
            DELETE /api/tenants/{tenantId}/webhooks/{endpointId} - A - -
            POST /api/tenants/{tenantId}/webhooks/{endpointId}/rotate - A - -
            POST /api/tenants/{tenantId}/webhooks/{endpointId}/test - A - -
            GET /api/tenants/{tenantId}/webhooks/{endpointId}/deliveries - A - -
            POST /api/tenants/{tenantId}/webhooks/{endpointId}/deliveries/{deliveryId}/redeliver - A - -
            GET /api/admin/webhooks - - - o
            POST /api/admin/webhooks - - - o
            GET /api/admin/webhooks/{endpointId} - - - o
            PATCH /api/admin/webhooks/{endpointId} - - - o
            DELETE /api/admin/webhooks/{endpointId} - - - o
            POST /api/admin/webhooks/{endpointId}/rotate - - - o
            POST /api/admin/webhooks/{endpointId}/test - - - o
            GET /api/admin/webhooks/{endpointId}/deliveries - - - o
            POST /api/admin/webhooks/{endpointId}/deliveries/{deliveryId}/redeliver - - - o
            GET /api/admin/tenants                                                  - - - o
            GET /api/admin/tenants/{tenantId}                                       - A - o
            PUT /api/admin/tenants/{tenantId}                                       - - - o
            DELETE /api/admin/tenants/{tenantId}                                    - - - o
            GET /api/admin/tenants/{tenantId}/events                                - A - o
            GET /api/admin/connections                                              - - - o
            POST /api/admin/connections                                             - A - o
            POST /api/admin/connections/{accountId}/refresh                         - A - o
            POST /api/admin/connections/{accountId}/resubscribe                     - A - o
            POST /api/admin/erasures                                                - - - o
            POST /api/admin/queues/{name}/replay                                    - - - o
        ";
        let mut written_down = BTreeSet::new();
        for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let route = format!("{} {}", cells[0], cells[1]);
            for (role, cell) in ["agent", "admin", "service", "operator"].iter().zip(&cells[2..]) {
                let claims = json!({ "sub": "ana", "tenant_id": "acme", "role": role });
                let admitted = Caller::admit(&asked(&route, &claims), &names()).is_ok();
                assert_eq!(admitted, *cell != "-", "{role} {route}");
            }
            written_down.insert(route);
        }
        let closed = ROUTES.iter().filter(|(_, access)| *access != Public).map(|(key, _)| (*key).to_owned());
        assert_eq!(written_down, closed.collect());
    }

    #[test]
    fn a_route_that_nobody_wrote_down_is_nobodys() {
        let claims = json!({ "sub": "ana", "tenant_id": "acme", "role": "operator" });
        let refusal = Caller::admit(&asked("GET /api/new", &claims), &names()).expect_err("not in the table");
        assert_eq!((refusal.status(), refusal.kind()), (403, "role-required"));
    }

    #[test]
    fn the_debug_switch_opens_the_manual_connection_and_nothing_else() {
        let claims = json!({ "sub": "luis", "tenant_id": "acme", "role": "agent", "integration_debug": "true" });
        let opened = ROUTES.iter().filter(|(key, access)| {
            *access != Public && *access != INBOX && Caller::admit(&asked(key, &claims), &names()).is_ok()
        });
        let opened: Vec<_> = opened.map(|(key, _)| *key).collect();
        assert_eq!(opened, ["POST /api/admin/connections"]);
    }
}
