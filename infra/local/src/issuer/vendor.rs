//! Whose identity provider the issuer behaves like: addresses, parameters that a deployment needs for it, and habits.

use std::collections::BTreeMap;

use clap::ValueEnum;

use super::AUDIENCE;

/// The tokens' `aud` where an API has a name of its own at the provider.
pub(super) const API: &str = "https://api.buzon.example";
/// The namespace of claims at providers that want one.
pub(super) const NAMESPACE: &str = "https://buzon.example";
/// An Entra tenant.
pub(super) const DIRECTORY: &str = "8f0c5b1e-52a4-4ac8-9e55-0d3b6a6f2c11";

/// A provider, as `cargo dev --issuer` names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Vendor {
    /// None in particular: one address, tokens with the claims of our defaults.
    #[default]
    Plain,
    /// Amazon Cognito: hosted pages apart from the issuer, `client_id` for `aud`, groups, a logout of its own.
    Cognito,
    /// Auth0 with an `audience`: an issuer with a slash at its end, claims under a namespace, `aud` a list.
    Auth0,
    /// Auth0 without one: opaque access tokens, so the API is given the ID token.
    Auth0Opaque,
    /// Okta's custom authorization server: a path, `scp` a list, groups.
    Okta,
    /// Entra ID, tokens of version 1: another host's issuer, `resource`.
    EntraV1,
    /// Entra ID, tokens of version 2: a scope of the API, application roles.
    EntraV2,
    /// Keycloak: roles in an object, an audience by mapper, five minutes.
    Keycloak,
    /// Supabase with RSA keys: everything of ours in `app_metadata`, no logout.
    Supabase,
    /// Google alone, which cannot work: its token endpoint wants a secret.
    Google,
}

/// Where a provider has what.
pub(super) struct Paths {
    /// What the issuer's name has after its host.
    pub(super) issuer: &'static str,
    /// Whether people and codes go to another host than the keys.
    pub(super) apart: bool,
    pub(super) authorize: &'static str,
    pub(super) token: &'static str,
    pub(super) keys: &'static str,
    /// The path of the logout, where there is one.
    pub(super) logout: Option<&'static str>,
}

/// When a provider gives a refresh token, and what becomes of a used one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refreshing {
    /// Never.
    No,
    /// Always; it stays the same.
    Always,
    /// Where `offline_access` is asked for; each works once.
    RotatingWhenAsked,
}

impl Vendor {
    pub(super) fn paths(self) -> Paths {
        let paths =
            |issuer, authorize, token, keys, logout| Paths { issuer, apart: false, authorize, token, keys, logout };
        match self {
            Self::Plain => paths("", "/authorize", "/token", "/.well-known/jwks.json", Some("/logout")),
            Self::Cognito => Paths {
                apart: true,
                ..paths(
                    "/eu-west-1_Buzon",
                    "/oauth2/authorize",
                    "/oauth2/token",
                    "/eu-west-1_Buzon/.well-known/jwks.json",
                    Some("/logout"),
                )
            },
            Self::Auth0 | Self::Auth0Opaque => {
                paths("/", "/authorize", "/oauth/token", "/.well-known/jwks.json", Some("/oidc/logout"))
            }
            Self::Okta => paths(
                "/oauth2/default",
                "/oauth2/default/v1/authorize",
                "/oauth2/default/v1/token",
                "/oauth2/default/v1/keys",
                Some("/oauth2/default/v1/logout"),
            ),
            Self::EntraV1 => Paths {
                apart: true,
                ..paths(
                    "/8f0c5b1e-52a4-4ac8-9e55-0d3b6a6f2c11/",
                    "/oauth2/authorize",
                    "/oauth2/token",
                    "/discovery/keys",
                    Some("/oauth2/logout"),
                )
            },
            Self::EntraV2 => paths(
                "/8f0c5b1e-52a4-4ac8-9e55-0d3b6a6f2c11/v2.0",
                "/oauth2/v2.0/authorize",
                "/oauth2/v2.0/token",
                "/discovery/v2.0/keys",
                Some("/oauth2/v2.0/logout"),
            ),
            Self::Keycloak => paths(
                "/realms/buzon",
                "/realms/buzon/protocol/openid-connect/auth",
                "/realms/buzon/protocol/openid-connect/token",
                "/realms/buzon/protocol/openid-connect/certs",
                Some("/realms/buzon/protocol/openid-connect/logout"),
            ),
            Self::Supabase => paths(
                "/auth/v1",
                "/auth/v1/oauth/authorize",
                "/auth/v1/oauth/token",
                "/auth/v1/.well-known/jwks.json",
                None,
            ),
            Self::Google => Paths { apart: true, ..paths("", "/o/oauth2/v2/auth", "/token", "/oauth2/v3/certs", None) },
        }
    }

    /// How long an access token lives, in seconds.
    pub(super) const fn token_seconds(self) -> i64 {
        match self {
            Self::Keycloak => 300,
            _ => super::TOKEN_SECONDS,
        }
    }

    pub(super) const fn refreshing(self) -> Refreshing {
        match self {
            Self::Plain | Self::Google => Refreshing::No,
            Self::Cognito | Self::Keycloak | Self::Supabase => Refreshing::Always,
            Self::Auth0 | Self::Auth0Opaque | Self::Okta | Self::EntraV1 | Self::EntraV2 => {
                Refreshing::RotatingWhenAsked
            }
        }
    }

    /// What the provider calls a role of ours, in a list of roles or groups.
    pub(super) fn role(self, role: &'static str) -> &'static str {
        match (self, role) {
            (Self::Cognito | Self::Okta, "agent") => "Inbox Agents",
            (Self::Cognito | Self::Okta, "admin") => "Inbox Admins",
            (Self::Cognito | Self::Okta, "service") => "Programs",
            _ => role,
        }
    }

    /// The parameters of the template for a deployment with this provider, beside `JwtIssuer`: those of the guide.
    pub(crate) fn parameters(self) -> BTreeMap<String, String> {
        let groups = "Inbox Agents=agent,Inbox Admins=admin,Programs=service";
        let namespaced = |name: &str| format!("{NAMESPACE}/{name}");
        let pairs: Vec<(&str, String)> = match self {
            Self::Plain | Self::Google => vec![],
            Self::Cognito => vec![
                ("RoleClaim", "cognito:groups".to_owned()),
                ("RoleNames", groups.to_owned()),
                ("OperatorClaim", "operator".to_owned()),
                ("OidcLogout", "cognito".to_owned()),
            ],
            Self::Auth0 => vec![
                ("JwtAudience", API.to_owned()),
                ("OidcAudience", API.to_owned()),
                ("OidcScope", "openid profile offline_access".to_owned()),
                ("TenantClaim", namespaced("tenant")),
                ("RoleClaim", namespaced("roles")),
                ("OperatorClaim", namespaced("operator")),
                ("PlanClaim", namespaced("plan")),
            ],
            Self::Auth0Opaque => vec![
                ("ApiToken", "id".to_owned()),
                ("OidcScope", "openid profile offline_access".to_owned()),
                ("TenantClaim", namespaced("tenant")),
                ("RoleClaim", namespaced("roles")),
                ("OperatorClaim", namespaced("operator")),
                ("PlanClaim", namespaced("plan")),
            ],
            Self::Okta => vec![
                ("JwtAudience", "api://default".to_owned()),
                ("OidcScope", "openid profile offline_access".to_owned()),
                ("RoleClaim", "groups".to_owned()),
                ("RoleNames", groups.to_owned()),
                ("OperatorClaim", "operator".to_owned()),
            ],
            Self::EntraV1 => vec![
                ("JwtAudience", "api://buzon".to_owned()),
                ("OidcResource", "api://buzon".to_owned()),
                ("OidcScope", "openid profile offline_access".to_owned()),
                ("RoleClaim", "roles".to_owned()),
                ("OperatorClaim", "operator".to_owned()),
            ],
            Self::EntraV2 => vec![
                ("OidcScope", "openid profile offline_access api://buzon/access".to_owned()),
                ("RoleClaim", "roles".to_owned()),
                ("OperatorClaim", "operator".to_owned()),
            ],
            Self::Keycloak => vec![
                ("JwtAudience", "buzon-api".to_owned()),
                ("RoleClaim", "realm_access.roles".to_owned()),
                ("OperatorClaim", "operator".to_owned()),
            ],
            Self::Supabase => vec![
                ("JwtAudience", "authenticated".to_owned()),
                ("TenantClaim", "app_metadata.tenant".to_owned()),
                ("RoleClaim", "app_metadata.role".to_owned()),
                ("PlanClaim", "app_metadata.plan".to_owned()),
                ("NameClaim", "user_metadata.full_name".to_owned()),
                ("PictureClaim", "user_metadata.avatar_url".to_owned()),
                ("OidcLogout", "local".to_owned()),
            ],
        };
        let client = ("OidcClientId", AUDIENCE.to_owned());
        pairs.into_iter().chain([client]).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
