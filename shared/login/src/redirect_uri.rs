//! Where Meta sends the browser after its login.

use domain::Channel;
use edge::Environment;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

/// The `redirect_uri` of the authorization requests of each channel (RFC 6749 section 3.1.2).
///
/// Meta compares it bytewise with the registered one, and again when the code is exchanged: start and callback ask here.
#[derive(Clone, Debug)]
pub struct RedirectUris {
    instagram: Option<String>,
    messenger: Option<String>,
}

impl From<&Environment> for RedirectUris {
    /// `META_REDIRECT_URI_INSTAGRAM` and `META_REDIRECT_URI_MESSENGER`; without one, the callback's route on the host that was
    /// asked.
    fn from(env: &Environment) -> Self {
        Self {
            instagram: env.optional("META_REDIRECT_URI_INSTAGRAM"),
            messenger: env.optional("META_REDIRECT_URI_MESSENGER"),
        }
    }
}

impl RedirectUris {
    /// The address for a channel; `None` only for a request that came past API Gateway.
    #[must_use]
    pub fn of(&self, channel: Channel, request: &Request) -> Option<String> {
        let callback = || Some(format!("https://{}/api/integrations/meta/{channel}/callback", domain_name(request)?));
        self.configured(channel).map(str::to_owned).or_else(callback)
    }

    /// An address on the host that Meta sends people back to; `None` as in [`Self::of`].
    #[must_use]
    pub fn any(&self, request: &Request) -> Option<String> {
        let configured = Channel::ALL.into_iter().find_map(|channel| self.configured(channel));
        configured.map(str::to_owned).or_else(|| Some(format!("https://{}/", domain_name(request)?)))
    }

    fn configured(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Instagram => self.instagram.as_deref(),
            Channel::Messenger => self.messenger.as_deref(),
        }
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
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;

    use super::*;

    fn request() -> Request {
        let mut context = ApiGatewayV2httpRequestContext::default();
        context.domain_name = Some("api.example.com".to_owned());
        Request::default().with_request_context(RequestContext::ApiGatewayV2(context))
    }

    fn configured(variables: &[(&str, &str)]) -> RedirectUris {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        RedirectUris::from(&Environment::from_map(variables.collect()))
    }

    #[test]
    fn without_configuration_each_channels_callback_is_on_the_host_that_was_asked() {
        let redirect_uris = configured(&[]);
        for channel in Channel::ALL {
            let expected = format!("https://api.example.com/api/integrations/meta/{channel}/callback");
            assert_eq!(redirect_uris.of(channel, &request()), Some(expected));
            assert_eq!(redirect_uris.of(channel, &Request::default()), None);
        }
        assert_eq!(redirect_uris.any(&request()).as_deref(), Some("https://api.example.com/"));
    }

    #[test]
    fn a_configured_address_is_used_as_it_stands_and_for_its_channel_only() {
        let redirect_uris = configured(&[("META_REDIRECT_URI_MESSENGER", "https://example.com/cb/")]);
        assert_eq!(redirect_uris.of(Channel::Messenger, &request()).as_deref(), Some("https://example.com/cb/"));
        assert_eq!(redirect_uris.of(Channel::Instagram, &Request::default()), None);
        assert_eq!(redirect_uris.any(&request()).as_deref(), Some("https://example.com/cb/"));
    }
}
