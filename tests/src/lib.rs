//! Helpers for the stories: they run the real `station` program, as a user would.

mod program;
pub mod tools;

pub use program::{Outcome, Station, repository, station_program};
