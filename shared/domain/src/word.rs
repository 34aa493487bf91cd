//! A word that this version does not know.

/// What a newer version stored in the place of a word: read by an older one after a rollback, and written back as it was.
/// Longer ones cannot be read.
pub type Word = arrayvec::ArrayString<32>;

/// What the API shows in its place.
pub(crate) const UNKNOWN: &str = "unknown";

/// Gives enums of stored words what the API shows of them.
macro_rules! shown {
    ($($name:ident),*) => {
        $(impl $name {
            /// As the API shows it: `unknown` for a word that this version does not know.
            #[must_use]
            pub fn shown(self) -> Self {
                match self {
                    Self::Other(_) => Self::Other($crate::word::Word::from($crate::word::UNKNOWN).unwrap_or_default()),
                    known => known,
                }
            }
        })*
    };
}

pub(crate) use shown;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::AuditKind;
    use crate::message::{Kind, Reactor, ReplyTo, Status};

    #[test]
    fn a_word_of_a_newer_version_is_read_and_written_back_as_it_was() {
        let kind: Kind = serde_json::from_value(json!("hologram")).expect("any word is read");
        assert_eq!(serde_json::to_value(kind).expect("JSON"), "hologram");
        assert_eq!(kind.shown(), Kind::Unsupported);
        let status: Status = serde_json::from_value(json!("scheduled")).expect("any word is read");
        assert_eq!(serde_json::to_value(status.shown()).expect("JSON"), "unknown");
        let line: AuditKind = serde_json::from_value(json!("connection.cloned")).expect("any word is read");
        assert_eq!(serde_json::to_value(line).expect("JSON"), "connection.cloned");
        let quoted = json!({"type": "poll", "id": "1"});
        let reply: ReplyTo = serde_json::from_value(quoted.clone()).expect("any object is read");
        assert_eq!(serde_json::to_value(reply).expect("JSON"), quoted);
    }

    #[test]
    fn a_known_word_is_itself() {
        let kind: Kind = serde_json::from_value(json!("story_reply")).expect("a kind");
        assert_eq!((kind, kind.shown()), (Kind::StoryReply, Kind::StoryReply));
        assert_eq!(serde_json::from_value::<Reactor>(json!("account")).expect("a side"), Reactor::Account);
    }
}
