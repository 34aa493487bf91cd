use std::collections::BTreeMap;
use std::fmt;

use local_aws::Service;
use serde_json::Value;
use stories::World;

/// One of the calls of a story.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// The call of a function to AWS, after so many of the same operation, with so many entries.
    Aws { function: String, service: Service, operation: String, after: u32, entries: usize },
    /// The call to Meta, after so many of the same endpoint and method.
    Meta { endpoint: String, method: String, after: u64 },
}

impl Place {
    /// All calls that functions have made since the logs were cleared, in which what they store is at stake. How the publisher's records
    /// fall into batches is different each time: it has stories of its own.
    pub(super) async fn all(world: &World) -> Vec<Self> {
        let mut places = Self::to_aws(world);
        places.extend(Self::to_meta(world).await);
        places
    }

    /// Whether both are the same call at another time: only one fault waits for each of these.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Aws { function, operation, .. },
                Self::Aws { function: other_function, operation: other_operation, .. },
            ) => (function, operation) == (other_function, other_operation),
            (Self::Meta { endpoint, .. }, Self::Meta { endpoint: other, .. }) => endpoint == other,
            _ => false,
        }
    }

    fn to_aws(world: &World) -> Vec<Self> {
        let mut seen: BTreeMap<(String, Service, String), u32> = BTreeMap::new();
        let calls = world.stack.aws().calls().snapshot();
        let of_functions =
            calls.into_iter().filter(|call| world.stack.functions().any(|function| function.binary == call.function));
        let place = of_functions.filter(|call| call.function != "publisher").map(|call| {
            let key = (call.function.clone(), call.service, call.operation.clone());
            let after = seen.entry(key).and_modify(|times| *times += 1).or_default();
            Self::Aws {
                function: call.function,
                service: call.service,
                operation: call.operation,
                after: *after,
                entries: call.entries,
            }
        });
        place.collect()
    }

    async fn to_meta(world: &World) -> Vec<Self> {
        let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
        let log = world.meta("GET", "/calls", Value::Null).await;
        let calls = log["calls"].as_array().cloned().unwrap_or_default();
        let place = calls.iter().map(|call| {
            let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
            let (endpoint, method) = (text("endpoint"), text("method"));
            let after = seen.entry((endpoint.clone(), method.clone())).and_modify(|times| *times += 1).or_default();
            Self::Meta { endpoint, method, after: *after }
        });
        place.collect()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws { function, operation, after, .. } => write!(formatter, "{function} {operation} {after}"),
            Self::Meta { endpoint, method, after } => write!(formatter, "Meta {method} {endpoint} {after}"),
        }
    }
}
