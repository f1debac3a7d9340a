//! The URI of an LwM2M service, taken apart: `coaps://host:port?aid=account`.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// Longest host name, and longest label in one, in characters (RFC 1035, section 2.3.4).
const HOST_LEN_MAX: usize = 253;
const LABEL_LEN_MAX: usize = 63;

/// A part of the URI, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Scheme,
    Host,
    Port,
    Path,
    Query,
    Aid,
}

impl Part {
    /// What a person does about it.
    pub(super) const fn remedy(self) -> &'static str {
        match self {
            Self::Scheme => "Write coaps://, without capitals or spaces.",
            Self::Host => "Write a host name, an IPv4 address, or an IPv6 address in [brackets].",
            Self::Port => "Write the port after a colon, 1 to 65535; LwM2M over DTLS has 5684.",
            Self::Path => "Take out what stands between the port and the question mark.",
            Self::Query => "Write ?aid= and the account id, once, and nothing else.",
            Self::Aid => "Copy the account id from the service's console.",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Port => "port",
            Self::Path => "path",
            Self::Query => "query",
            Self::Aid => "account id (aid)",
        })
    }
}

type Wrong = (Part, String);

/// Checks every part and returns the account id.
pub(super) fn account(uri: &str, aid_len_max: usize) -> Result<&str, Wrong> {
    let rest = uri.strip_prefix("coaps://").ok_or_else(|| {
        let scheme = uri.split_once(':').map_or(uri, |(scheme, _)| scheme);
        (Part::Scheme, format!("{:?} is not coaps://", scheme))
    })?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    check_authority(authority)?;
    let query = match rest.chars().next() {
        Some('?') => &rest[1..],
        Some('/') => return Err((Part::Path, "there is one, and such a URI has none".to_owned())),
        Some(_) | None => return Err((Part::Query, "there is none".to_owned())),
    };
    check_aid(query, aid_len_max)
}

fn check_authority(authority: &str) -> Result<(), Wrong> {
    if authority.contains('@') {
        return Err((Part::Host, "a user stands before it".to_owned()));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or((Part::Host, "its bracket is not closed".to_owned()))?;
            host.parse::<Ipv6Addr>().map_err(|_| (Part::Host, format!("{host:?} is no IPv6 address")))?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if !authority.starts_with('[') {
        check_host(host).map_err(|what| (Part::Host, what))?;
    }
    check_port(port)
}

fn check_host(host: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_label = |label: &str| {
        (1..=LABEL_LEN_MAX).contains(&label.len())
            && label.chars().all(legal)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.is_empty() {
        return Err("there is none".to_owned());
    }
    if host.split('.').next_back().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit())) {
        return host.parse::<Ipv4Addr>().map(drop).map_err(|_| format!("{host:?} is no IPv4 address"));
    }
    if host.len() > HOST_LEN_MAX || !host.split('.').all(is_label) {
        return Err(format!("{host:?} is no host name"));
    }
    Ok(())
}

fn check_port(port: Option<&str>) -> Result<(), Wrong> {
    let Some(text) = port else { return Err((Part::Port, "there is none".to_owned())) };
    let digits = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(1..) if digits => Ok(()),
        Ok(_) | Err(_) => Err((Part::Port, format!("{text:?} is no port"))),
    }
}

fn check_aid(query: &str, len_max: usize) -> Result<&str, Wrong> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let aid = query.strip_prefix("aid=").ok_or_else(|| (Part::Query, "it does not begin with aid=".to_owned()))?;
    if aid.contains('&') {
        return Err((Part::Query, "more than aid stands in it".to_owned()));
    }
    match aid.chars().count() {
        0 => Err((Part::Aid, "it is empty".to_owned())),
        len if len > len_max => Err((Part::Aid, format!("it is {len} characters long; {len_max} are possible"))),
        _ if !aid.chars().all(legal) => Err((Part::Aid, "it holds a character that no account id has".to_owned())),
        _ => Ok(aid),
    }
}
