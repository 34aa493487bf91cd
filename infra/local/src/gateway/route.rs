//! Finds the route of a request as an HTTP API does.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>

use std::collections::BTreeMap;

use url::form_urlencoded;

use crate::template::{Function, Route};

/// Every route of the API with the function behind it, most specific first.
#[derive(Debug)]
pub(super) struct Routes(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    route: Route,
    function: String,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Variable(String),
    /// `{name+}`: the rest of the path.
    Greedy(String),
}

/// The route of a request.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    pub(super) route: &'a Route,
    /// The function's name in the template.
    pub(super) function: &'a str,
    pub(super) parameters: BTreeMap<String, String>,
}

impl Matched<'_> {
    /// `GET /path/{variable}`, or `$default`.
    pub(super) fn key(&self) -> String {
        if self.route.path == "$default" {
            self.route.path.clone()
        } else {
            format!("{} {}", self.route.method, self.route.path)
        }
    }
}

impl Routes {
    pub(super) fn new<'a>(functions: impl IntoIterator<Item = &'a Function>) -> Self {
        let entries = functions.into_iter().flat_map(|function| {
            let routes = function.routes.iter();
            routes.map(|route| Entry {
                route: route.clone(),
                function: function.logical_id.clone(),
                segments: segments(&route.path),
            })
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(Entry::rank);
        Self(entries)
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Option<Matched<'_>> {
        let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        self.0.iter().find_map(|entry| {
            let asked = entry.route.method == "ANY" || entry.route.method == method;
            let parameters = asked.then(|| entry.parameters(&path))??;
            Some(Matched { route: &entry.route, function: &entry.function, parameters })
        })
    }
}

impl Entry {
    /// Exact paths before greedy ones before `$default`; literals before variables; a method before `ANY`.
    fn rank(&self) -> (bool, bool, Vec<u8>, bool) {
        let greedy = self.segments.iter().any(|segment| matches!(segment, Segment::Greedy(_)));
        let kinds = self.segments.iter().map(|segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Greedy(_) => 2,
        });
        (self.route.path == "$default", greedy, kinds.collect(), self.route.method == "ANY")
    }

    fn parameters(&self, path: &[&str]) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        if self.route.path == "$default" {
            return Some(parameters);
        }
        let mut rest = path;
        for segment in &self.segments {
            let (first, others) = rest.split_first()?;
            match segment {
                Segment::Literal(text) if text == first => {}
                Segment::Variable(name) if !first.is_empty() => {
                    parameters.insert(name.clone(), decoded(first));
                }
                Segment::Greedy(name) => {
                    parameters.insert(name.clone(), decoded(&rest.join("/")));
                    return Some(parameters);
                }
                _ => return None,
            }
            rest = others;
        }
        rest.is_empty().then_some(parameters)
    }
}

fn segments(path: &str) -> Vec<Segment> {
    let parse = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => match name.strip_suffix('+') {
            Some(name) => Segment::Greedy(name.to_owned()),
            None => Segment::Variable(name.to_owned()),
        },
        None => Segment::Literal(segment.to_owned()),
    };
    path.trim_start_matches('/').split('/').map(parse).collect()
}

/// Percent-decoding alone: a `+` in a path is a plus.
fn decoded(segment: &str) -> String {
    let kept = format!("v={}", segment.replace('+', "%2B"));
    form_urlencoded::parse(kept.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn routes(declared: &[(&str, &str)]) -> Routes {
        let functions: Vec<Function> = declared
            .iter()
            .map(|(method, path)| Function {
                logical_id: format!("{method} {path}"),
                binary: String::new(),
                name: String::new(),
                environment: BTreeMap::new(),
                timeout: Duration::from_secs(1),
                memory_mb: 128,
                routes: vec![Route {
                    method: (*method).to_owned(),
                    path: (*path).to_owned(),
                    authorizer: None,
                    scopes: Vec::new(),
                }],
                mappings: Vec::new(),
                streams: Vec::new(),
                schedules: Vec::new(),
            })
            .collect();
        Routes::new(&functions)
    }

    fn found(routes: &Routes, method: &str, path: &str) -> Option<String> {
        routes.find(method, path).map(|matched| matched.function.to_owned())
    }

    #[test]
    fn a_literal_wins_over_a_variable_over_a_greedy_one_over_the_default() {
        let routes = routes(&[("ANY", "$default"), ("GET", "/a/{rest+}"), ("GET", "/a/{id}"), ("GET", "/a/b")]);
        assert_eq!(found(&routes, "GET", "/a/b").as_deref(), Some("GET /a/b"));
        assert_eq!(found(&routes, "GET", "/a/c").as_deref(), Some("GET /a/{id}"));
        assert_eq!(found(&routes, "GET", "/a/c/d").as_deref(), Some("GET /a/{rest+}"));
        assert_eq!(found(&routes, "POST", "/a/b").as_deref(), Some("ANY $default"));
    }

    #[test]
    fn a_method_wins_over_any_and_another_method_is_not_found() {
        let routes = routes(&[("ANY", "/a"), ("GET", "/a"), ("GET", "/b")]);
        assert_eq!(found(&routes, "GET", "/a").as_deref(), Some("GET /a"));
        assert_eq!(found(&routes, "PUT", "/a").as_deref(), Some("ANY /a"));
        assert_eq!(found(&routes, "PUT", "/b"), None);
    }

    #[test]
    fn a_variable_is_decoded_and_takes_one_segment_that_is_not_empty() {
        let routes = routes(&[("GET", "/t/{tenant}/c")]);
        let matched = routes.find("GET", "/t/luna%20caf%C3%A9+1/c").expect("the route");
        assert_eq!(matched.parameters["tenant"], "luna café+1");
        assert_eq!(matched.key(), "GET /t/{tenant}/c");
        assert!(routes.find("GET", "/t//c").is_none());
        assert!(routes.find("GET", "/t/a/c/").is_none());
    }
}
