//! What a demand for deletion is answered with.

use domain::{Erasure, ErasureCode};
use erasure::Erasures;
use lambda_http::Request;
use serde::Serialize;

/// Where to read how far the deletion is, in Meta's words.
///
/// Source: <https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback>
#[derive(Debug, Serialize)]
pub(crate) struct Confirmation {
    url: String,
    confirmation_code: ErasureCode,
}

impl Confirmation {
    pub(crate) fn new(erasures: &Erasures, request: &Request, erasure: Erasure) -> Self {
        Self { url: erasures.page_url(request, &erasure.code), confirmation_code: erasure.code }
    }
}
