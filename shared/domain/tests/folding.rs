//! Neither the order nor the repetition of deliveries matters.

use std::collections::BTreeSet;

use domain::conversation::WasCounted;
use domain::message::{Edit, Reaction, Reactor};
use domain::{
    Author, Change, Conversation, ConversationId, Direction, IgId, Igsid, Kind, Message, MessageId, Mid, Status,
    TenantId, UnixMillis, event::NewMessage,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn conversation() -> Conversation {
    let tenant = TenantId::try_from("luna").expect("a tenant id");
    let account = IgId::try_from("17841405726653026").expect("an IG id");
    let contact = Igsid::try_from("430915413000664").expect("an IGSID");
    let id = ConversationId::derive(&tenant, &account, &contact);
    Conversation::new(id, account, contact, UnixMillis::new(0))
}

fn inbound(at: i64, mid: &str) -> Message {
    let mid = Mid::try_from(mid).expect("a mid");
    let new = NewMessage {
        id: MessageId::derive(UnixMillis::new(at), &mid),
        mid: Some(mid),
        direction: Direction::Inbound,
        author: Author::Customer,
        kind: Kind::Message,
        text: Some(format!("written at {at}")),
        attachments: Vec::new(),
        reply_to: None,
        referral: None,
        opens_window: true,
        handled_elsewhere: false,
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
        times in vec(1_i64..40, 1..60),
        again in vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let mut conversation = conversation();
        let mut stored = BTreeSet::new();
        let deliveries = times.iter().chain(again.iter().map(|index| index.get(&times)));
        for at in deliveries {
            let message = inbound(*at, &format!("mid{at}"));
            let counted = match conversation.counted.contains(&message.id) {
                WasCounted::Yes => true,
                WasCounted::No => {
                    prop_assert!(!stored.contains(&message.id), "a counted message was forgotten without a horizon");
                    false
                }
                WasCounted::IfStored => stored.contains(&message.id),
            };
            if !counted {
                conversation.count(&message, true);
                stored.insert(message.id);
            }
        }
        let newest = times.iter().max().copied();
        prop_assert_eq!(conversation.unread as usize, stored.len());
        prop_assert_eq!(Some(conversation.last_message_at.get()), newest);
        prop_assert_eq!(conversation.window_opened_at.map(UnixMillis::get), newest);
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
