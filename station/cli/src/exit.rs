//! How the program ends: exit codes for scripts and words for people.

use std::process::ExitCode;

use firstpass_domain::Problem;
use firstpass_line::{StationError, floor::FloorError, recipe::RecipeError, store_problem};
use firstpass_server::ServerError;
use firstpass_store::StoreError;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) problem: Problem,
}

/// Exit codes, as README lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: all passed, or done.
    Done,
    /// 1: some unit failed, or a check found something.
    Failed,
    /// 2: usage or configuration.
    Usage,
    /// 3: the station itself failed.
    Station,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Station => 3,
        })
    }
}

impl Failure {
    /// The caller's mistake: exit code 2.
    pub(crate) fn usage(
        code: &str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { exit: Exit::Usage, problem: problem(code, what, why, remedy) }
    }

    /// The station's failure: exit code 3.
    pub(crate) fn station(
        code: &str,
        what: impl Into<String>,
        why: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { exit: Exit::Station, problem: problem(code, what, why, remedy) }
    }
}

fn problem(code: &str, what: impl Into<String>, why: impl Into<String>, remedy: impl Into<String>) -> Problem {
    Problem { code: code.to_owned(), what: what.into(), why: why.into(), remedy: remedy.into() }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the record failed");
        Self { exit: Exit::Station, problem: store_problem(&error) }
    }
}

impl From<StationError> for Failure {
    fn from(error: StationError) -> Self {
        Self { exit: Exit::Station, problem: error.problem() }
    }
}

impl From<FloorError> for Failure {
    fn from(error: FloorError) -> Self {
        match error {
            FloorError::Refused(problem) => Self { exit: Exit::Usage, problem },
            FloorError::Station(error) => error.into(),
            FloorError::NoSuchSlot(slot) => {
                let what = format!("There is no slot {slot}.");
                Self::usage("no_such_slot", what, "The configuration has no [[slot]] of this name.", "Check the name.")
            }
        }
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Self { exit: Exit::Station, problem: error.problem() }
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        Self { exit: Exit::Usage, problem: error.problem() }
    }
}
