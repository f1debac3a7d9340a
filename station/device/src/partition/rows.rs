//! A first look at a table's rows, with their names: the library's own errors name no partition where one starts
//! unaligned, it reckons with offsets and lengths as they come, and it does not bear types, flags and numbers that it
//! does not know.

use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};
use esp_idf_part::{AppType, DataType, SubType};
use firstpass_domain::FlashSize;

use super::{PARTITIONS_MAX, PartitionError};

const ROW_LEN: usize = 32;
const ROW_MAGIC: [u8; 2] = [0xaa, 0x50];
/// Longest name; the unit holds it without a NUL then.
const NAME_LEN: usize = 16;
/// Alignment of apps, which the flash cache maps by pages of 64 KiB.
const APP_ALIGNMENT: u32 = 0x1_0000;
/// Alignment of everything else: a sector.
const DATA_ALIGNMENT: u32 = 0x1000;
const APP: u8 = 0;
const DATA: u8 = 1;
/// Flags that there are: encrypted, read-only.
const FLAGS: u32 = 0b11;

struct Row {
    name: String,
    kind: Option<u8>,
    subtype: Option<u8>,
    offset: Option<u32>,
    len: Option<u32>,
}

pub(super) fn is_binary(table: &[u8]) -> bool {
    table.starts_with(&ROW_MAGIC)
}

/// Checks what stands in the rows. A row with missing fields is left to the library, which says so.
pub(super) fn check(table: &[u8], flash_size: FlashSize) -> Result<(), PartitionError> {
    let rows = if is_binary(table) { binary_rows(table) } else { csv_rows(table) }?;
    if rows.len() > PARTITIONS_MAX {
        return Err(PartitionError::TooMany { count: rows.len() });
    }
    let mut end = 0;
    for row in rows {
        check_type(&row)?;
        if let Some(offset) = row.offset {
            check_alignment(&row, offset)?;
            end = u64::from(offset);
        }
        let len = row.len.map_or(0, u64::from);
        check_end(&row.name, end, len, flash_size)?;
        end += len;
    }
    Ok(())
}

fn check_type(row: &Row) -> Result<(), PartitionError> {
    let (Some(kind), Some(subtype)) = (row.kind, row.subtype) else { return Ok(()) };
    let is_known = match kind {
        APP => AppType::from_repr(usize::from(subtype)).is_some(),
        DATA => DataType::from_repr(usize::from(subtype)).is_some(),
        _ => true,
    };
    if is_known { Ok(()) } else { Err(row.field("subtype", &format!("{subtype:#04x}"))) }
}

fn check_alignment(row: &Row, offset: u32) -> Result<(), PartitionError> {
    let alignment = if row.kind == Some(APP) { APP_ALIGNMENT } else { DATA_ALIGNMENT };
    if offset.is_multiple_of(alignment) {
        return Ok(());
    }
    Err(PartitionError::Unaligned { name: row.name.clone(), offset, alignment })
}

pub(super) fn check_end(name: &str, offset: u64, len: u64, flash_size: FlashSize) -> Result<(), PartitionError> {
    if offset + len <= u64::from(flash_size.bytes()) {
        return Ok(());
    }
    Err(PartitionError::BeyondFlash { name: name.to_owned(), offset, len, flash_size })
}

impl Row {
    fn field(&self, field: &'static str, text: &str) -> PartitionError {
        field_error(&self.name, field, text)
    }
}

fn field_error(name: &str, field: &'static str, text: &str) -> PartitionError {
    PartitionError::Field { name: name.to_owned(), field, text: text.to_owned() }
}

fn check_name(name: &str) -> Result<(), PartitionError> {
    let fits = !name.is_empty() && name.len() <= NAME_LEN && name.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if fits { Ok(()) } else { Err(field_error(name, "name", name)) }
}

fn binary_rows(table: &[u8]) -> Result<Vec<Row>, PartitionError> {
    table.chunks_exact(ROW_LEN).take_while(|row| row.starts_with(&ROW_MAGIC)).map(binary_row).collect()
}

fn binary_row(row: &[u8]) -> Result<Row, PartitionError> {
    let word = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    let name = &row[12..12 + NAME_LEN];
    let text_len = name.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let name = String::from_utf8_lossy(&name[..text_len]).into_owned();
    check_name(&name)?;
    if word(28) & !FLAGS != 0 {
        return Err(field_error(&name, "flags", &format!("{:#x}", word(28))));
    }
    Ok(Row { name, kind: Some(row[2]), subtype: Some(row[3]), offset: Some(word(4)), len: Some(word(8)) })
}

/// The rows as the library reads them.
fn csv_rows(table: &[u8]) -> Result<Vec<Row>, PartitionError> {
    let mut reader = ReaderBuilder::new();
    reader.comment(Some(b'#')).flexible(true).has_headers(false).trim(Trim::All);
    let mut reader = reader.from_reader(table);
    // What is no CSV, or no text, is left to the library.
    let records = reader.records().map_while(Result::ok);
    records.map(|record| csv_row(&record)).collect()
}

fn csv_row(record: &StringRecord) -> Result<Row, PartitionError> {
    let name = record.get(0).unwrap_or_default().to_owned();
    check_name(&name)?;
    let field = |index: usize| record.get(index).filter(|text| !text.is_empty());
    let read = |index: usize, what: &'static str, parse: fn(&str) -> Option<u32>| {
        field(index).map(|text| parse(text).ok_or_else(|| field_error(&name, what, text))).transpose()
    };
    let small = |value: Option<u32>| value.and_then(|value| u8::try_from(value).ok());
    let (kind, subtype) = (read(1, "type", kind)?, read(2, "subtype", subtype)?);
    let (offset, len) = (read(3, "offset", number)?, read(4, "size", number)?);
    Ok(Row { kind: small(kind), subtype: small(subtype), offset, len, name })
}

fn kind(text: &str) -> Option<u32> {
    match text {
        "app" => Some(APP.into()),
        "data" => Some(DATA.into()),
        text => number(text).filter(|kind| *kind <= 0xff),
    }
}

fn subtype(text: &str) -> Option<u32> {
    let app = AppType::from_str(text).ok().map(SubType::App);
    let named = app.or_else(|| DataType::from_str(text).ok().map(SubType::Data));
    let named = named.map(|subtype| u32::from(u8::from(subtype)));
    named.or_else(|| number(text).filter(|subtype| *subtype <= 0xff))
}

/// `0x9000`, `36864`, `36K` or `1M`.
fn number(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let (digits, unit) = match (text.strip_suffix('k'), text.strip_suffix('m')) {
        (Some(digits), _) => (digits, 1024),
        (None, Some(digits)) => (digits, 1024 * 1024),
        (None, None) => (text.as_str(), 1),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    number.checked_mul(unit)
}
