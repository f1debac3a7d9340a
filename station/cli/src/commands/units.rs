//! `station units`: who is on record, and how the newest run of each came out. Only reads.

mod show;

use firstpass_domain::{Mac, RunId, RunState, SerialNumber};
use firstpass_store::{SqliteStore, Standing, Store, UnitFilter, UnitSummary};
use serde::Serialize;

use crate::{
    args::{Global, UnitsCommand},
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
};

/// Units that are in memory at a time.
const PAGE_UNITS: u32 = 1000;

/// Does one of the subcommands on the record of the data folder.
pub(crate) async fn run(global: &Global, command: &UnitsCommand, output: Output) -> Result<Exit, Failure> {
    let store = DataFolder::find(global)?.read_record().await?;
    match command {
        UnitsCommand::List { passed, failed } => list(&store, wanted(*passed, *failed), output).await,
        UnitsCommand::Show { mac } => show::run(&store, *mac, output).await,
    }
}

const fn wanted(passed: bool, failed: bool) -> Option<Standing> {
    match (passed, failed) {
        (true, _) => Some(Standing::Passed),
        (false, true) => Some(Standing::Failed),
        (false, false) => None,
    }
}

async fn list(store: &SqliteStore, standing: Option<Standing>, output: Output) -> Result<Exit, Failure> {
    let mut filter = UnitFilter { after: None, standing, limit: PAGE_UNITS };
    if !output.is_json() && !output.row(&(), heading)? {
        return Ok(Exit::Done);
    }
    loop {
        let page = store.units(&filter).await?;
        let Some(last) = page.last() else { return Ok(Exit::Done) };
        filter.after = Some(last.mac);
        for unit in &page {
            let row = UnitRow::of(unit);
            if !output.row(&row, || row.text())? {
                return Ok(Exit::Done);
            }
        }
    }
}

fn heading() -> String {
    format!("{:<18} {:<20} {:>8}  {:<25} {}", "MAC", "SERIAL", "ATTEMPTS", "LAST RUN", "AT")
}

/// What a list shows of a unit.
#[derive(Debug, Serialize)]
struct UnitRow<'a> {
    mac: Mac,
    serial: Option<&'a SerialNumber>,
    attempts: u32,
    last_run: Option<RunId>,
    /// `passed`, `failed` or `open`.
    verdict: Option<&'static str>,
    /// Why the newest run failed.
    code: Option<&'static str>,
    /// When the newest run ended, or else began.
    at: Option<String>,
}

impl<'a> UnitRow<'a> {
    fn of(unit: &'a UnitSummary) -> Self {
        let run = unit.last_run.as_ref();
        let state = run.map(|run| state_words(run.state));
        Self {
            mac: unit.mac,
            serial: unit.serial.as_ref(),
            attempts: unit.attempts,
            last_run: run.map(|run| run.id),
            verdict: state.map(|(verdict, _)| verdict),
            code: state.and_then(|(_, code)| code),
            at: run.map(|run| utc(run.ended.unwrap_or(run.began))),
        }
    }

    fn text(&self) -> String {
        let serial = self.serial.map_or("-", SerialNumber::as_str);
        let verdict = match (self.verdict, self.code) {
            (Some(verdict), Some(code)) => format!("{verdict} {code}"),
            (Some(verdict), None) => verdict.to_owned(),
            (None, _) => "-".to_owned(),
        };
        let at = self.at.as_deref().unwrap_or("-");
        format!("{:<18} {serial:<20} {:>8}  {verdict:<25} {at}", self.mac.to_string(), self.attempts)
    }
}

/// The state of a run in words, and why it failed.
const fn state_words(state: RunState) -> (&'static str, Option<&'static str>) {
    match state {
        RunState::Open => ("open", None),
        RunState::Passed => ("passed", None),
        RunState::Failed { code } => ("failed", Some(code.name())),
    }
}
