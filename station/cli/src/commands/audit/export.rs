//! `station audit export`: every entry as JSON Lines, in order, with flat memory. A file appears whole or not at all.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use firstpass_domain::{
    Sha256Digest,
    audit::{ChainError, ChainVerifier},
};
use firstpass_line::replay::AuditPages;
use firstpass_store::SqliteStore;
use serde::Serialize;

use super::{position, say_broken};
use crate::{
    exit::{Exit, Failure},
    output::{Output, written},
    whole_file::WholeFile,
};

/// Permission bits of the exported file, less those that the process's umask takes away: it holds no secrets.
const FILE_MODE: u32 = 0o644;

/// Writes to standard output, or to `out`; then tells how many entries there were and where the chain ends.
pub(super) async fn run(store: &SqliteStore, out: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let Some(file) = out else {
        return match write_all(store, &mut BufWriter::new(io::stdout())).await? {
            Some(end) => Ok(end.tell(Output::new(false), None)),
            None => Ok(Exit::Done),
        };
    };
    let mut whole = WholeFile::create(file, FILE_MODE).map_err(|error| uncreatable(file, &error))?;
    let Some(end) = write_all(store, &mut BufWriter::new(whole.sink())).await? else {
        return Err(unwritable(file, &io::ErrorKind::BrokenPipe.into()));
    };
    whole.finish().map_err(|error| unwritable(file, &error))?;
    Ok(end.tell(output, Some(file)))
}

/// The last line: what an auditor compares.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    event: &'static str,
    entries: i64,
    head: Sha256Digest,
    intact: bool,
    file: Option<&'a Path>,
}

/// What was exported.
struct Exported {
    entries: i64,
    verifier: ChainVerifier,
    broken: Option<ChainError>,
}

impl Exported {
    /// Says it on standard error, or as an object when standard output is free for it.
    fn tell(&self, output: Output, file: Option<&Path>) -> Exit {
        let (entries, head, intact) = (self.entries, self.verifier.head(), self.broken.is_none());
        if output.is_json() {
            output.object(&Summary { event: "summary", entries, head, intact, file });
        } else {
            let place = file.map(|file| format!(" to {}", file.display())).unwrap_or_default();
            eprintln!("exported {entries} audit entries{place}\nhead: {head}");
        }
        match &self.broken {
            None => Exit::Done,
            Some(error) => {
                say_broken(output, &self.verifier, position(error), &error.to_string());
                Exit::Failed
            }
        }
    }
}

/// Writes every entry, also behind a place where the chain is broken. `None` when the reader went away.
async fn write_all(store: &SqliteStore, sink: &mut dyn Write) -> Result<Option<Exported>, Failure> {
    let mut exported = Exported { entries: 0, verifier: ChainVerifier::new(), broken: None };
    let mut pages = AuditPages::new();
    while let Some(page) = pages.next(store).await? {
        for entry in &page {
            let mut line = serde_json::to_vec(entry).expect("an entry serialises");
            line.push(b'\n');
            if !written(sink.write_all(&line))? {
                return Ok(None);
            }
            exported.entries += 1;
            if exported.broken.is_none() {
                exported.broken = exported.verifier.check(entry).err();
            }
        }
    }
    Ok(written(sink.flush())?.then_some(exported))
}

fn uncreatable(file: &Path, error: &io::Error) -> Failure {
    let why = format!("{}: {error}.", file.display());
    Failure::usage("out_unwritable", "The file cannot be made.", why, "Name a file in a folder that you may write.")
}

fn unwritable(file: &Path, error: &io::Error) -> Failure {
    let why = format!("{}: {error}.", file.display());
    Failure::station(
        "out_unwritable",
        "The file cannot be written.",
        why,
        "Check that the disk has room, and try again.",
    )
}
