//! The hidden `station virtual-unit`: this process becomes one virtual unit. Knows no station.

use std::{error::Error, process::ExitCode};

use virtual_unit::cli::{Cli, CliError};

use crate::exit::Exit;

/// Is a unit until a signal or an order to quit.
pub(crate) fn run(unit: Cli) -> ExitCode {
    match unit.run() {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            exit_of(&error).into()
        }
    }
}

const fn exit_of(error: &CliError) -> Exit {
    match error {
        CliError::Nothing => Exit::Usage,
        CliError::Process(_) | CliError::Write { .. } => Exit::Station,
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
