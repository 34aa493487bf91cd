use reqwest::header::HeaderMap;
use serde_json::Value;

/// An HTTP answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = response.text().await.expect("a body in UTF-8");
        Self { status, headers, body }
    }

    /// The body as JSON, of an answer that succeeded.
    ///
    /// # Panics
    ///
    /// When it did not succeed or is no JSON.
    pub fn json(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The problem document of a refusal with this status.
    ///
    /// # Panics
    ///
    /// When it is another answer.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_str(&self.body).expect("a problem document is JSON");
        for member in ["type", "title", "status"] {
            assert!(problem.get(member).is_some(), "a problem document has `{member}`: {problem}");
        }
        problem
    }

    /// The last part of the problem's type.
    ///
    /// # Panics
    ///
    /// When it is another answer.
    pub fn problem_kind(&self, status: u16) -> String {
        let problem = self.problem(status);
        problem["type"].as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or_default().to_owned()
    }

    /// Where a redirect leads.
    ///
    /// # Panics
    ///
    /// When it is no redirect.
    pub fn location(&self) -> String {
        assert!((300..400).contains(&self.status), "no redirect: {} {}", self.status, self.body);
        self.header("location")
    }

    /// A header's text; empty when it is absent.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }
}
