//! What every function needs: configuration, clock, AWS clients, claims, problem documents, telemetry.
//!
//! A function's `main.rs` is wiring, and this is all of it:
//!
//! ```no_run
//! # struct App;
//! # impl App { fn new(_: &edge::Setup) -> Result<Self, edge::ConfigError> { Ok(Self) } }
//! # async fn handle(_: &App, _: lambda_http::Request)
//! #     -> Result<lambda_http::Response<lambda_http::Body>, std::convert::Infallible> {
//! #     Ok(lambda_http::Response::default())
//! # }
//! # async fn example() -> Result<(), lambda_http::Error> {
//! edge::telemetry::init();
//! let setup = edge::Setup::from_process("status").await;
//! let app = App::new(&setup)?;
//! edge::run_http(|request| handle(&app, request)).await
//! # }
//! ```

pub mod access;
pub mod caller;
mod claims;
pub mod clock;
pub mod environment;
pub mod http;
pub mod page;
pub mod problem;
pub mod run;
pub mod setup;
pub mod sqs;
pub mod stamp;
pub mod telemetry;

pub use access::Access;
pub use caller::{Caller, ClaimNames, Role};
pub use clock::Clock;
pub use environment::{ConfigError, Environment};
pub use page::PageQuery;
pub use problem::Problem;
pub use run::{run_event, run_http, run_sqs};
pub use setup::{Patience, Setup};
