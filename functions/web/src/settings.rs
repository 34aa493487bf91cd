//! What the function is configured with.

use edge::{ConfigError, Environment};
use lambda_http::http::HeaderValue;

use crate::security;

/// What the pages are told.
pub(crate) struct Settings {
    /// The product's name in every text.
    pub(crate) brand: String,
    /// The OpenID issuer that people sign in at.
    pub(crate) issuer: String,
    /// The client id towards it.
    pub(crate) client_id: String,
    /// What is asked of it, and what becomes of its tokens.
    pub(crate) sign_in: SignIn,
    /// `es` or `en`.
    pub(crate) locale: String,
    /// Who may show the pages in a frame, as a CSP source list.
    pub(crate) frame_ancestors: String,
    /// Whose pages may call the API, and hand a login over.
    pub(crate) allowed_origins: Vec<String>,
    /// Where pictures and media may come from, as a CSP source list.
    pub(crate) media_sources: String,
    /// Where open pages are told live, as a CSP source; empty where that is off.
    pub(crate) live_source: String,
    /// Where people write to themselves from, on a stack with a simulated Meta.
    pub(crate) phone: Option<String>,
}

/// How people sign in: issuers differ. The guide says what each wants.
pub(crate) struct SignIn {
    /// What is asked for, as `openid profile`.
    pub(crate) scope: String,
    /// Auth0: the API that the access token shall be for.
    pub(crate) audience: String,
    /// Cognito, Entra v1: the same.
    pub(crate) resource: String,
    /// Which token the API is given: `access`, `id`, or `auto`: the access token if it is a JWT, else the ID token.
    pub(crate) api_token: String,
    /// How the session at the issuer ends: `oidc`, `cognito`, `auth0`, or `local`: it does not.
    pub(crate) logout: String,
    /// The claims with the tenant, with the person's name and with their picture.
    pub(crate) tenant_claim: String,
    pub(crate) name_claim: String,
    pub(crate) picture_claim: String,
}

impl Settings {
    /// Reads the variables that the template gives.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where one is missing, or could not stand in a header.
    pub(crate) fn read(env: &Environment) -> Result<Self, ConfigError> {
        let or = |name: &str, default: &str| env.optional(name).unwrap_or_else(|| default.to_owned());
        let meta = or("META_URL_PREFIX", "https://");
        let settings = Self {
            brand: or("BRAND", "Curbe"),
            issuer: env.required("OIDC_ISSUER")?,
            client_id: env.required("OIDC_CLIENT_ID")?,
            sign_in: SignIn {
                scope: or("OIDC_SCOPE", "openid profile"),
                audience: or("OIDC_AUDIENCE", ""),
                resource: or("OIDC_RESOURCE", ""),
                api_token: or("API_TOKEN", "auto"),
                logout: or("OIDC_LOGOUT", "oidc"),
                tenant_claim: or("TENANT_CLAIM", "tenant_id"),
                name_claim: or("NAME_CLAIM", "name"),
                picture_claim: or("PICTURE_CLAIM", "picture"),
            },
            locale: or("LOCALE", "es"),
            frame_ancestors: or("FRAME_ANCESTORS", "'none'"),
            allowed_origins: or("ALLOWED_ORIGINS", "").split(',').map(|origin| origin.trim().to_owned()).collect(),
            media_sources: security::media_sources(&meta),
            live_source: env.optional("LIVE_URL").map(|url| security::origin(&url).to_owned()).unwrap_or_default(),
            phone: security::is_simulated(&meta).then(|| format!("{meta}phone")),
        };
        HeaderValue::try_from(security::policy(&settings, None))
            .map_err(|error| ConfigError::invalid("FRAME_ANCESTORS", error))?;
        Ok(settings)
    }
}
