//! The CSV of ESP-IDF's NVS partition generator: `key,type,encoding,value` with rows of type namespace, data and file.
//! Source: ESP-IDF documentation, "NVS Partition Generator Utility", and the tool `esp-idf-nvs-partition-gen`.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use firstpass_contract::nvs::check_key;
use firstpass_device::nvs::NvsEntry;

use super::{bounded, value};
use crate::exit::Failure;

/// Largest CSV file that is read, in bytes: what NVS can hold is smaller.
const CSV_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What editors on Windows put in front of a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// The columns, in the order in which [`Columns`] holds them.
const COLUMNS: [&str; 4] = ["key", "type", "encoding", "value"];

/// An entry, and the line on which it stands.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) entry: NvsEntry,
}

/// Reads all entries. Paths of `file` rows are relative to the current folder, as the public tool takes them.
pub(super) fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let text = read_text(path)?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut reader = ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| unreadable(path, &error.to_string()))?;
    let columns = Columns::find(path, headers)?;
    let (mut rows, mut namespace) = (Vec::new(), None);
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(path, &error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let at = Place { path, line };
        let fields = columns.fields(at, &record)?;
        match fields.kind.trim() {
            "namespace" => namespace = Some(at.namespace(&fields)?),
            kind @ ("data" | "file") => {
                let Some(namespace) = &namespace else {
                    let what = format!("{:?} stands before any namespace", fields.key);
                    return Err(at.wrong("nvs_namespace", &what, "Write a row `NAME,namespace,,` above it."));
                };
                let entry = at.entry(namespace, kind == "file", &fields)?;
                rows.push(Row { line, entry });
            }
            other => {
                let what = format!("{other:?} is no type");
                return Err(at.wrong("nvs_type", &what, "Types are namespace, data and file."));
            }
        }
    }
    Ok(rows)
}

/// A failure at a line of the file.
pub(super) fn wrong(path: &Path, line: u64, code: &str, what: &str, remedy: &str) -> Failure {
    let why = format!("{}, line {line}: {what}.", path.display());
    Failure::usage(code, "The CSV file cannot be used.", why, remedy)
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = bounded::read(path, CSV_BYTES_MAX).map_err(|error| unreadable(path, &error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unreadable(path, "it is not UTF-8"))
}

fn unreadable(path: &Path, why: &str) -> Failure {
    let why = format!("{}: {why}.", path.display());
    Failure::usage("csv_unreadable", "The CSV file cannot be read.", why, "Check the path; the file is CSV in UTF-8.")
}

/// Where the columns stand, in the order of [`COLUMNS`].
struct Columns([usize; 4]);

/// One row's texts.
struct Fields<'a> {
    key: &'a str,
    kind: &'a str,
    encoding: &'a str,
    value: &'a str,
}

impl Columns {
    fn find(path: &Path, headers: &StringRecord) -> Result<Self, Failure> {
        let mut places = [0; 4];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            *place = headers.iter().position(|header| header.trim() == name).ok_or_else(|| {
                let what = format!("the column {name:?} is missing in the first row");
                wrong(path, 1, "csv_header", &what, "Begin the file with the row `key,type,encoding,value`.")
            })?;
        }
        Ok(Self(places))
    }

    /// A row may end early; what stands beyond the last column would be lost, so it is refused.
    fn fields<'a>(&self, at: Place<'_>, record: &'a StringRecord) -> Result<Fields<'a>, Failure> {
        if record.iter().skip(COLUMNS.len()).any(|field| !field.trim().is_empty()) {
            let what = format!("the row has more than {} fields", COLUMNS.len());
            return Err(at.wrong("csv_row", &what, "Put a value that holds a comma in double quotes."));
        }
        let [key, kind, encoding, value] = self.0.map(|place| record.get(place).unwrap_or_default());
        Ok(Fields { key, kind, encoding, value })
    }
}

/// A line of the file, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    path: &'a Path,
    line: u64,
}

impl Place<'_> {
    pub(super) fn wrong(self, code: &str, what: &str, remedy: &str) -> Failure {
        wrong(self.path, self.line, code, what, remedy)
    }

    fn namespace(self, fields: &Fields<'_>) -> Result<String, Failure> {
        self.name(fields.key)?;
        if !fields.encoding.trim().is_empty() || !fields.value.is_empty() {
            let what = format!("the namespace {:?} has an encoding or a value", fields.key);
            return Err(self.wrong("nvs_namespace", &what, "Leave both empty: `NAME,namespace,,`."));
        }
        Ok(fields.key.to_owned())
    }

    fn entry(self, namespace: &str, is_file: bool, fields: &Fields<'_>) -> Result<NvsEntry, Failure> {
        self.name(fields.key)?;
        let encoding = fields.encoding.trim().to_ascii_lowercase();
        let value = if is_file {
            value::of_file(self, fields.key, &encoding, fields.value)?
        } else {
            value::of_text(self, fields.key, &encoding, fields.value)?
        };
        Ok(NvsEntry::new(namespace, fields.key, value))
    }

    fn name(self, name: &str) -> Result<(), Failure> {
        check_key(name).map_err(|error| {
            let remedy = "Use a name of 1 to 15 printable ASCII characters, without spaces.";
            self.wrong("nvs_key", &format!("{name:?}: {error}"), remedy)
        })
    }
}
