//! Who calls: the claims of the token that API Gateway's JWT authorizer has verified.

use std::collections::BTreeSet;

use domain::{PlanClaim, TenantId, TenantProfile, UnixSeconds, UserId};
use lambda_http::Request;
use serde_json::Value;
use tracing::info;

use crate::claims::Claims;
use crate::environment::{ConfigError, Environment};
use crate::problem::Problem;

/// What a caller is. What each may do is in [`crate::access`].
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
}

/// Which claims tell tenant, role and plan, and what the issuer calls our roles: identity providers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    tenant: String,
    role: String,
    /// The issuer's names for roles, and ours.
    role_names: Vec<(String, Role)>,
    operator: Option<String>,
    plan: Option<String>,
}

impl ClaimNames {
    /// `TENANT_CLAIM` (default `tenant_id`), `ROLE_CLAIM` (default `role`), `ROLE_NAMES` (as `Inbox Admins=admin,support=agent`;
    /// default: our own names), `OPERATOR_CLAIM` and `PLAN_CLAIM` (default: no such claim).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] where `ROLE_NAMES` names a role that there is not.
    pub fn new(env: &Environment) -> Result<Self, ConfigError> {
        let names = env.optional("ROLE_NAMES").unwrap_or_default();
        let pairs = names.split(',').filter(|pair| !pair.is_empty()).map(|pair| {
            let (theirs, ours) = pair.rsplit_once('=')?;
            Some((theirs.trim().to_owned(), Role::from_name(ours.trim())?))
        });
        let role_names: Option<Vec<_>> = pairs.collect();
        Ok(Self {
            tenant: env.optional("TENANT_CLAIM").unwrap_or_else(|| "tenant_id".to_owned()),
            role: env.optional("ROLE_CLAIM").unwrap_or_else(|| "role".to_owned()),
            role_names: role_names.ok_or_else(|| {
                ConfigError::invalid(
                    "ROLE_NAMES",
                    "a pair is a name of the issuer's, `=` and agent, admin, service or operator",
                )
            })?,
            operator: env.optional("OPERATOR_CLAIM"),
            plan: env.optional("PLAN_CLAIM"),
        })
    }

    /// Whether plans come by claim.
    #[must_use]
    pub const fn tell_plans(&self) -> bool {
        self.plan.is_some()
    }

    /// The role that the issuer calls so: by `ROLE_NAMES`, else by our own name.
    fn named(&self, theirs: &str) -> Option<Role> {
        let chosen = self.role_names.iter().find(|(name, _)| name == theirs).map(|(_, role)| *role);
        chosen.or_else(|| Role::from_name(theirs))
    }

    /// The caller's role; an agent's where the token does not say.
    ///
    /// A list may hold names that are not ours, as groups do. It never makes an operator, who sees every tenant: that is said
    /// by a claim of its own, or by the one value of the role's claim.
    fn role_of(&self, claims: &Claims) -> Result<Role, Problem> {
        if self.operator.as_deref().is_some_and(|operator| claims.is_true(operator)) {
            return Ok(Role::Operator);
        }
        let named: BTreeSet<Role> = match claims.find(&self.role) {
            None if is_left_out(claims, &self.role) => return Err(unusable(&self.role, TOO_MANY)),
            None => return Ok(Role::Agent),
            Some(Value::String(name)) if name.is_empty() => return Ok(Role::Agent),
            Some(Value::String(name)) => return self.named(name).ok_or_else(|| unusable(&self.role, NO_ROLE)),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).filter_map(|name| self.named(name)).collect()
            }
            Some(Value::Object(names)) => names.keys().filter_map(|name| self.named(name)).collect(),
            Some(_) => return Err(unusable(&self.role, NO_ROLE)),
        };
        let mut counted = named.iter().copied().filter(|role| *role != Role::Operator);
        match (counted.next(), counted.next_back()) {
            (Some(Role::Agent | Role::Admin), Some(Role::Service)) => Err(unusable(&self.role, PERSON_OR_PROGRAM)),
            (Some(only), highest) => Ok(highest.unwrap_or(only)),
            (None, _) if named.contains(&Role::Operator) => Err(unusable(&self.role, OPERATOR_IN_A_LIST)),
            (None, _) => Err(unusable(&self.role, NO_ROLE)),
        }
    }
}

const NO_TENANT: &str = "It has to be one text or number, without spaces and '#', that does not begin with '~'";
const NO_SUBJECT: &str = "It has to be one text without spaces and '#'";
const NO_ROLE: &str = "It names no role: agent, admin, service or operator, or what ROLE_NAMES calls them";
const OPERATOR_IN_A_LIST: &str =
    "A list makes nobody an operator: say it in the claim that OPERATOR_CLAIM names, or as the only value";
const PERSON_OR_PROGRAM: &str = "It names a person's role and a program's: which one counts, nobody can tell";
const TOO_MANY: &str = "The issuer has left it out because there are too many groups: let it send roles";

/// Whether the issuer has put this claim elsewhere, as Entra does with more than two hundred groups.
fn is_left_out(claims: &Claims, name: &str) -> bool {
    claims.find("_claim_names").and_then(Value::as_object).is_some_and(|names| names.contains_key(name))
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
        let claims = Claims::of(request).ok_or_else(|| Problem::new(401, "unauthenticated", "Please sign in"))?;
        Ok(Self {
            tenant: claims
                .text(&names.tenant)
                .and_then(|text| TenantId::of_customer(text).ok())
                .ok_or_else(|| unusable(&names.tenant, NO_TENANT))?,
            user: claims
                .text("sub")
                .and_then(|text| UserId::try_from(text).ok())
                .ok_or_else(|| unusable("sub", NO_SUBJECT))?,
            role: names.role_of(&claims)?,
            plan: names.plan.as_deref().and_then(|plan| claims.text(plan)).map(|key| PlanClaim {
                key,
                issued_at: UnixSeconds::new(claims.text("iat").and_then(|iat| iat.parse().ok()).unwrap_or_default()),
            }),
            debug: claims.is_true("integration_debug"),
        })
    }

    /// When the caller's token ends; `None` where it does not say.
    #[must_use]
    pub fn token_ends_at(request: &Request) -> Option<UnixSeconds> {
        Claims::of(request)?.text("exp")?.parse().ok().map(UnixSeconds::new)
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

/// Says which claim and what is wrong with it, to the caller and in the log; never its value.
fn unusable(claim: &str, rule: &'static str) -> Problem {
    info!(claim, "Refused a token: {rule}");
    Problem::new(403, "unusable-claims", "Your sign-in does not fit this service").detail(rule).with("claim", claim)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::claims::tests::{with_texts, with_token};
    use crate::http::tests::request;

    fn names_with(variables: &[(&str, &str)]) -> Result<ClaimNames, ConfigError> {
        let variables: BTreeMap<_, _> =
            variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        ClaimNames::new(&Environment::from_map(variables))
    }

    fn names() -> ClaimNames {
        names_with(&[]).expect("the defaults are usable")
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

    /// The role of a token with this claim `role`; `None` where it is refused.
    fn role(value: &Value, names: &ClaimNames) -> Option<Role> {
        let claims = json!({ "sub": "ana", "tenant_id": "acme", "role": value });
        Caller::of(&with_token(&claims), names).ok().map(|caller| caller.role)
    }

    #[test]
    fn a_verified_token_tells_tenant_subject_and_role() {
        let claims = json!({ "sub": "ana", "tenant_id": "acme", "role": "admin", "exp": "1795000000" });
        for request in [with_token(&claims), with_texts(&claims)] {
            assert_eq!(Caller::of(&request, &names()), Ok(caller(Role::Admin)));
        }
    }

    #[test]
    fn a_token_without_a_role_is_an_agents() {
        for claims in [
            json!({ "sub": "ana", "tenant_id": "acme" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": null }),
        ] {
            assert_eq!(Caller::of(&with_token(&claims), &names()), Ok(caller(Role::Agent)), "{claims}");
        }
    }

    #[test]
    fn the_claims_names_come_from_the_environment() {
        let names = names_with(&[
            ("TENANT_CLAIM", "app_metadata.tenant"),
            ("ROLE_CLAIM", "cognito:groups"),
            ("PLAN_CLAIM", "custom:plan"),
        ]);
        let request = with_token(&json!({
            "sub": "ana", "app_metadata": { "tenant": 7 }, "cognito:groups": ["eu-staff", "admin", "agent"],
            "custom:plan": "pro", "iat": 1_795_000_000,
        }));
        let plan = PlanClaim { key: "pro".to_owned(), issued_at: UnixSeconds::new(1_795_000_000) };
        let tenant = TenantId::try_from("7").expect("a tenant id");
        let expected = Caller { tenant, plan: Some(plan), ..caller(Role::Admin) };
        assert_eq!(Caller::of(&request, &names.expect("usable")), Ok(expected));
    }

    #[test]
    fn an_operator_is_one_by_the_only_value_or_by_a_claim_of_its_own_and_never_by_a_list() {
        let names = names();
        assert_eq!(role(&json!("operator"), &names), Some(Role::Operator));
        for value in [
            json!(["operator"]),
            json!(["call center operator"]),
            json!(["a,operator"]),
            json!("[operator]"),
            json!("agent operator"),
            json!({ "operator": true }),
        ] {
            assert_eq!(role(&value, &names), None, "{value}");
        }
        assert_eq!(role(&json!(["admin", "operator"]), &names), Some(Role::Admin));

        let own = names_with(&[("OPERATOR_CLAIM", "https://acme.example/staff")]).expect("usable");
        for (value, expected) in
            [(json!(true), Role::Operator), (json!("true"), Role::Operator), (json!(["true"]), Role::Agent)]
        {
            let claims = json!({ "sub": "ana", "tenant_id": "acme", "https://acme.example/staff": value });
            assert_eq!(Caller::of(&with_token(&claims), &own), Ok(caller(expected)), "{claims}");
        }
    }

    #[test]
    fn roles_come_as_a_text_a_list_or_the_keys_of_an_object_under_the_issuers_own_names() {
        let names = names_with(&[("ROLE_NAMES", "Inbox Admins=admin,support=agent,a=b=service")]).expect("usable");
        for (value, expected) in [
            (json!("Inbox Admins"), Role::Admin),
            (json!(["everybody", "support"]), Role::Agent),
            (json!(["support", "Inbox Admins"]), Role::Admin),
            (json!({ "support": { "123": "acme.zitadel.cloud" } }), Role::Agent),
            (json!(["a=b"]), Role::Service),
            (json!("agent"), Role::Agent),
        ] {
            assert_eq!(role(&value, &names), Some(expected), "{value}");
        }
        assert_eq!(role(&json!("Inbox"), &names), None);
        assert!(names_with(&[("ROLE_NAMES", "support=boss")]).is_err());
    }

    #[test]
    fn what_a_role_may_mean_is_told_and_not_guessed() {
        let names = names();
        for (claims, word) in [
            (json!({ "role": ["operator"] }), "A list makes nobody an operator"),
            (json!({ "role": ["admin", "service"] }), "a person's role and a program's"),
            (json!({ "_claim_names": { "role": "src1" } }), "too many groups"),
            (json!({ "role": 7 }), "names no role"),
        ] {
            let mut claims = claims;
            claims["sub"] = "ana".into();
            claims["tenant_id"] = "acme".into();
            let refusal = Caller::of(&with_token(&claims), &names).expect_err("nobody can tell");
            assert!(format!("{refusal:?}").contains(word), "{claims}: {refusal:?}");
        }
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
            json!({ "sub": "ana", "tenant_id": "~operator" }),
            json!({ "sub": "ana", "tenant_id": ["hidden"] }),
            json!({ "sub": "ana", "tenant_id": { "id": "hidden" } }),
            json!({ "sub": "ana", "tenant_id": true }),
            json!({ "sub": "ana", "tenant_id": 1.5 }),
            json!({ "tenant_id": "acme" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "hidden" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "[hidden]" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": ["hidden"] }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "Admin" }),
        ] {
            let refusal = Caller::of(&with_token(&claims), &names()).expect_err("a claim does not fit");
            assert_eq!((refusal.status(), refusal.kind()), (403, "unusable-claims"), "{claims}");
            assert!(!format!("{refusal:?}").contains("hidden"), "{refusal:?}");
        }
    }

    #[test]
    fn without_the_token_a_list_or_another_type_is_refused() {
        for claims in [
            json!({ "sub": "ana", "tenant_id": "[acme]" }),
            json!({ "sub": "ana", "tenant_id": "map[id:acme]" }),
            json!({ "sub": "ana", "tenant_id": "true" }),
            json!({ "sub": "ana", "tenant_id": "acme", "role": "[admin agent]" }),
        ] {
            let refusal = Caller::of(&with_texts(&claims), &names()).expect_err("its type is unknown");
            assert_eq!(refusal.kind(), "unusable-claims", "{claims}");
        }
    }

    #[test]
    fn another_tenants_path_looks_like_one_that_does_not_exist() {
        assert_eq!(caller(Role::Admin).owns("acme"), Ok(()));
        assert_eq!(caller(Role::Operator).owns("other"), Err(Problem::not_found()));
    }
}
