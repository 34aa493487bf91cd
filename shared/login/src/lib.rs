//! What the steps of a login share: from the consent page's address to the browser's return.
//!
//! | Module | What |
//! | --- | --- |
//! | [`nonce`] | a `state`, and what the browser's cookie holds |
//! | [`browser`] | the cookie that binds a login to the browser that started it |
//! | [`redirect_uri`] | where Meta sends the browser |

pub mod browser;
pub mod nonce;
pub mod redirect_uri;

pub use browser::BrowserCookie;
pub use nonce::Nonce;
pub use redirect_uri::RedirectUris;
