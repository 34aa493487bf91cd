//! Whether an answer may go out now, and how.

use domain::message::Author;
use domain::policy::{HUMAN_AGENT, Permission, Refusal};
use domain::{Connection, ConnectionStatus, UnixMillis};
use edge::Role;
use store::SendContext;

use crate::app::App;
use crate::error::SendError;

/// A person writes, or a program does: Meta has rules of its own for the latter.
pub(crate) const fn author(role: Role) -> Author {
    match role {
        Role::Service => Author::Automation,
        Role::Agent | Role::Admin | Role::Operator => Author::Agent,
    }
}

/// The connection, if answers can be sent over it.
pub(crate) fn usable(connection: Option<&Connection>) -> Result<&Connection, SendError> {
    let connection = connection.ok_or(SendError::NotConnected)?;
    match connection.status {
        ConnectionStatus::Active | ConnectionStatus::Pending => Ok(connection),
        ConnectionStatus::Error | ConnectionStatus::Other(_) => Err(SendError::ConnectionBroken),
        ConnectionStatus::Paused => Err(SendError::ConnectionPaused),
        ConnectionStatus::Revoked => Err(SendError::NotConnected),
    }
}

/// The tag to send with, `None` for a plain answer.
///
/// The tag follows from author, time and the app's approval. What a caller asks for cannot make it go out inside the standard
/// window, where Meta counts it as misuse, but is refused where it would never be allowed. The registered apps are read only
/// where the answer depends on them.
pub(crate) async fn tag(
    app: &App,
    context: &SendContext,
    connection: &Connection,
    author: Author,
    asked_for: bool,
    now: UnixMillis,
) -> Result<Option<String>, SendError> {
    let window = context.conversation.reply_window();
    match window.permission(author, false, now) {
        Ok(_) if !asked_for => return Ok(None),
        Err(Refusal::NoContactYet) => return Err(Refusal::NoContactYet.into()),
        Err(refusal) if author != Author::Agent => return Err(refusal.into()),
        Ok(_) | Err(_) => {}
    }
    let secrets = app.secrets.current(now.seconds()).await?;
    let approved = secrets.apps.of(connection.login).is_some_and(|app| app.human_agent);
    if asked_for && !approved {
        return Err(Refusal::TagNotAllowed.into());
    }
    Ok(match window.permission(author, approved, now)? {
        Permission::Response => None,
        Permission::HumanAgent => Some(HUMAN_AGENT.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_service_role_is_a_program() {
        assert_eq!(author(Role::Service), Author::Automation);
        assert_eq!(author(Role::Agent), Author::Agent);
        assert_eq!(author(Role::Admin), Author::Agent);
    }

    #[test]
    fn without_a_connection_one_has_to_connect() {
        assert!(matches!(usable(None), Err(SendError::NotConnected)));
    }
}
