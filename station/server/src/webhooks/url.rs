//! Where messages go. Parsed once; knows no socket.

use std::{fmt, net::IpAddr, str::FromStr};

use http::Uri;
use rustls::pki_types::ServerName;
use thiserror::Error;

/// Longest address of a webhook.
const LEN_MAX: usize = 500;

/// `https://host[:port]/path?query`, or the same with `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HookUrl {
    tls: bool,
    host: String,
    port: u16,
    target: String,
}

/// A text is no address of a webhook; the words name the part that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub(super) struct HookUrlError(&'static str);

impl HookUrl {
    /// Whether TLS is spoken.
    pub(super) const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Host name or address, without brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// Host and port as a request names them.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == default_port(self.tls) { host } else { format!("{host}:{}", self.port) }
    }

    /// The name that the receiver's certificate must hold.
    pub(super) fn server_name(&self) -> ServerName<'static> {
        ServerName::try_from(self.host.clone()).expect("it was checked when the address was parsed")
    }

    /// Whether it names this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

const fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

impl FromStr for HookUrl {
    type Err = HookUrlError;

    fn from_str(text: &str) -> Result<Self, HookUrlError> {
        if text.len() > LEN_MAX {
            return Err(HookUrlError("it has more than 500 characters"));
        }
        if text.contains('#') {
            return Err(HookUrlError("it must not hold a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| HookUrlError("it is no URL"))?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) | None => return Err(HookUrlError("it must begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or(HookUrlError("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(HookUrlError("it must not hold a user name or a password"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        ServerName::try_from(host.clone()).map_err(|_| HookUrlError("its host is no name and no address"))?;
        let after_host = &authority.as_str()[authority.host().len()..];
        let port = match after_host.strip_prefix(':') {
            None => default_port(tls),
            Some(digits) => digits.parse().ok().filter(|port| *port > 0).ok_or(HookUrlError("its port is none"))?,
        };
        let target = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
        Ok(Self { tls, host, port, target })
    }
}

impl fmt::Display for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_put_together_again() {
        for (text, host, port) in [
            ("https://mes.test/hook?line=1", "mes.test", 443),
            ("https://mes.test:8443/", "mes.test", 8443),
            ("http://[::1]:8080/a", "::1", 8080),
        ] {
            let url: HookUrl = text.parse().unwrap();
            assert_eq!((url.host(), url.port(), url.to_string().as_str()), (host, port, text));
        }
        assert!("http://127.0.0.2/".parse::<HookUrl>().unwrap().is_loopback());
        assert!(!"http://127.0.0.2.evil.test/".parse::<HookUrl>().unwrap().is_loopback());
    }

    #[test]
    fn what_is_no_address_or_holds_a_secret_is_refused() {
        let long = format!("https://mes.test/{}", "x".repeat(500));
        for text in [
            "",
            "mes",
            "/hook",
            "ftp://mes.test/",
            "https:///hook",
            "https://ada:secret@mes.test/",
            "https://mes.test:0/",
            "https://mes.test:http/",
            "https://mes.test/#part",
            "https://me s.test/",
            &long,
        ] {
            assert!(text.parse::<HookUrl>().is_err(), "{text}");
        }
    }
}
