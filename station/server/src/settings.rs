//! What the configuration tells the server: the section `[server]`.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use crate::labels::PrinterAddress;

/// `[server]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port for people and for other systems.
    pub listen: SocketAddr,
    /// Time for one unit, in seconds: what pages of batches hold units per hour against, where nobody says otherwise.
    pub takt_s: Option<f64>,
    /// Folder of the label templates; without it, those that the program brings along.
    pub labels_dir: Option<PathBuf>,
    /// The label printer, `host:port`.
    pub label_printer: Option<PrinterAddress>,
    /// Template of the label that is printed by itself for every unit that passes; without it, none is.
    pub label_on_pass: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            takt_s: None,
            labels_dir: None,
            label_printer: None,
            label_on_pass: None,
        }
    }
}
