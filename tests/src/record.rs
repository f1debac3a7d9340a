//! What is on record, as `units show` and `audit export` tell it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Outcome;

/// Everything about one unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The object of `units show --json`.
    pub shown: Value,
}

impl Unit {
    pub(crate) const fn new(shown: Value) -> Self {
        Self { shown }
    }

    /// Its serial number, once it has one.
    pub fn serial(&self) -> Option<&str> {
        self.shown["serial"].as_str()
    }

    /// Its runs, oldest first.
    pub fn runs(&self) -> &[Value] {
        list(&self.shown["runs"])
    }

    /// Its sessions, oldest first.
    pub fn sessions(&self) -> &[Value] {
        list(&self.shown["sessions"])
    }

    /// Its certificates, oldest first.
    pub fn certificates(&self) -> &[Value] {
        list(&self.shown["certificates"])
    }

    /// How each run stands: `passed`, `open`, or the code of its failure.
    pub fn states(&self) -> Vec<&str> {
        let runs = self.runs().iter();
        runs.map(|run| run["problem"]["code"].as_str().or(run["state"].as_str()).expect("a run has a state")).collect()
    }

    /// How its last run stands.
    pub fn state(&self) -> &str {
        self.states().pop().expect("a unit has run")
    }

    /// A run's pieces of evidence with this fact, in order.
    pub fn evidence<'a>(run: &'a Value, fact: &str) -> Vec<&'a Value> {
        list(&run["evidence"]).iter().filter(|evidence| evidence["fact"] == fact).collect()
    }

    /// What the run's unit said on its UART, by name, in order.
    pub fn uart(run: &Value) -> Vec<&str> {
        Self::evidence(run, "uart").iter().map(|said| said["line"].as_str().expect("a line has a name")).collect()
    }

    /// Its sessions that may still log in.
    pub fn live_sessions(&self) -> Vec<&Value> {
        self.sessions().iter().filter(|session| session["revoked"].is_null()).collect()
    }

    /// The facts of a run's evidence, by name.
    pub fn facts(run: &Value) -> Vec<&str> {
        list(&run["evidence"]).iter().map(|evidence| evidence["fact"].as_str().expect("a fact has a name")).collect()
    }
}

/// The exported audit log.
#[derive(Debug)]
pub struct Audit {
    /// Its entries, in order.
    pub entries: Vec<Value>,
}

impl Audit {
    pub(crate) fn new(export: &Outcome) -> Self {
        Self { entries: export.objects() }
    }

    /// Bodies of the entries of one kind, with their subjects.
    pub fn of_kind(&self, kind: &str) -> Vec<(String, Value)> {
        let wanted = self.entries.iter().filter(|entry| entry["kind"] == kind);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        wanted
            .map(|entry| {
                let body = serde_json::from_str(&text(&entry["body"])).expect("a body is JSON");
                (text(&entry["subject"]), body)
            })
            .collect()
    }

    /// One field of every body of a kind; fails when two are the same.
    #[track_caller]
    pub fn distinct(&self, kind: &str, field: &str) -> BTreeSet<String> {
        let bodies = self.of_kind(kind);
        let values: BTreeSet<String> =
            bodies.iter().map(|(_, body)| body[field].as_str().expect("a text").to_owned()).collect();
        assert_eq!(values.len(), bodies.len(), "every {field} of {kind} is its own");
        values
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("no list: {value}"))
}
