//! The text that is looked for, in the forms in which names stand on record. Knows no database.

use firstpass_domain::{Mac, Sha256Digest};

use crate::{SEARCH_PART_MIN, SEARCH_TEXT_MAX};

/// A text that may be a name or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// As it was typed, without spaces around it.
    typed: String,
    /// In lower case.
    folded: String,
    /// Hexadecimal digits alone, when it is nothing else but them and what stands between octets.
    digits: Option<String>,
}

impl Text {
    /// `None` for what no name can be.
    pub(super) fn read(text: &str) -> Option<Self> {
        let typed = text.trim();
        if typed.is_empty() || typed.len() > SEARCH_TEXT_MAX {
            return None;
        }
        let folded = typed.to_ascii_lowercase();
        let digits: String = folded.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
        let digits = digits.chars().all(|c| c.is_ascii_hexdigit()).then_some(digits);
        Some(Self { typed: typed.to_owned(), folded, digits })
    }

    /// The MAC that it is, whole.
    pub(super) fn mac(&self) -> Option<Mac> {
        self.digits.as_ref()?.parse().ok()
    }

    /// The fingerprint that it is, whole.
    pub(super) fn fingerprint(&self) -> Option<Sha256Digest> {
        self.digits.as_ref()?.parse().ok()
    }

    /// The serial number of a certificate that it may be.
    pub(super) fn hexadecimal(&self) -> Option<&str> {
        self.digits.as_deref()
    }

    /// The names that it may be: as typed, and in one case, as scanners and people write them.
    pub(super) fn names(&self) -> [String; 3] {
        [self.typed.clone(), self.typed.to_ascii_uppercase(), self.folded.clone()]
    }

    /// What names on record may hold, in lower case: as typed, and without what stands between octets.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        let is_legal = |text: &str| {
            text.len() >= SEARCH_PART_MIN && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
        };
        let digits = self.digits.as_deref().filter(|digits| *digits != self.folded);
        [Some(self.folded.as_str()), digits].into_iter().flatten().filter(move |text| is_legal(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<String> {
        Text::read(text).map(|text| text.parts().map(str::to_owned).collect()).unwrap_or_default()
    }

    #[test]
    fn a_text_is_looked_for_as_typed_and_without_what_stands_between_octets() {
        assert_eq!(parts(" FP0001 "), ["fp0001"]);
        assert_eq!(parts("60:55:F9"), ["6055f9"]);
        assert_eq!(parts("26-47"), ["26-47", "2647"]);
        assert_eq!(parts("6055 f9"), ["6055f9"]);
        assert_eq!(parts("dev-_./"), ["dev-_./"]);
    }

    #[test]
    fn what_no_name_holds_is_not_looked_for() {
        for text in ["", "  ", "ab", "a:b", "\"abc\"", "50%", "größe", &"a".repeat(101)] {
            assert_eq!(parts(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_whole_name_is_known_in_every_way_to_write_it() {
        let mac: Mac = "60:55:f9:00:00:01".parse().unwrap();
        for text in ["60:55:f9:00:00:01", "60-55-F9-00-00-01", "6055f9000001", " 6055F9000001 "] {
            assert_eq!(Text::read(text).unwrap().mac(), Some(mac), "{text}");
        }
        let print = Sha256Digest::of(b"certificate");
        let text = print.to_string().to_uppercase();
        assert_eq!(Text::read(&text).unwrap().fingerprint(), Some(print));
    }
}
