//! Whole boots of a unit on this host: flash in memory, real TLS, a service and a broker on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod broker;
mod own_key;
mod provisioning;
mod service;
mod unit;
mod update;
