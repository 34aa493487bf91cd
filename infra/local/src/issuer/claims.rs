//! What the tokens of each provider say.

use serde_json::{Map, Value, json};

use super::vendor::{API, DIRECTORY, NAMESPACE};
use super::{AUDIENCE, Person, Vendor};

/// The address of a picture that is not there any more.
const PICTURE: &str = "https://127.0.0.1:9/picture.png";

/// What was asked for that the tokens depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) scope: &'a str,
    pub(super) resource: &'a str,
}

/// The access token's claims, without its times. Whom it is for depends on what was asked for.
pub(super) fn access(
    vendor: Vendor,
    person: &Person,
    asked: Asked<'_>,
    issuer: &str,
    tenant_claim: &str,
) -> Map<String, Value> {
    let role = vendor.role(person.role);
    let operator = person.role == "operator";
    let claims = match vendor {
        Vendor::Plain | Vendor::Google => json!({
            "aud": AUDIENCE, "name": person.name, tenant_claim: person.tenant,
            "tenant_name": person.tenant_name, "role": person.role, "plan": person.plan,
        }),
        Vendor::Cognito => {
            let mut claims = json!({
                "client_id": AUDIENCE, "token_use": "access", "version": 2, "scope": asked.scope, "username": person.id,
                "cognito:groups": ["eu-west-1_Buzon_SAML", role], "tenant_id": person.tenant, "plan": person.plan,
                "operator": operator,
            });
            if !asked.resource.is_empty() {
                claims["aud"] = asked.resource.into();
            }
            claims
        }
        Vendor::Auth0 | Vendor::Auth0Opaque => json!({
            "aud": [API, format!("{issuer}userinfo")], "azp": AUDIENCE, "scope": asked.scope,
            "permissions": ["read:messages"], (format!("{NAMESPACE}/tenant")): person.tenant,
            (format!("{NAMESPACE}/roles")): [role], (format!("{NAMESPACE}/operator")): operator,
            (format!("{NAMESPACE}/plan")): person.plan,
        }),
        Vendor::Okta => json!({
            "aud": "api://default", "cid": AUDIENCE, "uid": "00u1", "ver": 1,
            "scp": asked.scope.split(' ').collect::<Vec<_>>(), "groups": ["Everyone", role],
            "tenant_id": person.tenant, "plan": person.plan, "operator": operator,
        }),
        Vendor::EntraV1 => entra(
            person,
            role,
            json!({ "aud": audience_of_entra(asked, "api://buzon"), "appid": AUDIENCE, "ver": "1.0" }),
        ),
        Vendor::EntraV2 => {
            entra(person, role, json!({ "aud": audience_of_entra(asked, AUDIENCE), "azp": AUDIENCE, "ver": "2.0" }))
        }
        Vendor::Keycloak => json!({
            "aud": ["buzon-api", "account"], "azp": AUDIENCE, "typ": "Bearer", "scope": asked.scope, "name": person.name,
            "realm_access": { "roles": ["default-roles-buzon", "offline_access", role] },
            "resource_access": { "account": { "roles": ["view-profile"] } },
            "tenant_id": person.tenant, "plan": person.plan, "operator": operator,
        }),
        Vendor::Supabase => json!({
            "aud": "authenticated", "role": "authenticated", "client_id": AUDIENCE, "is_anonymous": false,
            "app_metadata": { "provider": "email", "tenant": person.tenant, "role": person.role, "plan": person.plan },
            "user_metadata": { "full_name": person.name, "avatar_url": PICTURE },
        }),
    };
    members(claims)
}

/// The ID token's claims, without its times.
pub(super) fn id(vendor: Vendor, person: &Person, issuer: &str, tenant_claim: &str) -> Map<String, Value> {
    let mut claims = match vendor {
        // These say the same in both.
        Vendor::Plain | Vendor::Google | Vendor::Keycloak | Vendor::Supabase => {
            access(vendor, person, Asked::default(), issuer, tenant_claim)
        }
        Vendor::Cognito => {
            members(json!({ "token_use": "id", "cognito:username": person.id, "custom:tenant_id": person.tenant }))
        }
        Vendor::Auth0 | Vendor::Auth0Opaque => {
            let mut claims = access(vendor, person, Asked::default(), issuer, tenant_claim);
            for name in ["azp", "scope", "permissions"] {
                claims.remove(name);
            }
            claims
        }
        Vendor::Okta | Vendor::EntraV1 | Vendor::EntraV2 => Map::new(),
    };
    claims.insert("aud".to_owned(), AUDIENCE.into());
    if vendor != Vendor::Supabase {
        claims.insert("name".to_owned(), person.name.into());
    }
    claims
}

/// Without the API's scope or name, Entra gives out a token of Microsoft Graph's.
fn audience_of_entra(asked: Asked<'_>, api: &'static str) -> &'static str {
    let is_ours = asked.resource == "api://buzon" || asked.scope.split(' ').any(|scope| scope == "api://buzon/access");
    if is_ours { api } else { "00000003-0000-0000-c000-000000000000" }
}

fn entra(person: &Person, role: &str, rest: Value) -> Value {
    let mut claims = json!({
        "tid": DIRECTORY, "oid": format!("00000000-0000-0000-0000-{:0>12}", person.id.len()), "name": person.name,
        "scp": "access", "roles": [role], "tenant_id": person.tenant, "plan": person.plan,
        "operator": person.role == "operator",
    });
    for (name, value) in members(rest) {
        claims[name] = value;
    }
    claims
}

fn members(claims: Value) -> Map<String, Value> {
    match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}
