//! Where the service is.

use std::{fmt, str::FromStr};

use http::{Uri, uri::PathAndQuery};
use rustls::pki_types::ServerName;
use thiserror::Error;

/// Port of HTTPS.
const PORT_DEFAULT: u16 = 443;

/// Base URL of a service: `https://host[:port][/path]`, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    host: String,
    port: u16,
    path: String,
}

/// A text is no base URL of a service; the words name the part that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the service's URL is not usable: {0}")]
pub struct UpstreamUrlError(&'static str);

impl UpstreamUrl {
    /// Host name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path of an endpoint below the base.
    pub(super) fn path_of(&self, endpoint: &str) -> String {
        format!("{}{endpoint}", self.path)
    }

    /// Host and port as a request names them.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == PORT_DEFAULT { host } else { format!("{host}:{}", self.port) }
    }

    /// The name that the service's certificate must hold.
    pub(super) fn server_name(&self) -> ServerName<'static> {
        ServerName::try_from(self.host.clone()).expect("it was checked when the URL was parsed")
    }
}

impl FromStr for UpstreamUrl {
    type Err = UpstreamUrlError;

    fn from_str(text: &str) -> Result<Self, UpstreamUrlError> {
        let uri: Uri = text.parse().map_err(|_| UpstreamUrlError("it is no URL"))?;
        if uri.scheme_str() != Some("https") {
            return Err(UpstreamUrlError("it must begin with https://, since the factory code goes there"));
        }
        let authority = uri.authority().ok_or(UpstreamUrlError("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(UpstreamUrlError("it must not hold a user name or a password"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        ServerName::try_from(host.clone()).map_err(|_| UpstreamUrlError("its host is no name and no address"))?;
        let after_host = &authority.as_str()[authority.host().len()..];
        let port = match after_host.strip_prefix(':') {
            None => PORT_DEFAULT,
            Some(digits) => digits.parse().ok().filter(|port| *port > 0).ok_or(UpstreamUrlError("its port is none"))?,
        };
        Ok(Self { host, port, path: path(text, uri.path_and_query())? })
    }
}

fn path(text: &str, path: Option<&PathAndQuery>) -> Result<String, UpstreamUrlError> {
    let path = path.map_or("/", PathAndQuery::as_str);
    if path.contains('?') || text.contains('#') {
        return Err(UpstreamUrlError("it must not hold a query or a fragment"));
    }
    // A URL without a path reads as one with "/".
    match path {
        "/" if !text.ends_with('/') => Ok(String::new()),
        path if path.ends_with('/') => Err(UpstreamUrlError("it must not end in a slash")),
        path => Ok(path.to_owned()),
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_and_put_together_again() {
        for (text, host, port) in [
            ("https://api.example/api/v1", "api.example", 443),
            ("https://api.example", "api.example", 443),
            ("https://127.0.0.1:8443/api/v1", "127.0.0.1", 8443),
            ("https://[::1]:8443/v1", "::1", 8443),
        ] {
            let url: UpstreamUrl = text.parse().unwrap();
            assert_eq!((url.host(), url.port(), url.to_string().as_str()), (host, port, text));
        }
        let url: UpstreamUrl = "https://api.example:443/v1".parse().unwrap();
        assert_eq!(url.path_of("/provision/device"), "/v1/provision/device");
    }

    #[test]
    fn a_url_that_cannot_be_used_names_its_part() {
        for (text, part) in [
            ("http://api.example/v1", "https"),
            ("api.example/v1", "URL"),
            ("/v1", "https"),
            ("https://user:pw@api.example/v1", "password"),
            ("https://api.example/v1/", "slash"),
            ("https://api.example/", "slash"),
            ("https://api.example/v1?a=b", "query"),
            ("https://api.example:0/v1", "port"),
            ("https://api.example:99999/v1", "port"),
            ("https://-/v1", "host"),
            ("", "URL"),
        ] {
            let error = text.parse::<UpstreamUrl>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
