//! The device contract: what a unit stores, says and hears.
//!
//! Names, limits and log lines of an IOTMER-style ESP32 unit (public ESP-IDF component `iotmer` 0.1.13), shared by
//! the firmware and the line. Knows no socket, clock, flash or database, and imports nothing of ours.
#![no_std]

extern crate alloc;

pub mod limits;
pub mod logline;
pub mod mqtt;
pub mod nvs;
pub mod provision;
pub mod secret;
pub mod state;
pub mod topics;

pub use logline::{ConnackRefusal, LogLine};
pub use provision::{ProvisionRequest, ProvisionResponse};
pub use secret::Secret;
pub use state::PingAnswer;
pub use topics::Topics;
