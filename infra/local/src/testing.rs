//! Functions made of closures, for the tests of what calls functions.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use edge::{Clock, Environment, Setup};
use futures::FutureExt;
use serde_json::Value as Json;

use crate::{
    clock::StackClock,
    invoke::{Call, Executor, InvokeError, Invoker, Warm},
    template::{Function, Route},
};

/// A function without triggers that may take two seconds.
pub(crate) fn function(logical_id: &str) -> Function {
    Function {
        logical_id: logical_id.to_owned(),
        binary: logical_id.to_lowercase(),
        name: format!("buzon_local-{logical_id}"),
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(2),
        memory_mb: 128,
        routes: Vec::new(),
        mappings: Vec::new(),
        streams: Vec::new(),
        schedules: Vec::new(),
    }
}

/// A route that everybody may call.
pub(crate) fn route(method: &str, path: &str) -> Route {
    Route { method: method.to_owned(), path: path.to_owned(), authorizer: None, scopes: Vec::new() }
}

/// Runs a closure as a function that answers JSON.
pub(crate) fn executor<F, Fut>(handle: F) -> Executor
where
    F: Fn(Json) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Json, InvokeError>> + Send + 'static,
{
    let setup =
        Setup { env: Environment::from_map(BTreeMap::new()), clock: Clock::System, aws: SdkConfig::builder().build() };
    let factory = move |_: &Setup| {
        let handle = handle.clone();
        let handler = move |invocation: Call| {
            let event = serde_json::from_slice(&invocation.payload).unwrap_or_default();
            let work = handle(event);
            async move { Ok(work.await?.to_string().into_bytes()) }.boxed()
        };
        Ok(Arc::new(handler) as _)
    };
    Executor::InProcess(Box::new(Warm::new(Box::new(factory), setup)))
}

/// One function and its closure.
pub(crate) fn invoker<F, Fut>(function: Function, handle: F) -> Arc<Invoker>
where
    F: Fn(Json) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Json, InvokeError>> + Send + 'static,
{
    Arc::new(Invoker::new([(function, executor(handle))], StackClock::default(), 0))
}

/// The error of a function that gave up.
pub(crate) fn failure() -> InvokeError {
    InvokeError::Failed { error_type: "Oops".to_owned(), message: "on purpose".to_owned() }
}
