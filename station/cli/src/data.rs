//! The data folder as commands find it: opened to look at, or to add to what a batch began. Makes nothing by itself.

use std::path::{Path, PathBuf};

use firstpass_store::SqliteStore;

use crate::{
    args::Global,
    config::Config,
    exit::Failure,
    station::{CA_DIR, RECORD_FILE, data_failure},
};

/// Where a station keeps what it knows.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    config: Config,
}

impl DataFolder {
    /// The folder that flags, environment and configuration name; whether it is there shows when it is used.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let config = Config::load(global)?;
        Ok(Self { path: config.data_dir(global), config })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// The record, to read it only.
    pub(crate) async fn read_record(&self) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open_read_only(self.record()?).await?)
    }

    /// The record, to add to it in this station's name; a batch must have begun it.
    pub(crate) async fn open_record(&self) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open(self.record()?, self.config.station.name.clone()).await?)
    }

    /// The record, to add to it; the folder and the record are made when they are not there.
    pub(crate) async fn make_record(&self) -> Result<SqliteStore, Failure> {
        std::fs::create_dir_all(&self.path).map_err(|error| data_failure(&self.path, &error))?;
        Ok(SqliteStore::open(self.path.join(RECORD_FILE), self.config.station.name.clone()).await?)
    }

    /// The record's file, when there is one.
    pub(crate) fn record(&self) -> Result<PathBuf, Failure> {
        let file = self.path.join(RECORD_FILE);
        if file.exists() {
            return Ok(file);
        }
        let why = format!("{} is not there.", file.display());
        let remedy =
            "Run a batch first (such as `station demo --data DIR`), or name the folder of the record with --data.";
        Err(Failure::usage("no_record", "There is no record in this folder.", why, remedy))
    }

    /// The CA's folder, when there is a CA in it.
    pub(crate) fn ca(&self) -> Result<PathBuf, Failure> {
        let folder = self.path.join(CA_DIR);
        if folder.join("root.pem").exists() {
            return Ok(folder);
        }
        let why = format!("{} is not there.", folder.join("root.pem").display());
        let remedy = "Run a batch first (the CA is made on first use), or name the station's folder with --data.";
        Err(Failure::usage("no_ca", "There is no certificate authority in this folder.", why, remedy))
    }
}
