//! What went wrong in a database, in the few kinds that people can act on.

use std::io;

use sqlx::migrate::MigrateError;

use crate::{Damage, StoreError, error::Cause};

/// A database's error by kind, with its own words for the log.
#[derive(Debug)]
pub enum DbError {
    /// Cannot be opened or reached, or failed in a way that this list does not know.
    Unavailable(Cause),
    /// The disk is full.
    Full(Cause),
    /// May only be read.
    ReadOnly(Cause),
    /// Damaged, or of another version.
    Corrupt(Cause),
    /// A row like this is there already, or a row that it refers to is not.
    Constraint(Cause),
}

impl DbError {
    /// Sorts an error of sqlx.
    pub(crate) fn of(error: sqlx::Error) -> Self {
        let kind = kind(&error);
        kind(error.into())
    }

    /// Sorts an error of a migration: a version that differs is no damage to be repaired here.
    pub(crate) fn of_migration(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::of(error),
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
                Self::Corrupt(Damage::OtherVersion.into())
            }
            other => Self::Corrupt(other.into()),
        }
    }

    /// Sorts an error of the file system.
    pub(crate) fn of_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(error.into()),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error.into()),
            _ => Self::Unavailable(error.into()),
        }
    }

    /// The error that callers see.
    pub(crate) fn during(self, operation: &'static str) -> StoreError {
        match self {
            Self::Unavailable(source) => StoreError::Unavailable { operation, source },
            Self::Full(source) => StoreError::Full { operation, source },
            Self::ReadOnly(source) => StoreError::ReadOnly { operation, source },
            Self::Corrupt(source) => StoreError::Corrupt { operation, source },
            Self::Constraint(source) => {
                tracing::warn!(operation, error = %source, "the record refused a row");
                let conflict = "it does not go with what is on record".to_owned();
                StoreError::Conflict { operation, conflict }
            }
        }
    }
}

fn kind(error: &sqlx::Error) -> fn(Cause) -> DbError {
    if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) {
        return DbError::Corrupt;
    }
    let Some(error) = error.as_database_error() else { return DbError::Unavailable };
    if error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation() {
        return DbError::Constraint;
    }
    let code = error.code().unwrap_or_default();
    match code.parse::<i32>() {
        Ok(code) if code < SQLSTATE_NUMERIC_MIN => sqlite_kind(code),
        Ok(_) | Err(_) => postgres_kind(&code),
    }
}

/// SQLSTATEs of five digits are larger than every extended result code of SQLite.
const SQLSTATE_NUMERIC_MIN: i32 = 20_000;

/// Source of the codes: <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn sqlite_kind(code: i32) -> fn(Cause) -> DbError {
    const IOERR_SHMSIZE: i32 = 4874;
    const IOERR_CORRUPTFS: i32 = 8458;
    match (code, code & 0xff) {
        // The index of the write-ahead log could not grow: that, too, is a full disk.
        (IOERR_SHMSIZE, _) | (_, 13) => DbError::Full,
        (IOERR_CORRUPTFS, _) => DbError::Corrupt,
        (_, 8) => DbError::ReadOnly,
        // A missing table or column (1) means that another version made the file.
        (_, 1 | 11 | 26) => DbError::Corrupt,
        _ => DbError::Unavailable,
    }
}

/// Source of the codes: PostgreSQL documentation, appendix A.
fn postgres_kind(code: &str) -> fn(Cause) -> DbError {
    match code {
        "53100" => DbError::Full,
        "25006" | "42501" => DbError::ReadOnly,
        "XX001" | "XX002" | "42P01" | "42703" => DbError::Corrupt,
        _ => DbError::Unavailable,
    }
}
