//! The strings by which one connection is ended from outside.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

use super::reason::DisconnectReason;

/// How others end a connection, and wait for its end.
#[derive(Debug)]
pub(super) struct Control {
    reason: OnceLock<DisconnectReason>,
    pub(super) cut: CancellationToken,
    /// Cancelled when the session's last event is on record.
    pub(super) done: CancellationToken,
}

impl Control {
    /// For a connection that `stop` ends as well.
    pub(super) fn under(stop: &CancellationToken) -> Self {
        Self { reason: OnceLock::new(), cut: stop.child_token(), done: CancellationToken::new() }
    }

    /// Ends the connection; the first reason stays.
    pub(super) fn end(&self, reason: DisconnectReason) {
        self.reason.get_or_init(|| reason);
        self.cut.cancel();
    }

    /// Why [`Control::end`] was called; [`DisconnectReason::Shutdown`] when the broker's own token cut it.
    pub(super) fn reason(&self) -> DisconnectReason {
        self.reason.get().cloned().unwrap_or(DisconnectReason::Shutdown)
    }
}
