//! Functions as libraries in this process, called with the very events that Lambda sends.

use std::{
    fmt::Display,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use edge::Setup;
use futures::{FutureExt, future::BoxFuture};
use lambda_http::{Adapter, IntoResponse, Request, request::LambdaRequest, service_fn};
use lambda_runtime::{Context, LambdaEvent, Service};
use serde::{Serialize, de::DeserializeOwned};
use tracing::{Instrument, info_span};

use super::{Call, InvokeError};
use crate::provision::BoxError;

/// A function that has started.
pub(crate) type Handler = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Vec<u8>, InvokeError>> + Send + Sync>;

/// Starts a function from what `main.rs` would take from its process.
pub(crate) type Factory = Box<dyn Fn(&Setup) -> Result<Handler, BoxError> + Send + Sync>;

/// A function that is started by its first event and stays warm until it dies.
pub(crate) struct Warm {
    factory: Factory,
    setup: Setup,
    handler: Mutex<Option<Handler>>,
}

impl Warm {
    pub(crate) fn new(factory: Factory, setup: Setup) -> Self {
        Self { factory, setup, handler: Mutex::default() }
    }

    pub(super) async fn call(&self, invocation: Call) -> Result<Vec<u8>, InvokeError> {
        let handler = self.handler()?;
        handler(invocation).await
    }

    pub(super) fn discard(&self) {
        *self.slot() = None;
    }

    /// Two first events at once start it twice; the later one stays, as two environments would.
    fn handler(&self) -> Result<Handler, InvokeError> {
        if let Some(warm) = self.slot().clone() {
            return Ok(warm);
        }
        let fresh = (self.factory)(&self.setup).map_err(InvokeError::Start)?;
        *self.slot() = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Handler>> {
        self.handler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A function behind the HTTP API: `lambda_http` translates its events and answers.
pub(crate) fn http_function<F, Fut, R, E>(handle: F) -> Handler
where
    F: Fn(Request) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
    R: IntoResponse + Send + 'static,
    E: Display + Send + 'static,
{
    Arc::new(move |invocation| {
        let handle = handle.clone();
        let service = service_fn(move |request: Request| {
            // What `edge::run_http` puts around a request of a process.
            let span = info_span!("request", request_id = edge::http::request_id(&request));
            span.in_scope(|| handle(request)).instrument(span)
        });
        async move {
            let event: LambdaRequest = read(&invocation.payload)?;
            let answer = Adapter::from(service).call(LambdaEvent::new(event, context(&invocation)));
            write(&answer.await.map_err(|error| failed("Error", &error))?)
        }
        .boxed()
    })
}

/// A function behind a queue or a schedule.
pub(crate) fn event_function<F, Fut, Event, Answer, E>(handle: F) -> Handler
where
    F: Fn(LambdaEvent<Event>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Answer, E>> + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    Answer: Serialize + Send + 'static,
    E: Display + Send + 'static,
{
    Arc::new(move |invocation| {
        let handle = handle.clone();
        async move {
            let event: Event = read(&invocation.payload)?;
            let answer = handle(LambdaEvent::new(event, context(&invocation))).await;
            write(&answer.map_err(|error| failed("Error", &error))?)
        }
        .boxed()
    })
}

fn context(invocation: &Call) -> Context {
    let mut context = Context::default();
    context.request_id.clone_from(&invocation.request_id);
    context.deadline = u64::try_from(invocation.deadline_ms).unwrap_or_default();
    context.invoked_function_arn.clone_from(&invocation.function_arn);
    context.xray_trace_id = Some(invocation.trace_id.clone());
    context
}

fn read<T: DeserializeOwned>(payload: &Bytes) -> Result<T, InvokeError> {
    serde_json::from_slice(payload).map_err(|error| failed("Deserialization", &error))
}

fn write<T: Serialize>(answer: &T) -> Result<Vec<u8>, InvokeError> {
    serde_json::to_vec(answer).map_err(|error| failed("Serialization", &error))
}

fn failed(error_type: &str, error: &dyn Display) -> InvokeError {
    InvokeError::Failed { error_type: error_type.to_owned(), message: error.to_string() }
}
