//! A person disconnects an account.

use std::convert::Infallible;

use domain::view::{ConnectionView, NamedAccount};
use domain::{Account, Channel, Connection, ConnectionStatus};
use edge::http::{self, StatusCode};
use edge::telemetry::{Chain, metric};
use edge::{Caller, Problem};
use lambda_http::{Body, Request, Response};
use tracing::{error, info};

use crate::app::App;
use crate::error::RevokeError;

const MAX_BODY_BYTES: usize = 8 * 1024;

/// Answers the revoked connection, also when it was revoked before, or a problem document.
///
/// # Errors
///
/// Never: every failure has its answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let outcome = disconnect(app, &request).await;
    let result = if outcome.is_ok() { "revoked" } else { "refused" };
    metric("disconnect", 1, &[("channel", http::channel_word(&request)), ("outcome", result)]);
    let answer = outcome
        .map(|revoked| http::json(StatusCode::OK, &ConnectionView::from(&revoked)))
        .map_err(|failure| refuse(&failure));
    Ok(http::answer(http::request_id(&request), answer))
}

async fn disconnect(app: &App, request: &Request) -> Result<Connection, RevokeError> {
    let caller = Caller::admit(request, &app.claims)?;
    // Which account; absent where there is only one.
    let asked: NamedAccount = http::body_json(request, MAX_BODY_BYTES)?;
    let channel = http::channel(request)?;
    let account = match asked.on(channel) {
        Some(account) => account,
        None => the_only_one(channel, &app.connector.connections.list(&caller.tenant).await?)?,
    };
    Ok(app.connector.disconnect(&caller.tenant, &account, &caller.user, app.clock.now_ms()).await?)
}

fn the_only_one(channel: Channel, connections: &[Connection]) -> Result<Account, RevokeError> {
    let of_channel = connections.iter().filter(|connection| connection.account.channel == channel);
    let mut connected = of_channel.filter(|connection| connection.status != ConnectionStatus::Revoked);
    match (connected.next(), connected.next()) {
        (None, _) => Err(RevokeError::NothingConnected),
        (Some(one), None) => Ok(one.account.clone()),
        (Some(_), Some(_)) => Err(RevokeError::WhichOne(channel)),
    }
}

fn refuse(failure: &RevokeError) -> Problem {
    let problem = Problem::from(failure);
    if problem.status() >= 500 {
        error!(error = %Chain(failure), "An account could not be disconnected");
    } else {
        info!(kind = problem.kind(), "No account was disconnected: {failure}");
    }
    problem
}

#[cfg(test)]
mod tests {
    use domain::{UnixSeconds, samples};

    use super::*;

    fn connection(account: &str, status: ConnectionStatus) -> Connection {
        Connection {
            account: Account::instagram(account.try_into().expect("an account")),
            status,
            ..samples::connection(UnixSeconds::new(0))
        }
    }

    #[test]
    fn the_one_account_that_is_not_revoked_needs_no_name() {
        let connections = [connection("1", ConnectionStatus::Revoked), connection("2", ConnectionStatus::Error)];
        assert_eq!(the_only_one(Channel::Instagram, &connections).expect("one is left").id.as_str(), "2");
    }

    #[test]
    fn one_of_several_accounts_has_to_be_named() {
        let connections = [connection("1", ConnectionStatus::Active), connection("2", ConnectionStatus::Pending)];
        assert!(matches!(the_only_one(Channel::Instagram, &connections), Err(RevokeError::WhichOne(_))));
    }

    #[test]
    fn where_all_are_revoked_nothing_is_connected() {
        let connections = [connection("1", ConnectionStatus::Revoked)];
        assert!(matches!(the_only_one(Channel::Instagram, &connections), Err(RevokeError::NothingConnected)));
    }
}
