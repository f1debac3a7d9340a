//! Runs the `station` program on a data folder of its own.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use crate::{
    Gateway, Outcome, Process, VirtualUnit,
    process::guarded,
    record::{Audit, Unit},
};

/// The repository's top folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the repository")
}

/// The `station` program, built from the present sources (or the one in the folder that `FIRSTPASS_PROGRAMS` names).
pub fn station_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| programs().join("station"))
}

/// The `virtual-unit` program, from the same place.
pub fn unit_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| programs().join("virtual-unit"))
}

fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::var_os("FIRSTPASS_PROGRAMS").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    // A program lies in target/PROFILE, and a test binary one folder further down, in deps.
    let own = std::env::current_exe().expect("a process knows its program");
    let folder = own.ancestors().skip(1).find(|folder| folder.file_name() != Some(OsStr::new("deps")));
    let folder = folder.expect("programs lie in target/PROFILE").to_owned();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(repository()).args(["build", "--quiet", "-p", "station", "-p", "virtual-unit"]);
    if folder.file_name() == Some(OsStr::new("release")) {
        build.arg("--release");
    }
    let status = build.status().expect("cargo runs");
    assert!(status.success(), "the station builds");
    folder
}

/// A station with a data folder of its own.
#[derive(Debug)]
pub struct Station {
    data: PathBuf,
    /// Removes the folder, when it is this station's to remove.
    _folder: Option<tempfile::TempDir>,
}

impl Station {
    /// A station that has never run.
    #[expect(clippy::new_without_default, reason = "a station is made on disk")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { data: folder.path().to_owned(), _folder: Some(folder) }
    }

    /// A station with a data folder that somebody else keeps.
    pub fn at(data: &Path) -> Self {
        Self { data: data.to_owned(), _folder: None }
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A command on this station, ready to run.
    pub fn command<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        // SIGTERM lets a station take its own children along.
        let mut command = guarded(station_program(), "TERM");
        command.args(arguments).arg("--data").arg(&self.data);
        command.stdin(Stdio::null()).env_remove("FIRSTPASS_CONFIG").env("RUST_LOG", "warn");
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Outcome {
        Process::start(&mut self.command(arguments)).finish()
    }

    /// Runs a command with `--json` to its end.
    #[track_caller]
    pub fn json<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Outcome {
        Process::start(self.command(arguments).arg("--json")).finish()
    }

    /// `station flash` on the slots of `units`, ready to run; with `--json`. Without units, `options` name the ports.
    pub fn flash_command(&self, recipe: &Path, units: &[&VirtualUnit], options: &[&str]) -> Command {
        self.flash_command_at(&Gateway::of(self), recipe, units, options)
    }

    /// The same with a gateway that the story knows.
    pub fn flash_command_at(
        &self,
        gateway: &Gateway,
        recipe: &Path,
        units: &[&VirtualUnit],
        options: &[&str],
    ) -> Command {
        let mut command = self.command(["flash", "--json"]);
        command.arg("--recipe").arg(recipe).arg("--config").arg(&gateway.config).args(options);
        if !units.is_empty() {
            let slots: Vec<String> = units.iter().map(|unit| unit.slot()).collect();
            command.arg("--ports").arg(slots.join(","));
        }
        command
    }

    /// Runs `station flash` to its end.
    #[track_caller]
    pub fn flash(&self, recipe: &Path, units: &[&VirtualUnit], options: &[&str]) -> Outcome {
        Process::start(&mut self.flash_command(recipe, units, options)).finish()
    }

    /// Starts `station serve` without slots: only what units talk to.
    #[track_caller]
    pub fn serve(&self, recipe: &Path) -> (Process, Gateway) {
        let gateway = Gateway::of(self);
        let mut command = self.command(["serve", "--json"]);
        command.arg("--recipe").arg(recipe).arg("--config").arg(&gateway.config);
        let mut process = Process::start(&mut command);
        process.wait_for_event("serving", |_| true);
        (process, gateway)
    }

    /// What is on record of a unit.
    #[track_caller]
    pub fn unit(&self, mac: &str) -> Unit {
        Unit::new(self.json(["units", "show", mac]).expect_code(0).last())
    }

    /// The certificate between its units' and its root.
    #[track_caller]
    pub fn intermediate(&self) -> String {
        std::fs::read_to_string(self.data.join("ca/intermediate.pem")).expect("the station has a CA")
    }

    /// The UART log of a run.
    #[track_caller]
    pub fn uart_log(&self, run: &serde_json::Value) -> String {
        let run = run["run"].as_str().expect("a run has an id");
        std::fs::read_to_string(self.data.join(format!("uart/{run}.log"))).expect("a run has a log")
    }

    /// The audit log, after its chain was verified and every verdict computed again.
    #[track_caller]
    pub fn audit(&self) -> Audit {
        let verified = self.json(["audit", "verify"]).expect_code(0).last();
        assert_eq!(verified["intact"], true, "{verified}");
        let replayed = self.json(["audit", "replay"]).expect_code(0).last();
        assert_eq!(replayed["differing"], 0, "{replayed}");
        let audit = Audit::new(&self.run(["audit", "export"]).expect_code(0));
        assert_eq!(verified["entries"], audit.entries.len(), "what is exported is what was verified");
        audit
    }
}
