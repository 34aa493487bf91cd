//! The templates that Messenger has beside generic and button ones.

use serde_json::Value;

use crate::errors::GraphError;

const PRODUCTS: usize = 10;

/// Checks a template of Messenger.
///
/// # Errors
///
/// 100/2534015 for one that lacks what its kind needs.
pub(super) fn check(kind: &str, payload: &Value) -> Result<(), GraphError> {
    match kind {
        "media" => media(&payload["elements"]),
        "receipt" => {
            has(payload, &["recipient_name", "order_number", "currency", "payment_method"])?;
            let total = payload["summary"]["total_cost"].is_number();
            if total { Ok(()) } else { Err(missing("summary.total_cost")) }
        }
        "product" => {
            let products = payload["elements"].as_array().filter(|list| (1..=PRODUCTS).contains(&list.len()));
            let products =
                products.ok_or_else(|| GraphError::message_data("A product template has 1 to 10 products"))?;
            products.iter().try_for_each(|product| has(product, &["id"]))
        }
        "coupon" => {
            has(payload, &["title"])?;
            has(payload, &["coupon_code"]).or_else(|_| has(payload, &["coupon_url"]))
        }
        "customer_feedback" => {
            has(payload, &["title", "button_title"])?;
            has(&payload["business_privacy"], &["url"])?;
            let has_screens = payload["feedback_screens"].as_array().is_some_and(|screens| !screens.is_empty());
            if has_screens { Ok(()) } else { Err(missing("feedback_screens")) }
        }
        _ => Err(GraphError::message_data(
            "Param template_type must be one of {generic, button, media, receipt, product, coupon, customer_feedback}",
        )),
    }
}

/// One picture or film, uploaded before or on Facebook.
fn media(elements: &Value) -> Result<(), GraphError> {
    let one = elements.as_array().filter(|list| list.len() == 1).map(|list| &list[0]);
    let one = one.ok_or_else(|| GraphError::message_data("A media template has exactly 1 element"))?;
    if !matches!(one["media_type"].as_str(), Some("image" | "video")) {
        return Err(missing("media_type"));
    }
    let on_facebook = |url: &str| url.starts_with("https://www.facebook.com/");
    let is_uploaded = one["attachment_id"].is_string() || one["attachment_id"].is_number();
    if is_uploaded || one["url"].as_str().is_some_and(on_facebook) { Ok(()) } else { Err(missing("attachment_id")) }
}

fn has(value: &Value, names: &[&str]) -> Result<(), GraphError> {
    let lacking = names.iter().find(|name| value[**name].as_str().is_none_or(str::is_empty));
    lacking.map_or(Ok(()), |name| Err(missing(name)))
}

fn missing(name: &str) -> GraphError {
    GraphError::message_data(format!("Param {name} is required in this template"))
}

/// A template as its echo shows it: ids of uploaded media are numbers there.
pub(super) fn echoed(payload: &Value) -> Value {
    let mut payload = payload.clone();
    for element in payload["elements"].as_array_mut().into_iter().flatten() {
        let number = element["attachment_id"].as_str().and_then(|id| id.parse::<u64>().ok());
        if let Some(number) = number {
            element["attachment_id"] = number.into();
        }
    }
    payload
}
