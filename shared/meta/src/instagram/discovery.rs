//! The Instagram account of a Page.

use domain::channel::Account;
use domain::id::AppScopedId;

use crate::graph::DiscoveredAccount;
use crate::graph::login::page::Page;

/// The account that the Page is linked to; a stable word for why there is none to connect.
pub(crate) fn account(page: &Page, person: Option<&AppScopedId>) -> Result<DiscoveredAccount, &'static str> {
    let linked = page.instagram_business_account.as_ref().ok_or("no_instagram_account")?;
    let token = page.access_token.as_ref().ok_or("no_page_token")?;
    let name = linked.username.as_ref().or(linked.name.as_ref()).or(page.name.as_ref());
    Ok(DiscoveredAccount {
        username: name.cloned().unwrap_or_else(|| linked.id.to_string()),
        account: Account::instagram(linked.id.clone()),
        name: linked.name.clone(),
        picture_url: linked.profile_picture_url.clone(),
        page_id: Some(page.id.clone()),
        page_name: page.name.clone(),
        token: token.clone(),
        app_scoped_user_id: person.cloned(),
        unavailable: (!page.can_message()).then_some("no_messaging_task"),
    })
}
