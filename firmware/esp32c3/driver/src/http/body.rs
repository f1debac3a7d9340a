//! The body of an answer: of a given length, in chunks, or up to the end of the stream.

use alloc::vec::Vec;

use embedded_io_async::{Read, Write};
use firstpass_agent::EspError;

use super::Head;
use crate::{LinkFailure, Stream};

/// Bytes read at once.
const READ_BYTES: usize = 2048;
/// Longest line in front of a chunk, in bytes.
const CHUNK_LINE_MAX: usize = 256;

/// A body that is being read.
pub(crate) struct Body<'a, 't, S: Read + Write> {
    stream: &'a mut Stream<'t, S>,
    /// What was read and not handed out.
    ahead: Vec<u8>,
    left: Left,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Bytes(u64),
    /// A chunk's size line comes next; `first` has no line end before it.
    ChunkLine {
        first: bool,
    },
    Chunk(u64),
    UntilClosed,
    Nothing,
}

impl<'a, 't, S: Read + Write> Body<'a, 't, S> {
    pub(super) fn new(stream: &'a mut Stream<'t, S>, ahead: Vec<u8>, head: &Head) -> Self {
        let left = match (head.chunked, head.content_length) {
            _ if matches!(head.status, 204 | 304) => Left::Nothing,
            (true, _) => Left::ChunkLine { first: true },
            (false, Some(length)) => Left::Bytes(length),
            (false, None) => Left::UntilClosed,
        };
        Self { stream, ahead, left }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, LinkFailure> {
        loop {
            match self.left {
                Left::Nothing | Left::Bytes(0) => return Ok(None),
                Left::Bytes(left) => {
                    let piece = self.piece(left).await?;
                    self.left = Left::Bytes(left - piece.len() as u64);
                    return Ok(Some(piece));
                }
                Left::ChunkLine { first } => self.left = self.chunk_line(first).await?,
                Left::Chunk(0) => self.left = Left::ChunkLine { first: false },
                Left::Chunk(left) => {
                    let piece = self.piece(left).await?;
                    self.left = Left::Chunk(left - piece.len() as u64);
                    return Ok(Some(piece));
                }
                Left::UntilClosed => return Ok(self.rest().await),
            }
        }
    }

    /// Everything, cut at `max` bytes.
    pub(super) async fn collect(&mut self, max: usize) -> Result<Vec<u8>, LinkFailure> {
        let mut bytes = Vec::new();
        while bytes.len() < max {
            let Some(piece) = self.next().await? else { break };
            bytes.extend_from_slice(&piece);
        }
        bytes.truncate(max);
        Ok(bytes)
    }

    async fn rest(&mut self) -> Option<Vec<u8>> {
        match self.piece(u64::MAX).await {
            Ok(piece) => Some(piece),
            Err(_) => {
                self.left = Left::Nothing;
                None
            }
        }
    }

    /// At most `max` bytes, at least one.
    async fn piece(&mut self, max: u64) -> Result<Vec<u8>, LinkFailure> {
        self.fill().await?;
        let count = self.ahead.len().min(usize::try_from(max).unwrap_or(usize::MAX));
        let rest = self.ahead.split_off(count);
        Ok(core::mem::replace(&mut self.ahead, rest))
    }

    async fn fill(&mut self) -> Result<(), LinkFailure> {
        if self.ahead.is_empty() {
            let mut piece = alloc::vec![0; READ_BYTES];
            let count = self.stream.read(&mut piece).await.map_err(|_| incomplete())?;
            piece.truncate(count);
            self.ahead = piece;
        }
        Ok(())
    }

    async fn chunk_line(&mut self, first: bool) -> Result<Left, LinkFailure> {
        if !first && !self.line().await?.is_empty() {
            return Err(incomplete());
        }
        let line = self.line().await?;
        let text = core::str::from_utf8(&line).map_err(|_| incomplete())?;
        let size = text.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| incomplete())?;
        if size > 0 {
            return Ok(Left::Chunk(size));
        }
        // Trailers end with an empty line.
        while !self.line().await?.is_empty() {}
        Ok(Left::Nothing)
    }

    async fn line(&mut self) -> Result<Vec<u8>, LinkFailure> {
        let mut line = Vec::new();
        loop {
            let byte = self.piece(1).await?[0];
            match byte {
                b'\n' => {
                    line.pop_if(|last| *last == b'\r');
                    return Ok(line);
                }
                _ if line.len() == CHUNK_LINE_MAX => return Err(incomplete()),
                _ => line.push(byte),
            }
        }
    }
}

fn incomplete() -> LinkFailure {
    LinkFailure::named(EspError("ESP_ERR_HTTP_INCOMPLETE_DATA"))
}
