//! A provisioning service that also serves an image, over kept connections.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use firstpass_contract::provision::ProvisionRequest;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::server::{self, Secure};

/// What a unit asked for.
pub(crate) struct Asked {
    pub(crate) code: String,
    pub(crate) request: ProvisionRequest,
}

/// What the service answers, and what it was asked.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) asked: RefCell<Vec<Asked>>,
    pub(crate) ranges: RefCell<Vec<String>>,
    pub(crate) image: Vec<u8>,
    /// Whether answers come in chunks.
    pub(crate) chunked: bool,
}

/// Starts the service; `answer` makes the body of a provisioning answer.
pub(crate) async fn start(
    config: Arc<ServerConfig>,
    service: Rc<Service>,
    answer: impl Fn(&Asked) -> (u16, String) + 'static,
) -> u16 {
    let answer = Rc::new(answer);
    server::start(config, move |secure| serve(secure, Rc::clone(&service), Rc::clone(&answer))).await
}

async fn serve(mut secure: Secure, service: Rc<Service>, answer: Rc<impl Fn(&Asked) -> (u16, String)>) {
    let mut bytes = Vec::new();
    while let Some((head, body)) = request(&mut secure, &mut bytes).await {
        let response = match head.starts_with("POST /api/v1/provision/device ") {
            true => provision(&service, &head, &body, &*answer),
            false => piece(&service, &head),
        };
        if secure.write_all(&response).await.is_err() || secure.flush().await.is_err() {
            return;
        }
    }
}

async fn request(secure: &mut Secure, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let mut piece = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length: usize = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        match secure.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.split("\r\n").filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn provision(service: &Service, head: &str, body: &[u8], answer: &impl Fn(&Asked) -> (u16, String)) -> Vec<u8> {
    let code = field(head, "iotmer-auth-code").unwrap().to_owned();
    let asked = Asked { code, request: serde_json::from_slice(body).unwrap() };
    let (status, body) = answer(&asked);
    service.asked.borrow_mut().push(asked);
    match service.chunked {
        false => format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes(),
        true => {
            let (first, second) = body.split_at(body.len() / 2);
            let chunk = |text: &str| format!("{:x};x=y\r\n{text}\r\n", text.len());
            let head = format!("HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n");
            format!("{head}{}{}0\r\n\r\n", chunk(first), chunk(second)).into_bytes()
        }
    }
}

fn piece(service: &Service, head: &str) -> Vec<u8> {
    let range = field(head, "range").unwrap();
    service.ranges.borrow_mut().push(range.to_owned());
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let piece = &service.image[first..service.image.len().min(last + 1)];
    let (length, last) = (piece.len(), first + piece.len() - 1);
    let range = format!("content-range: bytes {first}-{last}/{}", service.image.len());
    let mut response = format!("HTTP/1.1 206 X\r\ncontent-length: {length}\r\n{range}\r\n\r\n").into_bytes();
    response.extend_from_slice(piece);
    response
}
