//! Names under which units reach the station.

use std::{fmt, net::IpAddr, str::FromStr};

use firstpass_domain::IdError;
use rcgen::{SanType, string::Ia5String};

const EXPECTED: &str = "a host name such as station.example or an IP address";

/// Longest host name, in characters. Source: RFC 1035, section 2.3.4.
const DNS_NAME_MAX: usize = 253;

/// Longest label of a host name, in characters. Source: RFC 1035, section 2.3.4.
const DNS_LABEL_MAX: usize = 63;

/// A name or an address of this station, as units write it into a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerName(Name);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Dns(Ia5String),
    Ip(IpAddr),
}

impl ServerName {
    /// 127.0.0.1.
    pub const LOOPBACK: Self = Self(Name::Ip(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)));

    /// `localhost`.
    pub fn localhost() -> Self {
        "localhost".parse().expect("localhost is a host name")
    }

    pub(crate) fn to_san(&self) -> SanType {
        match &self.0 {
            Name::Dns(name) => SanType::DnsName(name.clone()),
            Name::Ip(address) => SanType::IpAddress(*address),
        }
    }
}

impl From<IpAddr> for ServerName {
    fn from(address: IpAddr) -> Self {
        Self(Name::Ip(address))
    }
}

impl FromStr for ServerName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if let Ok(address) = text.parse() {
            return Ok(Self(Name::Ip(address)));
        }
        // A name of digits and dots only would be a mistyped address.
        let address_like = text.chars().all(|c| c.is_ascii_digit() || c == '.');
        if address_like || text.len() > DNS_NAME_MAX || !text.split('.').all(is_label) {
            return Err(IdError::new(text, EXPECTED));
        }
        let name = Ia5String::try_from(text.to_ascii_lowercase()).map_err(|_| IdError::new(text, EXPECTED))?;
        Ok(Self(Name::Dns(name)))
    }
}

fn is_label(label: &str) -> bool {
    (1..=DNS_LABEL_MAX).contains(&label.len())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Dns(name) => f.write_str(name.as_str()),
            Name::Ip(address) => fmt::Display::fmt(address, f),
        }
    }
}
