//! A first look at a table's rows, with their names: the library's own errors name no partition where one starts
//! unaligned, and it reckons with offsets and lengths as they come. Knows offsets and lengths only.

use firstpass_domain::FlashSize;

use super::PartitionError;

const ROW_LEN: usize = 32;
const ROW_MAGIC: [u8; 2] = [0xaa, 0x50];
/// Alignment of apps, which the flash cache maps by pages of 64 KiB.
const APP_ALIGNMENT: u32 = 0x1_0000;
/// Alignment of everything else: a sector.
const DATA_ALIGNMENT: u32 = 0x1000;

struct Row {
    name: String,
    is_app: bool,
    offset: Option<u32>,
    len: Option<u32>,
}

pub(super) fn is_binary(table: &[u8]) -> bool {
    table.starts_with(&ROW_MAGIC)
}

/// Checks what stands in the rows. A row that cannot be read is left to the library, which says why.
pub(super) fn check(table: &[u8], flash_size: FlashSize) -> Result<(), PartitionError> {
    let rows = if is_binary(table) { binary_rows(table) } else { csv_rows(&String::from_utf8_lossy(table)) };
    let mut end = 0;
    for row in rows {
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

fn check_alignment(row: &Row, offset: u32) -> Result<(), PartitionError> {
    let alignment = if row.is_app { APP_ALIGNMENT } else { DATA_ALIGNMENT };
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

fn binary_rows(table: &[u8]) -> Vec<Row> {
    let rows = table.chunks_exact(ROW_LEN).take_while(|row| row.starts_with(&ROW_MAGIC));
    let word = |row: &[u8], at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    rows.map(|row| Row {
        name: String::from_utf8_lossy(row[12..28].split(|&byte| byte == 0).next().unwrap_or_default()).into_owned(),
        is_app: row[2] == 0,
        offset: Some(word(row, 4)),
        len: Some(word(row, 8)),
    })
    .collect()
}

fn csv_rows(text: &str) -> Vec<Row> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(csv_row).collect()
}

fn csv_row(line: &str) -> Row {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let field = |index: usize| fields.get(index).copied().unwrap_or_default();
    Row {
        name: field(0).to_owned(),
        is_app: matches!(field(1), "app" | "0" | "0x0" | "0x00"),
        offset: number(field(3)),
        len: number(field(4)),
    }
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
