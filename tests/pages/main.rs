//! Stories of the pages, in a real browser on a real station.

#![expect(clippy::unwrap_used, reason = "a story stops at the first thing that is not as it must be")]

mod gallery;
mod harness;
mod office;
mod operator;
mod shop;
