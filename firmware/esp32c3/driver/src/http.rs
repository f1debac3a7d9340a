//! HTTPS exchanges, as `esp_http_client` makes them. Knows no policy of the agent.

mod body;
mod date;
mod head;

use alloc::format;
use alloc::string::{String, ToString};

use embassy_time::{Duration, with_timeout};
use embedded_io_async::{Read, Write};
use firstpass_agent::{EspError, HttpResponse, HttpsRequest, OpaqueBytes};
use firstpass_contract::limits::RESPONSE_BODY_MAX;

use crate::stream::NETWORK_TIMEOUT;
use crate::{Connector, LinkFailure, Platform, Stream, Trust};

pub(crate) use body::Body;
pub(crate) use head::Head;

const HTTPS_PORT: u16 = 443;
const AGENT: &str = "ESP32 HTTP Client/1.0";

/// A client for one exchange, or for several with the same server.
pub(crate) struct Client<'t, P: Platform> {
    connector: Connector<'t, P>,
    trust: Trust,
    limit: Duration,
    open: Option<(String, Stream<'t, P::Stream>)>,
}

impl<'t, P: Platform> Client<'t, P> {
    pub(crate) fn new(connector: Connector<'t, P>, trust: Trust) -> Self {
        Self { connector, trust, limit: NETWORK_TIMEOUT, open: None }
    }

    /// Posts the agent's request; the body of the answer is read up to what the unit's buffer holds, and one byte more. The
    /// time limit holds for the connection and, anew, for the answer, as `timeout_ms` of `esp_http_client` does.
    pub(crate) async fn post(&mut self, request: &HttpsRequest) -> Result<HttpResponse, LinkFailure> {
        self.limit = Duration::from_millis(request.timeout_ms.into());
        let mut headers = String::new();
        for header in &request.headers {
            let value = header.value.expose();
            if value.contains(|c: char| c.is_control()) {
                return Err(invalid());
            }
            headers += &format!("{}: {value}\r\n", header.name);
        }
        let limit = self.limit;
        let (head, mut body) = self.send("POST", &request.url, &headers, request.body.as_bytes()).await?;
        let body = with_timeout(limit, body.collect(RESPONSE_BODY_MAX + 1)).await.map_err(|_| late())??;
        Ok(HttpResponse { status: head.status, retry_after_s: head.retry_after_s, body: OpaqueBytes(body) })
    }

    /// Asks for a range of `url` and returns the answer with its body still to be read.
    pub(crate) async fn get(&mut self, url: &str, range: &str) -> Result<(Head, Body<'_, 't, P::Stream>), LinkFailure> {
        self.send("GET", url, &format!("range: {range}\r\n"), &[]).await
    }

    async fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<(Head, Body<'_, 't, P::Stream>), LinkFailure> {
        let target = Target::parse(url)?;
        let mut stream = self.connected(&target).await?;
        let mut request = format!(
            "{method} {} HTTP/1.1\r\nhost: {}\r\nuser-agent: {AGENT}\r\ncontent-length: {}\r\n{headers}\r\n",
            target.path,
            target.authority,
            body.len(),
        )
        .into_bytes();
        request.extend_from_slice(body);
        stream.write_all(&request).await?;
        let (head, rest) = with_timeout(self.limit, Head::read(&mut stream)).await.map_err(|_| late())??;
        let (_, stream) = self.open.insert((target.authority, stream));
        let body = Body::new(stream, rest, &head);
        Ok((head, body))
    }

    /// The open connection, or a new one.
    async fn connected(&mut self, target: &Target) -> Result<Stream<'t, P::Stream>, LinkFailure> {
        match self.open.take() {
            Some((authority, stream)) if authority == target.authority => Ok(stream),
            _ => self.connector.open(&target.host, target.port, Some(&self.trust), self.limit).await,
        }
    }

    /// The connection cannot be used for another exchange.
    pub(crate) fn forget(&mut self) {
        self.open = None;
    }
}

/// The `Date` of whatever the server answers to a request for nothing, in seconds since 1970.
pub(crate) async fn date<S: Read + Write>(mut stream: Stream<'_, S>, target: &Target) -> Option<u64> {
    let request = format!("HEAD {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", target.path, target.authority);
    stream.write_all(request.as_bytes()).await.ok()?;
    let (head, _) = Head::read(&mut stream).await.ok()?;
    date::parse(&head.date?)
}

/// An `https` URL in parts.
pub(crate) struct Target {
    authority: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    path: String,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, LinkFailure> {
        let named = |name| LinkFailure::named(EspError(name));
        let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(named("ESP_ERR_HTTP_INVALID_TRANSPORT"));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        let usable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.is_empty() || authority.contains('@') || !usable(rest) {
            return Err(invalid());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| invalid())?),
            _ => (authority, HTTPS_PORT),
        };
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        let host = host.trim_matches(['[', ']']).to_string();
        Ok(Self { authority: authority.to_string(), host, port, path })
    }
}

fn invalid() -> LinkFailure {
    LinkFailure::named(EspError("ESP_ERR_INVALID_ARG"))
}

/// Nothing came in time.
fn late() -> LinkFailure {
    LinkFailure::named(EspError("ESP_ERR_HTTP_EAGAIN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_falls_into_its_parts() {
        for (url, host, port, path) in [
            ("https://a.example/api/v1", "a.example", 443, "/api/v1"),
            ("HTTPS://127.0.0.1:8443", "127.0.0.1", 8443, "/"),
            ("https://[::1]:8443/x?y#z", "::1", 8443, "/x?y"),
            ("https://[::1]", "::1", 443, "/"),
            ("https://a?b", "a", 443, "/?b"),
        ] {
            let target = Target::parse(url).ok().map(|target| (target.host, target.port, target.path));
            assert_eq!(target, Some((host.into(), port, path.into())), "{url}");
        }
    }

    #[test]
    fn a_url_that_is_not_https_or_holds_more_than_an_address_is_refused() {
        for url in
            ["http://a", "a/b", "https://", "https://user@a", "https://a:b", "https://a/ b", "https://a/\r\nx: y"]
        {
            assert!(Target::parse(url).is_err(), "{url:?}");
        }
    }
}
