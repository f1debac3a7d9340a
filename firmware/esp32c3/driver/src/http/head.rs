//! The head of an answer: status, and the few fields that a unit looks at.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use embedded_io_async::{Read, Write};
use firstpass_agent::EspError;

use crate::{LinkFailure, Stream};

/// Longest head, in bytes.
const HEAD_MAX: usize = 8192;
/// Bytes read at once.
const READ_BYTES: usize = 1024;
/// Answers of status 1xx before the true one.
const INTERIM_MAX: usize = 4;

/// Status and fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) retry_after_s: Option<u32>,
    pub(crate) content_length: Option<u64>,
    pub(crate) content_range: Option<String>,
    pub(crate) chunked: bool,
    pub(crate) date: Option<String>,
}

impl Head {
    /// Reads a head; returns it with the first bytes of the body.
    pub(super) async fn read<S: Read + Write>(stream: &mut Stream<'_, S>) -> Result<(Self, Vec<u8>), LinkFailure> {
        let mut bytes = Vec::new();
        for _ in 0..=INTERIM_MAX {
            let end = loop {
                if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                    break at;
                }
                if bytes.len() > HEAD_MAX {
                    return Err(unreadable());
                }
                let mut piece = [0; READ_BYTES];
                let count = stream.read(&mut piece).await.map_err(|_| unreadable())?;
                bytes.extend_from_slice(&piece[..count]);
            };
            let head = core::str::from_utf8(&bytes[..end]).ok().and_then(Self::parse).ok_or_else(unreadable)?;
            bytes.drain(..end + 4);
            if head.status >= 200 {
                return Ok((head, bytes));
            }
        }
        Err(unreadable())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
        let mut head = Self { status, ..Self::default() };
        for line in lines {
            let (name, value) = line.split_once(':')?;
            head.take(name, value.trim())?;
        }
        Some(head)
    }

    /// `None` when a field that decides where the body ends cannot be read.
    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-length") {
            self.content_length = Some(value.parse().ok()?);
        } else if is("transfer-encoding") {
            self.chunked = value.eq_ignore_ascii_case("chunked").then_some(true)?;
        } else if is("content-range") {
            self.content_range = Some(value.to_string());
        } else if is("retry-after") {
            self.retry_after_s = value.parse().ok();
        } else if is("date") {
            self.date = Some(value.to_string());
        }
        Some(())
    }
}

fn unreadable() -> LinkFailure {
    LinkFailure::named(EspError("ESP_ERR_HTTP_FETCH_HEADER"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_whatever_their_case() {
        let head = Head::parse("HTTP/1.1 429 Too Many\r\nRETRY-AFTER: 60\r\nContent-Length:  7\r\nx: y");
        let expected = Head { status: 429, retry_after_s: Some(60), content_length: Some(7), ..Head::default() };
        assert_eq!(head, Some(expected));
    }

    #[test]
    fn a_head_that_hides_where_the_body_ends_is_refused() {
        for text in [
            "HTTP/2 200",
            "HTTP/1.1 x",
            "HTTP/1.1 200 OK\r\ncontent-length: -1",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip",
        ] {
            assert_eq!(Head::parse(text), None, "{text}");
        }
    }
}
