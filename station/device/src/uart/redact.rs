//! Takes secrets out of a unit's log before anything is kept of it: firmware may print what it must not. Knows no file
//! and no port.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use firstpass_contract::Secret;

/// What stands in the log instead.
const INSTEAD: &[u8] = b"[secret]";
/// Shortest text that is looked for: a shorter one would be found in half of the log, and is no secret.
const NEEDLE_MIN: usize = 8;
/// Texts that are looked for at most; a unit has a code, a password, a token and the lines of keys, its own and the
/// recipe's.
const NEEDLES_MAX: usize = 512;
/// Beginnings and end of a private key in PEM, which nobody but the unit may know.
const KEY_BEGINS: [&[u8]; 4] = [
    b"-----BEGIN PRIVATE KEY-----",
    b"-----BEGIN EC PRIVATE KEY-----",
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
];
const KEY_ENDS: &[u8] = b"-----END";
/// Bytes of a private key that are taken out at most: a log that shows a beginning and no end is not lost.
const KEY_LEN_MAX: usize = 8 * 1024;

/// The secrets of one unit. Clones share them, so that one which is made while the unit runs is known at once.
#[derive(Debug, Clone, Default)]
pub struct Redactor(Arc<Mutex<Vec<Secret>>>);

impl Redactor {
    /// Takes `secret` out of the log from now on; one of several lines, line by line.
    pub fn hide(&self, secret: &Secret) {
        let mut needles = self.lock();
        for line in secret.expose().lines().map(str::trim).filter(|line| line.len() >= NEEDLE_MIN) {
            let known = needles.iter().any(|needle| needle.expose() == line);
            if !known && !line.starts_with("-----") && needles.len() < NEEDLES_MAX {
                needles.push(Secret::new(line));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Secret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A log that is being cleaned.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    redactor: Redactor,
    /// The end of what came, as long as it may be the beginning of a secret.
    held: Vec<u8>,
    /// Bytes of a private key that have been taken out, while one is under way.
    key: Option<usize>,
}

impl Cleaner {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// What may be kept of `bytes` and of what was held back before them. A NUL is a break on the line and belongs to no
    /// text: none is kept, so that none can stand within a secret.
    pub(super) fn clean(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend(bytes.iter().filter(|byte| **byte != 0));
        let needles = self.redactor.lock();
        let mut kept = Vec::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        loop {
            if let Some(taken) = self.key {
                let (len, ended) = key_part(rest, taken);
                rest = &rest[len..];
                self.key = (!ended).then_some(taken + len);
                if !ended {
                    break;
                }
                continue;
            }
            let Some((at, found)) = first(rest, &needles) else { break };
            if at + beginning(rest, &needles) >= rest.len() {
                // A longer secret may be under way, of which this one is a part.
                break;
            }
            kept.extend_from_slice(&rest[..at]);
            match found {
                Found::Secret(len) => {
                    kept.extend_from_slice(INSTEAD);
                    rest = &rest[at + len..];
                }
                Found::Key(len) => {
                    kept.extend_from_slice(&rest[at..at + len]);
                    kept.extend_from_slice(INSTEAD);
                    rest = &rest[at + len..];
                    self.key = Some(0);
                }
            }
        }
        let held = if self.key.is_some() { rest.len() } else { beginning(rest, &needles) };
        kept.extend_from_slice(&rest[..rest.len() - held]);
        self.held = rest[rest.len() - held..].to_vec();
        kept
    }

    /// What may be kept of what is still held back when nothing more comes: of a secret that has begun, no more than
    /// anybody could have written.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        let mut held = std::mem::take(&mut self.held);
        if self.key.take().is_some() {
            return Vec::new();
        }
        let begun = longest_beginning(&held, self.redactor.lock().iter().map(bytes_of));
        if begun >= NEEDLE_MIN {
            held.truncate(held.len() - begun);
            held.extend_from_slice(INSTEAD);
        }
        held
    }
}

/// What was found, and its length.
enum Found {
    Secret(usize),
    Key(usize),
}

impl Found {
    const fn len(&self) -> usize {
        match self {
            Self::Secret(len) | Self::Key(len) => *len,
        }
    }
}

/// The first secret in `bytes`, the longest of those that begin there, or the beginning of a private key.
fn first(bytes: &[u8], needles: &[Secret]) -> Option<(usize, Found)> {
    let secrets = needles.iter().filter_map(|needle| {
        let needle = bytes_of(needle);
        Some((position(bytes, needle)?, Found::Secret(needle.len())))
    });
    let keys = KEY_BEGINS.iter().filter_map(|begins| Some((position(bytes, begins)?, Found::Key(begins.len()))));
    secrets.chain(keys).min_by_key(|(at, found)| (*at, Reverse(found.len())))
}

/// How much of `bytes` belongs to a private key of which `taken` bytes are gone already, and whether it ends there.
fn key_part(bytes: &[u8], taken: usize) -> (usize, bool) {
    let room = KEY_LEN_MAX.saturating_sub(taken);
    match position(bytes, KEY_ENDS) {
        Some(end) if end <= room => (end, true),
        _ if bytes.len() > room => (room, true),
        // The end may come in pieces.
        _ => (bytes.len().saturating_sub(KEY_ENDS.len()), false),
    }
}

/// Length of the longest end of `bytes` with which a secret could begin.
fn beginning(bytes: &[u8], needles: &[Secret]) -> usize {
    longest_beginning(bytes, needles.iter().map(bytes_of).chain(KEY_BEGINS))
}

fn longest_beginning<'a>(bytes: &[u8], needles: impl Iterator<Item = &'a [u8]>) -> usize {
    let longest = |needle: &[u8]| {
        (1..needle.len().min(bytes.len() + 1)).rev().find(|len| bytes.ends_with(&needle[..*len])).unwrap_or(0)
    };
    needles.map(longest).max().unwrap_or(0)
}

fn bytes_of(needle: &Secret) -> &[u8] {
    needle.expose().as_bytes()
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "0123456789abcdef0123456789abcdef";
    const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIK\nabcdefgh\n-----END EC PRIVATE KEY-----\n";

    fn cleaned(secrets: &[&str], pieces: &[&[u8]]) -> String {
        let redactor = Redactor::default();
        secrets.iter().for_each(|secret| redactor.hide(&Secret::new(*secret)));
        let mut cleaner = Cleaner::new(redactor);
        let mut kept: Vec<u8> = pieces.iter().flat_map(|piece| cleaner.clean(piece)).collect();
        kept.extend(cleaner.finish());
        String::from_utf8(kept).unwrap()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_the_pieces_are_cut() {
        let line = format!("I (5) app: code={CODE} and {CODE}.\n");
        for cut in 0..line.len() {
            let (one, other) = line.as_bytes().split_at(cut);
            assert_eq!(cleaned(&[CODE], &[one, other]), "I (5) app: code=[secret] and [secret].\n", "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = line.as_bytes().chunks(1).collect();
        assert_eq!(cleaned(&[CODE], &bytes), "I (5) app: code=[secret] and [secret].\n");
    }

    #[test]
    fn a_private_key_is_taken_out_though_nobody_knows_it() {
        let log = format!("I (1) a: b\n{KEY}I (2) c: d\n");
        let expected = "I (1) a: b\n-----BEGIN EC PRIVATE KEY-----[secret]-----END EC PRIVATE KEY-----\nI (2) c: d\n";
        for len in [1, 7, 64, 4096] {
            let pieces: Vec<&[u8]> = log.as_bytes().chunks(len).collect();
            assert_eq!(cleaned(&[], &pieces), expected, "in pieces of {len}");
        }
    }

    #[test]
    fn a_private_key_without_an_end_does_not_swallow_the_log() {
        let log = format!("-----BEGIN PRIVATE KEY-----\n{}I (2) c: d\n", "x".repeat(2 * KEY_LEN_MAX));
        assert!(cleaned(&[], &[log.as_bytes()]).ends_with("I (2) c: d\n"));
    }

    #[test]
    fn a_secret_that_is_made_while_the_unit_runs_is_known_at_once() {
        let redactor = Redactor::default();
        let mut cleaner = Cleaner::new(redactor.clone());
        assert_eq!(cleaner.clean(b"hello 01234567"), b"hello 01234567");
        redactor.hide(&Secret::new(CODE));
        assert_eq!(cleaner.clean(format!("x {CODE}\n").as_bytes()), b"x [secret]\n");
    }

    #[test]
    fn a_secret_of_several_lines_is_taken_out_line_by_line_and_short_texts_stay() {
        let log = b"MHcCAQEEIK and abcdefgh and short\n";
        assert_eq!(cleaned(&[KEY, "short"], &[log]), "[secret] and [secret] and short\n");
    }

    #[test]
    fn a_log_that_ends_within_a_secret_shows_nothing_of_it() {
        for len in NEEDLE_MIN..CODE.len() {
            let log = format!("code={}", &CODE[..len]);
            assert_eq!(cleaned(&[CODE], &[log.as_bytes()]), "code=[secret]", "{len} bytes of it");
        }
        let log = format!("code={}", &CODE[..NEEDLE_MIN - 1]);
        assert_eq!(cleaned(&[CODE], &[log.as_bytes()]), log, "so few bytes are no secret");
        assert_eq!(cleaned(&[CODE], &[b"x -----BEGIN PRIV"]), "x -----BEGIN PRIV", "nor is the name of a key");
    }

    #[test]
    fn of_secrets_within_one_another_the_longer_is_taken_out_whole() {
        let (inner, longer, outer) = ("abcdefgh", "abcdefgh12345678", "0123abcdefgh12345678");
        for (secrets, log) in [
            ([inner, longer], "x abcdefgh12345678 y"),
            ([longer, inner], "x abcdefgh12345678 y"),
            ([inner, outer], "x 0123abcdefgh12345678 y"),
        ] {
            for cut in 0..log.len() {
                let (one, other) = log.as_bytes().split_at(cut);
                assert_eq!(cleaned(&secrets, &[one, other]), "x [secret] y", "{secrets:?} cut at {cut}");
            }
        }
        assert_eq!(cleaned(&[inner, longer], &[b"x abcdefgh", b" y"]), "x [secret] y");
        assert_eq!(cleaned(&[inner, longer], &[b"x abcdefgh"]), "x [secret]");
    }

    #[test]
    fn a_break_on_the_line_lets_no_secret_through() {
        let log = format!("\0code={}\0\0{}\n", &CODE[..10], &CODE[10..]);
        for cut in 0..log.len() {
            let (one, other) = log.as_bytes().split_at(cut);
            assert_eq!(cleaned(&[CODE], &[one, other]), "code=[secret]\n", "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn what_holds_no_secret_comes_out_as_it_went_in(log in "[a-f0-9 \n-]{0,300}", cuts in prop::collection::vec(1usize..40, 1..20)) {
            prop_assume!(!log.contains(CODE));
            let (mut pieces, mut rest) = (Vec::new(), log.as_bytes());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (piece, more) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            prop_assert_eq!(cleaned(&[CODE], &pieces), log);
        }
    }
}
