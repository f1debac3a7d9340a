//! Helpers for the stories: they run the real programs, as a user would, and read what those leave behind.

pub mod browser;
mod flash;
mod gateway;
mod login;
pub mod matrix;
pub mod network;
mod outcome;
mod process;
mod product;
mod program;
mod record;
pub mod small_disk;
pub mod tools;
mod traces;
mod unit;

pub use flash::{APP_OFFSET, NVS_LEN, NVS_OFFSET, Secrets, find_code, find_text};
pub use gateway::Gateway;
pub use login::Login;
pub use outcome::Outcome;
pub use process::{LIMIT, Process};
pub use product::{Injection, PLACEHOLDER, Product};
pub use program::{Station, repository, station_program, unit_program};
pub use record::{Audit, Unit};
pub use traces::{Traces, is_code};
pub use unit::VirtualUnit;
