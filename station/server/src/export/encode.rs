//! The formats of an export: rows in, bytes out, with memory that does not grow with the rows. Knows no record.

mod parquet;

use std::io::{self, Write};

use serde::Deserialize;

use self::parquet::Parquet;
use super::row::{Cell, Row};
use crate::pages::when::utc;

/// In which form the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For spreadsheets.
    Csv,
    /// One JSON object a line, as `station audit export` writes them.
    Jsonl,
    /// For tools of data analysis.
    Parquet,
}

impl Format {
    /// All of them with how people call them.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Csv, "CSV"), (Self::Jsonl, "JSON Lines"), (Self::Parquet, "Parquet")];

    /// How it is named in addresses, and how its files end.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

/// Writes rows to `W` in one format.
pub(super) enum Encoder<W: Write + Send> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(W),
    Parquet(Box<Parquet<W>>),
}

impl<W: Write + Send> Encoder<W> {
    /// Begins; the CSV has a line with the names of the columns.
    pub(super) fn begin<R: Row>(format: Format, sink: W) -> io::Result<Self> {
        Ok(match format {
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(sink);
                csv.write_record(csv_columns::<R>())?;
                Self::Csv(Box::new(csv))
            }
            Format::Jsonl => Self::Jsonl(sink),
            Format::Parquet => Self::Parquet(Box::new(Parquet::begin(R::COLUMNS, sink)?)),
        })
    }

    /// Writes a row.
    pub(super) fn row<R: Row>(&mut self, row: &R) -> io::Result<()> {
        match self {
            Self::Csv(csv) => Ok(csv.write_record(row.cells().iter().flat_map(csv_cells))?),
            Self::Jsonl(sink) => {
                let mut line = serde_json::to_vec(row).expect("a row is plain data");
                line.push(b'\n');
                sink.write_all(&line)
            }
            Self::Parquet(parquet) => parquet.row(row.cells()),
        }
    }

    /// Ends; gives what it wrote to back.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Csv(csv) => csv.into_inner().map_err(|error| io::Error::new(error.error().kind(), error.to_string())),
            Self::Jsonl(sink) => Ok(sink),
            Self::Parquet(parquet) => parquet.finish(),
        }
    }
}

/// A time stands twice in CSV: as on record, because hashes cover that, and as people read it.
pub(super) const CSV_TIME_SUFFIX: &str = "_utc";

fn csv_columns<R: Row>() -> impl Iterator<Item = String> {
    R::COLUMNS.iter().flat_map(|column| {
        let readable = (column.holds == super::row::Holds::Time).then(|| format!("{}{CSV_TIME_SUFFIX}", column.name));
        [Some(column.name.to_owned()), readable].into_iter().flatten()
    })
}

fn csv_cells<'a>(cell: &'a Cell<'_>) -> impl Iterator<Item = String> + use<'a> {
    let cells = match cell {
        Cell::Int(number) => [Some(number.to_string()), None],
        Cell::Bool(is) => [Some(is.to_string()), None],
        Cell::Time(at) => [Some(at.as_micros().to_string()), Some(utc(*at))],
        Cell::Text(text) => [Some(harmless(text)), None],
        Cell::Null => [Some(String::new()), None],
    };
    cells.into_iter().flatten()
}

/// What the manifest says of it.
pub(super) const CSV_NOTE: &str = "A text that begins with ' = + - @ or a control character has a ' before it, so that \
                                   no spreadsheet takes it for a formula; take the first ' away to get the text.";

/// A text that no spreadsheet takes for a formula. What is put before it can be told from the text itself, because a
/// text that begins with it gets it, too.
fn harmless(text: &str) -> String {
    let risky = |first: char| matches!(first, '\'' | '=' | '+' | '-' | '@') || first.is_control();
    if text.starts_with(risky) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_be_a_formula_and_every_text_can_be_told() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'", "'=1", "a=1", "", " "] {
            let cell = harmless(text);
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            assert_eq!(cell.strip_prefix('\'').unwrap_or(&cell), text);
        }
    }
}
