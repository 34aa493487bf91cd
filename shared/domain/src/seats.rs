//! Which connections a plan has room for: the oldest are kept, the others wait.

use crate::connection::{Connection, ConnectionStatus};
use crate::plan::Plan;

/// What has to change so that connections are as a plan says, in this order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rearrangement<'a> {
    /// Over the limit: these wait from now on, the youngest first.
    pub pause: Vec<&'a Connection>,
    /// There is room for these again, the oldest first.
    pub resume: Vec<&'a Connection>,
    /// Of all others, those whose messages are kept for another time than the plan says.
    pub retain: Vec<&'a Connection>,
}

impl Rearrangement<'_> {
    /// Whether everything is as it should be.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pause.is_empty() && self.resume.is_empty() && self.retain.is_empty()
    }
}

/// Arranges a tenant's connections for a plan: within its channels and its number, over all channels.
///
/// The order is that of the first connection to each account, which a reconnect keeps: it is the same whoever
/// asks and whenever, so a downgrade and an upgrade end where they began.
#[must_use]
pub fn arrange<'a>(connections: &'a [Connection], plan: &Plan) -> Rearrangement<'a> {
    let Plan { channels, max_connections: most, retention_days, .. } = plan;
    let (mut standing, without_channel): (Vec<_>, Vec<_>) = connections
        .iter()
        .filter(|connection| connection.status != ConnectionStatus::Revoked)
        .partition(|connection| channels.contains(&connection.account.channel));
    standing.sort_by_key(|connection| (connection.created_at, &connection.account));
    let most = most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let (kept, over_limit) = standing.split_at(most.min(standing.len()));
    let mut rearrangement = Rearrangement::default();
    for connection in without_channel.iter().chain(over_limit.iter().rev()) {
        match connection.status {
            ConnectionStatus::Paused => rearrangement.keep(connection, *retention_days),
            _ => rearrangement.pause.push(connection),
        }
    }
    for connection in kept {
        match connection.status {
            ConnectionStatus::Paused => rearrangement.resume.push(connection),
            _ => rearrangement.keep(connection, *retention_days),
        }
    }
    rearrangement
}

impl<'a> Rearrangement<'a> {
    fn keep(&mut self, connection: &'a Connection, retention_days: Option<u32>) {
        if connection.retention_days != retention_days {
            self.retain.push(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Account, Channel};
    use crate::samples;
    use crate::time::UnixSeconds;

    fn connection(account: &str, created_at: i64, status: ConnectionStatus) -> Connection {
        Connection {
            account: Account::instagram(account.try_into().expect("an account")),
            status,
            ..samples::connection(UnixSeconds::new(created_at))
        }
    }

    fn plan(max_connections: Option<u32>, retention_days: Option<u32>) -> Plan {
        Plan {
            name: "Test".to_owned(),
            channels: [Channel::Instagram].into(),
            max_connections,
            monthly_messages: None,
            retention_days,
            auto_reply: false,
            endpoints: None,
        }
    }

    fn accounts(connections: &[&Connection]) -> Vec<String> {
        connections.iter().map(|connection| connection.account.id.to_string()).collect()
    }

    #[test]
    fn a_downgrade_keeps_the_oldest_and_an_upgrade_brings_the_others_back() {
        use ConnectionStatus::{Active, Error, Paused, Revoked};
        let mut connections = [
            connection("3", 30, Active),
            connection("1", 10, Error),
            connection("9", 5, Revoked),
            connection("2", 20, Active),
        ];
        let down = arrange(&connections, &plan(Some(1), None));
        assert_eq!((accounts(&down.pause), accounts(&down.resume)), (vec!["3".to_owned(), "2".to_owned()], vec![]));
        connections[0].status = Paused;
        connections[3].status = Paused;
        assert!(arrange(&connections, &plan(Some(1), None)).is_empty());
        let up = arrange(&connections, &plan(Some(2), None));
        assert_eq!((accounts(&up.pause), accounts(&up.resume)), (vec![], vec!["2".to_owned()]));
        assert_eq!(accounts(&arrange(&connections, &plan(None, None)).resume), ["2", "3"]);
    }

    #[test]
    fn a_place_that_was_left_goes_to_the_oldest_that_waits() {
        use ConnectionStatus::{Paused, Revoked};
        let connections = [connection("1", 10, Revoked), connection("2", 20, Paused), connection("3", 30, Paused)];
        assert_eq!(accounts(&arrange(&connections, &plan(Some(1), None)).resume), ["2"]);
    }

    #[test]
    fn all_channels_share_the_places_and_one_that_the_plan_is_without_has_none() {
        let page = Account::messenger(&"77".try_into().expect("a Page"));
        let on_messenger = Connection { account: page, ..connection("77", 10, ConnectionStatus::Active) };
        let connections = [on_messenger, connection("1", 20, ConnectionStatus::Active)];
        assert_eq!(accounts(&arrange(&connections, &plan(Some(1), None)).pause), ["77"]);
        let both = Plan { channels: Channel::ALL.into(), ..plan(Some(1), None) };
        assert_eq!(accounts(&arrange(&connections, &both).pause), ["1"]);
    }

    #[test]
    fn a_time_to_keep_messages_that_is_not_the_plans_is_found_and_revoked_ones_are_left_alone() {
        use ConnectionStatus::{Active, Revoked};
        let connections = [connection("1", 10, Active), connection("2", 20, Revoked)];
        assert_eq!(accounts(&arrange(&connections, &plan(None, Some(90))).retain), ["1"]);
    }
}
