//! Which webhook fields Meta is asked for, from what the connections need.

use domain::channel::{Actor, Channel, Login};

use super::fields::{Field, Need};
use crate::{instagram, messenger};

/// A connection that receives over a Page, or over its own account.
#[derive(Clone, Copy, Debug)]
pub struct Subscriber<'a> {
    /// Its channel.
    pub channel: Channel,
    /// The permissions of its token; empty: it is not known which were granted.
    pub scopes: &'a [String],
}

/// What is to be done so that Meta delivers what some connections need, and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionPlan {
    /// Ask for these lists, one after the other, until Meta takes one.
    Subscribe(Vec<Vec<&'static str>>),
    /// No connection is left: switch webhooks off.
    Unsubscribe,
}

/// What the subscription of a Page should be once exactly these connections receive over it; with Instagram Login, that of the
/// account.
///
/// Meta *replaces* an app's list for a Page, and to switch it off ends all channels of the Page. So whoever connects or
/// disconnects passes all connections that the Page has afterwards.
#[must_use]
pub fn subscription_plan(login: Login, subscribers: &[Subscriber<'_>]) -> SubscriptionPlan {
    if subscribers.is_empty() {
        SubscriptionPlan::Unsubscribe
    } else {
        SubscriptionPlan::Subscribe(field_lists(login, subscribers))
    }
}

/// The lists of fields to ask for, one after the other, until Meta takes one. The first has everything that the permissions
/// cover, the last only what an inbox cannot do without.
///
/// Meta refuses a list as a whole for its first field that it does not know, or that the permissions do not cover.
#[must_use]
pub fn field_lists(login: Login, subscribers: &[Subscriber<'_>]) -> Vec<Vec<&'static str>> {
    let wanted = union(login, subscribers);
    let down_to = |need: Need| -> Vec<&'static str> {
        wanted.iter().filter(|field| field.need <= need).map(|field| field.name).collect()
    };
    let mut lists: Vec<_> = Need::ALL.into_iter().rev().map(down_to).collect();
    lists.dedup();
    lists
}

/// Every field that some subscriber needs and has the permission for, once, as the one sees it who needs it most.
fn union(login: Login, subscribers: &[Subscriber<'_>]) -> Vec<Field> {
    let mut union: Vec<Field> = Vec::new();
    for subscriber in subscribers {
        for field in fields(login, subscriber.channel).iter().filter(|field| subscriber.may_have(field)) {
            match union.iter_mut().find(|known| known.name == field.name) {
                Some(known) => known.need = known.need.min(field.need),
                None => union.push(*field),
            }
        }
    }
    union
}

const fn fields(login: Login, channel: Channel) -> &'static [Field] {
    match (login.facts().actor, channel) {
        (Actor::Account, Channel::Instagram) => instagram::subscription::OF_ACCOUNT,
        (Actor::Page, Channel::Instagram) => instagram::subscription::OF_PAGE,
        (Actor::Account | Actor::Page, Channel::Messenger) => messenger::subscription::OF_PAGE,
    }
}

impl Subscriber<'_> {
    /// What there is no inbox without is asked for in any case: Meta's refusal tells what is missing.
    fn may_have(&self, field: &Field) -> bool {
        let is_granted = self.scopes.is_empty() || self.scopes.iter().any(|scope| scope == field.scope);
        is_granted || field.need == Need::Required
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::MESSAGES;
    use super::*;

    const DIRECT: &str = "instagram_business_manage_messages";
    const COMMENTS: &str = "instagram_business_manage_comments";
    const ECHOES: &str = "message_echoes";

    fn lists(login: Login, channels: &[Channel], scopes: &[&str]) -> Vec<Vec<&'static str>> {
        let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        let subscriber = |channel: &Channel| Subscriber { channel: *channel, scopes: &scopes };
        field_lists(login, &channels.iter().map(subscriber).collect::<Vec<_>>())
    }

    fn of_account(scopes: &[&str]) -> Vec<Vec<&'static str>> {
        lists(Login::Instagram, &[Channel::Instagram], scopes)
    }

    fn of_page(channels: &[Channel]) -> Vec<Vec<&'static str>> {
        lists(Login::Facebook, channels, &[])
    }

    #[test]
    fn fields_follow_from_what_was_granted_and_end_with_messages_alone() {
        let granted = of_account(&["instagram_business_basic", DIRECT]);
        assert!(granted.iter().all(|list| list[0] == MESSAGES && !list.contains(&"comments")), "{granted:?}");
        assert_eq!(granted.last().map(Vec::as_slice), Some([MESSAGES].as_slice()));
        assert!(of_account(&[DIRECT, COMMENTS])[0].contains(&"comments"));
        assert_eq!(of_account(&["instagram_business_basic"]), [[MESSAGES]], "Meta says what is missing");
    }

    #[test]
    fn where_it_is_not_known_what_was_granted_everything_is_tried() {
        assert_eq!(of_account(&[])[0].len(), instagram::subscription::OF_ACCOUNT.len());
        assert_eq!(of_page(&[Channel::Instagram]), [vec![MESSAGES, ECHOES], vec![MESSAGES]]);
    }

    #[test]
    fn an_accounts_echoes_are_the_first_to_be_left_out() {
        let lists = of_account(&[DIRECT, COMMENTS]);
        assert!(lists[0].contains(&ECHOES) && !lists[1].contains(&ECHOES) && lists[1].contains(&"comments"));
        assert_eq!(lists.len(), 4);
    }

    #[test]
    fn messenger_keeps_its_echoes_and_receipts_longer_than_what_is_optional() {
        let [all, expected, required] = of_page(&[Channel::Messenger]).try_into().expect("three lists");
        assert_eq!(all.len(), messenger::subscription::OF_PAGE.len());
        for field in [ECHOES, "message_deliveries", "message_reads", "messaging_postbacks", "messaging_referrals"] {
            assert!(expected.contains(&field), "{field}");
        }
        assert!(all.contains(&"standby") && !expected.contains(&"standby"));
        assert_eq!(required, [MESSAGES]);
    }

    #[test]
    fn a_page_with_both_channels_is_asked_for_what_either_needs_in_either_order() {
        let [alone, both, reversed] = [
            &[Channel::Messenger][..],
            &[Channel::Instagram, Channel::Messenger],
            &[Channel::Messenger, Channel::Instagram],
        ]
        .map(of_page);
        for (list, other) in both.iter().zip(&reversed) {
            let sorted = |list: &[&'static str]| {
                let mut list = list.to_vec();
                list.sort_unstable();
                list
            };
            assert_eq!(sorted(list), sorted(other));
        }
        assert_eq!(both[0].len(), alone[0].len(), "each field once");
        assert!(both[1].contains(&ECHOES), "as the channel wants it that needs it most");
        assert_eq!(both.last().map(Vec::as_slice), Some([MESSAGES].as_slice()));
    }

    #[test]
    fn what_one_channel_leaves_is_what_the_other_needs_and_the_last_switches_off() {
        let subscriber = |channel| Subscriber { channel, scopes: &[] };
        let plan = |subscribers: &[Subscriber<'_>]| subscription_plan(Login::Facebook, subscribers);
        for channel in Channel::ALL {
            let lists = of_page(&[channel]);
            assert_eq!(plan(&[subscriber(channel)]), SubscriptionPlan::Subscribe(lists), "{channel}");
        }
        assert_eq!(plan(&[]), SubscriptionPlan::Unsubscribe);
    }

    #[test]
    fn a_field_of_one_channel_is_not_asked_for_with_the_permissions_of_the_other() {
        let page: Vec<String> = vec!["pages_messaging".to_owned()];
        let none: Vec<String> = vec!["instagram_basic".to_owned()];
        let subscribers = [
            Subscriber { channel: Channel::Instagram, scopes: &page },
            Subscriber { channel: Channel::Messenger, scopes: &none },
        ];
        assert_eq!(field_lists(Login::Facebook, &subscribers)[0], [MESSAGES, ECHOES]);
    }
}
