//! What a caller asks to be sent, checked for what is wrong whatever the conversation is.

use domain::Channel;
use domain::message::{Attachment, Author};
use domain::policy::{self, HUMAN_AGENT, Refusal};
use lambda_http::http::HeaderValue;
use serde::Deserialize;
use serde_json::Map;
use url::Url;

use crate::error::SendError;

/// Far above any message: 2000 characters of text, each escaped, and two addresses.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// Longest address of an attachment.
const MAX_URL_BYTES: usize = 2048;

/// Longest idempotency key.
const MAX_KEY_BYTES: usize = 255;

/// The request's body. Everything else about the message follows from the caller and the conversation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendRequest {
    /// The conversation to answer in.
    #[serde(rename = "conversationId", alias = "conversation_id")]
    pub(crate) conversation: String,
    /// The text; or else an attachment.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// An attachment by address; or else a text.
    #[serde(default)]
    pub(crate) attachment: Option<AttachmentRequest>,
    /// The message that is answered: our id, or the provider's.
    #[serde(default)]
    pub(crate) reply_to: Option<String>,
    /// `HUMAN_AGENT`, or nothing: it is added where it is needed.
    #[serde(default)]
    pub(crate) tag: Option<String>,
}

/// An attachment that the provider fetches.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttachmentRequest {
    /// `image`, `video`, `audio` or `file`.
    #[serde(rename = "type")]
    kind: String,
    /// A public `https` address.
    url: String,
}

impl SendRequest {
    /// Checks what Meta would refuse: a message is a text or an attachment.
    pub(crate) fn check_content(&self, channel: Channel) -> Result<(), SendError> {
        match (&self.text, &self.attachment) {
            (Some(_), Some(_)) => Err(SendError::TextAndAttachment),
            (None, Some(attachment)) => attachment.check(channel),
            (text, None) => Ok(policy::check_text(channel, text.as_deref().unwrap_or_default())?),
        }
    }

    /// The attachment as a message holds it.
    pub(crate) fn attachments(&self) -> Vec<Attachment> {
        let attachment = self.attachment.as_ref().map(|attachment| Attachment {
            kind: attachment.kind.clone(),
            url: Some(attachment.url.clone()),
            title: None,
            metadata: Map::new(),
        });
        attachment.into_iter().collect()
    }

    /// Whether the caller asks for the tag. Other tags have ended at Meta.
    pub(crate) fn asks_for_tag(&self, author: Author) -> Result<bool, SendError> {
        match self.tag.as_deref() {
            None => Ok(false),
            Some(HUMAN_AGENT) if author == Author::Agent => Ok(true),
            Some(_) => Err(SendError::Refused(Refusal::TagNotAllowed)),
        }
    }
}

impl AttachmentRequest {
    fn check(&self, channel: Channel) -> Result<(), SendError> {
        if !channel.limits().takes(&self.kind) {
            return Err(SendError::AttachmentKind);
        }
        let fetchable = |url: Url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        if self.url.len() > MAX_URL_BYTES || !Url::parse(&self.url).is_ok_and(fetchable) {
            return Err(SendError::AttachmentUrl);
        }
        Ok(())
    }
}

/// Checks the `Idempotency-Key` header: 1 to 255 visible ASCII characters.
pub(crate) fn idempotency_key(header: Option<&HeaderValue>) -> Result<Option<&str>, SendError> {
    let Some(header) = header else { return Ok(None) };
    let usable =
        |key: &&str| (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    header.to_str().ok().filter(usable).map(Some).ok_or(SendError::IdempotencyKey)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(body: &serde_json::Value) -> SendRequest {
        let mut whole = json!({ "conversationId": "c" });
        whole.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        serde_json::from_value(whole).expect("a request")
    }

    fn refusal(body: &serde_json::Value) -> edge::Problem {
        edge::Problem::from(&request(body).check_content(Channel::Instagram).expect_err("cannot be sent"))
    }

    #[test]
    fn the_sample_events_ask_for_a_text() {
        let samples = [
            (Channel::Instagram, include_str!("../../../events/send.json")),
            (Channel::Messenger, include_str!("../../../events/send-messenger.json")),
        ];
        for (channel, sample) in samples {
            let sample = lambda_http::request::from_str(sample).expect("an event of API Gateway");
            assert_eq!(edge::http::channel(&sample).ok(), Some(channel));
            let asked: SendRequest = edge::http::body_json(&sample, MAX_BODY_BYTES).expect("a request");
            assert!(asked.check_content(channel).is_ok());
            assert!(idempotency_key(sample.headers().get("idempotency-key")).expect("a key").is_some());
        }
    }

    #[test]
    fn a_text_or_an_attachment_can_be_sent() {
        assert!(request(&json!({ "text": "hi" })).check_content(Channel::Instagram).is_ok());
        let image = request(&json!({ "attachment": { "type": "image", "url": "https://example.com/a.png" } }));
        assert!(image.check_content(Channel::Instagram).is_ok());
        assert_eq!(image.attachments()[0].url.as_deref(), Some("https://example.com/a.png"));
    }

    #[test]
    fn what_instagram_would_refuse_is_refused_with_a_kind_of_its_own() {
        let url = "https://example.com/a.png";
        let cases = [
            (json!({}), 400, "empty-message"),
            (json!({ "text": "  " }), 400, "empty-message"),
            (json!({ "text": "é".repeat(501) }), 422, "text-too-long"),
            (json!({ "text": "a", "attachment": { "type": "image", "url": url } }), 400, "text-and-attachment"),
            (json!({ "attachment": { "type": "template", "url": url } }), 400, "attachment-type"),
            (json!({ "attachment": { "type": "image", "url": "http://example.com/a.png" } }), 400, "attachment-url"),
            (json!({ "attachment": { "type": "image", "url": "not an address" } }), 400, "attachment-url"),
        ];
        for (body, status, kind) in cases {
            let problem = refusal(&body);
            assert_eq!((problem.status(), problem.kind()), (status, kind), "{body}");
        }
    }

    #[test]
    fn the_tag_is_for_people_and_other_tags_have_ended() {
        let tagged = |tag: &str| request(&json!({ "text": "hi", "tag": tag }));
        assert!(tagged("HUMAN_AGENT").asks_for_tag(Author::Agent).expect("a person may ask"));
        assert!(tagged("HUMAN_AGENT").asks_for_tag(Author::Automation).is_err());
        assert!(tagged("ACCOUNT_UPDATE").asks_for_tag(Author::Agent).is_err());
        assert!(!request(&json!({ "text": "hi" })).asks_for_tag(Author::Automation).expect("no tag"));
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused_and_the_other_spelling_is_read() {
        assert!(serde_json::from_value::<SendRequest>(json!({ "conversationId": "c", "txt": "hi" })).is_err());
        let other = serde_json::from_value::<SendRequest>(json!({ "conversation_id": "c", "text": "hi" }));
        assert_eq!(other.expect("a request").conversation, "c");
    }

    #[test]
    fn an_idempotency_key_is_visible_and_short() {
        let check = |key: &str| idempotency_key(Some(&HeaderValue::from_str(key).expect("a header"))).is_ok();
        assert!(check("5f0c2a9e-6a0b") && check(&"k".repeat(255)));
        assert!(!check("") && !check("a b") && !check(&"k".repeat(256)));
        assert!(idempotency_key(None).expect("no header").is_none());
    }
}
