//! Writes rows by the hundred, past the store: a year of work on record within minutes.

use sqlx::{AssertSqlSafe, SqliteConnection};

/// A cell.
pub(crate) enum Cell {
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Null,
}

impl From<i64> for Cell {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Cell {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Null, Into::into)
    }
}

/// A row of cells.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::rows::Cell::from($cell)),*] };
}
pub(crate) use row;

/// Rows of a statement.
const ROWS: usize = 60;

/// Rows that are still to be written to a table.
pub(crate) struct Table {
    head: String,
    columns: usize,
    cells: Vec<Cell>,
}

impl Table {
    /// `columns`: their names, separated by commas.
    pub(crate) fn new(name: &str, columns: &str) -> Self {
        let head = format!("INSERT INTO {name} ({columns}) VALUES ");
        Self { head, columns: columns.split(',').count(), cells: Vec::new() }
    }

    pub(crate) async fn add(&mut self, to: &mut SqliteConnection, row: Vec<Cell>) -> Result<(), sqlx::Error> {
        assert_eq!(row.len(), self.columns, "{}", self.head);
        self.cells.extend(row);
        if self.cells.len() == ROWS * self.columns { self.flush(to).await } else { Ok(()) }
    }

    pub(crate) async fn flush(&mut self, to: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let rows = self.cells.len() / self.columns;
        if rows == 0 {
            return Ok(());
        }
        let places = format!("({})", vec!["?"; self.columns].join(","));
        let sql = format!("{}{}", self.head, vec![places; rows].join(","));
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(rows == ROWS);
        for cell in self.cells.drain(..) {
            query = match cell {
                Cell::Int(int) => query.bind(int),
                Cell::Text(text) => query.bind(text),
                Cell::Bytes(bytes) => query.bind(bytes),
                Cell::Null => query.bind(None::<i64>),
            };
        }
        query.execute(to).await.map(drop)
    }
}
