//! `station units`: who is on record, how the newest run of each came out, and what is done about single units.

mod act;
mod reprovision;
mod show;

use firstpass_domain::{Mac, RunId, RunState, SerialNumber};
use firstpass_store::{SqliteStore, Standing, Store, UnitFilter, UnitSummary};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::act::Deed;
use crate::{
    args::{Global, UnitsCommand, UnitsListArgs},
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
};

/// Units that are in memory at a time.
const PAGE_UNITS: u32 = 1000;

/// Does one of the subcommands on the record of the data folder.
pub(crate) async fn run(
    global: &Global,
    command: &UnitsCommand,
    output: Output,
    token: CancellationToken,
) -> Result<Exit, Failure> {
    if let UnitsCommand::Reprovision(args) = command {
        return reprovision::run(global, args, output, token).await;
    }
    let data = DataFolder::find(global)?;
    match command {
        UnitsCommand::List(args) => list(&data.read_record().await?, wanted(*args), output).await,
        UnitsCommand::Show { mac, language } => show::run(&data.read_record().await?, *mac, *language, output).await,
        UnitsCommand::Quarantine { mac, act } => act::run(&data, *mac, Deed::Quarantined, act, output).await,
        UnitsCommand::Release { mac, act } => act::run(&data, *mac, Deed::Released, act, output).await,
        UnitsCommand::Scrap { mac, act } => act::run(&data, *mac, Deed::Scrapped, act, output).await,
        UnitsCommand::Reprovision(_) => unreachable!("it works on a unit, not on the record alone"),
    }
}

/// At most one of the flags is set; the command line's reader sees to that.
const fn wanted(args: UnitsListArgs) -> Option<Standing> {
    match args {
        UnitsListArgs { passed: true, .. } => Some(Standing::Passed),
        UnitsListArgs { failed: true, .. } => Some(Standing::Failed),
        UnitsListArgs { quarantined: true, .. } => Some(Standing::Quarantined),
        UnitsListArgs { scrapped: true, .. } => Some(Standing::Scrapped),
        UnitsListArgs { passed: false, failed: false, quarantined: false, scrapped: false } => None,
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
    format!("{:<18} {:<20} {:>8}  {:<12} {:<25} {}", "MAC", "SERIAL", "ATTEMPTS", "STANDING", "LAST RUN", "AT")
}

/// What a list shows of a unit.
#[derive(Debug, Serialize)]
struct UnitRow<'a> {
    mac: Mac,
    serial: Option<&'a SerialNumber>,
    attempts: u32,
    /// `passed`, `failed`, `quarantined` or `scrapped`; `None` before its first run has ended.
    standing: Option<&'static str>,
    last_run: Option<RunId>,
    /// `passed`, `failed` or `open`.
    verdict: Option<&'static str>,
    /// Whether the newest run only repaired the unit's credentials, so that its verdict is none of the unit's.
    repair: bool,
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
            standing: unit.standing.map(Standing::name),
            last_run: run.map(|run| run.id),
            verdict: state.map(|(verdict, _)| verdict),
            repair: run.is_some_and(|run| run.repair),
            code: state.and_then(|(_, code)| code),
            at: run.map(|run| utc(run.ended.unwrap_or(run.began))),
        }
    }

    fn text(&self) -> String {
        let serial = self.serial.map_or("-", SerialNumber::as_str);
        let verdict = match (self.verdict, self.code) {
            (Some(verdict), Some(code)) => format!("{verdict} {code}"),
            (Some(verdict), None) if self.repair => format!("repair {verdict}"),
            (Some(verdict), None) => verdict.to_owned(),
            (None, _) => "-".to_owned(),
        };
        let at = self.at.as_deref().unwrap_or("-");
        let (mac, standing) = (self.mac.to_string(), self.standing.unwrap_or("-"));
        format!("{mac:<18} {serial:<20} {:>8}  {standing:<12} {verdict:<25} {at}", self.attempts)
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
