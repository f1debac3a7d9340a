//! `station nvs`: partition images from CSV, and what stands in one. Knows the CSV; the format is the device crate's.

pub(crate) mod bounded;
mod csv_file;
mod dump;
mod value;

use std::{collections::HashMap, error::Error, path::Path};

use firstpass_device::nvs::{self, NvsError};
use firstpass_domain::Sha256Digest;
use serde::Serialize;

use self::csv_file::Row;
use crate::{
    args::NvsCommand,
    exit::{Exit, Failure},
    output::Output,
    whole_file,
};

/// Largest partition in bytes: no ESP32 has more flash.
const PARTITION_MAX: u32 = 128 * 1024 * 1024;

/// Permission bits of an image: it holds secrets.
const IMAGE_MODE: u32 = 0o600;

/// Does one of the subcommands.
pub(crate) fn run(command: &NvsCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        NvsCommand::Build { csv, out, size } => build(csv, out, size, output),
        NvsCommand::Dump { image, secrets } => dump::run(image, *secrets, output),
    }
}

/// Makes an image. Its file is its owner's only, since images hold secrets, and appears whole or not at all.
fn build(csv: &Path, out: &Path, size: &str, output: Output) -> Result<Exit, Failure> {
    let len = parse_size(size)?;
    let rows = csv_file::read(csv)?;
    let entries: Vec<_> = rows.iter().map(|row| row.entry.clone()).collect();
    let image = nvs::build(&entries, len).map_err(|error| refused(csv, &rows, &error))?;
    whole_file::write(out, &image, IMAGE_MODE).map_err(|error| {
        let why = format!("{}: {error}.", out.display());
        let remedy = "Name a file in a folder that is there, that you may write, and whose disk has room.";
        Failure::usage("out_unwritable", "The image cannot be written.", why, remedy)
    })?;
    say(output, &Built { file: out, entries: entries.len(), size: image.len(), sha256: Sha256Digest::of(&image) });
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct Built<'a> {
    file: &'a Path,
    entries: usize,
    size: usize,
    sha256: Sha256Digest,
}

fn say(output: Output, built: &Built<'_>) {
    output.say(built, || {
        let Built { file, entries, size, sha256 } = built;
        format!("{}: {entries} entries in {size:#x} bytes, SHA-256 {sha256}", file.display())
    });
}

fn parse_size(text: &str) -> Result<u32, Failure> {
    let size = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    size.ok().filter(|size| *size <= PARTITION_MAX).ok_or_else(|| {
        let why = format!("{text:?} is no number of bytes up to {PARTITION_MAX:#x}.");
        Failure::usage("nvs_size", "The size cannot be used.", why, "Write decimal or 0x, such as --size 0x6000.")
    })
}

/// Names the line of the entry that the device crate refused.
fn refused(csv: &Path, rows: &[Row], error: &NvsError) -> Failure {
    let mut why = error.to_string();
    if let (NvsError::Write { .. } | NvsError::Unreadable(_), Some(cause)) = (error, error.source()) {
        why = format!("{why}: {cause}");
    }
    let (code, entry, remedy) = words(error);
    match entry.and_then(|entry| line_of(rows, entry, matches!(error, NvsError::Twice { .. }))) {
        Some(line) => csv_file::wrong(csv, line, code, &why, remedy),
        None => Failure::usage(code, "The image cannot be made.", format!("{why}."), remedy),
    }
}

/// The first line with this entry, or the last one when it is the repetition that is wrong.
fn line_of(rows: &[Row], entry: &str, repeated: bool) -> Option<u64> {
    let mut lines = HashMap::new();
    for row in rows {
        let first = lines.entry(row.entry.to_string()).or_insert(row.line);
        if repeated {
            *first = row.line;
        }
    }
    lines.get(entry).copied()
}

/// Code, the entry's name, and the remedy.
fn words(error: &NvsError) -> (&'static str, Option<&str>, &'static str) {
    match error {
        NvsError::Name { entry, .. } => ("nvs_key", Some(entry), "Use a name of 1 to 15 printable ASCII characters."),
        NvsError::Field { entry, .. } => ("value_too_long", Some(entry), "Shorten it; the unit cannot hold it."),
        NvsError::TooLong { entry, .. } => {
            ("value_too_long", Some(entry), "Shorten it, or split it over several keys.")
        }
        NvsError::Nul { entry } => ("nvs_value", Some(entry), "Take the NUL out, or store it as a blob (hex2bin)."),
        NvsError::Twice { entry } => ("nvs_twice", Some(entry), "Keep one of the two rows."),
        NvsError::Length { .. } => ("nvs_size", None, "Choose a --size such as 0x6000, as in the partition table."),
        NvsError::Write { entry, .. } => {
            ("nvs_full", Some(entry), "Choose a larger --size, and partition, or store less.")
        }
        NvsError::Entry { entry, .. } => ("nvs_unreadable", Some(entry), "Report this with the CSV file."),
        NvsError::Unreadable(_) => ("nvs_unreadable", None, "Report this with the CSV file."),
    }
}
