//! What a unit logs in to the broker with, taken from its flash and from the record, and tried with a public client.

use std::path::PathBuf;

use crate::{Gateway, Secrets, Station, VirtualUnit};

/// An identity of a unit.
#[derive(Debug, Clone)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// A filter that it may subscribe to.
    pub filter: String,
    /// Files of its certificate chain and key, when it has a certificate.
    certificate: Option<[PathBuf; 2]>,
}

impl Login {
    /// The unit's `index`th identity on record, whose secrets stand in its flash now.
    #[track_caller]
    pub fn of(station: &Station, hardware: &VirtualUnit, index: usize) -> Self {
        let (unit, secrets) = (station.unit(hardware.mac()), Secrets::in_flash(&hardware.flash()));
        let [password] = secrets.of("mqtt_password")[..] else { panic!("one password: {secrets:?}") };
        let session = &unit.sessions()[index];
        let text = |field: &str| session[field].as_str().expect("a session is complete").to_owned();
        let certificate = unit.certificates().get(index).map(|certificate| {
            let [key] = secrets.of("key_pem")[..] else { panic!("one key: {secrets:?}") };
            let chain = format!("{}{}", certificate["pem"].as_str().expect("a certificate"), station.intermediate());
            [("chain", chain.as_str()), ("key", key)].map(|(name, pem)| {
                let path = station.data().join(format!("{}-{name}.pem", text("mqtt_username")));
                std::fs::write(&path, pem).expect("a file can be written");
                path
            })
        });
        let filter = format!("{}/{}/cmd/#", text("workspace_slug"), text("device_key"));
        Self { user: text("mqtt_username"), password: password.to_owned(), filter, certificate }
    }

    /// Logs in and subscribes with it.
    ///
    /// # Errors
    ///
    /// What the client says when it is refused.
    pub fn try_at(&self, gateway: &Gateway) -> Result<(), String> {
        let files = self.certificate.iter().flat_map(|[chain, key]| [("--cert", chain), ("--key", key)]);
        let options: Vec<String> =
            files.flat_map(|(option, path)| [option.to_owned(), path.display().to_string()]).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let output = gateway.subscribe_with(&self.user, &self.password, &self.filter, &options);
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }
}
