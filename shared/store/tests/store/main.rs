//! The store on the real SDK and an emulated `DynamoDB`.

mod audit;
mod authorizations;
mod changes;
mod connections;
mod deliveries;
mod echoes;
mod endpoints;
mod erasing;
mod expiry;
mod faults;
mod lists;
mod price;
mod receiving;
mod refusals;
mod seats;
mod sending;
mod settling;
mod sockets;
mod tenants;
mod unfit;
mod unknown_contacts;
mod upkeep;
mod util;
