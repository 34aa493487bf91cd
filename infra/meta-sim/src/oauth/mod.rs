//! The two logins: the dialog in the browser, codes, tokens and their renewal.

mod consent_page;
pub(crate) mod dialog;
pub(crate) mod exchange;
pub(crate) mod refresh;
mod request;
mod scopes;
