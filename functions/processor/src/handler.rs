//! Works on conversations side by side, and on the events of each one after the other.

use std::collections::BTreeSet;
use std::convert::Infallible;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::connection::Enforcement;
use domain::contact::Occasion;
use domain::{Account, ConversationId, Payload, ProfileRequest, TenantId, TraceId};
use edge::sqs::deliver_again;
use edge::telemetry::{Chain, metric};
use futures::future::join_all;
use lambda_runtime::LambdaEvent;
use meta::webhook::ReadError;
use store::{Outcome, Place, Prefetched, Received, StoreError};
use tracing::{Instrument as _, error, info, info_span, warn};

use crate::app::App;
use crate::batch::{self, Batch, Record};
use crate::patience::{Passes, Patience};
use crate::payload;
use crate::profile;

/// Why a record goes back to the queue.
#[derive(Debug, thiserror::Error)]
enum ProcessError {
    /// The event can never be read: it ends in the dead-letter queue, where the alarm is.
    #[error("the event cannot be read")]
    Poison(#[from] ReadError),
    /// The database did not do its part.
    #[error("the event was not stored")]
    Store(#[from] StoreError),
}

impl Passes for ProcessError {
    fn passes(&self) -> bool {
        matches!(self, Self::Store(failure) if failure.passes())
    }
}

/// What came of the records of a conversation.
#[derive(Default)]
struct Processed {
    /// Ids of the records to deliver again.
    again: Vec<String>,
    /// The accounts that events have reached.
    reached: BTreeSet<(TenantId, Account)>,
}

/// Stores a batch and names the records to deliver again.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
    let patience = Patience::until(event.context.deadline, app.clock.clone());
    let Batch { groups, opened, poison } = Batch::read(event.payload.records);
    let parties = batch::parties(groups.values().flatten());
    let prefetched = loop {
        match app.inbox.prefetch(&parties).await {
            Err(failure) if patience.outwaits(&failure).await => {}
            outcome => break outcome,
        }
    };
    let Processed { mut again, reached } = match prefetched {
        Ok(mut prefetched) => {
            let processing = groups.into_values().map(|group| {
                let own = prefetched.hand_out(&batch::parties(&group));
                process_conversation(app, &patience, group, own)
            });
            join_all(processing).await.into_iter().fold(Processed::default(), Processed::and)
        }
        Err(failure) => {
            error!(error = %Chain(&failure), "A batch of events goes back to the queue");
            let again = groups.into_values().flatten().map(|record| record.id).collect();
            Processed { again, reached: BTreeSet::new() }
        }
    };
    for (tenant, account) in &reached {
        note_webhook(app, tenant, account).await;
    }
    join_all(opened.iter().map(|request| profile::learn(app, request))).await;
    again.extend(poison);
    Ok(deliver_again(again))
}

impl Processed {
    fn and(mut self, other: Self) -> Self {
        self.again.extend(other.again);
        self.reached.extend(other.reached);
        self
    }
}

/// Works through a conversation. After a failure the rest is left for the next delivery, so that its order is kept.
async fn process_conversation(
    app: &App,
    patience: &Patience,
    group: Vec<Record>,
    mut prefetched: Prefetched,
) -> Processed {
    let mut processed = Processed::default();
    let mut wanted = None;
    let mut records = group.into_iter();
    for record in records.by_ref() {
        let span = info_span!("event", trace_id = record.trace_id.as_ref().map(TraceId::as_str));
        let outcome = loop {
            match process_event(app, &record, &mut prefetched).instrument(span.clone()).await {
                Err(failure) if patience.outwaits(&failure).await => {}
                outcome => break outcome,
            }
        };
        match outcome {
            Ok(Some(placed)) => {
                wanted = placed.profile_request().or(wanted);
                processed.reached.insert((placed.tenant, placed.account));
            }
            Ok(None) => {}
            // No later record depends on one that says nothing.
            Err(failure @ ProcessError::Poison(_)) => {
                error!(parent: &span, record = record.id, error = %Chain(&failure), "An event cannot be read");
                metric("events_poison", 1, &[]);
                processed.again.push(record.id);
            }
            Err(failure @ ProcessError::Store(_)) => {
                error!(parent: &span, record = record.id, error = %Chain(&failure), "An event goes back to the queue");
                processed.again.push(record.id);
                break;
            }
        }
    }
    processed.again.extend(records.map(|record| record.id));
    // Everything that can be stored is stored by now: what follows may fail without a trace in the inbox.
    if let Some(request) = wanted {
        profile::learn(app, &request).await;
    }
    processed
}

/// Where an event went.
struct Placed {
    tenant: TenantId,
    account: Account,
    conversation: Option<ConversationId>,
    profile_wanted: Option<Occasion>,
}

impl Placed {
    fn profile_request(&self) -> Option<ProfileRequest> {
        let conversation = self.conversation.clone()?;
        Some(ProfileRequest::new(self.tenant.clone(), self.account.clone(), conversation, self.profile_wanted?))
    }
}

/// Stores or applies one event. `None`: nobody has connected the account.
async fn process_event(
    app: &App,
    record: &Record,
    prefetched: &mut Prefetched,
) -> Result<Option<Placed>, ProcessError> {
    let event = meta::read(&record.queued)?.under(record.trace_id.clone());
    let received = app.inbox.receive(prefetched, &event, app.clock.now_ms()).await?;
    payload::count(&event, &received);
    let Received { outcome, place, profile_wanted } = received;
    let Some(Place { tenant, conversation }) = place else {
        let what = match (outcome, &event.payload) {
            (Outcome::Paused, _) => "Dropped an event: the plan has no room for the account",
            (_, Payload::Test) => "The dashboard's test arrived",
            _ => "Dropped an event: nobody has connected the account",
        };
        info!(account = %event.account, "{what}");
        return Ok(None);
    };
    if outcome == Outcome::NotForInbox
        && let Some(audited) = payload::audit_event(&event, &tenant)
    {
        let audit = &app.connector.audit;
        match &event.untimed {
            Some(identity) => audit.record_untimed(&audited, identity).await?,
            None => audit.record_once(&audited).await?,
        }
    }
    if let Payload::Enforced { action, reason } = &event.payload {
        let enforcement = Enforcement { action: *action, reason: reason.clone(), at: event.at };
        app.connector.connections.set_enforcement(&tenant, &event.account, &enforcement).await?;
    }
    Ok(Some(Placed { tenant, account: event.account, conversation, profile_wanted }))
}

/// Notes that webhooks of the account arrive, for whoever wonders. Cannot fail the records.
async fn note_webhook(app: &App, tenant: &TenantId, account: &Account) {
    let noted = app.connector.connections.touch_webhook(tenant, account, app.clock.now()).await;
    if let Err(failure) = noted {
        warn!(%account, error = %Chain(&failure), "The time of the last webhook was not noted");
    }
}
