//! Everything that a station leaves behind, to be searched for what must not be there. Knows no secret.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Outcome, Station};

/// Digits of a one-time code.
const CODE_LEN: usize = 64;
/// Shortest line of a text of several lines that is searched for; a private key is such a text.
const LINE_MIN: usize = 24;

/// Files and printed texts, each with its place.
#[derive(Debug)]
pub struct Traces(Vec<(PathBuf, Vec<u8>)>);

impl Traces {
    /// What lies in the data folder, and what programs have printed.
    pub fn of(station: &Station, printed: &[Outcome]) -> Self {
        let mut places = files_below(station.data());
        for (index, outcome) in printed.iter().enumerate() {
            places.push((PathBuf::from(format!("stdout {index}")), outcome.stdout.clone().into_bytes()));
            places.push((PathBuf::from(format!("stderr {index}")), outcome.stderr.clone().into_bytes()));
        }
        Self(places)
    }

    /// The same without the places that `excepted` names.
    #[must_use]
    pub fn without(mut self, excepted: impl Fn(&Path) -> bool) -> Self {
        self.0.retain(|(place, _)| !excepted(place));
        self
    }

    /// Fails when a secret stands somewhere; of one in several lines, any line counts.
    #[track_caller]
    pub fn assert_free_of(&self, what: &str, secret: &str) {
        assert!(!secret.is_empty(), "there is a {what}");
        let many = secret.lines().count() > 1;
        let lines = secret.lines().filter(|line| !many || line.len() >= LINE_MIN && !line.starts_with("-----"));
        for (line, (place, bytes)) in lines.flat_map(|line| self.0.iter().map(move |found| (line, found))) {
            assert!(!contains(bytes, line.as_bytes()), "{what} stands in {}", place.display());
        }
    }

    /// Fails when any text hashes to a code that was issued: also for codes that nobody knows any more.
    #[track_caller]
    pub fn assert_no_code(&self, hashes: &BTreeSet<String>) {
        for (place, bytes) in &self.0 {
            let mut texts = hex_texts(bytes);
            assert!(!texts.any(|text| is_code(text, hashes)), "a code stands in {}", place.display());
        }
    }
}

/// Whether a text is one of the codes with these hashes.
pub fn is_code(text: &[u8], hashes: &BTreeSet<String>) -> bool {
    hashes.contains(&hex::encode(Sha256::digest(text)))
}

/// Every file below a folder, with its bytes.
fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder of the station's").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let read = |file: PathBuf| (file.clone(), fs::read(file).expect("a file of the station's can be read"));
    let mut found: Vec<_> = files.into_iter().map(read).collect();
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
