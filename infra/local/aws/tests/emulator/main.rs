//! The emulated AWS through the real SDKs.

mod dynamodb;
mod events;
mod faults;
mod kms;
mod log;
mod permissions;
mod restart;
mod secrets;
mod sockets;
mod sqs;
mod transcript;
mod weather;
mod world;
