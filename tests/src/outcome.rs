//! How a program ended and what it printed. Knows no program by name.

use serde_json::Value;

/// The end of a program.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
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

    /// The problem that it ended with (or the last one that it reported).
    #[track_caller]
    pub fn problem(&self) -> Value {
        let problem = self.objects().iter().rev().find_map(|object| object.get("problem").cloned());
        problem.unwrap_or_else(|| panic!("no problem in {self:#?}"))
    }

    /// Fails with everything that was printed unless the exit code is `code`.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Fails unless the batch ended with these counts (and no slot was stopped).
    #[track_caller]
    pub fn expect_counts(self, passed: u64, failed: u64) -> Self {
        let last = self.last();
        let counts = [&last["passed"], &last["failed"], &last["stopped"]].map(Value::as_u64);
        assert_eq!(counts, [Some(passed), Some(failed), Some(0)], "{last}\nstderr: {}", self.stderr);
        self
    }
}
