//! Where the browser goes next.

use accounts::Refusal;
use domain::Channel;
use login::Nonce;
use url::form_urlencoded::Serializer;

use crate::error::CallbackError;

/// The page that the person comes from when nothing else was asked for.
const INTEGRATIONS: &str = "/settings/integrations";

/// The page that ends the login of a card on another site. It remembers which, and stands beside the callback, wherever the
/// other pages are.
const HANDED_OVER: &str = "/connect";

/// What came of a login.
pub enum Landing {
    /// An account is connected.
    Connected,
    /// The person has to choose among several accounts, under the same `state`.
    Choosing(Nonce),
    /// The person pressed cancel.
    Cancelled(Refusal),
    /// Something did not work.
    Failed(Refusal),
}

impl From<&CallbackError> for Landing {
    fn from(error: &CallbackError) -> Self {
        let refusal = Refusal::from(error);
        if matches!(error, CallbackError::Cancelled) { Self::Cancelled(refusal) } else { Self::Failed(refusal) }
    }
}

impl Landing {
    /// A stable word, for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Choosing(_) => "choosing",
            Self::Cancelled(refusal) | Self::Failed(refusal) => refusal.reason,
        }
    }

    /// The page's address, for a login of a channel. `web_url` is the base of the web pages without a trailing slash; empty means the API's own
    /// origin. `return_to` is where the person wanted to go.
    #[must_use]
    pub fn address(&self, channel: Channel, web_url: &str, return_to: Option<&str>) -> String {
        let word = channel.as_str();
        let handed_over = return_to == Some(HANDED_OVER);
        let web_url = if handed_over { "" } else { web_url };
        let page = format!("{web_url}{}", return_to.unwrap_or(INTEGRATIONS));
        match self {
            Self::Choosing(state) if handed_over => {
                with_query(HANDED_OVER, &[(word, "choosing"), ("state", state.as_str())])
            }
            Self::Choosing(state) => {
                with_query(&format!("{web_url}{INTEGRATIONS}/{word}/select"), &[("state", state.as_str())])
            }
            Self::Connected => with_query(&page, &[(word, "connected")]),
            Self::Cancelled(refusal) => with_query(&page, &[(word, "cancelled"), ("title", &refusal.title)]),
            Self::Failed(refusal) => {
                with_query(&page, &[(word, "error"), ("reason", refusal.reason), ("title", &refusal.title)])
            }
        }
    }
}

/// Adds query parameters to an address, which may have a query and a fragment of its own.
fn with_query(address: &str, parameters: &[(&str, &str)]) -> String {
    let (page, fragment) = address.find('#').map_or((address, ""), |at| address.split_at(at));
    let separator = if page.contains('?') { '&' } else { '?' };
    let query = Serializer::new(String::new()).extend_pairs(parameters).finish();
    // `decodeURIComponent` leaves a '+' as it is; a literal plus is `%2B` by now.
    let query = query.replace('+', "%20");
    format!("{page}{separator}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_that_was_asked_for_says_what_came_of_it() {
        let address = Landing::Connected.address(Channel::Instagram, "https://app.example", Some("/inbox?tab=new#top"));
        assert_eq!(address, "https://app.example/inbox?tab=new&instagram=connected#top");
    }

    #[test]
    fn cancelling_leads_back_to_the_settings() {
        let address = Landing::from(&CallbackError::Cancelled).address(Channel::Instagram, "", None);
        assert_eq!(address, "/settings/integrations?instagram=cancelled&title=Connection%20cancelled");
    }

    #[test]
    fn a_failure_has_a_word_for_programs_and_a_title_for_people() {
        let failure = CallbackError::Graph(meta::GraphError::ProfessionalAccountRequired);
        let address = Landing::from(&failure).address(Channel::Instagram, "https://app.example", None);
        assert_eq!(
            address,
            "https://app.example/settings/integrations?instagram=error&reason=professional_account_required\
             &title=Professional%20account%20required"
        );
    }

    #[test]
    fn several_accounts_lead_to_the_choice_of_their_channel_under_the_same_state() {
        let state = Nonce::random();
        for channel in Channel::ALL {
            let address = Landing::Choosing(state.clone()).address(channel, "", Some("/inbox"));
            assert_eq!(address, format!("/settings/integrations/{channel}/select?state={}", state.as_str()));
        }
    }

    #[test]
    fn a_login_of_a_card_on_another_site_ends_beside_the_callback() {
        let state = Nonce::random();
        for channel in Channel::ALL {
            let address = |landing: Landing| landing.address(channel, "https://app.example", Some("/connect"));
            let choosing = address(Landing::Choosing(state.clone()));
            assert_eq!(choosing, format!("/connect?{channel}=choosing&state={}", state.as_str()));
            assert_eq!(address(Landing::Connected), format!("/connect?{channel}=connected"));
        }
    }

    #[test]
    fn what_a_parameter_holds_cannot_add_another() {
        assert_eq!(with_query("/", &[("title", "a&b=c+d")]), "/?title=a%26b%3Dc%2Bd");
    }
}
