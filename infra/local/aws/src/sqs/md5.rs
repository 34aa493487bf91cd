//! The checksums by which clients verify what SQS stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};

use super::message::MessageAttributes;

const STRING_TRANSPORT: u8 = 1;
const BINARY_TRANSPORT: u8 = 2;

/// The MD5 of a body, in hexadecimal digits.
pub(super) fn of_body(body: &str) -> String {
    hex::encode(Md5::digest(body.as_bytes()))
}

/// The MD5 of attributes, or `None` when there are none.
///
/// For each attribute by name: name and type with their lengths, a byte for the kind of value, value with its length.
///
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
pub(super) fn of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        update(&mut digest, name.as_bytes());
        update(&mut digest, attribute.data_type.as_bytes());
        if let Some(text) = &attribute.string_value {
            digest.update([STRING_TRANSPORT]);
            update(&mut digest, text.as_bytes());
        } else if let Some(encoded) = &attribute.binary_value {
            digest.update([BINARY_TRANSPORT]);
            update(&mut digest, &BASE64.decode(encoded).unwrap_or_default());
        }
    }
    Some(hex::encode(digest.finalize()))
}

fn update(digest: &mut Md5, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    digest.update(length.to_be_bytes());
    digest.update(part);
}

#[cfg(test)]
mod tests {
    use super::super::message::MessageAttribute;
    use super::*;

    #[test]
    fn the_checksum_of_attributes_covers_length_prefixed_names_types_and_values() {
        let attribute =
            MessageAttribute { data_type: "String".into(), string_value: Some("x".into()), binary_value: None };
        let attributes = MessageAttributes::from([("t".into(), attribute)]);

        let expected = Md5::digest(b"\0\0\0\x01t\0\0\0\x06String\x01\0\0\0\x01x");
        assert_eq!(of_attributes(&attributes), Some(hex::encode(expected)));
        assert_eq!(of_attributes(&MessageAttributes::new()), None);
    }
}
