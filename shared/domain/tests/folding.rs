//! Neither the order nor the repetition of deliveries matters.

use std::collections::BTreeMap;

use domain::conversation::{ConversationState, WasCounted};
use domain::message::{Edit, Reaction, Reactor, Referral};
use domain::policy::Permission;
use domain::{
    Account, Author, Change, Channel, ContactId, Conversation, ConversationId, Direction, Kind, Message, MessageId,
    Mid, Status, TenantId, UnixMillis, event::NewMessage,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn conversation() -> Conversation {
    let tenant = TenantId::try_from("luna").expect("a tenant id");
    let account = Account::instagram("17841405726653026".try_into().expect("an account id"));
    let contact = ContactId::try_from("430915413000664").expect("a contact id");
    let id = ConversationId::derive(&tenant, &account, &contact);
    Conversation::new(id, account, contact, UnixMillis::new(0))
}

fn inbound(at: i64, mid: &str) -> Message {
    let mid = Mid::try_from(mid).expect("a mid");
    let new = NewMessage {
        id: MessageId::derive(UnixMillis::new(at), &mid),
        untimed: false,
        ahead: None,
        mid: Some(mid),
        direction: Direction::Inbound,
        author: Author::Customer,
        kind: Kind::Message,
        text: Some(format!("written at {at}")),
        attachments: Vec::new(),
        reply_to: None,
        referral: None,
        username: None,
        opens_window: true,
        handled_elsewhere: false,
        sent_as: None,
        metadata: serde_json::Map::new(),
        trace_id: None,
    };
    Message::from_event(conversation().id, new)
}

fn change() -> impl Strategy<Value = Change> {
    let reactor = prop_oneof![Just(Reactor::Contact), Just(Reactor::Account)];
    let emoji = proptest::option::of(prop_oneof![Just("❤️".to_owned()), Just("👍".to_owned())]);
    prop_oneof![
        3 => (reactor, 0_i64..5, emoji).prop_map(|(by, at, emoji)| {
            Change::React { by, reaction: Reaction { at: UnixMillis::new(at), emoji, name: None } }
        }),
        3 => (0_u32..4, 0_i64..5, "[a-c]").prop_map(|(number, at, text)| {
            Change::Edit { edit: Edit { number, at: UnixMillis::new(at), text } }
        }),
        1 => (0_i64..5).prop_map(|at| Change::Unsend { at: UnixMillis::new(at) }),
    ]
}

fn folded(changes: &[Change]) -> Message {
    let mut message = inbound(1_752_834_910_447, "aWdf1");
    for change in changes {
        message.apply(change);
    }
    message
}

const fn same(at: i64) -> i64 {
    at
}

/// Deliveries of one message differ by some milliseconds, and what is read back has whole seconds.
fn time_of_another_delivery() -> impl Strategy<Value = fn(i64) -> i64> {
    let times: [fn(i64) -> i64; 6] =
        [same, |at| at + 1, |at| at - 1, |at| at + 4, |at| at / 1000 * 1000, |at| at / 1000 * 1000 + 1000];
    proptest::sample::select(times.to_vec())
}

proptest! {
    #[test]
    fn changes_end_in_the_same_message_in_any_order_and_repetition(
        changes in vec(change(), 0..8),
        shuffled in any::<u64>(),
        repeated in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut disturbed = changes.clone();
        if !changes.is_empty() {
            disturbed.extend(repeated.iter().map(|index| index.get(&changes).clone()));
            let half = usize::try_from(shuffled % disturbed.len() as u64).expect("below a length");
            disturbed.rotate_left(half);
            if shuffled % 2 == 0 {
                disturbed.reverse();
            }
        }
        prop_assert_eq!(folded(&changes), folded(&disturbed));
    }

    #[test]
    fn every_message_is_counted_once_however_often_it_is_delivered(
        first in vec((1_i64..20_000, time_of_another_delivery()), 1..60),
        again in vec((any::<prop::sample::Index>(), time_of_another_delivery()), 0..60),
    ) {
        let mut conversation = conversation();
        let mut stored = BTreeMap::new();
        let again = again.iter().map(|(index, time)| (index.get(&first).0, *time));
        for (written_at, time) in first.iter().copied().chain(again) {
            let message = inbound(time(written_at), &format!("mid{written_at}"));
            let counted = match conversation.counted.contains(&message.id) {
                WasCounted::Yes => true,
                WasCounted::No => {
                    prop_assert!(!stored.contains_key(&written_at), "a counted message was forgotten without a horizon");
                    false
                }
                WasCounted::IfStored => stored.contains_key(&written_at),
            };
            if !counted {
                conversation.count(&message, true);
                stored.insert(written_at, message.created_at);
            }
        }
        let newest = stored.values().max().copied();
        prop_assert_eq!(conversation.unread as usize, stored.len());
        prop_assert_eq!(Some(conversation.last_message_at), newest);
        prop_assert_eq!(conversation.window_opened_at, newest);
    }
}

#[test]
fn an_unsent_message_shows_nothing_of_what_it_was() {
    let mut message = inbound(1_752_834_910_447, "aWdf1");
    assert!(message.apply(&Change::Unsend { at: UnixMillis::new(1_752_834_920_000) }));
    assert_eq!((message.status, message.text.as_deref()), (Status::Deleted, None));
    assert!(!format!("{message:?}").contains("written at"));
    let late = Edit { number: 9, at: UnixMillis::new(1_752_834_930_000), text: "back".to_owned() };
    assert!(!message.apply(&Change::Edit { edit: late }));
}

/// A message with an author and a kind that nobody's act made.
fn note(at: i64, author: Author, kind: Kind) -> Message {
    Message { author, kind, text: None, ..inbound(at, &format!("note{at}")) }
}

#[test]
fn what_nobody_wrote_stands_among_the_messages_and_changes_nothing_else() {
    let notes = [(Author::App, Kind::Unsupported), (Author::App, Kind::ThreadControl), (Author::Customer, Kind::Optin)];
    for (author, kind) in notes {
        let mut conversation = conversation();
        conversation.count(&inbound(1_000, "aWdf1"), true);
        conversation.state = ConversationState::Closed;
        conversation.unread = 0;
        let before = conversation.clone();
        conversation.count(&note(2_000, author, kind), false);
        conversation.counted = before.counted.clone();
        assert_eq!(conversation, before, "{author:?} {kind:?}");
    }
}

#[test]
fn what_nobody_wrote_is_shown_until_somebody_writes_in_either_order() {
    let (note, message) = (note(2_000, Author::App, Kind::Unsupported), inbound(1_000, "aWdf1"));
    for order in [[&note, &message], [&message, &note]] {
        let mut conversation = conversation();
        conversation.count(order[0], false);
        assert_eq!(conversation.last_message.as_ref().map(|shown| &shown.id), Some(&order[0].id));
        conversation.count(order[1], false);
        assert_eq!(conversation.last_message.map(|shown| shown.id).as_ref(), Some(&message.id));
    }
}

#[test]
fn a_second_message_leaves_the_advertisements_window_open() {
    let mut from_ad = inbound(1_000, "aWdf1");
    from_ad.referral = Some(Referral { ad_id: Some("120200000000".to_owned()), ..Referral::default() });
    let second = inbound(2_000, "aWdf2");
    for order in [[&from_ad, &second], [&second, &from_ad]] {
        let mut conversation = conversation();
        for message in order {
            conversation.count(message, true);
        }
        let thirty_hours = UnixMillis::new(30 * 60 * 60 * 1000);
        let permission = conversation.reply_window().permission(Author::Automation, false, thirty_hours);
        assert_eq!(permission, Ok(Permission::Response));
    }
}

#[test]
fn a_message_that_was_sent_after_the_contact_had_read_is_not_read() {
    let mut conversation = conversation();
    let mut message = inbound(1_000, "aWdf1");
    message.status = Status::Sent;
    message.sent_at = Some(UnixMillis::new(5_000));
    conversation.read_by_contact(UnixMillis::new(4_000));
    assert_eq!(conversation.shown_status(&message), Status::Sent);
    conversation.read_by_contact(UnixMillis::new(5_000));
    assert_eq!(conversation.shown_status(&message), Status::Read);
}

#[test]
fn a_sent_message_counts_as_read_up_to_the_contacts_mark() {
    let mut conversation = conversation();
    let mut message = inbound(1_000, "aWdf1");
    message.status = Status::Sent;
    assert_eq!(conversation.shown_status(&message), Status::Sent);
    assert!(conversation.read_by_contact(UnixMillis::new(1_000)));
    assert_eq!(conversation.shown_status(&message), Status::Read);
    assert!(!conversation.read_by_contact(UnixMillis::new(999)), "a mark never moves back");
}

#[test]
fn a_sent_message_is_delivered_then_read_and_never_goes_back() {
    let mut conversation = conversation();
    let mut message = inbound(1_000, "aWdf1");
    message.status = Status::Sent;
    assert!(conversation.delivered_to_contact(UnixMillis::new(1_000)));
    assert_eq!(conversation.shown_status(&message), Status::Delivered);
    conversation.read_by_contact(UnixMillis::new(1_000));
    assert_eq!(conversation.shown_status(&message), Status::Read);
    assert!(!conversation.delivered_to_contact(UnixMillis::new(999)), "a mark never moves back");
    conversation.delivered_to_contact(UnixMillis::new(2_000));
    assert_eq!(conversation.shown_status(&message), Status::Read, "read is more than delivered");
}

#[test]
fn what_was_sent_after_the_mark_is_not_delivered_and_what_failed_never_is() {
    let mut conversation = conversation();
    conversation.delivered_to_contact(UnixMillis::new(4_000));
    let mut message = inbound(1_000, "aWdf1");
    message.sent_at = Some(UnixMillis::new(5_000));
    for status in [Status::Sent, Status::Failed, Status::Uncertain, Status::Queued, Status::Deleted] {
        message.status = status;
        assert_eq!(conversation.shown_status(&message), status);
    }
}

#[test]
fn a_reaction_of_the_contact_opens_the_window_of_messenger_and_taking_it_back_does_not() {
    let react = |by, at, emoji: Option<&str>| {
        let reaction = Reaction { at: UnixMillis::new(at), emoji: emoji.map(str::to_owned), name: None };
        Change::React { by, reaction }
    };
    let edit = Change::Edit { edit: Edit { number: 1, at: UnixMillis::new(9), text: "edited".to_owned() } };
    for channel in Channel::ALL {
        let mut conversation = conversation();
        conversation.account.channel = channel;
        for change in [
            react(Reactor::Contact, 5, Some("👍")),
            react(Reactor::Contact, 3, Some("👍")),
            react(Reactor::Contact, 7, None),
            react(Reactor::Account, 8, Some("👍")),
            edit.clone(),
        ] {
            conversation.open_window_by(&change);
        }
        let expected = match channel {
            Channel::Instagram => None,
            Channel::Messenger => Some(UnixMillis::new(5)),
        };
        assert_eq!(conversation.window_opened_at, expected, "{channel}");
    }
}
