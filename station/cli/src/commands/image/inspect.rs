//! `station image inspect`: an image's report, for people or as JSON. What is wrong in it is shown and makes exit code 1.

use std::{fmt::Write as _, path::Path};

use firstpass_device::image::{self, ImageReport};
use serde::Serialize;

use super::read;
use crate::{
    exit::{Exit, Failure},
    output::Output,
};

#[derive(Serialize)]
struct View<'a> {
    file: &'a Path,
    /// Whether checksum and hash are right.
    sound: bool,
    #[serde(flatten)]
    report: &'a ImageReport,
}

/// Prints the report.
pub(super) fn run(file: &Path, output: Output) -> Result<Exit, Failure> {
    let content = read(file)?;
    let report = image::inspect(&content).map_err(|error| {
        let why = format!("{}: {error}.", file.display());
        Failure::usage("image_damaged", "This is no whole image.", why, error.remedy())
    })?;
    let sound = report.is_sound();
    output.say(&View { file, sound, report: &report }, || text(&report));
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

fn text(report: &ImageReport) -> String {
    let mut lines = Lines::default();
    let chip = report.chip.map_or_else(|| format!("not known (id {})", report.chip_id), |chip| chip.to_string());
    lines.add("chip", &format!("{chip}, revisions {} to {}", report.min_revision, report.max_revision));
    match &report.app {
        Some(app) => {
            lines.add("app", &format!("{} {}", app.project, app.version));
            lines.add("built", &format!("{}, with {}", or_dash(&app.built), or_dash(&app.idf)));
            lines.add("secure version", &app.secure_version.to_string());
        }
        None => lines.add("app", "no description (a boot loader has none)"),
    }
    for segment in &report.segments {
        let place = format!("{:#x}, {:#x} bytes, to {:#x}", segment.offset, segment.len, segment.address);
        lines.add("segment", &place);
    }
    lines.add("checksum", &checksum(report));
    lines.add("SHA-256", &hash(report));
    let signature = report.signature.map_or("none".to_owned(), |signature| signature.to_string());
    lines.add("signature", &signature);
    lines.add("length", &format!("{} bytes, {} in the file", report.len, report.file_len));
    lines.0
}

fn checksum(report: &ImageReport) -> String {
    let sum = report.checksum;
    if sum.stored == sum.computed {
        return format!("{:#04x}, right", sum.stored);
    }
    format!("WRONG: {:#04x} at {:#x}, and the segments give {:#04x}", sum.stored, sum.offset, sum.computed)
}

fn hash(report: &ImageReport) -> String {
    match report.sha256 {
        None => "none appended".to_owned(),
        Some(hash) if hash.stored == hash.computed => format!("{}, right", hash.stored),
        Some(hash) => format!("WRONG: {} at {:#x}, and the image gives {}", hash.stored, hash.offset, hash.computed),
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// A table of names and values.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        let break_before = if self.0.is_empty() { "" } else { "\n" };
        let _ = write!(self.0, "{break_before}{name:<15} {value}");
    }
}
