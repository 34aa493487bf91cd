//! One call: sent, its answer read within bounds, its failure told apart by whether Meta may have acted.

mod usage;

pub use usage::Usage;

use domain::secret::AccessToken;
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::GraphClient;
use super::call::Call;
use super::error::{GraphError, Refusal};
use crate::mac;

/// The largest answer that is read: a full page of a list is far below.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// An answer, and what its headers said.
pub(in crate::graph) struct Answer<T> {
    pub(in crate::graph) body: T,
    pub(in crate::graph) usage: Usage,
}

impl GraphClient<'_> {
    /// A call of the graph with a person's or a Page's token, which travels in the header.
    ///
    /// With Facebook Login the token's proof goes along: a stolen token alone is useless to others.
    /// Source: <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub(in crate::graph) fn request(&self, method: Method, path: &str, token: &AccessToken) -> RequestBuilder {
        let request = self.http.client().request(method, self.versioned(path)).bearer_auth(token.expose());
        if self.app.login.facts().proves_secret {
            request.query(&[("appsecret_proof", self.proof(token.expose()))])
        } else {
            request
        }
    }

    /// Lower-case hexadecimal HMAC-SHA256 of the token under the secret of the app that it was issued to.
    pub(in crate::graph) fn proof(&self, token: &str) -> String {
        hex::encode(mac::tag(self.app.app_secret, token.as_bytes()))
    }
}

/// Sends a request and reads the answer's JSON.
///
/// No error carries the address, which may hold secrets, nor any part of the answer's body.
pub(in crate::graph) async fn execute<T: DeserializeOwned>(
    call: Call,
    request: RequestBuilder,
) -> Result<Answer<T>, GraphError> {
    let response = request.send().await.map_err(|error| GraphError::of_transport(call, error))?;
    let status = response.status();
    let usage = Usage::of(response.headers());
    let body = read_body(call, response).await?;
    if let Some(refusal) = Refusal::read(&body, status.as_u16(), usage.regain_seconds) {
        return Err(GraphError::Refused { call, refusal });
    }
    if !status.is_success() {
        return Err(GraphError::Unreadable { call, status: status.as_u16(), regain_seconds: usage.regain_seconds });
    }
    // The parser's own error may quote the answer, and with it a token.
    let body = serde_json::from_slice(&body).map_err(|_| GraphError::Shape { call })?;
    Ok(Answer { body, usage })
}

async fn read_body(call: Call, mut response: Response) -> Result<Zeroizing<Vec<u8>>, GraphError> {
    let mut body = Zeroizing::new(Vec::with_capacity(1024));
    while let Some(chunk) = response.chunk().await.map_err(|error| GraphError::of_transport(call, error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(GraphError::Shape { call });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
