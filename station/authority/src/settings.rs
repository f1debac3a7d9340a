//! How an authority is set up.

use std::time::Duration;

use crate::ServerName;

/// One day.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How an authority is set up. Only `organization` is fixed once the authority is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Organization in the subject of the authority's own certificates, at most 64 characters.
    pub organization: String,
    /// Names and addresses under which units reach this station; all of them stand in the server certificate.
    pub server_names: Vec<ServerName>,
    /// Life of the server certificate; it is renewed in its last third.
    pub server_validity: Duration,
    /// Life of a unit's certificate. No certificate outlives the intermediate that signs it.
    pub unit_validity: Duration,
}

impl Default for Settings {
    /// An authority for units on this machine only.
    fn default() -> Self {
        Self {
            organization: "Firstpass".to_owned(),
            server_names: vec![ServerName::localhost(), ServerName::LOOPBACK],
            server_validity: DAY * 365,
            unit_validity: DAY * 365 * 10,
        }
    }
}
