//! A tenant has one of its contacts deleted.

use domain::erasure::{Origin, Scope, Task};
use domain::{ConversationId, Erasure};
use edge::{Caller, Problem, http};
use lambda_http::Request;

use crate::app::App;
use crate::confirmation::Confirmation;
use crate::error::DataRequestError;

/// Takes the deletion of a conversation with its contact.
pub(crate) async fn erase(app: &App, request: &Request) -> Result<Confirmation, DataRequestError> {
    let caller = Caller::admit(request, &app.claims)?;
    caller.owns(http::path(request, "tenantId").unwrap_or_default())?;
    let id = http::path(request, "conversationId").and_then(|id| ConversationId::try_from(id).ok());
    let conversation = id.ok_or(Problem::NOT_FOUND)?;
    if !app.conversations.has_conversation(&caller.tenant, &conversation).await? {
        return Err(Problem::NOT_FOUND.into());
    }
    let task = Task::new(caller.tenant.clone(), Scope::Contact { conversation });
    let asked = Erasure::new(erasure::random_code(), Origin::Tenant, vec![task], app.clock.now_ms());
    let erasure = app.erasures.request(asked, Some(&caller.user)).await?;
    Ok(Confirmation::new(&app.erasures, request, erasure))
}
