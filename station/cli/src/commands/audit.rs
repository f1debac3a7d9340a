//! `station audit`: checks the log's hash chain, and hands out to its parts what reads it. Everything here only reads.

mod export;
mod replay;

use firstpass_domain::{
    Problem, Sha256Digest,
    audit::{ChainError, ChainVerifier},
};
use firstpass_line::replay::{AuditPages, cause};
use firstpass_store::{SqliteStore, StoreError};
use serde::Serialize;

use crate::{
    args::{AuditCommand, Global},
    data::DataFolder,
    exit::{Exit, Failure},
    output::Output,
};

/// Does one of the subcommands on the record of the data folder.
pub(crate) async fn run(global: &Global, command: &AuditCommand, output: Output) -> Result<Exit, Failure> {
    let store = DataFolder::find(global)?.read_record().await?;
    match command {
        AuditCommand::Verify => verify(&store, output).await,
        AuditCommand::Export { out } => export::run(&store, out.as_deref(), output).await,
        AuditCommand::Replay => replay::run(&store, output).await,
    }
}

/// The end of the chain, for an auditor to keep.
#[derive(Debug, Serialize)]
struct Intact {
    event: &'static str,
    intact: bool,
    entries: i64,
    head: Sha256Digest,
}

/// Where the chain breaks.
#[derive(Debug, Serialize)]
struct Broken {
    event: &'static str,
    intact: bool,
    /// Position of the first entry that is wrong.
    seq: i64,
    /// How many entries before it are right.
    entries: i64,
    /// Hash of the last right entry.
    head: Sha256Digest,
    problem: Problem,
}

async fn verify(store: &SqliteStore, output: Output) -> Result<Exit, Failure> {
    let mut verifier = ChainVerifier::new();
    match check_chain(store, &mut verifier).await? {
        None => {
            let (entries, head) = (verifier.checked(), verifier.head());
            let intact = Intact { event: "summary", intact: true, entries, head };
            output.say(&intact, || format!("{entries} audit entries, the chain is intact.\nhead: {head}"));
            Ok(Exit::Done)
        }
        Some((seq, reason)) => {
            say_broken(output, &verifier, seq, &reason);
            Ok(Exit::Failed)
        }
    }
}

/// Checks every entry in order. Returns position and reason when one is wrong.
async fn check_chain(store: &SqliteStore, verifier: &mut ChainVerifier) -> Result<Option<(i64, String)>, Failure> {
    let mut pages = AuditPages::new();
    loop {
        let page = match pages.next(store).await {
            Ok(Some(page)) => page,
            Ok(None) => return Ok(None),
            // An entry that cannot even be read was changed, too.
            Err(error @ StoreError::Corrupt { .. }) => {
                let seq = verifier.checked() + 1;
                return Ok(Some((seq, format!("entry {seq} cannot be read: {}", cause(&error)))));
            }
            Err(error) => return Err(error.into()),
        };
        for entry in &page {
            if let Err(error) = verifier.check(entry) {
                return Ok(Some((position(&error), error.to_string())));
            }
        }
    }
}

const fn position(error: &ChainError) -> i64 {
    match error {
        ChainError::Gap { expected, .. } => *expected,
        ChainError::Unlinked { seq } | ChainError::Changed { seq } => *seq,
    }
}

/// Says where and how the chain is broken, in the same words for every subcommand.
fn say_broken(output: Output, verifier: &ChainVerifier, seq: i64, reason: &str) {
    let (entries, head) = (verifier.checked(), verifier.head());
    let problem = Problem {
        code: "audit_broken".to_owned(),
        what: "The audit log was changed after it was written.".to_owned(),
        why: format!("{reason}. The {entries} entries before are right and end with hash {head}."),
        remedy:
            "Keep this record as it is, compare it with an earlier export or a backup, and find out who changed it."
                .to_owned(),
    };
    if output.is_json() {
        output.object(&Broken { event: "broken", intact: false, seq, entries, head, problem });
    } else {
        output.problem(&problem);
    }
}
