//! The wire to the database: counts calls and their price, and cuts one where a test says so.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use serde_json::Value;

/// Where a call is cut, as a killed process cuts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The call never leaves.
    Before,
    /// The call is done, and nobody hears of it.
    After,
}

/// What the database answers instead, made from the request's JSON: a status and a body.
pub(crate) type Answer = fn(&Value) -> (u16, Value);

/// A shared view of one client's calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<State>);

#[derive(Debug, Default)]
struct State {
    calls: Mutex<Vec<String>>,
    units: Mutex<Vec<(String, f64)>>,
    made: AtomicUsize,
    cut: Mutex<Option<(usize, Cut)>>,
    instead: Mutex<Vec<(&'static str, Answer, usize)>>,
    answer: Mutex<Option<(u16, Value)>>,
}

impl Wire {
    /// Starts counting anew and cuts nothing any more.
    pub(crate) fn forget(&self) {
        self.0.calls.lock().expect("calls").clear();
        self.0.units.lock().expect("units").clear();
        self.0.made.store(0, Ordering::SeqCst);
        *self.0.cut.lock().expect("cut") = None;
    }

    /// Cuts this call (the first is 0) and every later one: the process is dead.
    pub(crate) fn cut(&self, call: usize, how: Cut) {
        self.forget();
        *self.0.cut.lock().expect("cut") = Some((call, how));
    }

    /// Lets the database answer the next call of this name in another way.
    pub(crate) fn answer(&self, call: &'static str, answer: Answer) {
        self.answer_often(1, call, answer);
    }

    /// Lets the database answer so many calls of this name in another way.
    pub(crate) fn answer_often(&self, times: usize, call: &'static str, answer: Answer) {
        self.0.instead.lock().expect("instead").push((call, answer, times));
    }

    fn instead_of(&self, name: &str) -> Option<Answer> {
        let mut instead = self.0.instead.lock().expect("instead");
        let (_, answer, left) = instead.iter_mut().find(|(call, _, left)| *call == name && *left > 0)?;
        *left -= 1;
        Some(*answer)
    }

    /// Names of the calls made.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.calls.lock().expect("calls").clone()
    }

    /// Write units, those of indexes included.
    pub(crate) fn write_units(&self) -> f64 {
        let units = self.0.units.lock().expect("units");
        units.iter().filter(|(call, _)| is_write(call)).map(|(_, units)| units).sum()
    }

    /// Read units.
    pub(crate) fn read_units(&self) -> f64 {
        let units = self.0.units.lock().expect("units");
        units.iter().filter(|(call, _)| !is_write(call)).map(|(_, units)| units).sum()
    }

    fn cut_at(&self, call: usize) -> Option<Cut> {
        let cut = *self.0.cut.lock().expect("cut");
        match cut {
            Some((first, how)) if call == first => Some(how),
            Some((first, _)) if call > first => Some(Cut::Before),
            _ => None,
        }
    }
}

fn is_write(call: &str) -> bool {
    ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"].contains(&call)
}

macro_rules! ask_for_units {
    ($context:ident, $($input:ty),*) => {
        $(if let Some(input) = $context.input_mut().downcast_mut::<$input>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Indexes);
        })*
    };
}

macro_rules! units_of {
    ($output:ident, one: [$($one:ty),*], many: [$($many:ty),*]) => {{
        let mut consumed: Vec<ConsumedCapacity> = Vec::new();
        $(if let Some(output) = $output.downcast_ref::<$one>() {
            consumed.extend(output.consumed_capacity.clone());
        })*
        $(if let Some(output) = $output.downcast_ref::<$many>() {
            consumed.extend(output.consumed_capacity.clone().unwrap_or_default());
        })*
        consumed.iter().filter_map(|consumed| consumed.capacity_units).sum::<f64>()
    }};
}

impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        ask_for_units!(
            context,
            GetItemInput,
            PutItemInput,
            UpdateItemInput,
            QueryInput,
            BatchGetItemInput,
            TransactWriteItemsInput
        );
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = self.0.made.fetch_add(1, Ordering::SeqCst);
        if self.cut_at(call) == Some(Cut::Before) {
            return Err("cut before the call".into());
        }
        let request = context.request_mut();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let name = target.rsplit('.').next().unwrap_or_default().to_owned();
        if let Some(answer) = self.instead_of(&name) {
            let body = serde_json::from_slice(request.body().bytes().unwrap_or_default())?;
            *self.0.answer.lock().expect("answer") = Some(answer(&body));
            // A harmless call goes out in its place.
            request.headers_mut().insert("x-amz-target", "DynamoDB_20120810.ListTables");
            request.headers_mut().insert("content-length", "2");
            *request.body_mut() = "{}".into();
        }
        self.0.calls.lock().expect("calls").push(name);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = self.0.made.load(Ordering::SeqCst) - 1;
        if self.cut_at(call) == Some(Cut::After) {
            return Err("cut after the call".into());
        }
        if let Some((status, body)) = self.0.answer.lock().expect("answer").take() {
            *context.response_mut() = HttpResponse::new(status.try_into()?, body.to_string().into());
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(output) = context.output_or_error() {
            let units = units_of!(
                output,
                one: [GetItemOutput, PutItemOutput, UpdateItemOutput, QueryOutput],
                many: [BatchGetItemOutput, TransactWriteItemsOutput]
            );
            let name = self.0.calls.lock().expect("calls").last().cloned().unwrap_or_default();
            self.0.units.lock().expect("units").push((name, units));
        }
        Ok(())
    }
}
