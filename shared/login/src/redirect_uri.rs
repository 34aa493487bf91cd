//! Where Meta sends the browser after its login.

use edge::Environment;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

/// The path of the callback's route.
const CALLBACK: &str = "/api/integrations/meta/instagram/callback";

/// The `redirect_uri` of an authorization request (RFC 6749 section 3.1.2).
///
/// Meta compares it bytewise with the registered one, and again when the code is exchanged: start and callback ask here.
#[derive(Clone, Debug)]
pub struct RedirectUri(Option<String>);

impl From<&Environment> for RedirectUri {
    /// `META_REDIRECT_URI`; without it, the callback's route on the host that was asked.
    fn from(env: &Environment) -> Self {
        Self(env.optional("META_REDIRECT_URI"))
    }
}

impl RedirectUri {
    /// The address; `None` only for a request that came past API Gateway.
    #[must_use]
    pub fn of(&self, request: &Request) -> Option<String> {
        self.0.clone().or_else(|| Some(format!("https://{}{CALLBACK}", domain_name(request)?)))
    }
}

fn domain_name(request: &Request) -> Option<&str> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.domain_name.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;

    use super::*;

    fn request() -> Request {
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.domain_name = Some("api.example.com".to_owned());
        Request::default().with_request_context(RequestContext::ApiGatewayV2(context))
    }

    #[test]
    fn without_configuration_the_callback_is_on_the_host_that_was_asked() {
        let redirect_uri = RedirectUri::from(&Environment::from_map(BTreeMap::new()));
        let expected = "https://api.example.com/api/integrations/meta/instagram/callback";
        assert_eq!(redirect_uri.of(&request()).as_deref(), Some(expected));
        assert_eq!(redirect_uri.of(&Request::default()), None);
    }

    #[test]
    fn the_configured_address_is_used_as_it_stands() {
        let variables = BTreeMap::from([("META_REDIRECT_URI".to_owned(), "https://example.com/cb/".to_owned())]);
        let redirect_uri = RedirectUri::from(&Environment::from_map(variables));
        assert_eq!(redirect_uri.of(&request()).as_deref(), Some("https://example.com/cb/"));
    }
}
