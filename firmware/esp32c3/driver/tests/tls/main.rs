//! Whom the unit talks to, and whom not, over the very TLS stack that the chip uses.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod refusals;
mod time_of_day;
