//! Public tools that the stories hold ours against.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use crate::repository;

/// A program of the Python environment that `./test` makes (or of the one that `FIRSTPASS_VENV` names).
pub fn python_tool(name: &str) -> PathBuf {
    let venv = std::env::var_os("FIRSTPASS_VENV").map_or_else(|| repository().join(".venv"), PathBuf::from);
    let tool = venv.join("bin").join(name);
    assert!(tool.exists(), "{} is missing: run ./test, which installs it", tool.display());
    tool
}

/// Runs a system tool; a missing one is named with what installs it.
#[track_caller]
pub fn run_tool(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; run ./test, which installs what the tests need"))
}
