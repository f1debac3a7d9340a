//! No secret of a unit is found on the station's side: not in the record, the logs, the exports or what was printed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tests::{Injection, Outcome, Process, Product, Secrets, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:70:01";

/// Digits of a one-time code.
const CODE_LEN: usize = 64;
/// Shortest piece of a secret that is searched for. A private key is searched line by line.
const PIECE_MIN: usize = 24;

#[test]
fn a_unit_with_a_code_leaves_no_secret_behind() {
    let traces = Traces::of_two_runs(Injection::Nvs, "boot:begun");
    // The first run died before the unit had used its code, so there the code is seen once.
    let codes = traces.secrets.iter().filter(|(key, _)| key == "auth_code").count();
    assert_eq!(codes, 1, "the search would find a code");
    traces.assert_clean();
    traces.assert_no_code();
}

#[test]
fn a_unit_with_a_session_leaves_no_secret_behind() {
    let traces = Traces::of_two_runs(Injection::Session, "flash:ended");
    traces.assert_clean();
}

/// Everything that the station left, and every secret that its unit had.
struct Traces {
    haystacks: Vec<(PathBuf, Vec<u8>)>,
    secrets: BTreeSet<(String, String)>,
    code_hashes: BTreeSet<String>,
}

impl Traces {
    /// A run that dies at `place`, one that passes, and every command that prints the record; all with all logs on.
    fn of_two_runs(injection: Injection, place: &str) -> Self {
        let (station, product) = (Station::new(), Product::new());
        let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
        let recipe = product.recipe(injection, &[]);
        let mut printed = vec![loud_flash(&station, &recipe, &unit, &["--crash-at", place])];
        let mut secrets = secrets_of(&unit);
        printed.push(loud_flash(&station, &recipe, &unit, &[]).expect_code(0).expect_counts(1, 0));
        secrets.extend(secrets_of(&unit));
        for key in ["mqtt_password", "dht", "key_pem"] {
            assert!(secrets.iter().any(|(name, _)| name == key), "the unit has a {key}");
        }
        let commands: [&[&str]; 5] =
            [&["units", "show", MAC], &["units", "list"], &["audit", "export"], &["audit", "replay"], &["ca", "show"]];
        for command in commands {
            printed.push(station.run(command).expect_code(0));
            printed.push(station.json(command).expect_code(0));
        }
        let code_hashes = station.audit().of_kind("code.issued").into_iter();
        let code_hashes = code_hashes.map(|(_, body)| body["code"].as_str().unwrap().to_owned()).collect();
        let mut haystacks = files_below(station.data());
        for (index, outcome) in printed.into_iter().enumerate() {
            haystacks.push((PathBuf::from(format!("stdout {index}")), outcome.stdout.into_bytes()));
            haystacks.push((PathBuf::from(format!("stderr {index}")), outcome.stderr.into_bytes()));
        }
        Self { haystacks, secrets, code_hashes }
    }

    fn assert_clean(&self) {
        for (key, secret) in &self.secrets {
            for piece in secret.lines().filter(|line| line.len() >= PIECE_MIN && !line.starts_with("-----")) {
                for (place, bytes) in &self.haystacks {
                    assert!(!contains(bytes, piece.as_bytes()), "a {key} stands in {}", place.display());
                }
            }
        }
    }

    /// Nothing that could be a code hashes to one that was issued: also codes that this story never saw.
    fn assert_no_code(&self) {
        assert_eq!(self.code_hashes.len(), 2);
        let is_code = |text: &[u8]| self.code_hashes.contains(&hex::encode(Sha256::digest(text)));
        let known = self.secrets.iter().find(|(key, _)| key == "auth_code").expect("one code was seen");
        assert!(is_code(known.1.as_bytes()), "the search would find a code");
        for (place, bytes) in &self.haystacks {
            for text in hex_texts(bytes) {
                assert!(!is_code(text), "a code stands in {}", place.display());
            }
        }
    }
}

fn loud_flash(station: &Station, recipe: &Path, unit: &VirtualUnit, options: &[&str]) -> Outcome {
    Process::start(station.flash_command(recipe, &[unit], options).env("RUST_LOG", "trace")).finish()
}

fn secrets_of(unit: &VirtualUnit) -> BTreeSet<(String, String)> {
    Secrets::in_flash(&unit.flash()).iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Every file below a folder, with its bytes.
fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut found: Vec<_> = files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect();
    found.extend(folders.iter().flat_map(|folder| files_below(folder)));
    found
}

fn contains(bytes: &[u8], piece: &[u8]) -> bool {
    bytes.windows(piece.len()).any(|window| window == piece)
}

/// Every stretch of hexadecimal digits that is as long as a code, also within longer ones.
fn hex_texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let stretches = bytes.split(|byte| !byte.is_ascii_hexdigit());
    stretches.flat_map(|stretch| stretch.windows(CODE_LEN))
}
