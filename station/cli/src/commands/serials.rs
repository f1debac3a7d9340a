//! `station serials`: accounts for every serial number that was given. Only reads.

use std::collections::BTreeMap;

use firstpass_domain::{Mac, SerialNumber};
use firstpass_store::{SerialRecord, SqliteStore, Store};
use serde::Serialize;

use crate::{
    args::{Global, SerialsCommand},
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
};

/// Numbers that are in memory at a time.
const PAGE_SERIALS: u32 = 1000;

/// Does one of the subcommands on the record of the data folder.
pub(crate) async fn run(global: &Global, command: &SerialsCommand, output: Output) -> Result<Exit, Failure> {
    let store = DataFolder::find(global)?.read_record().await?;
    match command {
        SerialsCommand::List => list(&store, output).await,
    }
}

async fn list(store: &SqliteStore, output: Output) -> Result<Exit, Failure> {
    let heading = || format!("{:<24} {:<18} {:<12} {:<25} {}", "SERIAL", "MAC", "FATE", "GIVEN", "NOTE");
    if !output.is_json() && !output.row(&(), heading)? {
        return Ok(Exit::Done);
    }
    let (mut after, mut counts) = (None, BTreeMap::new());
    loop {
        let page = store.serials(after.as_ref(), PAGE_SERIALS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.serial.clone());
        for serial in &page {
            let row = Row::of(serial);
            *counts.entry(row.fate).or_default() += 1;
            if !output.row(&row, || row.text())? {
                return Ok(Exit::Done);
            }
        }
    }
    say_summary(output, counts);
    Ok(Exit::Done)
}

/// What is printed of a number.
#[derive(Debug, Serialize)]
struct Row<'a> {
    serial: &'a SerialNumber,
    mac: Mac,
    /// `passed`, `failed`, `in_work`, `quarantined` or `scrapped`: why the number is not on a product that was shipped.
    fate: &'static str,
    /// `false` when the unit was given another number after this one.
    borne: bool,
    given: String,
}

impl<'a> Row<'a> {
    fn of(record: &'a SerialRecord) -> Self {
        let SerialRecord { serial, mac, allocated, is_borne, fate } = record;
        Self { serial, mac: *mac, fate: fate.name(), borne: *is_borne, given: utc(*allocated) }
    }

    fn text(&self) -> String {
        let note = if self.borne { "" } else { "the unit bears another number now" };
        let (serial, mac) = (self.serial.as_str(), self.mac.to_string());
        format!("{serial:<24} {mac:<18} {:<12} {:<25} {note}", self.fate, self.given).trim_end().to_owned()
    }
}

fn say_summary(output: Output, counts: BTreeMap<&'static str, u64>) {
    #[derive(Serialize)]
    struct Summary {
        event: &'static str,
        given: u64,
        fates: BTreeMap<&'static str, u64>,
    }
    let summary = Summary { event: "summary", given: counts.values().sum(), fates: counts };
    output.say(&summary, || {
        let fates: Vec<_> = summary.fates.iter().map(|(fate, count)| format!("{fate} {count}")).collect();
        format!("numbers given: {}, each with its unit ({})", summary.given, fates.join(", "))
    });
}
