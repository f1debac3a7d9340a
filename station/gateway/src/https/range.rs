//! The `Range` header of a download. Source: RFC 9110, section 14. Knows no image.

use std::ops::Range;

/// What of a representation a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: there is no range, or none that is served singly.
    Whole,
    /// These bytes: never empty, and within the representation.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Unsatisfiable,
}

impl Wanted {
    /// What a `Range` header wants of `len` bytes. What is no single range of bytes counts as absent, as the RFC allows.
    pub fn parse(header: &str, len: u64) -> Self {
        let Some((unit, range)) = header.trim().split_once('=') else { return Self::Whole };
        let Some((first, last)) = range.trim().split_once('-') else { return Self::Whole };
        if !unit.eq_ignore_ascii_case("bytes") || ![first, last].iter().all(|text| is_digits(text)) {
            return Self::Whole;
        }
        match (number(first), number(last)) {
            (None, None) => Self::Whole,
            (None, Some(suffix)) => Self::within(len.saturating_sub(suffix)..len, len),
            (Some(first), None) => Self::within(first..len, len),
            (Some(first), Some(last)) if last < first => Self::Whole,
            (Some(first), Some(last)) => Self::within(first..last.saturating_add(1).min(len), len),
        }
    }

    fn within(range: Range<u64>, len: u64) -> Self {
        if range.start < range.end && range.end <= len { Self::Part(range) } else { Self::Unsatisfiable }
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `None` for no digits; a number beyond all sizes is the largest.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(u64::MAX)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_range_is_served_and_what_is_none_is_ignored() {
        for (header, wanted) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-5", Wanted::Part(2..6)),
            ("Bytes= 7-", Wanted::Part(7..10)),
            ("bytes=4-99999999999999999999999999", Wanted::Part(4..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999999-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(Wanted::parse(header, 10), wanted, "{header}");
        }
        assert_eq!(Wanted::parse("bytes=0-", 0), Wanted::Unsatisfiable);
    }
}
