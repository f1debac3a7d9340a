//! From a thread that writes to a client that downloads: chunks through a bounded channel, so that a slow client costs
//! time and no memory.

use std::{
    io::{self, Write},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use firstpass_domain::Sha256Digest;
use sha2::{Digest, Sha256};
use tokio::{runtime::Handle, sync::mpsc};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;

/// Bytes of a chunk.
const CHUNK_LEN: usize = 64 * 1024;
/// Chunks that wait for the client.
const CHUNKS_MAX: usize = 8;

/// The writing end, for a thread beside the runtime. Fails as soon as the client is gone or the server stops.
pub(crate) struct Chunks {
    sender: mpsc::Sender<Bytes>,
    whole: Arc<AtomicBool>,
    runtime: Handle,
    stopping: CancellationToken,
    waiting: Vec<u8>,
    sha256: Sha256,
    bytes: u64,
    held: bool,
}

/// The reading end: breaks off with an error when the writing end is dropped before it has finished, so that no client
/// takes a part for the whole.
struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    whole: Arc<AtomicBool>,
    broken: bool,
}

/// The two ends.
pub(crate) fn chunks(stopping: CancellationToken) -> (Chunks, Body) {
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    let whole = Arc::new(AtomicBool::new(false));
    let pieces = Pieces { receiver, whole: Arc::clone(&whole), broken: false };
    let (runtime, waiting) = (Handle::current(), Vec::with_capacity(CHUNK_LEN));
    let chunks = Chunks { sender, whole, runtime, stopping, waiting, sha256: Sha256::new(), bytes: 0, held: false };
    (chunks, Body::from_stream(pieces))
}

impl Chunks {
    /// From here on nothing is sent before [`Self::finish`]: without its end the client knows that it has no whole file.
    pub(crate) const fn hold(&mut self) {
        self.held = true;
    }

    /// How much was written, and its SHA-256.
    pub(crate) fn sum(&self) -> (u64, Sha256Digest) {
        (self.bytes, Sha256Digest::new(self.sha256.clone().finalize().into()))
    }

    /// Sends what waits; after that the client has everything.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send()?;
        self.whole.store(true, Ordering::Release);
        Ok(())
    }

    fn send(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK_LEN));
        let sent = async {
            tokio::select! {
                sent = self.sender.send(chunk.into()) => sent.map_err(|_| io::ErrorKind::BrokenPipe),
                () = self.stopping.cancelled() => Err(io::ErrorKind::ConnectionAborted),
            }
        };
        Ok(self.runtime.block_on(sent)?)
    }
}

impl Stream for Pieces {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.broken {
            return Poll::Ready(None);
        }
        self.receiver.poll_recv(context).map(|chunk| match chunk {
            Some(chunk) => Some(Ok(chunk)),
            None if self.whole.load(Ordering::Acquire) => None,
            None => {
                self.broken = true;
                Some(Err(io::ErrorKind::UnexpectedEof.into()))
            }
        })
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() >= CHUNK_LEN && !self.held {
            self.send()?;
        }
        let room = if self.held { bytes.len() } else { CHUNK_LEN - self.waiting.len() };
        let taken = &bytes[..room.min(bytes.len())];
        self.waiting.extend(taken);
        self.sha256.update(taken);
        self.bytes += taken.len() as u64;
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    /// What a client gets of what `write` writes on a thread of its own.
    async fn got(write: impl FnOnce(Chunks) + Send + 'static) -> Result<Vec<u8>, axum::Error> {
        let (chunks, body) = chunks(CancellationToken::new());
        let writing = tokio::task::spawn_blocking(move || write(chunks));
        let got = body.collect().await.map(|body| body.to_bytes().to_vec());
        writing.await.unwrap();
        got
    }

    const LONG: usize = 3 * CHUNK_LEN + 5;

    #[tokio::test]
    async fn what_is_written_and_finished_arrives_whole_with_its_hash() {
        let whole = got(|mut chunks| {
            chunks.write_all(&[7; LONG]).unwrap();
            chunks.hold();
            chunks.write_all(b"end").unwrap();
            assert_eq!(chunks.sum(), ((LONG + 3) as u64, Sha256Digest::of(&[&[7; LONG][..], b"end"].concat())));
            chunks.finish().unwrap();
        });
        assert_eq!(whole.await.unwrap(), [&[7; LONG][..], b"end"].concat());
    }

    #[tokio::test]
    async fn what_is_dropped_before_its_end_breaks_off_so_that_nobody_takes_it_for_whole() {
        got(|mut chunks| chunks.write_all(&[7; LONG]).unwrap()).await.unwrap_err();
        got(drop).await.unwrap_err();
    }

    #[tokio::test]
    async fn nobody_writes_for_a_client_that_is_gone_nor_on_when_the_server_stops() {
        let (mut gone, body) = chunks(CancellationToken::new());
        drop(body);
        let written = tokio::task::spawn_blocking(move || gone.write_all(&[7; LONG])).await.unwrap();
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let stopping = CancellationToken::new();
        let (mut stopped, body) = chunks(stopping.clone());
        stopping.cancel();
        let more_than_waits = vec![7; (CHUNKS_MAX + 2) * CHUNK_LEN];
        let written = tokio::task::spawn_blocking(move || stopped.write_all(&more_than_waits)).await.unwrap();
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        drop(body);
    }
}
