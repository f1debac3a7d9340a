//! Shapes of a recipe's rates and times.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use toml::Spanned;

/// Rates in a list at most.
const BAUDS_MAX: usize = 8;

/// `baud = 921600`, or `baud = [921600, 460800]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum RawBaud {
    /// The fastest; the line knows what to fall back to.
    Fastest(i64),
    /// All of them.
    List(Vec<i64>),
}

impl<'de> Deserialize<'de> for RawBaud {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BaudVisitor)
    }
}

struct BaudVisitor;

impl<'de> Visitor<'de> for BaudVisitor {
    type Value = RawBaud;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a baud rate, or a list of 1 to {BAUDS_MAX} of them")
    }

    fn visit_i64<E>(self, baud: i64) -> Result<RawBaud, E> {
        Ok(RawBaud::Fastest(baud))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawBaud, A::Error> {
        let mut bauds = Vec::new();
        while let Some(baud) = items.next_element()? {
            bauds.push(baud);
            if bauds.len() > BAUDS_MAX {
                return Err(serde::de::Error::invalid_length(bauds.len(), &self));
            }
        }
        Ok(RawBaud::List(bauds))
    }
}

/// `[timeouts]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RawTimeouts {
    pub(in super::super) identify_s: Option<Spanned<u64>>,
    pub(in super::super) flash_s: Option<Spanned<u64>>,
    pub(in super::super) boot_s: Option<Spanned<u64>>,
    pub(in super::super) provision_s: Option<Spanned<u64>>,
    pub(in super::super) connect_s: Option<Spanned<u64>>,
    pub(in super::super) attest_s: Option<Spanned<u64>>,
    pub(in super::super) ota_s: Option<Spanned<u64>>,
}
