//! Runs of the authorization code flow (RFC 6749 section 4.1): each step is one conditional write, so it is taken once.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::connection::{AuthorizationPhase, Offer};
use domain::{AuthorizationRequest, TenantId, UnixSeconds, UserId};

use crate::error::StoreError;
use crate::expiry::{self, Conditional as _};
use crate::item::{Keyed, Written, from_item, number, text, to_value, written};
use crate::key::Key;
use crate::tables::Tables;

/// Authorization requests by the hash of their `state`.
#[derive(Clone, Debug)]
pub struct AuthorizationStore {
    client: Client,
    table: String,
}

/// What became of an attempt to use a `state`.
#[derive(Debug, PartialEq)]
pub enum Claim {
    /// It is the caller's: nobody else gets it.
    Claimed(Box<AuthorizationRequest>),
    /// Its ten minutes are over.
    Expired,
    /// It was used before.
    Used,
    /// Another browser started it (RFC 9700 section 4.7: the response has to come back to the same user agent). It
    /// stays usable for that one.
    OtherBrowser,
    /// Never issued, or expired long ago.
    Unknown,
}

impl AuthorizationStore {
    /// A store on the table of authorization requests. No call is made.
    #[must_use]
    pub fn new(client: Client, tables: &Tables) -> Self {
        Self { client, table: tables.oauth_states.clone() }
    }

    /// Adds a request, in phase `Started`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] when the `state` is not new, [`StoreError::Unavailable`].
    pub async fn insert(&self, request: &AuthorizationRequest) -> Result<(), StoreError> {
        let key = Key::authorization(&request.state_hash);
        let outcome = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Keyed::new(&key, request).expiring(request.expires_at).item()?))
            .if_absent(expiry::now(&self.client))
            .send()
            .await;
        match written(outcome, |_| None)? {
            Written::Done(_) => Ok(()),
            Written::Refused(_) => Err(StoreError::Conflict),
        }
    }

    /// Takes a started request for the browser that started it: works once, whoever else tries at the same time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn claim(&self, state_hash: &str, browser_hash: &str, now: UnixSeconds) -> Result<Claim, StoreError> {
        // The browser is compared by the database, so that no timing of ours depends on it.
        let update = self
            .step(state_hash, "started", "claimed")
            .update_expression("SET phase = :next")
            .condition_expression("phase = :phase AND browser_hash = :browser AND expires_at > :now")
            .expression_attribute_values(":browser", text(browser_hash))
            .expression_attribute_values(":now", number(now.get()))
            .return_values(ReturnValue::AllNew);
        Ok(match outcome(update).await? {
            Step::Taken(request) => Claim::Claimed(Box::new(request)),
            Step::Refused(None) => Claim::Unknown,
            Step::Refused(Some(request)) if request.expires_at <= now => Claim::Expired,
            Step::Refused(Some(request)) if request.phase != AuthorizationPhase::Started => Claim::Used,
            Step::Refused(Some(_)) => Claim::OtherBrowser,
        })
    }

    /// Offers accounts to choose from, until `expires_at`; tells whether the request was waiting for that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn offer(&self, state_hash: &str, offer: &Offer, expires_at: UnixSeconds) -> Result<bool, StoreError> {
        let update = self
            .step(state_hash, "claimed", "choosing")
            .update_expression(
                "SET phase = :next, candidates = :candidates, unlinked_pages = :pages, #grant = :grant, \
                 expires_at = :expires, #ttl = :expires",
            )
            .condition_expression("phase = :phase")
            .expression_attribute_names("#grant", "grant")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":candidates", to_value(&offer.candidates)?)
            .expression_attribute_values(":pages", to_value(&offer.unlinked_pages)?)
            .expression_attribute_values(":grant", to_value(&offer.grant)?)
            .expression_attribute_values(":expires", number(expires_at.get()))
            .return_values(ReturnValue::AllNew);
        Ok(matches!(outcome(update).await?, Step::Taken(_)))
    }

    /// Reads a request whose accounts wait for a choice, for the person who started it and nobody else.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn choosing(
        &self,
        state_hash: &str,
        tenant: &TenantId,
        user: &UserId,
        now: UnixSeconds,
    ) -> Result<Option<AuthorizationRequest>, StoreError> {
        let key = Key::authorization(state_hash);
        let read = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes()));
        let found = read.consistent_read(true).send().await?.item;
        let Some(item) = found.filter(|item| expiry::living(item, now)) else { return Ok(None) };
        let request: AuthorizationRequest = from_item("authorization request", item)?;
        let open = matches!(request.phase, AuthorizationPhase::Choosing(_)) && now < request.expires_at;
        Ok(Some(request).filter(|request| open && request.tenant == *tenant && request.user == *user))
    }

    /// Ends the choice: works once, unless it is [reopened](Self::reopen). Answers the request as it was offered; the
    /// candidates' tokens are gone from the table.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`], [`StoreError::Shape`].
    pub async fn choose(
        &self,
        state_hash: &str,
        tenant: &TenantId,
        now: UnixSeconds,
    ) -> Result<Option<AuthorizationRequest>, StoreError> {
        let update = self
            .step(state_hash, "choosing", "chosen")
            .update_expression("SET phase = :next REMOVE candidates, unlinked_pages, #grant")
            .condition_expression("phase = :phase AND tenant = :tenant AND expires_at > :now")
            .expression_attribute_names("#grant", "grant")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":now", number(now.get()))
            .return_values(ReturnValue::AllOld);
        Ok(match outcome(update).await? {
            Step::Taken(request) => Some(request),
            Step::Refused(_) => None,
        })
    }

    /// Offers the accounts again after a choice that connected none of them, until it expires as before. Tells whether the
    /// request was waiting for that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn reopen(&self, state_hash: &str, offer: &Offer, now: UnixSeconds) -> Result<bool, StoreError> {
        let update = self
            .step(state_hash, "chosen", "choosing")
            .update_expression("SET phase = :next, candidates = :candidates, unlinked_pages = :pages, #grant = :grant")
            .condition_expression("phase = :phase AND expires_at > :now")
            .expression_attribute_names("#grant", "grant")
            .expression_attribute_values(":candidates", to_value(&offer.candidates)?)
            .expression_attribute_values(":pages", to_value(&offer.unlinked_pages)?)
            .expression_attribute_values(":grant", to_value(&offer.grant)?)
            .expression_attribute_values(":now", number(now.get()))
            .return_values(ReturnValue::AllNew);
        Ok(matches!(outcome(update).await?, Step::Taken(_)))
    }

    fn step(&self, state_hash: &str, phase: &str, next: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::authorization(state_hash).attributes()))
            .expression_attribute_values(":phase", text(phase))
            .expression_attribute_values(":next", text(next))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

enum Step {
    Taken(AuthorizationRequest),
    Refused(Option<AuthorizationRequest>),
}

async fn outcome(update: UpdateItemFluentBuilder) -> Result<Step, StoreError> {
    let read = |item| from_item("authorization request", item);
    Ok(match written(update.send().await, |output| output.attributes)? {
        Written::Done(Some(item)) => Step::Taken(read(item)?),
        Written::Done(None) => Step::Refused(None),
        Written::Refused(found) => Step::Refused(found.map(read).transpose()?),
    })
}
