//! Why the server cannot start, or ended.

use std::{io, net::SocketAddr, path::PathBuf};

use firstpass_domain::Problem;
use firstpass_gateway::TlsError;
use firstpass_line::store_problem;
use firstpass_store::StoreError;
use thiserror::Error;

/// The server cannot start, or lost its socket.
#[derive(Debug, Error)]
pub enum ServerError {
    /// It cannot listen.
    #[error("could not listen on {addr}")]
    Listen {
        /// Address from the configuration.
        addr: SocketAddr,
        /// What the system said.
        #[source]
        err: io::Error,
    },
    /// Without TLS, passwords would go in the clear over a network.
    #[error("without TLS the server listens on loopback addresses only, and {addr} is none")]
    PlainText {
        /// Address from the configuration.
        addr: SocketAddr,
    },
    /// There is no authority to give a certificate.
    #[error("TLS needs the station's certificate authority")]
    NoAuthority,
    /// TLS could not be set up.
    #[error("could not set up TLS")]
    Tls(#[from] TlsError),
    /// The data folder cannot be used for what logins need.
    #[error("could not use {folder} for what logins need")]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        err: io::Error,
    },
    /// The record failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ServerError {
    /// What people are told.
    pub fn problem(&self) -> Problem {
        let (why, remedy) = match self {
            Self::Store(error) => return store_problem(error),
            Self::Listen { err, .. } => {
                (format!("{self}: {err}."), "Another program may have the port: check `listen` under [server].")
            }
            Self::PlainText { .. } => (
                format!("{self}: passwords would go over the network in the clear."),
                "Take `tls = false` out of [server], or set `listen` to 127.0.0.1 with a port.",
            ),
            Self::NoAuthority => {
                (format!("{self}."), "Make one with `station ca init`, or set `tls = false` on loopback.")
            }
            Self::Tls(error) => (format!("{self}: {error}."), "Check the CA with `station doctor`."),
            Self::Folder { err, .. } => {
                (format!("{self}: {err}."), "Make the folder writable for the station's user only.")
            }
        };
        let what = "The page for people cannot be served.".to_owned();
        Problem { code: "server_start".to_owned(), what, why, remedy: remedy.to_owned() }
    }
}
