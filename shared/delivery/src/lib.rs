//! Events to the integrator's endpoints: which addresses may be called, how a call is signed, and the call itself.
//!
//! Whoever names an address here names what a function of ours connects to, and a Lambda function has things within reach that nobody
//! else has: its own Runtime API on loopback, the account's networks. So an address is checked twice: its text when it is stored and when
//! it is called ([`Address`]), and the very addresses that its name leads to, each time that a connection is opened ([`Names`]).

mod address;
mod names;
mod poster;
mod public;
mod reach;
mod signing;

pub use address::{Address, AddressError};
pub use names::{Names, Unreachable};
pub use poster::{Poster, Trial};
pub use reach::Reach;
pub use signing::{BadSecret, new_secret, signature};
