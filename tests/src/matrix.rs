//! The fault matrix: every fault that units, fixtures and networks can have, alone and in pairs, on the whole line; and
//! how often the first-named diagnosis is the right one. Knows the line only by its command.

mod cases;
mod faults;
mod program;
mod report;
mod run;

pub use cases::{Case, Recipe, good_units, pairs, singles};
pub use faults::{FAULTS, Fault, How, Phase};
pub use program::main;
pub use report::Report;
pub use run::{Outcome, run};
