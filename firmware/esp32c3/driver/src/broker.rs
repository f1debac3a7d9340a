//! The stream to the broker, from the agent's wish to its end. Knows no packet.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::{Future, pending};
use core::pin::Pin;

use embedded_io_async::{Read, Write};
use firstpass_agent::BrokerEndpoint;

use crate::stream::NETWORK_TIMEOUT;
use crate::{Connector, LinkFailure, Platform, Stream, Trust};

/// Bytes read at once.
const READ_BYTES: usize = 1024;

type Opening<'t, S> = Pin<Box<dyn Future<Output = Result<Stream<'t, S>, LinkFailure>> + 't>>;

/// Where the stream stands.
pub(crate) enum BrokerStream<'t, S: Read + Write> {
    /// There is none.
    Closed,
    /// It is being opened.
    Opening(Opening<'t, S>),
    /// Bytes can go both ways.
    Open(Stream<'t, S>),
}

/// What happened to the stream. After a failure it is closed.
pub(crate) enum Arrived {
    Opened,
    NotOpened(LinkFailure),
    Bytes(Vec<u8>),
    Lost(LinkFailure),
}

impl<'t, S: Read + Write> BrokerStream<'t, S> {
    /// Begins to open a stream, with TLS if there is a `trust`.
    pub(crate) fn opening<P: Platform<Stream = S>>(
        endpoint: BrokerEndpoint,
        trust: Option<Result<Trust, LinkFailure>>,
        connector: Connector<'t, P>,
    ) -> Self {
        Self::Opening(Box::pin(async move {
            let trust = trust.transpose()?;
            connector.open(&endpoint.host, endpoint.port, trust.as_ref(), NETWORK_TIMEOUT).await
        }))
    }

    /// Waits for the next thing that happens; for ever on a closed stream. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Arrived {
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
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Option<LinkFailure> {
        let Self::Open(stream) = self else { return None };
        let failure = stream.write_all(bytes).await.err()?;
        Some(self.close(failure))
    }

    fn close(&mut self, failure: LinkFailure) -> LinkFailure {
        *self = Self::Closed;
        failure
    }
}
