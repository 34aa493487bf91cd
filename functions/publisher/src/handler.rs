//! Tells what a batch of records has to tell.

use std::collections::BTreeSet;
use std::convert::Infallible;

use aws_lambda_events::sqs::SqsBatchResponse;
use edge::sqs::deliver_again;
use lambda_runtime::LambdaEvent;

use crate::app::App;
use crate::batch::{Batch, Records};
use crate::listeners::Listeners;
use crate::{hints, out};

/// Tells a batch, and names the records that are to come again. A stream delivers those and all that follow them.
///
/// # Errors
///
/// None.
pub async fn handle(app: &App, event: LambdaEvent<Records>) -> Result<SqsBatchResponse, Infallible> {
    let Batch { entries, unreadable } = Batch::read(event.payload);
    let listeners = Listeners::of(app, &entries).await;
    // Whether somebody looks at it is no reason to wait, and the other way round.
    let (unset, untold, ()) = futures::join!(
        app.aside.set(unreadable),
        out::tell(app, &entries, &listeners),
        hints::tell(app, &entries, &listeners)
    );
    let again: BTreeSet<String> = unset.into_iter().chain(untold).collect();
    Ok(deliver_again(again))
}
