//! A Page as somebody whom people write to.

use domain::channel::Account;
use domain::id::AppScopedId;

use crate::graph::DiscoveredAccount;
use crate::graph::login::page::Page;

/// The Page itself; a stable word for why it cannot be connected. It is linked to nothing, so it has no Page beside it.
pub(crate) fn account(page: &Page, person: Option<&AppScopedId>) -> Result<DiscoveredAccount, &'static str> {
    let token = page.access_token.as_ref().ok_or("no_page_token")?;
    Ok(DiscoveredAccount {
        account: Account::messenger(&page.id),
        username: page.name.clone().unwrap_or_else(|| page.id.to_string()),
        name: page.name.clone(),
        picture_url: page.picture_url().map(str::to_owned),
        page_id: None,
        page_name: None,
        token: token.clone(),
        app_scoped_user_id: person.cloned(),
        unavailable: unavailable(page),
    })
}

fn unavailable(page: &Page) -> Option<&'static str> {
    if !page.can_message() {
        Some("no_messaging_task")
    } else if !page.can_subscribe() {
        Some("no_moderation_task")
    } else {
        None
    }
}
