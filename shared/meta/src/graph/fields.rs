//! A webhook field, and how much depends on it.

/// The field without which there is no inbox.
pub const MESSAGES: &str = "messages";

/// A webhook field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// The permission without which Meta refuses every list that has it.
    pub(crate) scope: &'static str,
    pub(crate) need: Need,
}

/// How much depends on a field, the most first: the last is the first to be left out of a list that Meta refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// There is no inbox without it.
    Required,
    /// Something of the inbox is missing without it.
    Expected,
    /// The inbox does without it.
    Optional,
    /// Meta may not know the name.
    Doubtful,
}

impl Need {
    /// Each list of fields goes down to one of these.
    pub(crate) const ALL: [Self; 4] = [Self::Required, Self::Expected, Self::Optional, Self::Doubtful];
}
