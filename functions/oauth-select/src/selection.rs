//! What the person chose, checked against what there was to choose from.

use domain::view::NamedAccount;
use domain::{Account, AccountId, Candidate, Channel, PageId};
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
    accounts: Option<Vec<NamedAccount>>,
}

/// One account of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenAccount {
    /// Which.
    pub account: Account,
    /// The Page that it is linked to; may be left out.
    pub page_id: Option<PageId>,
}

/// Why a choice cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Neither one account nor a list, both of them, or an empty or too long list.
    #[error("the choice names no account, or too many")]
    Shape(Channel),
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
    /// The accounts of the channel, each of them once.
    ///
    /// # Errors
    ///
    /// [`SelectionError::Shape`].
    pub fn accounts(self, channel: Channel) -> Result<Vec<ChosenAccount>, SelectionError> {
        let one = NamedAccount { ig_user_id: self.ig_user_id, page_id: self.page_id };
        let named = match (one.on(channel), self.accounts) {
            (Some(_), None) => vec![one],
            (None, Some(accounts)) => accounts,
            (Some(_), Some(_)) | (None, None) => return Err(SelectionError::Shape(channel)),
        };
        let chosen: Option<Vec<_>> = named.iter().map(|named| ChosenAccount::of(named, channel)).collect();
        let mut chosen = chosen.ok_or(SelectionError::Shape(channel))?;
        chosen.sort_by(|one, other| one.account.cmp(&other.account));
        chosen.dedup_by(|one, other| one.account == other.account);
        if (1..=MAX_ACCOUNTS).contains(&chosen.len()) { Ok(chosen) } else { Err(SelectionError::Shape(channel)) }
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
    fn of(named: &NamedAccount, channel: Channel) -> Option<Self> {
        Some(Self { account: named.on(channel)?, page_id: named.page_beside(channel).cloned() })
    }

    fn means(&self, candidate: &Candidate) -> bool {
        self.account == candidate.account && (self.page_id.is_none() || self.page_id == candidate.page_id)
    }
}

#[cfg(test)]
mod tests {
    use domain::SealedToken;
    use serde_json::{Value, json};

    use super::*;

    fn chosen_by(channel: Channel, body: Value) -> Result<Vec<ChosenAccount>, SelectionError> {
        serde_json::from_value::<SelectRequest>(body).expect("a choice").accounts(channel)
    }

    fn account(channel: Channel, id: &str) -> Account {
        Account::new(channel, id.try_into().expect("an account"))
    }

    fn candidate(id: &str) -> Candidate {
        Candidate {
            account: account(Channel::Instagram, id),
            name: "shop".to_owned(),
            picture_url: None,
            page_id: Some("77".try_into().expect("a Page")),
            page_name: Some("Shop".to_owned()),
            token: SealedToken::new("sealed".to_owned()),
            unavailable: None,
        }
    }

    fn chosen(id: &str, page: Option<&str>) -> ChosenAccount {
        ChosenAccount {
            account: account(Channel::Instagram, id),
            page_id: page.map(|page| page.try_into().expect("a Page")),
        }
    }

    #[test]
    fn one_account_is_chosen_with_or_without_its_page() {
        let both = chosen_by(Channel::Instagram, json!({"state": "s", "ig_user_id": "1", "page_id": "77"}));
        assert_eq!(both, Ok(vec![chosen("1", Some("77"))]));
        let alone = chosen_by(Channel::Instagram, json!({"state": "s", "ig_user_id": "1"}));
        assert_eq!(alone, Ok(vec![chosen("1", None)]));
        let page = chosen_by(Channel::Messenger, json!({"state": "s", "page_id": "77"}));
        assert_eq!(page, Ok(vec![ChosenAccount { account: account(Channel::Messenger, "77"), page_id: None }]));
    }

    #[test]
    fn an_account_that_is_listed_twice_is_chosen_once() {
        for channel in Channel::ALL {
            let list = ["2", "1", "2"].map(|id| json!({NamedAccount::field(channel): id}));
            let found = chosen_by(channel, json!({"state": "s", "accounts": list})).expect("two accounts");
            let accounts: Vec<Account> = found.into_iter().map(|chosen| chosen.account).collect();
            assert_eq!(accounts, [account(channel, "1"), account(channel, "2")]);
        }
    }

    #[test]
    fn a_choice_of_nothing_of_too_much_or_in_two_forms_is_refused() {
        for (channel, others) in [(Channel::Instagram, "page_id"), (Channel::Messenger, "ig_user_id")] {
            let field = NamedAccount::field(channel);
            let many: Vec<Value> = (0..=MAX_ACCOUNTS).map(|id| json!({field: id.to_string()})).collect();
            for body in [
                json!({"state": "s"}),
                json!({"state": "s", "accounts": []}),
                json!({"state": "s", "accounts": many}),
                json!({"state": "s", field: "1", "accounts": [{field: "1"}]}),
                json!({"state": "s", others: "1"}),
                json!({"state": "s", "accounts": [{others: "1"}]}),
            ] {
                assert_eq!(chosen_by(channel, body.clone()), Err(SelectionError::Shape(channel)), "{body}");
            }
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
