//! A client that sends one request per connection and reads the answer whole. Knows no cookie jar and follows no redirect.

use std::time::Duration;

use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that is put together.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: String,
    url: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body; bytes that are no text are replaced.
    pub(crate) text: String,
    /// Its body as it came.
    pub(crate) bytes: bytes::Bytes,
}

/// A live stream that is being read.
#[derive(Debug)]
pub(crate) struct Live {
    reading: tokio::task::JoinHandle<()>,
    _sender: http1::SendRequest<Full<bytes::Bytes>>,
}

impl Live {
    /// Waits until the server ends it.
    pub(crate) async fn end(&mut self) {
        tokio::time::timeout(PATIENCE, &mut self.reading).await.expect("the stream ends").unwrap();
    }

    /// Whether the server has ended it.
    pub(crate) fn has_ended(&self) -> bool {
        self.reading.is_finished()
    }
}

impl Ask {
    pub(crate) fn new(url: &str, method: &str, path: &str) -> Self {
        let (method, url, path) = (method.to_owned(), url.to_owned(), path.to_owned());
        Self { method, url, path, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As a browser that loads a page.
    pub(crate) fn accept_html(self) -> Self {
        self.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body.into_bytes())
    }

    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn body(mut self, media_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", media_type)
    }

    pub(crate) async fn send(self) -> Answer {
        let place = self.url.trim_start_matches("http://").to_owned();
        let socket = TcpStream::connect(&place).await.unwrap();
        tokio::time::timeout(PATIENCE, self.send_over(socket)).await.expect("the server answers in time")
    }

    /// Sends it, and reads the head of the answer only: a live stream has no end.
    pub(crate) async fn status(self) -> u16 {
        let place = self.url.trim_start_matches("http://").to_owned();
        let socket = TcpStream::connect(&place).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.unwrap();
        let connection = tokio::spawn(connection);
        let answer = tokio::time::timeout(PATIENCE, sender.send_request(self.request())).await;
        let status = answer.expect("the server answers in time").unwrap().status().as_u16();
        connection.abort();
        status
    }

    /// Sends it, and leaves the answer open: a live stream.
    pub(crate) async fn open(self) -> Live {
        let place = self.url.trim_start_matches("http://").to_owned();
        let socket = TcpStream::connect(&place).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        let answer = sender.send_request(self.request()).await.unwrap();
        assert_eq!(answer.status(), 200);
        let body = answer.into_body();
        Live { reading: tokio::spawn(async move { drop(body.collect().await) }), _sender: sender }
    }

    /// Sends it over a connection that is there.
    pub(crate) async fn send_over<S>(self, stream: S) -> Answer
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(self.request()).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        let text = String::from_utf8_lossy(&body).into_owned();
        Answer { status: head.status.as_u16(), headers: head.headers, text, bytes: body }
    }
}

impl Ask {
    fn request(self) -> Request<Full<bytes::Bytes>> {
        let host = self.url.split_once("://").map_or(&*self.url, |(_, host)| host).to_owned();
        let mut request = Request::builder().method(&*self.method).uri(&self.path).header("host", host);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(bytes::Bytes::from(self.body))).unwrap()
    }
}

impl Answer {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The cookie that is set, as `name=value`.
    pub(crate) fn cookie(&self) -> Option<String> {
        let set = self.header("set-cookie");
        set.split(';')
            .next()
            .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
            .map(Into::into)
    }

    /// The first text in the body between two others.
    pub(crate) fn between(&self, before: &str, after: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(before)?;
        rest.split_once(after).map(|(found, _)| found.to_owned())
    }
}
