//! Opens a record: a file of SQLite, or a database of PostgreSQL.

use std::path::Path;

use firstpass_domain::StationId;

use crate::{
    Damage, Record, Store as _, StoreError,
    db::{self, Mark},
};

/// The record of a station of its own, in a file.
pub type SqliteStore = Record<db::Sqlite>;

impl SqliteStore {
    /// Opens or makes the file, whose folder must exist, and brings it to this version. A record that does not hold
    /// together, whose audit chain is broken at its end, or that lacks what was confirmed by the mark beside it, is left
    /// as it is: [`StoreError::Corrupt`] with a [`Damage`].
    pub async fn open(path: impl AsRef<Path>, station: StationId) -> Result<Self, StoreError> {
        let (path, operation) = (path.as_ref(), "open the record");
        let mark = Mark::read(path);
        // Looks before it writes: a damaged record is left as it was found, for whoever repairs it.
        let found = db::Sqlite::inspect(path).await.map_err(|error| error.during(operation))?;
        match found {
            Some(found) => {
                let found = Self::new(found, station.clone());
                let checked = found.check_end(mark.unwrap_or(Mark::NONE)).await;
                found.close().await;
                checked?;
            }
            None => refuse_lost(mark).map_err(|damage| StoreError::Corrupt { operation, source: damage.into() })?,
        }
        let database = db::Sqlite::open(path, mark).await.map_err(|error| error.during(operation))?;
        Ok(Self::new(database, station))
    }

    /// Opens a file that exists and is of this version. Whatever would write fails with [`StoreError::ReadOnly`]. Damage
    /// that lies in the rows is left for the reader to find: that is what it reads for.
    pub async fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = db::Sqlite::open_read_only(path.as_ref()).await;
        let database = database.map_err(|error| error.during("open the record"))?;
        Ok(Self::new(database, StationId::new("reader").expect("six letters are a station name")))
    }
}

/// An empty record is none that has confirmed anything.
const fn refuse_lost(mark: Option<Mark>) -> Result<(), Damage> {
    match mark {
        Some(mark) if mark.seq > 0 => Err(Damage::Lost { seq: mark.seq }),
        Some(_) | None => Ok(()),
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
