//! `station batch`: opens, lists, shows, changes, pauses, resumes and closes batches (work orders). They work on the record
//! alone, also while a station works: it looks at its batch before it takes a unit.

mod change;
mod open;
mod show;

use firstpass_store::{Act, BatchChange, BatchRecord, BatchState, SqliteStore, Store};
use serde::Serialize;

use crate::{
    args::{ActArgs, BatchCommand, Global},
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
    station::now,
};

/// Does one of the subcommands.
pub(crate) async fn run(global: &Global, command: &BatchCommand, output: Output) -> Result<Exit, Failure> {
    let data = DataFolder::find(global)?;
    match command {
        BatchCommand::Open(args) => open::run(&data, args, output).await,
        BatchCommand::List { limit } => list(&data.read_record().await?, *limit, output).await,
        BatchCommand::Show { name, language } => show::run(&data.read_record().await?, name, *language, output).await,
        BatchCommand::Pause { name, act } => change(&data, name, BatchState::Paused, act, output).await,
        BatchCommand::Resume { name, act } => change(&data, name, BatchState::Open, act, output).await,
        BatchCommand::Change(args) => change::run(&data, args, output).await,
        BatchCommand::Close { name, act } => change(&data, name, BatchState::Closed, act, output).await,
    }
}

/// What is printed of a batch.
#[derive(Debug, Serialize)]
struct BatchView<'a> {
    batch: String,
    name: &'a str,
    product: &'a str,
    /// SHA-256 of its recipe.
    recipe: String,
    /// `open`, `paused` or `closed`.
    state: &'static str,
    reason: Option<&'a str>,
    quantity: Option<u32>,
    quota: Option<u32>,
    opened: String,
    closed: Option<String>,
}

impl<'a> BatchView<'a> {
    fn of(record: &'a BatchRecord) -> Self {
        let batch = &record.batch;
        Self {
            batch: record.id.0.to_string(),
            name: &batch.name,
            product: &batch.product,
            recipe: batch.recipe.to_string(),
            state: record.state.name(),
            reason: record.reason.as_deref(),
            quantity: batch.quantity,
            quota: batch.quota,
            opened: utc(record.opened),
            closed: record.closed.map(utc),
        }
    }

    fn row(&self) -> String {
        let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
        let Self { name, product, state, opened, .. } = self;
        let (quantity, quota) = (number(self.quantity), number(self.quota));
        let reason = self.reason.map(|reason| format!("  {reason}")).unwrap_or_default();
        format!("{name:<24} {product:<16} {state:<7} {quantity:>8} {quota:>8}  {opened}{reason}")
    }
}

async fn list(store: &SqliteStore, limit: u32, output: Output) -> Result<Exit, Failure> {
    let heading =
        || format!("{:<24} {:<16} {:<7} {:>8} {:>8}  OPENED", "NAME", "PRODUCT", "STATE", "QUANTITY", "QUOTA");
    if !output.is_json() && !output.row(&(), heading)? {
        return Ok(Exit::Done);
    }
    for batch in store.batches(limit).await? {
        let view = BatchView::of(&batch);
        if !output.row(&view, || view.row())? {
            break;
        }
    }
    Ok(Exit::Done)
}

/// The newest batch of this name.
async fn find(store: &SqliteStore, name: &str) -> Result<BatchRecord, Failure> {
    store.batch_by_name(name).await?.ok_or_else(|| {
        let remedy = "Compare with `station batch list`; check that --data names the right station's folder.";
        Failure::usage("batch_unknown", format!("There is no batch {name:?}."), "None on record has this name.", remedy)
    })
}

/// Sets the state, with who and why on record.
async fn change(
    data: &DataFolder,
    name: &str,
    state: BatchState,
    act: &ActArgs,
    output: Output,
) -> Result<Exit, Failure> {
    let act = act.checked()?;
    let store = data.open_record().await?;
    let batch = find(&store, name).await?;
    if state != BatchState::Closed {
        check_not_closed(&batch)?;
    }
    let changed = store.set_batch_state(batch.id, state, &act, now()).await?;
    let batch = find(&store, name).await?;
    store.close().await;
    say_change(output, &batch, changed);
    Ok(Exit::Done)
}

fn check_not_closed(batch: &BatchRecord) -> Result<(), Failure> {
    if batch.state != BatchState::Closed {
        return Ok(());
    }
    let why = format!("It was closed{}.", batch.closed.map(|at| format!(" on {}", utc(at))).unwrap_or_default());
    let remedy = "A closed batch stays closed; open another one.";
    Err(Failure::usage("batch_closed", format!("Batch {:?} is closed.", batch.batch.name), why, remedy))
}

fn say_change(output: Output, batch: &BatchRecord, changed: BatchChange) {
    #[derive(Serialize)]
    struct View<'a> {
        event: &'static str,
        /// `false` when it stood so before.
        changed: bool,
        #[serde(flatten)]
        batch: BatchView<'a>,
    }
    let changed = matches!(changed, BatchChange::Changed { .. });
    let view = View { event: "batch", changed, batch: BatchView::of(batch) };
    output.say(&view, || {
        let verb = if changed { "is now" } else { "was already" };
        format!("batch {:?} {verb} {}", view.batch.name, view.batch.state)
    });
}

impl ActArgs {
    /// Both must say something: an auditor reads them.
    pub(crate) fn checked(&self) -> Result<Act, Failure> {
        for (flag, text) in [("--reason", &self.reason), ("--by", &self.by)] {
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                let why = format!("{flag} is empty or holds control characters.");
                let remedy = "Say on one line who does this, and why; both go on record.";
                return Err(Failure::usage("act_unexplained", "This needs a reason and a name.", why, remedy));
            }
        }
        Ok(Act { actor: self.by.trim().to_owned(), reason: self.reason.trim().to_owned() })
    }
}
