//! Runs the `station` program and reads what it prints.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// The repository's top folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the repository")
}

/// The `station` program, built from the present sources.
pub fn station_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // The test binary lies in target/PROFILE/deps; programs lie one folder up.
        let test = std::env::current_exe().expect("a process knows its program");
        let folder = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps").to_owned();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.current_dir(repository()).args(["build", "--quiet", "-p", "station", "-p", "virtual-unit"]);
        if folder.file_name() == Some(OsStr::new("release")) {
            build.arg("--release");
        }
        let status = build.status().expect("cargo runs");
        assert!(status.success(), "the station builds");
        folder.join("station")
    })
}

/// A station with a data folder of its own.
#[derive(Debug)]
pub struct Station {
    data: tempfile::TempDir,
}

/// How a command ended and what it printed.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Station {
    /// A station that has never run.
    #[expect(clippy::new_without_default, reason = "a station is made on disk")]
    pub fn new() -> Self {
        Self { data: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A command on this station, ready to run.
    pub fn command<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(station_program());
        command.args(arguments).arg("--data").arg(self.data());
        command.stdin(Stdio::null()).env_remove("FIRSTPASS_CONFIG").env("RUST_LOG", "warn");
        command
    }

    /// Runs a command to its end.
    pub fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Outcome {
        self.command(arguments).output().expect("the station runs").into()
    }

    /// Runs a command with `--json` to its end.
    pub fn json<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Outcome {
        let mut command = self.command(arguments);
        command.arg("--json").output().expect("the station runs").into()
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// The JSON objects that it printed, one a line.
    pub fn objects(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The last JSON object that it printed.
    pub fn last(&self) -> Value {
        self.objects().pop().unwrap_or_else(|| panic!("nothing was printed; standard error: {}", self.stderr))
    }

    /// Objects whose `event` is `name`.
    pub fn events(&self, name: &str) -> Vec<Value> {
        self.objects().into_iter().filter(|object| object["event"] == name).collect()
    }

    /// Fails with everything that was printed unless the exit code is `code`.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}
