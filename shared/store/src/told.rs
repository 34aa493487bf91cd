//! Every write of what others may want to know says what it was: the tables' streams are filtered by that.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use domain::outbox::LastChange;

use crate::item::{Item, text};

/// What the last write of an item was.
pub(crate) const LAST_CHANGE: &str = "last_change";

/// A whole item that says what its write is.
pub(crate) fn told(mut item: Item, change: LastChange) -> Item {
    item.insert(LAST_CHANGE.to_owned(), text(change.as_str()));
    item
}

/// An update that says what it was.
pub(crate) trait Telling: Sized {
    fn expression(&self) -> Option<&str>;

    fn with(self, expression: String, value: AttributeValue) -> Self;

    /// Notes what the update is. Its expression has to be set before.
    fn telling(self, change: LastChange) -> Self {
        let rest = self.expression().unwrap_or_default();
        let expression = match rest.strip_prefix("SET ") {
            Some(assignments) => format!("SET {LAST_CHANGE} = :last_change, {assignments}"),
            None => format!("SET {LAST_CHANGE} = :last_change {rest}"),
        };
        self.with(expression, text(change.as_str()))
    }
}

macro_rules! telling {
    ($builder:ty) => {
        impl Telling for $builder {
            fn expression(&self) -> Option<&str> {
                self.get_update_expression().as_deref()
            }

            fn with(self, expression: String, value: AttributeValue) -> Self {
                self.update_expression(expression).expression_attribute_values(":last_change", value)
            }
        }
    };
}

telling!(UpdateItemFluentBuilder);
telling!(UpdateBuilder);
