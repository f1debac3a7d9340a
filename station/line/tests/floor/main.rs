//! What people do with the slots of a station, on a whole station with virtual units: start, stop, retry, map, check.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod bench;
mod golden;
mod ports;
mod restart;
mod retry;
mod start;
mod stop;
mod unit;
