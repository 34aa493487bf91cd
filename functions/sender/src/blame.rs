//! Whether a refused message says something about its connection.

use accounts::OpenAccount;
use domain::Channel;
use domain::message::SendFailure;
use meta::graph::AccountProblem;
use meta::{FailureClass, GraphError};

/// What is wrong with the connection, as far as the refusal of one message proves it.
///
/// A token that Meta refuses is refused whatever was tried. For anything else ("permission" and its like, which Meta also says
/// of one contact or one message) the account itself is asked: one call more, and only then.
pub(crate) async fn connection_problem(account: &OpenAccount<'_>, refusal: &GraphError) -> Option<AccountProblem> {
    let problem = breaking(refusal)?;
    if problem.is_of_token() {
        return Some(problem);
    }
    let answer = account.graph().try_messaging(account.access()).await;
    answer.err().as_ref().and_then(breaking)
}

fn breaking(refusal: &GraphError) -> Option<AccountProblem> {
    match refusal.class() {
        FailureClass::Account(problem) if problem.breaks_connection() => Some(problem),
        _ => None,
    }
}

/// What a person reads where the words of the refusal are about a connection that works.
pub(crate) fn of_the_message(refusal: &GraphError, channel: Channel) -> SendFailure {
    let explained = refusal.explain(channel);
    match breaking(refusal) {
        None => explained,
        Some(_) => SendFailure {
            reason: "refused".to_owned(),
            title: format!("{} refused the message.", channel.name()),
            advice: "Try again later; ask support if it keeps happening.".to_owned(),
            ..explained
        },
    }
}
