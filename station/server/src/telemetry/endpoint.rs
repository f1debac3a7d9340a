//! Where the collector is. Parsed once; knows no socket.

use std::{fmt, str::FromStr};

use http::Uri;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use thiserror::Error;

/// Where traces go below the base address. Source: the specification of OTLP/HTTP.
const TRACES_PATH: &str = "/v1/traces";

/// The base address of a collector, such as `http://127.0.0.1:4318`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Path of requests.
    pub(super) path: String,
}

/// A text is no address of a collector; the words name the part that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("otlp_endpoint is no address of a collector: {0}")]
pub struct EndpointError(&'static str);

impl Endpoint {
    /// Host and port as a request names them.
    pub(super) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.parse().map_err(|_| EndpointError("it is no URL"))?;
        let (is_tls, usual_port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            Some(_) | None => return Err(EndpointError("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or(EndpointError("it names no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(EndpointError("it must hold no user name, no password and no query"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        ServerName::try_from(host.as_str()).map_err(|_| EndpointError("its host is no name and no address"))?;
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some(rest) if !rest.is_empty() => rest[1..].parse().map_err(|_| EndpointError("its port is none"))?,
            Some(_) | None => usual_port,
        };
        Ok(Self { is_tls, host, port, path: format!("{}{TRACES_PATH}", uri.path().trim_end_matches('/')) })
    }
}

impl TryFrom<String> for Endpoint {
    type Error = EndpointError;

    fn try_from(text: String) -> Result<Self, EndpointError> {
        text.parse()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_go_below_the_base_address() {
        for (text, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://collector.test/otlp", "https://collector.test:443/otlp/v1/traces"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), url);
        }
    }

    #[test]
    fn what_is_no_base_address_is_refused() {
        let wrong = [
            "",
            "127.0.0.1:4318",
            "grpc://127.0.0.1:4317",
            "http://ada:secret@host/",
            "http://host:port/",
            "http://host/?a=b",
        ];
        for text in wrong {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
