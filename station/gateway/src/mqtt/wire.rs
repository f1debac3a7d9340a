//! Packets over a byte stream, each with a bound on its size and on the time it takes to leave.

use std::{io, time::Duration};

use bytes::BytesMut;
use firstpass_contract::mqtt::{DecodeError, Packet, decode, frame_length};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::{limits::Limits, reason::DisconnectReason};

/// Bytes asked of the stream at once; an idle connection holds no more.
const READ_BYTES: usize = 1024;

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    incoming: BytesMut,
    packet_bytes_max: usize,
    write_timeout: Duration,
    close_linger: Duration,
}

/// Why no packet came.
#[derive(Debug)]
pub(super) enum ReceiveError {
    Closed,
    Transport(io::Error),
    Malformed(DecodeError),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A wire for a stranger, whose first packet is bounded more tightly.
    pub(super) fn new(stream: S, limits: &Limits) -> Self {
        Self {
            stream,
            incoming: BytesMut::new(),
            packet_bytes_max: limits.connect_bytes_max,
            write_timeout: limits.write_timeout,
            close_linger: limits.close_linger,
        }
    }

    /// Allows packets of this size from now on.
    pub(super) fn allow(&mut self, packet_bytes_max: usize) {
        self.packet_bytes_max = packet_bytes_max;
    }

    /// The next packet. Nothing is lost when the future is dropped.
    pub(super) async fn receive(&mut self) -> Result<Packet, ReceiveError> {
        loop {
            if let Some(packet) = self.buffered()? {
                return Ok(packet);
            }
            self.incoming.reserve(READ_BYTES);
            match self.stream.read_buf(&mut self.incoming).await {
                Ok(0) => return Err(ReceiveError::Closed),
                Ok(_) => {}
                Err(err) => return Err(err.into()),
            }
        }
    }

    fn buffered(&mut self) -> Result<Option<Packet>, ReceiveError> {
        let length = frame_length(&self.incoming, self.packet_bytes_max).map_err(ReceiveError::Malformed)?;
        let Some(length) = length.filter(|length| *length <= self.incoming.len()) else { return Ok(None) };
        let frame = self.incoming.split_to(length);
        decode(&frame).map(Some).map_err(ReceiveError::Malformed)
    }

    /// Sends one packet.
    pub(super) async fn send(&mut self, packet: &Packet) -> Result<(), DisconnectReason> {
        let bytes = packet.to_bytes();
        let sending = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.write_timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(err)) => Err(ReceiveError::from(err).into()),
            Err(_) => Err(DisconnectReason::Slow),
        }
    }

    /// Closes in good order: says goodbye, then reads what is still coming, because a socket that is closed with unread
    /// bytes is reset, and the reset would take our last packet with it.
    pub(super) async fn close(mut self) {
        let closing = async {
            self.stream.shutdown().await?;
            let mut discarded = [0; READ_BYTES];
            while self.stream.read(&mut discarded).await? > 0 {}
            io::Result::Ok(())
        };
        // However it ends, the connection is over.
        let _ = timeout(self.close_linger, closing).await;
    }
}

impl From<io::Error> for ReceiveError {
    /// A peer that vanishes without TLS's `close_notify` is no failure of the transport; units lose their power.
    fn from(err: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&err.kind()) {
            true => Self::Closed,
            false => Self::Transport(err),
        }
    }
}

impl From<ReceiveError> for DisconnectReason {
    fn from(err: ReceiveError) -> Self {
        match err {
            ReceiveError::Closed => Self::Lost,
            ReceiveError::Transport(err) => Self::Transport(err.to_string()),
            ReceiveError::Malformed(err) => Self::Malformed(err),
        }
    }
}
