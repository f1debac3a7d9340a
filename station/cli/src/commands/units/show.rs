//! `station units show`: everything about one unit. Secrets are not on record, and what stands for them is left out.

mod text;
mod view;

use firstpass_domain::{Language, Mac};
use firstpass_store::{SqliteStore, Store, UnitDetail};

use self::view::{RunView, UnitView};
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

/// Prints the unit with its runs, sessions and certificates, as one object with `--json`.
pub(super) async fn run(store: &SqliteStore, mac: Mac, language: Language, output: Output) -> Result<Exit, Failure> {
    let unit = store.unit(mac).await?.ok_or_else(|| unknown(mac))?;
    let runs = runs_of(store, &unit, language).await?;
    let view = UnitView::of(&unit, runs);
    output.say(&view, || text::of(&view, language));
    Ok(Exit::Done)
}

async fn runs_of(store: &SqliteStore, unit: &UnitDetail, language: Language) -> Result<Vec<RunView>, Failure> {
    let mut runs = Vec::new();
    for run in &unit.runs {
        if let Some(detail) = store.run(run.id).await? {
            runs.push(RunView::of(&detail, language));
        }
    }
    Ok(runs)
}

fn unknown(mac: Mac) -> Failure {
    let why = format!("No run on record had a unit with MAC {mac}.");
    let remedy = "Compare with `station units list`; check that --data names the right station's folder.";
    Failure::usage("unit_unknown", "This unit is not on record.", why, remedy)
}
