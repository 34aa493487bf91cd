//! The local stack: everything that `template.yaml` declares, running on this machine without Docker and without an account.
//!
//! | Module | What |
//! | --- | --- |
//! | [`template`] | reads the template: functions, routes, queues, tables, schedules |
//! | `provision` | creates its resources in the emulated AWS |
//! | `gateway` | API Gateway's HTTP API: routes, authorizer, payload format 2.0, limits |
//! | [`invoke`], [`runtime_api`] | Lambda: in this process, or the deployed binaries |
//! | `mapping`, `schedule` | what triggers functions beside HTTP |
//! | [`issuer`] | an OpenID issuer with sample people |
//! | [`stack`] | all of it together |
//!
//! What it is **not**: no security of AWS's is imitated (no IAM, no KMS policies), no speed, no scale.

mod assemble;
mod clock;
mod functions;
mod gateway;
mod mapping;
mod pages;
mod provision;
mod schedule;
#[cfg(test)]
mod testing;

pub mod apps;
pub mod invoke;
pub mod issuer;
pub mod logs;
pub mod runtime_api;
pub mod settings;
pub mod stack;
pub mod streams;
pub mod template;

pub use self::{
    apps::{Login, MetaApp, RealMeta},
    assemble::resolved_template,
    clock::StackClock,
    invoke::{Call, Chaos, InvokeError, Process},
    issuer::{Person, Vendor},
    logs::{LogLine, Output},
    provision::ProvisionError,
    runtime_api::RuntimeApi,
    schedule::ScheduleError,
    settings::{Invocation, Ports, StackSettings, StartError},
    stack::{Stack, StillBusy},
};
