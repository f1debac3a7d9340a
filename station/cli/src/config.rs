//! The station's configuration: flags, then environment, then the file, then defaults. Reading never writes.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use firstpass_device::{Fixture, PortName};
use firstpass_domain::{SlotId, StationId};
use firstpass_line::{
    Presence, Slot,
    recipe::{SECRET_FORMS, literal},
};
use serde::Deserialize;

use crate::{args::Global, exit::Failure, upstream::UpstreamSection};

/// Everything a station can be told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) station: StationSection,
    pub(crate) gateway: GatewaySection,
    pub(crate) server: firstpass_server::Settings,
    pub(crate) telemetry: firstpass_server::TelemetryOptions,
    pub(crate) upstream: Option<UpstreamSection>,
    #[serde(rename = "slot")]
    pub(crate) slots: Vec<SlotSection>,
}

/// `[station]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StationSection {
    pub(crate) name: StationId,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) recipe: Option<PathBuf>,
    /// Folder of the recipes that batches can be opened for and worked by.
    pub(crate) recipes_dir: Option<PathBuf>,
    /// For how long a golden unit's check on a slot counts; 0 asks for none.
    pub(crate) shift_hours: u16,
}

/// A shift, unless the configuration says otherwise.
const SHIFT_HOURS: u16 = 8;

/// `[gateway]`: what units talk to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GatewaySection {
    pub(crate) https_listen: SocketAddr,
    pub(crate) mqtt_listen: SocketAddr,
    /// Name or address by which units reach this station; stands in the server certificate.
    pub(crate) public_host: String,
    /// Further names and addresses for the server certificate.
    pub(crate) alt_names: Vec<String>,
}

/// `[[slot]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotSection {
    pub(crate) name: SlotId,
    pub(crate) port: PathBuf,
    /// Control socket of the fixture; absent means DTR and RTS.
    pub(crate) fixture_socket: Option<PathBuf>,
    /// How the slot knows that a unit is there; absent means `probe` with DTR and RTS, `port` with a socket.
    pub(crate) presence: Option<PresenceSetting>,
}

/// `presence` of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PresenceSetting {
    /// The port comes and goes with the unit.
    Port,
    /// The port stays; the unit's loader is asked.
    Probe,
}

impl PresenceSetting {
    /// What fits the fixture when nothing is set: adapters with DTR and RTS often stay plugged in.
    pub(crate) fn or_default(setting: Option<Self>, fixture: &Fixture) -> Presence {
        match (setting, fixture) {
            (Some(Self::Port), _) | (None, Fixture::Socket(_)) => Presence::Port,
            (Some(Self::Probe), _) | (None, Fixture::DtrRts) => Presence::Probe,
        }
    }
}

impl Default for StationSection {
    fn default() -> Self {
        let name = StationId::new("station-1").expect("the default name is valid");
        Self { name, data_dir: None, recipe: None, recipes_dir: None, shift_hours: SHIFT_HOURS }
    }
}

impl Default for GatewaySection {
    fn default() -> Self {
        Self {
            https_listen: SocketAddr::from(([0, 0, 0, 0], 8443)),
            mqtt_listen: SocketAddr::from(([0, 0, 0, 0], 8883)),
            public_host: "localhost".to_owned(),
            alt_names: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the file that the flags or the environment name; without one, the defaults.
    pub(crate) fn load(global: &Global) -> Result<Self, Failure> {
        match &global.config {
            Some(path) => Self::load_file(path),
            None => Ok(Self::default()),
        }
    }

    fn load_file(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let why = format!("{}: {error}.", path.display());
            Failure::usage("config_unreadable", "The configuration cannot be read.", why, "Check the path of --config.")
        })?;
        if let Some(found) = literal::find(&text, literal::Kind::Configuration) {
            return Err(secret_in_file(path, &text, &found));
        }
        let mut config: Self = toml::from_str(&text).map_err(|error| invalid(path, &text, &error))?;
        config.resolve_paths(path.parent().unwrap_or(Path::new(".")));
        Ok(config)
    }

    /// The folder of the record, by the flags, then the environment (which clap reads), then the file, then XDG.
    pub(crate) fn data_dir(&self, global: &Global) -> PathBuf {
        global.data.clone().or_else(|| self.station.data_dir.clone()).unwrap_or_else(default_data_dir)
    }

    /// The configured slots.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let slot = |section: &SlotSection| {
            let fixture = section.fixture_socket.clone().map_or(Fixture::DtrRts, Fixture::Socket);
            Slot {
                id: section.name.clone(),
                port: PortName::new(&section.port),
                presence: PresenceSetting::or_default(section.presence, &fixture),
                fixture,
            }
        };
        self.slots.iter().map(slot).collect()
    }

    /// How long a golden unit's check counts.
    pub(crate) fn shift(&self) -> Option<Duration> {
        const HOUR: Duration = Duration::from_secs(3600);
        (self.station.shift_hours > 0).then(|| HOUR * u32::from(self.station.shift_hours))
    }

    /// Where recipes lie: the folder that is configured, or else that of `recipe`.
    pub(crate) fn recipes_dir<'a>(&'a self, recipe: Option<&'a Path>) -> Option<&'a Path> {
        // A bare file name is in the folder that the program was started in.
        let beside =
            || recipe?.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        self.station.recipes_dir.as_deref().or_else(beside)
    }

    /// Paths in the file are relative to the file.
    fn resolve_paths(&mut self, base: &Path) {
        let StationSection { data_dir, recipe, recipes_dir, .. } = &mut self.station;
        for path in [data_dir, recipe, recipes_dir, &mut self.server.labels_dir, &mut self.telemetry.ca_file]
            .into_iter()
            .flatten()
        {
            *path = base.join(&*path);
        }
        if let Some(upstream) = &mut self.upstream {
            upstream.resolve_paths(base);
        }
    }
}

/// A secret is told of before all else, so that no other error can show it.
fn secret_in_file(path: &Path, text: &str, found: &literal::Finding) -> Failure {
    let why = format!("{}: {}.", place(path, text, found.span.start), found.why);
    let remedy = format!("Write {SECRET_FORMS} instead, and change the secret if others may have read this file.");
    Failure::usage("secret_in_file", "A secret stands in the configuration.", why, remedy)
}

fn place(path: &Path, text: &str, at: usize) -> String {
    let before = &text[..text.floor_char_boundary(at)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    format!("{}, line {line}, column {column}", path.display())
}

fn invalid(path: &Path, text: &str, error: &toml::de::Error) -> Failure {
    let place = place(path, text, error.span().map_or(0, |span| span.start));
    let why = format!("{place}: {}.", error.message());
    Failure::usage("config_invalid", "The configuration cannot be used.", why, "Compare with configs/station.toml.")
}

fn default_data_dir() -> PathBuf {
    let xdg = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    xdg.or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("firstpass")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_that_we_show_is_one() {
        let config: Config = toml::from_str(include_str!("../../../configs/station.toml")).unwrap();
        assert_eq!(config.shift(), Some(Duration::from_secs(8 * 3600)));
        assert_eq!(config.recipes_dir(Some(Path::new("recipes/lamp.toml"))), Some(Path::new("recipes")));
    }

    /// What a person gets who takes the `#` away before every setting and every section.
    fn without_hashes(text: &str) -> String {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_setting = |line: &str| {
            let name = line.split_once(" = ").map_or("", |(name, _)| name);
            (!name.is_empty() && name.chars().all(is_name)) || (line.starts_with('[') && line.ends_with(']'))
        };
        let bare = |line: &str| line.trim_start_matches(['#', ' ']).to_owned();
        text.lines().map(|line| if is_setting(&bare(line)) { bare(line) } else { line.to_owned() } + "\n").collect()
    }

    #[test]
    fn every_setting_that_we_show_can_be_used_as_it_stands_there() {
        let text = without_hashes(include_str!("../../../configs/station.toml"));
        for setting in ["label_on_pass = \"product\"", "[upstream]", "tls = true", "[[slot]]", "[telemetry]"] {
            assert!(text.lines().any(|line| line == setting), "{setting} is still a remark in:\n{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("station.toml");
        std::fs::write(&path, &text).unwrap();
        let config = match Config::load_file(&path) {
            Ok(config) => config,
            Err(failure) => panic!("{:?}\n{text}", failure.problem),
        };
        assert_eq!(config.server.label_on_pass.as_deref(), Some("product"));
        assert_eq!(config.slots().len(), 2);
    }

    #[test]
    fn recipes_lie_where_they_are_said_to_or_beside_the_one_that_is_named() {
        let mut config = Config::default();
        assert_eq!(config.recipes_dir(None), None);
        assert_eq!(config.recipes_dir(Some(Path::new("lamp.toml"))), Some(Path::new(".")));
        config.station.recipes_dir = Some(PathBuf::from("/srv/recipes"));
        assert_eq!(config.recipes_dir(Some(Path::new("lamp.toml"))), Some(Path::new("/srv/recipes")));
        config.station.shift_hours = 0;
        assert_eq!(config.shift(), None);
    }
}
