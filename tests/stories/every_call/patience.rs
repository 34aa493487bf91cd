use std::time::Duration;

use local::StackSettings;

/// How long functions wait for AWS and for Meta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// As they are deployed.
    Usual,
    /// So little that a run can wait for them to give up.
    Little,
}

/// With an attempt, and with Meta.
const LITTLE: Duration = Duration::from_secs(1);
/// With a call to AWS and all its attempts.
const LITTLE_WITH_A_CALL: Duration = Duration::from_millis(1600);

/// Later than those of little patience wait, and than the moment at which they ask again.
pub(super) const TOO_LATE: Duration = Duration::from_millis(1400);

impl Patience {
    pub(super) fn tell(self, settings: &mut StackSettings) {
        if self == Self::Usual {
            return;
        }
        settings.patience = edge::Patience { attempt: LITTLE, call: LITTLE_WITH_A_CALL };
        settings.variables.insert("META_CALL_MILLISECONDS".to_owned(), LITTLE.as_millis().to_string());
    }
}
