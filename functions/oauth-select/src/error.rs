//! Why a choice was not shown or not made.

use accounts::{ConnectError, Refusal};
use domain::view::{AccountNames, NamedAccount};
use domain::{Candidate, PlanRefusal};
use edge::Problem;
use plans::PlanError;
use serde::Serialize;
use serde_json::json;
use store::StoreError;

use crate::selection::{MAX_ACCOUNTS, SelectionError};

/// An account that was chosen and not connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedAccount {
    /// Which.
    #[serde(flatten)]
    pub names: AccountNames,
    /// Why.
    #[serde(flatten)]
    pub refusal: Refusal,
    /// Why in more words, where the plan is why.
    #[serde(skip)]
    pub plan: Option<PlanRefusal>,
}

impl RefusedAccount {
    /// This candidate, for this reason.
    #[must_use]
    pub fn new(candidate: &Candidate, refusal: Refusal) -> Self {
        Self { names: names(candidate), refusal, plan: None }
    }

    /// This candidate, which was not connected.
    #[must_use]
    pub fn not_connected(candidate: &Candidate, failure: &ConnectError) -> Self {
        let plan = match failure {
            ConnectError::Plan(refusal) => Some(refusal.clone()),
            _ => None,
        };
        Self { plan, ..Self::new(candidate, Refusal::from(failure)) }
    }

    fn is_our_fault(&self) -> bool {
        [Refusal::INTERNAL, Refusal::UNAVAILABLE].contains(&self.refusal)
    }
}

/// What the API calls a candidate.
pub(crate) fn names(candidate: &Candidate) -> AccountNames {
    let Candidate { account, name, page_id, page_name, .. } = candidate;
    AccountNames::new(account, name, page_id.as_ref(), page_name.as_deref())
}

/// Why a choice was not shown or not made.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// The caller may not, or the body cannot be read.
    #[error("the request was refused")]
    Refused(Problem),
    /// No choice waits under this `state`, or it is another person's.
    #[error("no choice waits under the state")]
    UnknownState,
    /// The same choice was made at the same time.
    #[error("the choice was made already")]
    AlreadyChosen,
    /// What was chosen cannot be.
    #[error("the choice cannot be made")]
    Selection(#[from] SelectionError),
    /// The plan has no room for any of the accounts, or is not known.
    #[error("the plan was not asked or does not allow it")]
    Plan(#[from] PlanError),
    /// None of the chosen accounts was connected. The choice can be made again.
    #[error("none of the chosen accounts was connected")]
    AllRefused(Vec<RefusedAccount>),
    /// The authorization request or the connections were not read or written.
    #[error("the choice was not read or written")]
    Store(#[from] StoreError),
}

impl From<Problem> for SelectError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<&SelectError> for Problem {
    fn from(error: &SelectError) -> Self {
        use SelectError::{AllRefused, AlreadyChosen, Plan, Refused, Selection, Store, UnknownState};
        match error {
            Refused(problem) => problem.clone(),
            UnknownState => Self::new(404, "unknown-state", "There is nothing to choose from. Please connect again"),
            AlreadyChosen => Self::new(409, "already-chosen", "The choice was made already"),
            Selection(error) => of_selection(error),
            Plan(PlanError::Refused(refusal)) => Self::from(refusal),
            AllRefused(accounts) => of_refused(accounts),
            Plan(PlanError::Store(error)) | Store(error) => Self::failure(error.passes()),
        }
    }
}

fn of_selection(error: &SelectionError) -> Problem {
    match error {
        SelectionError::Shape(channel) => Problem::new(400, "invalid-selection", "Choose at least one account")
            .detail(format!("Name one as {}, or several as accounts", NamedAccount::field(*channel)))
            .with("max_accounts", MAX_ACCOUNTS),
        SelectionError::NotOffered => {
            Problem::new(400, "account-not-offered", "This account does not belong to the login")
        }
        SelectionError::Unavailable { reason } => {
            Problem::new(409, "account-unavailable", "This account cannot be connected").with("reason", reason.as_str())
        }
    }
}

/// One title for one cause; the accounts with theirs beside it.
fn of_refused(accounts: &[RefusedAccount]) -> Problem {
    let Some(first) = accounts.first() else { return Problem::INTERNAL };
    if accounts.iter().all(RefusedAccount::is_our_fault) {
        return Problem::failure(accounts.iter().any(|account| account.refusal == Refusal::UNAVAILABLE));
    }
    if let Some(refusal) = first.plan.as_ref().filter(|_| accounts.iter().all(|account| account.plan.is_some())) {
        return Problem::from(refusal).with("refused", json!(accounts));
    }
    let same = accounts.iter().all(|account| account.refusal == first.refusal);
    let title = if same { &first.refusal.title } else { "None of the chosen accounts could be connected" };
    Problem::new(409, "connection-refused", title.to_owned())
        .detail("Choose another account, or try again later")
        .with("reason", if same { first.refusal.reason } else { "several" })
        .with("refused", json!(accounts))
}

#[cfg(test)]
mod tests {
    use domain::Account;

    use super::*;

    const TAKEN: Refusal = Refusal::new("account_taken", "Connected elsewhere");

    fn refused(account: &str, refusal: Refusal) -> RefusedAccount {
        let account = Account::instagram(account.try_into().expect("an account"));
        RefusedAccount { names: AccountNames::new(&account, "shop", None, None), refusal, plan: None }
    }

    #[test]
    fn accounts_that_are_all_refused_are_a_conflict() {
        let problem =
            Problem::from(&SelectError::AllRefused(vec![refused("1", TAKEN), refused("2", Refusal::INTERNAL)]));
        assert_eq!((problem.status(), problem.kind()), (409, "connection-refused"));
    }

    #[test]
    fn accounts_that_the_plan_has_no_room_for_are_refused_with_its_words() {
        let catalogue = domain::Catalogue::deployed().expect("the catalogue that is deployed");
        let plan = catalogue.effective(None, None).no_connection_left(domain::Channel::Instagram, 1);
        let account = RefusedAccount { plan: Some(plan.clone()), ..refused("1", Refusal::from(&plan)) };
        let problem = Problem::from(&SelectError::AllRefused(vec![account]));
        assert_eq!((problem.status(), problem.kind()), (403, "plan-limit"));
    }

    #[test]
    fn accounts_that_all_failed_through_our_fault_are_no_conflict() {
        let problem = Problem::from(&SelectError::AllRefused(vec![refused("1", Refusal::INTERNAL)]));
        assert_eq!(problem.status(), 500);
        let some_pass = vec![refused("1", Refusal::INTERNAL), refused("2", Refusal::UNAVAILABLE)];
        assert_eq!(Problem::from(&SelectError::AllRefused(some_pass)).status(), 503);
    }
}
