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

/// A file of a package in that environment, such as `axe_playwright_python/axe.min.js`.
pub fn python_package_file(name: &str) -> PathBuf {
    let python = python_tool("python");
    let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = Command::new(&python).args(["-c", script]).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    let file = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join(name);
    assert!(file.exists(), "{} is missing: run ./test, which installs it", file.display());
    file
}

/// Runs a system tool; a missing one is named with what installs it.
#[track_caller]
pub fn run_tool(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; run ./test, which installs what the tests need"))
}
