//! Runs the program as a script would.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// What the program answered.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `station` in `folder`; no setting of this machine reaches it.
pub(crate) fn station(folder: &Path, arguments: &[&str]) -> Answer {
    station_with(folder, arguments, &[])
}

/// The same with `variables` in its environment.
pub(crate) fn station_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_station"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env_remove("FIRSTPASS_DATA").env_remove("FIRSTPASS_CONFIG").env_remove("RUST_LOG");
    command.env_remove("XDG_DATA_HOME").env("HOME", folder);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Answer {
    /// Every line of the output as an object.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The code of the only problem that was printed with `--json`.
    pub(crate) fn problem_code(&self) -> String {
        let [object] = self.objects().try_into().unwrap();
        object["problem"]["code"].as_str().unwrap().to_owned()
    }

    /// Asserts the exit code, and that the words for people hold each of `words`.
    #[track_caller]
    pub(crate) fn refused(&self, words: &[&str]) {
        assert_eq!(self.code, 2, "{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in: {}", self.stderr);
        }
    }
}

/// Names of everything in a folder and below.
pub(crate) fn tree(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(tree(&path));
        }
    }
    names.sort();
    names
}
