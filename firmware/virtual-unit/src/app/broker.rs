//! The stream to the broker, from the agent's wish to its end. Knows no packet.

use std::future::{Future, pending};
use std::pin::Pin;

use firstpass_agent::BrokerEndpoint;

use super::esp_tls::LinkFailure;
use super::stream::{NETWORK_TIMEOUT, Stream};
use super::trust::Trust;
use super::way::Way;

/// Bytes read at once.
const READ_BYTES: usize = 4096;

/// Where the stream stands.
pub(super) enum BrokerStream {
    /// There is none.
    Closed,
    /// It is being opened.
    Opening(Pin<Box<dyn Future<Output = Result<Stream, LinkFailure>>>>),
    /// Bytes can go both ways.
    Open(Stream),
}

/// What happened to the stream. After a failure it is closed.
pub(super) enum Arrived {
    Opened,
    NotOpened(LinkFailure),
    Bytes(Vec<u8>),
    Lost(LinkFailure),
}

impl BrokerStream {
    /// Begins to open a stream, with TLS if there is a `trust`.
    pub(super) fn opening(endpoint: BrokerEndpoint, trust: Option<Result<Trust, LinkFailure>>, way: Way) -> Self {
        Self::Opening(Box::pin(async move {
            let config = trust.map(|trust| trust?.config(way.clock)).transpose()?;
            Stream::open(&endpoint.host, endpoint.port, config, &way, NETWORK_TIMEOUT).await
        }))
    }

    /// Waits for the next thing that happens; for ever on a closed stream. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Arrived {
        match self {
            Self::Closed => pending().await,
            Self::Opening(opening) => match opening.await {
                Ok(stream) => {
                    *self = Self::Open(stream);
                    Arrived::Opened
                }
                Err(failure) => Arrived::NotOpened(self.close(failure)),
            },
            Self::Open(stream) => {
                let mut buffer = [0; READ_BYTES];
                match stream.read(&mut buffer).await {
                    Ok(count) => Arrived::Bytes(buffer[..count].to_vec()),
                    Err(failure) => Arrived::Lost(self.close(failure)),
                }
            }
        }
    }

    /// Sends bytes on the open stream; on a closed one they are stale. Returns why the stream failed, if it did.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Option<LinkFailure> {
        let Self::Open(stream) = self else { return None };
        let failure = stream.write_all(bytes).await.err()?;
        Some(self.close(failure))
    }

    /// The unit is reset: nobody says goodbye.
    pub(super) fn forget(&self) {
        if let Self::Open(stream) = self {
            stream.forget();
        }
    }

    fn close(&mut self, failure: LinkFailure) -> LinkFailure {
        *self = Self::Closed;
        failure
    }
}
