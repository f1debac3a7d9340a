//! Names of things, parsed once at the edge.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

/// A text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not {expected}")]
pub struct IdError {
    /// The offending text.
    pub text: String,
    /// What was expected, with its form.
    pub expected: &'static str,
}

impl IdError {
    /// The text and what it should have been.
    pub fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

/// Implements serde by way of `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// The unit: its eFuse base MAC address, printed as `aa:bb:cc:dd:ee:ff`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// From the six octets in transmission order.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The six octets in transmission order.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Mac {
    type Err = IdError;

    /// Reads `aa:bb:cc:dd:ee:ff`, with `-` or nothing between the octets as well, in either case.
    fn from_str(text: &str) -> Result<Self, IdError> {
        const EXPECTED: &str = "a MAC address such as 60:55:f9:00:00:01";
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
        let bytes = hex::decode(&digits).map_err(|_| IdError::new(text, EXPECTED))?;
        bytes.try_into().map(Self).map_err(|_| IdError::new(text, EXPECTED))
    }
}

serde_as_text!(Mac);

/// A SHA-256 digest, printed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// From the 32 bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256Digest {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| IdError::new(text, "a SHA-256 digest of 64 hexadecimal digits"))?;
        Ok(Self(bytes))
    }
}

serde_as_text!(Sha256Digest);

/// SHA-256 of a one-time auth code: what the record keeps instead of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeHash(pub Sha256Digest);

impl CodeHash {
    /// Hash of a code as it stands in the `iotmer-auth-code` header. Codes carry 256 random bits, so no salt is needed.
    pub fn of(code: &str) -> Self {
        Self(Sha256Digest::of(code.as_bytes()))
    }
}

/// One attempt on one unit (UUID version 7, so that runs sort by time).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for RunId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::parse_str(text).map(Self).map_err(|_| IdError::new(text, "a run id (a UUID)"))
    }
}

/// Declares a text name of 1 to `$max` characters out of letters, digits and `$extra`.
macro_rules! text_id {
    ($(#[$doc:meta])* $type:ident, $max:literal, $extra:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// Parses the name.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let legal = |c: char| c.is_ascii_alphanumeric() || $extra.contains(c);
                if text.is_empty() || text.len() > $max || !text.chars().all(legal) {
                    return Err(IdError::new(&text, $expected));
                }
                Ok(Self(text))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        serde_as_text!($type);
    };
}

text_id!(
    /// A fixture position. Never confused with the unit that happens to sit in it.
    SlotId, 32, "-_.", "a slot name: 1 to 32 letters, digits, '-', '_' or '.'"
);
text_id!(
    /// A station.
    StationId, 64, "-_.", "a station name: 1 to 64 letters, digits, '-', '_' or '.'"
);
text_id!(
    /// Identity of a device in the service; also in the certificate's SAN.
    DeviceId, 63, "-_.", "a device id: 1 to 63 letters, digits, '-', '_' or '.'"
);
text_id!(
    /// Serial number given by the factory, unique on record.
    SerialNumber, 64, "-_./", "a serial number: 1 to 64 letters, digits, '-', '_', '.' or '/'"
);

/// Size of a unit's flash in bytes, printed as `4MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlashSize(u32);

const MEBIBYTE: u32 = 1024 * 1024;

impl FlashSize {
    /// From bytes; a power of two between 256 KiB and 128 MiB.
    pub fn from_bytes(bytes: u32) -> Result<Self, IdError> {
        if bytes.is_power_of_two() && (256 * 1024..=128 * MEBIBYTE).contains(&bytes) {
            return Ok(Self(bytes));
        }
        Err(IdError::new(&bytes.to_string(), "a flash size such as 4MB"))
    }

    /// Size in bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

impl fmt::Display for FlashSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= MEBIBYTE { write!(f, "{}MB", self.0 / MEBIBYTE) } else { write!(f, "{}KB", self.0 / 1024) }
    }
}

impl FromStr for FlashSize {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError::new(text, "a flash size such as 4MB");
        let (digits, unit) = match (text.strip_suffix("MB"), text.strip_suffix("KB")) {
            (Some(digits), _) => (digits, MEBIBYTE),
            (None, Some(digits)) => (digits, 1024),
            (None, None) => return Err(error()),
        };
        let bytes = digits.parse::<u32>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(error)?;
        Self::from_bytes(bytes).map_err(|_| error())
    }
}

serde_as_text!(FlashSize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_reads_in_the_usual_forms_and_prints_in_one() {
        for text in ["60:55:F9:00:00:0a", "60-55-f9-00-00-0A", "6055f900000a"] {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "60:55:f9:00:00:0a");
        }
        assert!("60:55:f9".parse::<Mac>().is_err());
    }

    #[test]
    fn a_flash_size_reads_as_it_prints() {
        assert_eq!("4MB".parse::<FlashSize>().unwrap().bytes(), 4 * 1024 * 1024);
        assert_eq!(FlashSize::from_bytes(512 * 1024).unwrap().to_string(), "512KB");
        assert!("3MB".parse::<FlashSize>().is_err());
        assert!("4096MB".parse::<FlashSize>().is_err());
    }
}
