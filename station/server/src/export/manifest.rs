//! What stands beside the rows of an export: what they are, and their hashes in the form that `sha256sum -c` reads.

use std::io::{self, Write};

use firstpass_domain::{Sha256Digest, audit::GENESIS};
use serde::Serialize;

use super::{
    Done, Order,
    encode::{CSV_NOTE, CSV_TIME_SUFFIX, Format},
    row::{Column, Holds},
    source::Chain,
    zip::{Archive, Written},
};
use crate::pages::when::utc;

/// Name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Name of the hashes, as they are usually called.
const SUMS: &str = "SHA256SUMS";
/// Version of the manifest's form.
const VERSION: u32 = 1;

/// What the manifest says of content that nothing can have changed while it was read.
const ONE_MOMENT: &str = "as of audit_head";
/// And of other content. What changes the record is in the audit log, so that the entries between the two tell what may differ.
const SEVERAL_MOMENTS: &str = "read page by page between audit_head and audit_head_at_end; of what the audit log tells \
                               between the two, a part may be in it and a part may not";

/// An end of the audit log.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Head {
    /// Its position; 0 while the log is empty.
    pub(super) seq: i64,
    /// Its hash.
    pub(super) hash: Sha256Digest,
}

impl From<Option<(i64, Sha256Digest)>> for Head {
    fn from(head: Option<(i64, Sha256Digest)>) -> Self {
        let (seq, hash) = head.unwrap_or((0, GENESIS));
        Self { seq, hash }
    }
}

/// What an export is. Field names are promises.
#[derive(Debug, Serialize)]
pub(super) struct Manifest<'a> {
    firstpass_export: u32,
    what: &'static str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    filter: &'a serde_json::Value,
    station: &'a str,
    made_by: &'a str,
    made_at: String,
    rows: u64,
    files: Vec<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<ColumnEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// Where the audit log ended when the export began.
    audit_head: Head,
    /// Where it ended when everything was read.
    audit_head_at_end: Head,
    /// Of when the content is.
    moment: &'static str,
    /// What was left out, when anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_chain: Option<Chain>,
}

#[derive(Debug, Serialize)]
struct File<'a> {
    name: &'a str,
    bytes: u64,
    sha256: Sha256Digest,
}

#[derive(Debug, Serialize)]
struct ColumnEntry {
    name: &'static str,
    holds: &'static str,
    required: bool,
}

impl<'a> Manifest<'a> {
    /// `end`: where the audit log ended when everything was read.
    pub(super) fn of(order: &'a Order, done: &Done, written: &'a [Written], end: Head) -> Self {
        let file = |file: &'a Written| File { name: &file.name, bytes: file.bytes, sha256: file.sha256 };
        Self {
            firstpass_export: VERSION,
            what: order.what,
            subject: &order.subject,
            format: order.format.map(Format::name),
            filter: &order.filter,
            station: &order.station,
            made_by: &order.act.actor,
            made_at: utc(order.at),
            rows: done.rows,
            files: written.iter().map(file).collect(),
            order: None,
            columns: Vec::new(),
            note: None,
            audit_head: order.head,
            audit_head_at_end: end,
            moment: SEVERAL_MOMENTS,
            incomplete: None,
            audit_chain: None,
        }
    }

    pub(super) fn with_columns(mut self, columns: &[Column], format: Format) -> Self {
        let entry = |column: &Column| {
            let Column { name, holds, required } = *column;
            ColumnEntry { name, holds: holds.name(), required }
        };
        self.columns = columns.iter().map(entry).collect();
        if format == Format::Csv {
            let has_times = columns.iter().any(|column| column.holds == Holds::Time);
            let times = has_times.then(|| format!(" A column with {CSV_TIME_SUFFIX} tells the time before it in UTC."));
            self.note = Some(format!("{CSV_NOTE}{}", times.unwrap_or_default()));
        }
        self
    }

    pub(super) const fn with_order(mut self, order: &'static str) -> Self {
        self.order = Some(order);
        self
    }

    /// Says that the content is as it was when the export began, whatever happened meanwhile.
    pub(super) const fn of_one_moment(mut self, is_so: bool) -> Self {
        if is_so {
            self.moment = ONE_MOMENT;
        }
        self
    }

    pub(super) fn without(mut self, left_out: Option<String>) -> Self {
        self.incomplete = left_out;
        self
    }

    pub(super) fn with_chain(mut self, chain: Option<Chain>) -> Self {
        self.audit_chain = chain;
        self
    }
}

/// The manifest as it is written.
pub(super) fn text(manifest: &Manifest<'_>) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(manifest).expect("a manifest is plain data");
    text.push(b'\n');
    text
}

/// Adds the manifest and the hashes of all that is in the archive.
pub(super) fn seal<W: Write>(archive: Archive<W>, manifest: &[u8]) -> io::Result<Archive<W>> {
    let mut member = archive.member(MANIFEST)?;
    member.write_all(manifest)?;
    let archive = member.finish()?;
    let sums: String = archive.written().iter().map(|file| format!("{}  {}\n", file.sha256, file.name)).collect();
    let mut member = archive.member(SUMS)?;
    member.write_all(sums.as_bytes())?;
    member.finish()
}
