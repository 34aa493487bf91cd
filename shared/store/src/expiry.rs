//! What has expired is absent. `DynamoDB` deletes it days later, and until then reads it, lists it, and finds it where a
//! condition asks for it.
//!
//! So every read hands out what is [`living`] only, and every condition that asks whether something is there asks
//! [`Conditional::if_absent`] or [`Conditional::if_living`]. Only what erases sees everything.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use domain::UnixSeconds;

use crate::item::{Item, number};

/// The tables' TTL attribute: deleted some days after that.
pub(crate) const TTL: &str = "ttl";

/// When an item expires that outlives its expiry in the table.
pub(crate) const KEPT_UNTIL: &str = "kept_until";

/// The time by the client's own clock.
pub(crate) fn now(client: &Client) -> UnixSeconds {
    let now = client.config().time_source().unwrap_or_default().now();
    let since_1970 = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    UnixSeconds::new(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX))
}

/// Whether an item is there for anybody but `DynamoDB`.
pub(crate) fn living(item: &Item, now: UnixSeconds) -> bool {
    let end = item.get(KEPT_UNTIL).or_else(|| item.get(TTL));
    end.and_then(read_number).is_none_or(|end| now.get() < end)
}

fn read_number(value: &AttributeValue) -> Option<i64> {
    value.as_n().ok()?.parse().ok()
}

/// A write with a condition.
pub(crate) trait Conditional: Sized {
    /// Sets the condition, with a name and a value for it.
    fn condition(self, condition: String, name: (&str, &str), value: (&str, AttributeValue)) -> Self;

    /// Only where there is no such item, or an expired one, of which nothing is left then.
    fn if_absent(self, now: UnixSeconds) -> Self {
        let condition = "attribute_not_exists(pk) OR #ttl <= :living_at".to_owned();
        self.condition(condition, ("#ttl", TTL), (":living_at", number(now.get())))
    }

    /// Only where there is such an item that has not expired, and the condition holds.
    fn if_living(self, condition: &str, now: UnixSeconds) -> Self {
        self.if_living_until(TTL, condition, now)
    }

    /// As [`Self::if_living`], of a conversation; a tombstone is none.
    fn if_living_conversation(self, condition: &str, now: UnixSeconds) -> Self {
        self.if_living_until(KEPT_UNTIL, &format!("attribute_exists(id) AND ({condition})"), now)
    }

    /// As [`Self::if_living`], by the attribute that says when the item ends.
    fn if_living_until(self, end: &str, condition: &str, now: UnixSeconds) -> Self {
        let living = "attribute_exists(pk) AND (attribute_not_exists(#end) OR #end > :living_at)";
        self.condition(format!("{living} AND ({condition})"), ("#end", end), (":living_at", number(now.get())))
    }
}

macro_rules! conditional {
    ($builder:ty) => {
        impl Conditional for $builder {
            fn condition(self, condition: String, name: (&str, &str), value: (&str, AttributeValue)) -> Self {
                self.condition_expression(condition)
                    .expression_attribute_names(name.0, name.1)
                    .expression_attribute_values(value.0, value.1)
            }
        }
    };
}

conditional!(PutItemFluentBuilder);
conditional!(UpdateItemFluentBuilder);
conditional!(PutBuilder);
conditional!(UpdateBuilder);

#[cfg(test)]
mod tests {
    use super::*;

    fn item(ends: &[(&str, i64)]) -> Item {
        ends.iter().map(|(name, end)| ((*name).to_owned(), number(*end))).collect()
    }

    #[test]
    fn an_item_is_there_until_its_second_and_for_good_without_one() {
        let at = UnixSeconds::new(100);
        assert!(living(&item(&[]), at));
        assert!(living(&item(&[(TTL, 101)]), at));
        assert!(!living(&item(&[(TTL, 100)]), at));
        assert!(!living(&item(&[(TTL, 1000), (KEPT_UNTIL, 100)]), at), "it outlives its end in the table only");
    }
}
