//! What reached a phone, what was read.

use domain::event::{Payload, ReadUpTo};
use domain::time::UnixMillis;
use serde_json::{Value, json};

use super::{PERSON, element, own_element, payload};
use crate::util::AT;

fn delivered(until: i64) -> Payload {
    Payload::Delivered { contact: PERSON.try_into().expect("digits"), until: UnixMillis::new(until) }
}

#[test]
fn everything_up_to_the_watermark_was_delivered_with_and_without_mids() {
    let until = AT - 500;
    for receipt in [json!({"mids": ["m_B1"], "watermark": until}), json!({"watermark": until.to_string()})] {
        assert_eq!(payload(&element(&json!({"delivery": receipt}))), delivered(until));
    }
}

#[test]
fn a_receipt_needs_no_time_of_its_own() {
    let mut timeless = element(&json!({"delivery": {"watermark": AT - 500}}));
    timeless.as_object_mut().expect("an object").remove("timestamp");
    assert_eq!(payload(&timeless), delivered(AT - 500));
}

#[test]
fn everything_up_to_the_watermark_was_read() {
    let read = payload(&element(&json!({"read": {"watermark": AT}})));
    let up_to = ReadUpTo::Time(UnixMillis::new(AT));
    assert_eq!(read, Payload::Read { contact: PERSON.try_into().expect("digits"), up_to });
    assert_eq!(payload(&own_element(&json!({"read": {"watermark": AT}}))), Payload::Nothing { kind: "own_read" });
}

#[test]
fn a_watermark_that_has_not_come_or_is_none_says_nothing() {
    let year_2286 = json!(9_999_999_999_999_i64);
    for watermark in [year_2286, json!(0), json!("soon"), Value::Null, json!({})] {
        let receipt = json!({"mids": ["m_B1"], "watermark": watermark});
        let nothing = |kind| Payload::Nothing { kind };
        assert_eq!(payload(&element(&json!({"delivery": receipt}))), nothing("delivered_up_to_nothing"));
        assert_eq!(payload(&element(&json!({"read": receipt}))), nothing("read_up_to_nothing"));
    }
}
