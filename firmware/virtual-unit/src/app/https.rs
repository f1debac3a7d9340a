//! HTTPS exchanges, as `esp_http_client` makes them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use firstpass_agent::{HttpResponse, HttpsRequest, OpaqueBytes};
use firstpass_contract::limits::RESPONSE_BODY_MAX;
use http::header::{CONTENT_LENGTH, HOST, RANGE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;

use super::esp_tls::LinkFailure;
use super::stream::{NETWORK_TIMEOUT, Stream};
use super::way::Way;

const HTTPS_PORT: u16 = 443;
const AGENT: &str = "ESP32 HTTP Client/1.0";

/// Posts the agent's request; the body of the answer is read up to what the unit's buffer holds, and one byte more. The
/// time limit holds for the connection and, anew, for the answer, as `timeout_ms` of `esp_http_client` does.
pub(super) async fn post(request: &HttpsRequest, client: &mut Client) -> Result<HttpResponse, LinkFailure> {
    let mut builder = Request::builder().method(Method::POST);
    for header in &request.headers {
        let mut value = HeaderValue::from_str(header.value.expose()).map_err(|_| invalid())?;
        value.set_sensitive(true);
        builder = builder.header(header.name, value);
    }
    let body = Bytes::from(request.body.clone().into_bytes());
    client.limit = Duration::from_millis(request.timeout_ms.into());
    let mut response = client.send(&request.url, builder, body).await?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = tokio::time::timeout(client.limit, bounded_body(response.body_mut())).await.map_err(|_| late())??;
    Ok(HttpResponse { status: response.status().as_u16(), retry_after_s: retry_after, body: OpaqueBytes(body) })
}

/// A client that keeps its connection for the next request, if the server does.
pub(super) struct Client {
    tls: Arc<ClientConfig>,
    way: Way,
    limit: Duration,
    open: Option<(String, SendRequest<Full<Bytes>>)>,
}

impl Client {
    pub(super) fn new(tls: Arc<ClientConfig>, way: Way) -> Self {
        Self { tls, way, limit: NETWORK_TIMEOUT, open: None }
    }

    /// Asks for a range of `url` and returns the answer with its body still to be read.
    pub(super) async fn get(&mut self, url: &str, range: &str) -> Result<Response<Incoming>, LinkFailure> {
        self.send(url, Request::builder().method(Method::GET).header(RANGE, range), Bytes::new()).await
    }

    async fn send(
        &mut self,
        url: &str,
        builder: http::request::Builder,
        body: Bytes,
    ) -> Result<Response<Incoming>, LinkFailure> {
        let target = Target::parse(url)?;
        let mut sender = self.connected(&target).await?;
        let request = builder
            .uri(target.path)
            .header(HOST, target.authority.as_str())
            .header(USER_AGENT, AGENT)
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(body))
            .map_err(|_| invalid())?;
        let response = tokio::time::timeout(self.limit, sender.send_request(request)).await.map_err(|_| late())?;
        let response = response.map_err(|_| LinkFailure::named("ESP_ERR_HTTP_FETCH_HEADER"))?;
        self.open = Some((target.authority, sender));
        Ok(response)
    }

    /// The open connection, or a new one.
    async fn connected(&mut self, target: &Target) -> Result<SendRequest<Full<Bytes>>, LinkFailure> {
        if let Some((_, mut sender)) = self.open.take().filter(|(authority, _)| *authority == target.authority)
            && sender.ready().await.is_ok()
        {
            return Ok(sender);
        }
        let tls = Some(Arc::clone(&self.tls));
        let stream = Stream::open(&target.host, target.port, tls, &self.way, self.limit).await?;
        let Stream::Tls(stream) = stream else { return Err(invalid()) };
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| LinkFailure::named("ESP_ERR_HTTP_WRITE_DATA"))?;
        // It ends with the last answer's body, and at the latest with the runtime of this boot.
        tokio::spawn(connection);
        Ok(sender)
    }
}

async fn bounded_body(body: &mut Incoming) -> Result<Vec<u8>, LinkFailure> {
    let mut bytes = Vec::new();
    while bytes.len() <= RESPONSE_BODY_MAX {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|_| LinkFailure::named("ESP_ERR_HTTP_INCOMPLETE_DATA"))?;
        bytes.extend_from_slice(frame.data_ref().map_or(&[][..], Bytes::as_ref));
    }
    bytes.truncate(RESPONSE_BODY_MAX + 1);
    Ok(bytes)
}

/// An `https` URL in parts.
struct Target {
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl Target {
    fn parse(url: &str) -> Result<Self, LinkFailure> {
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        if uri.scheme_str() != Some("https") {
            return Err(LinkFailure::named("ESP_ERR_HTTP_INVALID_TRANSPORT"));
        }
        let authority = uri.authority().ok_or_else(invalid)?;
        Ok(Self {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(HTTPS_PORT),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

fn invalid() -> LinkFailure {
    LinkFailure::named("ESP_ERR_INVALID_ARG")
}

/// Nothing came in time.
fn late() -> LinkFailure {
    LinkFailure::named("ESP_ERR_HTTP_EAGAIN")
}
