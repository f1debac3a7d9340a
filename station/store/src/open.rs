//! Opens a record: a file of SQLite, or a database of PostgreSQL.

use std::path::Path;

use firstpass_domain::StationId;

use crate::{Record, StoreError, db};

/// The record of a station of its own, in a file.
pub type SqliteStore = Record<db::Sqlite>;

impl SqliteStore {
    /// Opens or makes the file, whose folder must exist, and brings it to this version.
    pub async fn open(path: impl AsRef<Path>, station: StationId) -> Result<Self, StoreError> {
        let database = db::Sqlite::open(path.as_ref()).await.map_err(|error| error.during("open the record"))?;
        Ok(Self::new(database, station))
    }

    /// Opens a file that exists and is of this version. Whatever would write fails with [`StoreError::ReadOnly`].
    pub async fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = db::Sqlite::open_read_only(path.as_ref()).await;
        let database = database.map_err(|error| error.during("open the record"))?;
        Ok(Self::new(database, StationId::new("reader").expect("six letters are a station name")))
    }
}

/// The record of a site, on a server.
#[cfg(feature = "postgres")]
pub type PgStore = Record<db::Postgres>;

#[cfg(feature = "postgres")]
impl PgStore {
    /// Connects to `postgres://user:password@host:port/database` and brings the database to this version.
    pub async fn connect(url: &str, station: StationId) -> Result<Self, StoreError> {
        let database = db::Postgres::connect(url).await.map_err(|error| error.during("open the record"))?;
        Ok(Self::new(database, station))
    }
}
