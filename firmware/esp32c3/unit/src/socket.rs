//! A TCP socket that owns its buffers and says goodbye when it is dropped.
#![expect(unsafe_code, reason = "embassy-net borrows a socket's buffers for as long as the network stack lives")]

use alloc::boxed::Box;
use alloc::vec;
use core::ops::{Deref, DerefMut};

use embassy_net::Stack;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};

/// Room for what has come and for what is to go, in bytes.
const RECEIVE_BYTES: usize = 4096;
const SEND_BYTES: usize = 2048;
/// Sockets that may be saying goodbye at the same time; further ones just end.
const GOODBYES_MAX: usize = 2;
/// How long a goodbye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a peer may be silent to our keep-alives.
const SILENCE_MAX: Duration = Duration::from_secs(90);
const KEEP_ALIVE: Duration = Duration::from_secs(30);

static GOODBYES: Channel<CriticalSectionRawMutex, Open, GOODBYES_MAX> = Channel::new();

/// A socket in use.
pub(crate) struct Socket(Option<Open>);

/// The socket is dropped before its buffers.
struct Open {
    socket: Option<TcpSocket<'static>>,
    buffers: [*mut [u8]; 2],
}

// SAFETY: there is one core and one executor; the pointers are owned like the boxes that they were made of.
unsafe impl Send for Open {}

impl Socket {
    pub(crate) fn new(stack: Stack<'static>) -> Self {
        let buffers = [RECEIVE_BYTES, SEND_BYTES].map(|length| Box::into_raw(vec![0; length].into_boxed_slice()));
        let [received, sent] = buffers;
        // SAFETY: the boxes live until `Open` is dropped, which drops the socket first; nobody else has the pointers.
        let mut socket = unsafe { TcpSocket::new(stack, &mut *received, &mut *sent) };
        socket.set_timeout(Some(SILENCE_MAX));
        socket.set_keep_alive(Some(KEEP_ALIVE));
        socket.set_nagle_enabled(false);
        Self(Some(Open { socket: Some(socket), buffers }))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.socket = None;
        for buffer in self.buffers {
            // SAFETY: made by `Box::into_raw`, freed here only, and the socket that used it is gone.
            drop(unsafe { Box::from_raw(buffer) });
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(mut open) = self.0.take() {
            if let Some(socket) = &mut open.socket {
                socket.close();
            }
            // With no room left it is dropped here, without a goodbye.
            drop(GOODBYES.try_send(open));
        }
    }
}

/// Sends the goodbyes of dropped sockets, for ever.
pub(crate) async fn say_goodbyes() -> ! {
    loop {
        let mut open = GOODBYES.receive().await;
        if let Some(socket) = &mut open.socket
            && with_timeout(GOODBYE_TIMEOUT, socket.flush()).await.is_err()
        {
            socket.abort();
        }
    }
}

impl Deref for Socket {
    type Target = TcpSocket<'static>;

    fn deref(&self) -> &TcpSocket<'static> {
        self.0.as_ref().and_then(|open| open.socket.as_ref()).expect("taken only when dropped")
    }
}

impl DerefMut for Socket {
    fn deref_mut(&mut self) -> &mut TcpSocket<'static> {
        self.0.as_mut().and_then(|open| open.socket.as_mut()).expect("taken only when dropped")
    }
}

impl ErrorType for Socket {
    type Error = Error;
}

impl Read for Socket {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        (**self).read(buffer).await
    }
}

impl Write for Socket {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        (**self).write(bytes).await
    }

    // A flush of embassy-net waits until the peer has acknowledged everything; TLS needs no such thing.
    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
