//! One HTTPS exchange over a connection of its own, as `esp_http_client` makes it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use firstpass_agent::{HttpResponse, HttpsRequest, OpaqueBytes};
use firstpass_contract::limits::RESPONSE_BODY_MAX;
use http::header::{CONTENT_LENGTH, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;

use super::esp_tls::LinkFailure;
use super::stream::Stream;

const HTTPS_PORT: u16 = 443;
const AGENT: &str = "ESP32 HTTP Client/1.0";

/// Posts the agent's request; the body of the answer is read up to what the unit's buffer holds, and one byte more.
pub(super) async fn post(request: &HttpsRequest, tls: &Arc<ClientConfig>) -> Result<HttpResponse, LinkFailure> {
    let limit = Duration::from_millis(request.timeout_ms.into());
    tokio::time::timeout(limit, exchange(request, tls)).await.unwrap_or(Err(LinkFailure::named("ESP_ERR_HTTP_EAGAIN")))
}

async fn exchange(request: &HttpsRequest, tls: &Arc<ClientConfig>) -> Result<HttpResponse, LinkFailure> {
    let mut builder = Request::builder().method(Method::POST);
    for header in &request.headers {
        let mut value = HeaderValue::from_str(header.value.expose()).map_err(|_| invalid())?;
        value.set_sensitive(true);
        builder = builder.header(header.name, value);
    }
    let body = Bytes::from(request.body.clone().into_bytes());
    let mut response = send(&request.url, builder, body, tls).await?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(HttpResponse {
        status: response.status().as_u16(),
        retry_after_s: retry_after,
        body: OpaqueBytes(bounded_body(response.body_mut()).await?),
    })
}

/// Asks for `url` and returns the answer with its body still to be read.
pub(super) async fn get(url: &str, tls: &Arc<ClientConfig>) -> Result<Response<Incoming>, LinkFailure> {
    send(url, Request::builder().method(Method::GET), Bytes::new(), tls).await
}

async fn send(
    url: &str,
    builder: http::request::Builder,
    body: Bytes,
    tls: &Arc<ClientConfig>,
) -> Result<Response<Incoming>, LinkFailure> {
    let target = Target::parse(url)?;
    let request = builder
        .uri(target.path)
        .header(HOST, target.authority)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_LENGTH, body.len())
        .body(Full::new(body))
        .map_err(|_| invalid())?;
    let stream = Stream::open(&target.host, target.port, Some(Arc::clone(tls))).await?;
    let Stream::Tls(stream) = stream else { return Err(invalid()) };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|_| LinkFailure::named("ESP_ERR_HTTP_WRITE_DATA"))?;
    // It ends with the answer's body, and at the latest with the runtime of this boot.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|_| LinkFailure::named("ESP_ERR_HTTP_FETCH_HEADER"))
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
