//! `station doctor`: checks that this machine can run a line. Looks only; makes and changes nothing.

mod authority;
mod machine;
mod network;
mod recipe;
mod record;

use serde::Serialize;

use crate::{
    args::Global,
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
};

/// Runs every check, also after one that fails; a failed one makes exit code 1.
pub(crate) async fn run(global: &Global, output: Output) -> Result<Exit, Failure> {
    let data = DataFolder::find(global)?;
    let mut tally = Tally::default();
    tally.say(output, machine::clock());
    tally.say(output, machine::data_folder(data.path()));
    tally.say(output, machine::free_space(data.path()));
    tally.say(output, record::check(&data).await);
    for check in authority::check(&data) {
        tally.say(output, check);
    }
    for check in recipe::check(data.config()) {
        tally.say(output, check);
    }
    tally.say(output, machine::serial_ports(data.config()));
    tally.say(output, machine::pseudo_terminals());
    tally.say(output, machine::open_files());
    for check in network::check(data.config()) {
        tally.say(output, check);
    }
    Ok(tally.end(output))
}

/// What one check found.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    state: State,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// The line runs, but not for every purpose or not for long.
    Warn,
    /// No line can run.
    Fail,
}

impl Check {
    fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), remedy: None }
    }

    fn warn(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Warn, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn fail(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Fail, what: what.into(), remedy: Some(remedy.into()) }
    }

    fn text(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "WARN",
            State::Fail => "FAIL",
        };
        let remedy = self.remedy.as_ref().map(|remedy| format!("\n{:27}-> {remedy}", "")).unwrap_or_default();
        format!("{state:<5} {:<20} {}{remedy}", self.check, self.what)
    }
}

/// How many checks came out how.
#[derive(Debug, Default, Serialize)]
struct Tally {
    ok: u32,
    warn: u32,
    fail: u32,
}

impl Tally {
    fn say(&mut self, output: Output, check: Check) {
        match check.state {
            State::Ok => self.ok += 1,
            State::Warn => self.warn += 1,
            State::Fail => self.fail += 1,
        }
        output.say(&check, || check.text());
    }

    fn end(self, output: Output) -> Exit {
        #[derive(Serialize)]
        struct Summary {
            event: &'static str,
            #[serde(flatten)]
            tally: Tally,
        }
        let exit = if self.fail == 0 { Exit::Done } else { Exit::Failed };
        let summary = Summary { event: "summary", tally: self };
        output.say(&summary, || {
            let Tally { ok, warn, fail } = &summary.tally;
            format!("{ok} ok, {warn} to look at, {fail} failed")
        });
        exit
    }
}
