//! `[upstream]`: the provisioning service that the station relays to.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use firstpass_gateway::https::{Provisioner, Upstream, system_chance, upstream_trust};
use firstpass_line::recipe::SecretSource;
use serde::Deserialize;

use crate::exit::Failure;

/// Longest time for one request to the service, in seconds. A unit that gave up meanwhile gets the answer at its next
/// try.
const TIMEOUT_MAX_S: u64 = 60;

/// `[upstream]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpstreamSection {
    /// Base URL of the service.
    url: String,
    /// Where the factory code that the service knows comes from.
    auth_code: SecretSource,
    /// Authorities that its certificate may come from; absent means those that the system trusts.
    ca_file: Option<PathBuf>,
    /// For one request.
    #[serde(default = "default_timeout_s")]
    timeout_s: u64,
    /// Workspace to name there, when it is another one than the recipe's.
    workspace_id: Option<String>,
    /// Whether the service knows the `mac` field.
    #[serde(default)]
    forward_mac: bool,
    /// Whether units are told of the firmware that the service offers.
    #[serde(default = "yes")]
    forward_firmware: bool,
    /// Folder of the configuration.
    #[serde(skip)]
    base: PathBuf,
}

const fn default_timeout_s() -> u64 {
    8
}

const fn yes() -> bool {
    true
}

impl UpstreamSection {
    /// Paths in the file are relative to the file.
    pub(crate) fn resolve_paths(&mut self, base: &Path) {
        base.clone_into(&mut self.base);
        self.ca_file = self.ca_file.as_ref().map(|path| base.join(path));
    }

    /// The file that the factory code is read from, when it is read from one.
    pub(crate) fn secret_file(&self) -> Option<PathBuf> {
        self.auth_code.path(&self.base)
    }

    /// Lets the service grant the sessions.
    pub(crate) fn relaying(&self, provisioner: Provisioner) -> Result<Provisioner, Failure> {
        provisioner.relaying(self.upstream()?, system_chance()).map_err(|error| unusable(why(&error)))
    }

    /// Whether all that the section names can be had: address, trust and factory code. The service itself is not asked.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.upstream().map(drop)
    }

    fn upstream(&self) -> Result<Upstream, Failure> {
        if !(1..=TIMEOUT_MAX_S).contains(&self.timeout_s) {
            return Err(unusable(format!("timeout_s is {}; it must be 1 to {TIMEOUT_MAX_S}.", self.timeout_s)));
        }
        let auth_code = self.auth_code.read(&self.base).map_err(|error| {
            let what = "The factory code of the provisioning service cannot be had.";
            Failure::usage("upstream_auth_code", what, format!("auth_code in [upstream]: {error}."), error.remedy())
        })?;
        let workspace_id = self.workspace_id.as_deref().map(str::parse).transpose();
        let workspace_id = workspace_id.map_err(|_| unusable("workspace_id is no UUID.".to_owned()))?;
        Ok(Upstream {
            url: self.url.parse().map_err(|error| unusable(why(&error)))?,
            trust: upstream_trust(self.ca_file.as_deref()).map_err(|error| unusable(why(&error)))?,
            auth_code,
            timeout: Duration::from_secs(self.timeout_s),
            workspace_id,
            forward_mac: self.forward_mac,
            forward_firmware: self.forward_firmware,
        })
    }
}

fn why(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| format!("{error}."), |cause| format!("{error}: {cause}."))
}

fn unusable(why: String) -> Failure {
    let remedy = "Correct [upstream] in the configuration; compare with configs/station.toml.";
    Failure::usage("upstream_unusable", "The provisioning service cannot be used as configured.", why, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &str) -> Result<UpstreamSection, toml::de::Error> {
        toml::from_str(text)
    }

    /// What a person is told about a section that cannot be used.
    fn refusal(text: &str, base: &Path) -> String {
        let mut section = section(text).unwrap();
        section.resolve_paths(base);
        section.upstream().unwrap_err().problem.why
    }

    #[test]
    fn a_section_has_defaults_and_refuses_what_it_does_not_know() {
        let minimal = "url = \"https://api.example/v1\"\nauth_code = { env = \"CODE\" }";
        let read = section(minimal).unwrap();
        assert_eq!((read.timeout_s, read.forward_mac, read.forward_firmware), (8, false, true));
        assert!(section(&format!("{minimal}\nbroker = \"elsewhere\"")).is_err());
        assert!(section("url = \"https://api.example/v1\"\nauth_code = \"in clear\"").is_err());
    }

    #[test]
    fn a_section_that_cannot_be_used_says_which_part() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("code"), "the code\n").unwrap();
        std::fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
        let whole = "url = \"https://api.example/v1\"\nauth_code = { file = \"code\" }\nca_file = \"ca.pem\"\n";
        for (from, to, part) in [
            ("https", "http", "https"),
            ("\"code\"", "\"other\"", "other"),
            ("ca.pem", "none.pem", "none.pem"),
            ("ca.pem", "ca.pem", "holds no certificate"),
            ("ca_file", "workspace_id = \"7\"\nca_file", "workspace_id"),
            ("ca_file", "timeout_s = 0\nca_file", "timeout_s is 0"),
        ] {
            let why = refusal(&whole.replace(from, to), folder.path());
            assert!(why.contains(part) && !why.contains("the code"), "{why}");
        }
    }
}
