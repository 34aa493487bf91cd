//! Who calls: the claims that API Gateway's JWT authorizer has verified.

use std::collections::HashMap;

use domain::{PlanClaim, TenantId, TenantProfile, UnixSeconds, UserId};
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::environment::Environment;
use crate::problem::Problem;

/// What a caller is, in ascending order for claims that name several. What each may do is in [`crate::access`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A person of the tenant's who reads and answers.
    Agent,
    /// A person of the tenant's who also connects and disconnects accounts.
    Admin,
    /// The product that the inbox is part of, acting for a tenant without a person.
    Service,
    /// The staff of the company whose product it is: they set plans and repair connections.
    Operator,
}

impl Role {
    /// The role of this name; `None` for any other text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "agent" => Self::Agent,
            "admin" => Self::Admin,
            "service" => Self::Service,
            "operator" => Self::Operator,
            _ => return None,
        })
    }

    /// The claim's text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Service => "service",
            Self::Operator => "operator",
        }
    }

    /// Reads a claim that is one role, or a list that API Gateway has flattened to `[a b]`.
    ///
    /// A list may hold names that are not ours, as groups do; the highest of ours counts.
    fn from_claim(text: &str) -> Option<Self> {
        match text.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some(list) => list.split([' ', ',']).filter_map(Self::from_name).max(),
            None => Self::from_name(text),
        }
    }
}

/// Which claims tell tenant, role and plan: identity providers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    tenant: String,
    role: String,
    plan: Option<String>,
}

impl From<&Environment> for ClaimNames {
    /// `TENANT_CLAIM` (default `tenant_id`), `ROLE_CLAIM` (default `role`), `PLAN_CLAIM` (default: no such claim).
    fn from(env: &Environment) -> Self {
        Self {
            tenant: env.optional("TENANT_CLAIM").unwrap_or_else(|| "tenant_id".to_owned()),
            role: env.optional("ROLE_CLAIM").unwrap_or_else(|| "role".to_owned()),
            plan: env.optional("PLAN_CLAIM"),
        }
    }
}

impl ClaimNames {
    /// Whether plans come by claim.
    #[must_use]
    pub const fn tell_plans(&self) -> bool {
        self.plan.is_some()
    }
}

/// A caller whose token was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// The token's subject.
    pub user: UserId,
    /// What the caller may do; [`Role::Agent`] where the token does not say.
    pub role: Role,
    /// The tenant's plan, where the token says it.
    pub plan: Option<PlanClaim>,
    /// Whether the token's claim `integration_debug` switches the manual connection on.
    pub debug: bool,
}

impl Caller {
    /// Reads the claims in the request context. No signature is checked: API Gateway did, or there are no claims.
    ///
    /// # Errors
    ///
    /// * 401: the request came past no authorizer.
    /// * 403: the token is genuine but names no usable tenant, subject or role. Says which claim, never its value.
    pub fn of(request: &Request, names: &ClaimNames) -> Result<Self, Problem> {
        let claims = claims(request).ok_or_else(|| Problem::new(401, "unauthenticated", "Please sign in"))?;
        let text = |name: &str| claims.get(name).map(String::as_str).filter(|text| !text.is_empty());
        Ok(Self {
            tenant: text(&names.tenant)
                .and_then(|text| TenantId::try_from(text).ok())
                .ok_or_else(|| unusable(&names.tenant))?,
            user: text("sub").and_then(|text| UserId::try_from(text).ok()).ok_or_else(|| unusable("sub"))?,
            role: text(&names.role).map_or(Some(Role::Agent), Role::from_claim).ok_or_else(|| unusable(&names.role))?,
            plan: names.plan.as_deref().and_then(text).map(|key| PlanClaim {
                key: key.to_owned(),
                issued_at: UnixSeconds::new(text("iat").and_then(|iat| iat.parse().ok()).unwrap_or_default()),
            }),
            debug: text("integration_debug") == Some("true"),
        })
    }

    /// The newest word of a token on the tenant's plan: this caller's, or that of an earlier one; none where plans do not
    /// come by claim.
    #[must_use]
    pub fn plan_claim<'a>(&'a self, profile: Option<&'a TenantProfile>, names: &ClaimNames) -> Option<&'a PlanClaim> {
        let kept = profile.and_then(|profile| profile.claimed.as_ref()).filter(|_| names.tell_plans());
        PlanClaim::newest(self.plan.as_ref(), kept)
    }

    /// Lets only the tenant's own paths pass.
    ///
    /// # Errors
    ///
    /// 404 for another tenant's path, in the words used for what does not exist.
    pub fn owns(&self, tenant_in_path: &str) -> Result<(), Problem> {
        if self.tenant.as_str() == tenant_in_path { Ok(()) } else { Err(Problem::NOT_FOUND) }
    }
}

fn claims(request: &Request) -> Option<&HashMap<String, String>> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(&context.authorizer.as_ref()?.jwt.as_ref()?.claims),
        _ => None,
    }
}

fn unusable(claim: &str) -> Problem {
    Problem::new(403, "unusable-claims", "Your sign-in does not fit this service")
        .detail("A claim of the token is missing or not usable")
        .with("claim", claim)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::http::tests::request;

    fn with_claims(claims: &Value) -> Request {
        request(&json!({ "requestContext": { "authorizer": { "jwt": { "claims": claims } } } }))
    }

    fn names() -> ClaimNames {
        ClaimNames::from(&Environment::from_map(BTreeMap::new()))
    }

    fn caller(role: Role) -> Caller {
        Caller {
            tenant: TenantId::try_from("acme").expect("a tenant id"),
            user: UserId::try_from("ana").expect("a user id"),
            role,
            plan: None,
            debug: false,
        }
    }

    #[test]
    fn a_verified_token_tells_tenant_subject_and_role() {
        let request = with_claims(&json!({ "sub": "ana", "tenant_id": "acme", "role": "admin", "exp": "1795000000" }));
        assert_eq!(Caller::of(&request, &names()), Ok(caller(Role::Admin)));
    }

    #[test]
    fn a_token_without_a_role_is_an_agents() {
        let request = with_claims(&json!({ "sub": "ana", "tenant_id": "acme" }));
        assert_eq!(Caller::of(&request, &names()), Ok(caller(Role::Agent)));
    }

    #[test]
    fn the_claims_names_come_from_the_environment() {
        let names = ClaimNames::from(&Environment::from_map(BTreeMap::from([
            ("TENANT_CLAIM".to_owned(), "custom:tenant".to_owned()),
            ("ROLE_CLAIM".to_owned(), "cognito:groups".to_owned()),
            ("PLAN_CLAIM".to_owned(), "custom:plan".to_owned()),
        ])));
        let request = with_claims(&json!({
            "sub": "ana", "custom:tenant": "acme", "cognito:groups": "[eu-staff admin agent]", "custom:plan": "pro",
            "iat": "1795000000",
        }));
        let plan = PlanClaim { key: "pro".to_owned(), issued_at: UnixSeconds::new(1_795_000_000) };
        let expected = Caller { plan: Some(plan), ..caller(Role::Admin) };
        assert_eq!(Caller::of(&request, &names), Ok(expected));
    }

    #[test]
    fn a_request_that_no_authorizer_saw_is_401() {
        let refusal = Caller::of(&request(&json!({})), &names()).expect_err("there are no claims");
        assert_eq!((refusal.status(), refusal.kind()), (401, "unauthenticated"));
    }

    #[test]
    fn claims_that_do_not_fit_are_403_and_not_shown() {
        for claims in [
            json!({ "sub": "ana" }),
            json!({ "sub": "ana", "tenant_id": "" }),
            json!({ "sub": "ana", "tenant_id": "a#hidden" }),
            json!({ "tenant_id": "acme" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "hidden" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "[hidden]" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "Admin" }),
        ] {
            let refusal = Caller::of(&with_claims(&claims), &names()).expect_err("a claim does not fit");
            assert_eq!((refusal.status(), refusal.kind()), (403, "unusable-claims"), "{claims}");
            assert!(!format!("{refusal:?}").contains("hidden"), "{refusal:?}");
        }
    }

    #[test]
    fn another_tenants_path_looks_like_one_that_does_not_exist() {
        assert_eq!(caller(Role::Admin).owns("acme"), Ok(()));
        assert_eq!(caller(Role::Operator).owns("other"), Err(Problem::not_found()));
    }
}
