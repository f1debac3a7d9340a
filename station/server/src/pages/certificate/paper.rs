//! What the code on a certificate says, and where a code that was read leads.

use std::fmt;

use firstpass_domain::{Mac, RunId, Sha256Digest};

/// What a code of ours begins with, with the version of its form.
const LABEL: &str = "firstpass-certificate-1";

/// What the code states: the unit, its run, and the audit entry that sealed the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) mac: Mac,
    pub(crate) run: RunId,
    pub(crate) seq: i64,
    pub(crate) hash: Sha256Digest,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mac, run, seq, hash } = self;
        write!(f, "{LABEL} unit={mac} run={run} audit={seq} sha256={hash}")
    }
}

impl Claim {
    /// Reads a code; `None` when it is none of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        if words.next() != Some(LABEL) {
            return None;
        }
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        Some(Self {
            mac: value("unit")?.parse().ok()?,
            run: value("run")?.parse().ok()?,
            seq: value("audit")?.parse().ok()?,
            hash: value("sha256")?.parse().ok()?,
        })
    }
}

/// Where the text of a code leads: to the certificate, which says whether the code tells the truth.
pub(crate) fn address_of(text: &str) -> Option<String> {
    let Claim { mac, seq, hash, .. } = Claim::parse(text)?;
    Some(format!("/units/{mac}/certificate?seq={seq}&hash={hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_is_read_is_the_one_that_was_printed() {
        // Golden text: do not edit. It stands on paper.
        let text = "firstpass-certificate-1 unit=60:55:f9:00:00:0a run=00000000-0000-7000-8000-000000000001 audit=17 \
                    sha256=0000000000000000000000000000000000000000000000000000000000000000";
        let claim = Claim::parse(text).unwrap();
        assert_eq!(claim.to_string(), text);
        assert_eq!(address_of(text).unwrap().split_once('?').unwrap().0, "/units/60:55:f9:00:00:0a/certificate");
        for wrong in
            ["", "firstpass-certificate-2 unit=60:55:f9:00:00:0a", &text[..text.len() - 1], "60:55:f9:00:00:0a"]
        {
            assert_eq!(Claim::parse(wrong), None, "{wrong}");
        }
    }
}
