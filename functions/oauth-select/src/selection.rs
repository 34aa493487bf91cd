//! What the person chose, checked against what there was to choose from.

use domain::{AccountId, Candidate, PageId};
use serde::Deserialize;

/// As many as are connected within one answer's time.
pub const MAX_ACCOUNTS: usize = 20;

/// The body of a choice: one account, or a list of them.
#[derive(Deserialize)]
pub struct SelectRequest {
    /// The `state` that the callback put into the page's address.
    pub state: String,
    ig_user_id: Option<AccountId>,
    page_id: Option<PageId>,
    accounts: Option<Vec<ChosenAccount>>,
}

/// One account of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChosenAccount {
    /// Which.
    pub ig_user_id: AccountId,
    /// Its Page; may be left out.
    #[serde(default)]
    pub page_id: Option<PageId>,
}

/// Why a choice cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Neither one account nor a list, both of them, or an empty or too long list.
    #[error("the choice names no account, or too many")]
    Shape,
    /// An account or a Page that was not offered.
    #[error("an account was chosen that was not offered")]
    NotOffered,
    /// An account that was offered greyed out.
    #[error("an account was chosen that is not available")]
    Unavailable {
        /// Why, as a stable word.
        reason: String,
    },
}

impl SelectRequest {
    /// The accounts, each of them once.
    ///
    /// # Errors
    ///
    /// [`SelectionError::Shape`].
    pub fn accounts(self) -> Result<Vec<ChosenAccount>, SelectionError> {
        let mut accounts = match (self.ig_user_id, self.accounts) {
            (Some(ig_user_id), None) => vec![ChosenAccount { ig_user_id, page_id: self.page_id }],
            (None, Some(accounts)) => accounts,
            (Some(_), Some(_)) | (None, None) => return Err(SelectionError::Shape),
        };
        accounts.sort_by(|one, other| one.ig_user_id.cmp(&other.ig_user_id));
        accounts.dedup_by(|one, other| one.ig_user_id == other.ig_user_id);
        if (1..=MAX_ACCOUNTS).contains(&accounts.len()) { Ok(accounts) } else { Err(SelectionError::Shape) }
    }
}

/// The candidates that were chosen.
///
/// # Errors
///
/// [`SelectionError::NotOffered`] and [`SelectionError::Unavailable`].
pub fn pick<'a>(candidates: &'a [Candidate], chosen: &[ChosenAccount]) -> Result<Vec<&'a Candidate>, SelectionError> {
    chosen
        .iter()
        .map(|account| {
            let candidate =
                candidates.iter().find(|candidate| account.means(candidate)).ok_or(SelectionError::NotOffered)?;
            match &candidate.unavailable {
                None => Ok(candidate),
                Some(reason) => Err(SelectionError::Unavailable { reason: reason.clone() }),
            }
        })
        .collect()
}

impl ChosenAccount {
    fn means(&self, candidate: &Candidate) -> bool {
        self.ig_user_id == candidate.account.id && (self.page_id.is_none() || self.page_id == candidate.page_id)
    }
}

#[cfg(test)]
mod tests {
    use domain::{Account, SealedToken};
    use serde_json::{Value, json};

    use super::*;

    fn request(body: Value) -> SelectRequest {
        serde_json::from_value(body).expect("a choice")
    }

    fn candidate(account: &str) -> Candidate {
        Candidate {
            account: Account::instagram(account.try_into().expect("an account")),
            name: "shop".to_owned(),
            picture_url: None,
            page_id: Some("77".try_into().expect("a Page")),
            page_name: Some("Shop".to_owned()),
            token: SealedToken::new("sealed".to_owned()),
            unavailable: None,
        }
    }

    fn chosen(account: &str, page: Option<&str>) -> ChosenAccount {
        ChosenAccount {
            ig_user_id: account.try_into().expect("an account"),
            page_id: page.map(|page| page.try_into().expect("a Page")),
        }
    }

    #[test]
    fn one_account_is_chosen_with_or_without_its_page() {
        let both = request(json!({"state": "s", "ig_user_id": "1", "page_id": "77"})).accounts();
        assert_eq!(both, Ok(vec![chosen("1", Some("77"))]));
        let alone = request(json!({"state": "s", "ig_user_id": "1"})).accounts();
        assert_eq!(alone, Ok(vec![chosen("1", None)]));
    }

    #[test]
    fn an_account_that_is_listed_twice_is_chosen_once() {
        let body = json!({"state": "s", "accounts": [{"ig_user_id": "2"}, {"ig_user_id": "1"}, {"ig_user_id": "2"}]});
        assert_eq!(request(body).accounts(), Ok(vec![chosen("1", None), chosen("2", None)]));
    }

    #[test]
    fn a_choice_of_nothing_of_too_much_or_in_two_forms_is_refused() {
        let many: Vec<Value> = (0..=MAX_ACCOUNTS).map(|id| json!({"ig_user_id": id.to_string()})).collect();
        for body in [
            json!({"state": "s"}),
            json!({"state": "s", "accounts": []}),
            json!({"state": "s", "accounts": many}),
            json!({"state": "s", "ig_user_id": "1", "accounts": [{"ig_user_id": "1"}]}),
        ] {
            assert_eq!(request(body.clone()).accounts(), Err(SelectionError::Shape), "{body}");
        }
    }

    #[test]
    fn only_what_was_offered_can_be_chosen() {
        let candidates = [candidate("1"), candidate("2")];
        assert_eq!(pick(&candidates, &[chosen("2", Some("77"))]), Ok(vec![&candidates[1]]));
        assert_eq!(pick(&candidates, &[chosen("3", None)]), Err(SelectionError::NotOffered));
        assert_eq!(pick(&candidates, &[chosen("1", Some("78"))]), Err(SelectionError::NotOffered));
    }

    #[test]
    fn what_was_greyed_out_is_refused_with_its_reason() {
        let candidates = [Candidate { unavailable: Some("no_messaging_task".to_owned()), ..candidate("1") }];
        let refusal = pick(&candidates, &[chosen("1", None)]);
        assert_eq!(refusal, Err(SelectionError::Unavailable { reason: "no_messaging_task".to_owned() }));
    }
}
