//! Tells other systems what became of units and batches: signed messages over HTTP, made of the audit log, sent at least
//! once and in order, tried again while the receiver is away, and put aside when it refuses one.
//!
//! A station sends what it has itself put on record. Decides nothing about a unit.

pub(crate) mod body;
mod client;
mod deliver;
pub(crate) mod manage;
mod office;
mod options;
mod retry;
mod seal;
mod sign;
mod url;

use std::io;

use tokio::sync::watch;

use crate::{ServerError, Settings};

pub(crate) use office::serve;
pub use options::WebhookOptions;
pub(crate) use seal::SealKey;
pub(crate) use sign::WebhookSecret;

/// File of the key in the data folder, unless the configuration names another.
const KEY_FILE: &str = "webhooks.key";

/// The key that the secrets of webhooks are sealed with: as configured, in the data folder, or for as long as the server
/// lives.
pub(crate) fn seal_key(settings: &Settings) -> Result<SealKey, ServerError> {
    let in_folder = settings.data_dir.as_ref().map(|folder| folder.join(KEY_FILE));
    let file = settings.webhooks.key_file.clone().or(in_folder);
    SealKey::open(file.as_deref()).map_err(|error| ServerError::Folder {
        folder: file.and_then(|file| Some(file.parent()?.to_owned())).unwrap_or_default(),
        err: io::Error::other(error),
    })
}

/// Wakes whoever makes and sends messages, when there may be something to do.
#[derive(Debug)]
pub(crate) struct Post {
    sender: watch::Sender<()>,
}

impl Default for Post {
    fn default() -> Self {
        Self { sender: watch::Sender::new(()) }
    }
}

impl Post {
    /// There may be something to do.
    pub(crate) fn wake(&self) {
        self.sender.send_replace(());
    }

    fn listen(&self) -> watch::Receiver<()> {
        self.sender.subscribe()
    }
}
