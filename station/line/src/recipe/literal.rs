//! Finds secrets that were written into a recipe or a configuration: by the name of their key, by known forms, and by
//! the look of chance. Tells where and why, never what.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Words in a key's name that a secret goes by.
const SECRET_WORDS: [&str; 14] = [
    "pass",
    "passwd",
    "password",
    "passphrase",
    "pwd",
    "psk",
    "secret",
    "secrets",
    "token",
    "tokens",
    "key",
    "keys",
    "apikey",
    "credential",
];
/// Words in a key's name that tell that the value is about a secret, and is none.
const PUBLIC_WORDS: [&str; 14] = [
    "public",
    "pub",
    "id",
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "name",
    "len",
    "type",
    "sha256",
    "hash",
    "fingerprint",
];
/// Keys of a reference to a secret, and of what only describes a value.
const DESCRIBING_KEYS: [&str; 4] = ["env", "file", "credential", "type"];
/// Keys of a configuration that are called like a secret and hold none: this one names a template of labels for units that
/// pass.
const HARMLESS_SETTINGS: [[&str; 2]; 1] = [["server", "label_on_pass"]];
/// Shortest text out of hexadecimal digits that looks like chance, in characters.
const HEX_LEN_MIN: usize = 32;
/// Shortest text out of letters and digits that looks like chance, in characters.
const MIXED_LEN_MIN: usize = 20;
/// Entropy from which a text looks like chance, in bits per character.
const ENTROPY_MIN: f64 = 3.0;
/// Longest first line of a private key in PEM, in characters; more of a line is not looked at.
const PEM_HEAD_LEN_MAX: usize = 64;
/// Shortest rest of a token after its mark, in characters.
const TOKEN_LEN_MIN: usize = 8;

/// A secret stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, in bytes.
    pub span: Range<usize>,
    /// Why it is taken for one, for people.
    pub why: String,
}

/// Whose rules hold for a text in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A recipe: its NVS entries may hold anything.
    Recipe,
    /// A configuration.
    Configuration,
}

/// The first secret in the text, also in one that is no valid TOML.
pub fn find(text: &str, kind: Kind) -> Option<Finding> {
    let known = known_form(text).map(|(at, what)| Finding { span: at..at, why: what.to_owned() });
    let (table, _errors) = DeTable::parse_recoverable(text);
    let walk = Walk { kind };
    let named = walk.table(table.get_ref(), &mut Vec::new());
    [known, named].into_iter().flatten().min_by_key(|finding| finding.span.start)
}

/// Where a secret of a known form begins, and what it is.
pub fn known_form(text: &str) -> Option<(usize, &'static str)> {
    let forms = [
        (token(text), "it holds a device token (dht_…)"),
        (private_key(text), "it holds a private key"),
        (url_password(text), "it holds a URL with a password in it"),
    ];
    forms.into_iter().filter_map(|(at, what)| Some((at?, what))).min()
}

/// What secret of a known form is in a file of any kind. Programs that read keys hold the first line of their form as a
/// constant; a key goes on after it.
pub fn known_form_in(bytes: &[u8]) -> Option<&'static str> {
    let runs = bytes.split(|byte| !matches!(byte, b' '..=b'~' | b'\n' | b'\r'));
    let texts = runs.filter(|run| run.len() >= TOKEN_LEN_MIN).filter_map(|run| str::from_utf8(run).ok());
    texts.filter_map(form_in_image).next()
}

fn form_in_image(text: &str) -> Option<&'static str> {
    if token(text).is_some() {
        return Some("it holds a device token (dht_…)");
    }
    let key = private_key(text)?;
    let body = text[key..].lines().nth(1).unwrap_or_default();
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    (body.len() >= MIXED_LEN_MIN && body.trim_end().chars().all(base64)).then_some("it holds a private key")
}

fn token(text: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let long = |at: &usize| text[at + 4..].chars().take_while(|c| part(*c)).count() >= TOKEN_LEN_MIN;
    text.match_indices("dht_").map(|(at, _)| at).find(long)
}

fn private_key(text: &str) -> Option<usize> {
    text.match_indices("-----BEGIN ").map(|(at, _)| at).find(|at| {
        let head: String = text[*at..].chars().take(PEM_HEAD_LEN_MAX).take_while(|c| *c != '\n').collect();
        head.contains("PRIVATE KEY-----")
    })
}

fn url_password(text: &str) -> Option<usize> {
    text.match_indices("://").map(|(at, _)| at).find(|at| {
        let end = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?' | '#');
        let authority = text[at + 3..].split(end).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
    })
}

/// Goes through a document with the names on the way to each value.
struct Walk {
    kind: Kind,
}

impl Walk {
    fn table<'t>(&self, table: &'t DeTable<'_>, path: &mut Vec<&'t str>) -> Option<Finding> {
        table.iter().find_map(|(key, value)| {
            path.push(key.get_ref());
            let found = self.value(value, path);
            path.pop();
            found
        })
    }

    fn value<'t>(&self, value: &'t Spanned<DeValue<'_>>, path: &mut Vec<&'t str>) -> Option<Finding> {
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, path),
            DeValue::Array(items) => items.iter().find_map(|item| self.value(item, path)),
            DeValue::String(text) if !text.is_empty() => {
                self.judge(text, path).map(|why| Finding { span: value.span(), why })
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => None,
        }
    }

    fn judge(&self, text: &str, path: &[&str]) -> Option<String> {
        let (leaf, parents) = path.split_last()?;
        let names_nvs_key = self.kind == Kind::Recipe && *leaf == "key" && parents.first() == Some(&"lwm2m");
        let is_harmless =
            self.kind == Kind::Configuration && HARMLESS_SETTINGS.iter().any(|setting| setting.as_slice() == path);
        if DESCRIBING_KEYS.contains(leaf) || names_nvs_key || is_harmless {
            return None;
        }
        if let Some(name) = path.iter().find(|name| sounds_secret(name)) {
            return Some(format!("{name:?} is the name of a secret, and its value is written out"));
        }
        let entry = (self.kind == Kind::Recipe).then(|| nvs_entry(path)).flatten();
        let by_chance = entry.is_some_and(|name| !words(name).any(|word| PUBLIC_WORDS.contains(&word.as_str())));
        (by_chance && looks_like_chance(text)).then(|| "the text looks like chance, as keys and tokens do".to_owned())
    }
}

/// The key of the NVS entry that a value belongs to.
fn nvs_entry<'t>(path: &[&'t str]) -> Option<&'t str> {
    match path {
        ["nvs", "extra", key, ..] => Some(key),
        _ => None,
    }
}

/// Whether a key's name says that its value is a secret.
pub fn sounds_secret(name: &str) -> bool {
    let words: Vec<String> = words(name).collect();
    let is = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let auth_code = is(&["auth"]) && is(&["code"]);
    (is(&SECRET_WORDS) || auth_code) && !is(&PUBLIC_WORDS)
}

/// The words of `wifi_pass`, `wifiPass`, `wifi-pass` or `WIFI_PASS2`, in small letters.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut before_small = false;
    for c in name.chars() {
        let begins = !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && before_small);
        if begins {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words.last_mut().expect("there is always one").push(c.to_ascii_lowercase());
        }
        before_small = c.is_ascii_lowercase();
    }
    words.into_iter().map(|word| match word.as_str() {
        "sha256" => word,
        _ => word.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(),
    })
}

fn looks_like_chance(text: &str) -> bool {
    let hex = text.chars().all(|c| c.is_ascii_hexdigit());
    let mixed = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_'));
    let has = |class: fn(&char) -> bool| text.chars().any(|c| class(&c));
    let all_classes = has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let long = (hex && text.len() >= HEX_LEN_MIN) || (mixed && all_classes && text.len() >= MIXED_LEN_MIN);
    long && entropy(text) >= ENTROPY_MIN
}

/// Bits per character, by how often each occurs.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let total = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let share = |count: &u32| f64::from(*count) / total;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}

#[cfg(test)]
mod tests;
