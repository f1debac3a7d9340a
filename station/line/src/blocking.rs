//! The one door from the asynchronous line to blocking hardware work.

use tokio::task;
use tracing::Span;

/// Runs `work` on a thread for blocking work, in the caller's span. A panic in it comes out as [`Panicked`], so that
/// one unit's bad answer cannot take the station down.
pub(crate) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    let span = Span::current();
    task::spawn_blocking(move || span.in_scope(work)).await.map_err(|_| Panicked { operation })
}

/// Blocking work panicked or was abandoned at shutdown.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{operation} ended without a result")]
pub(crate) struct Panicked {
    pub(crate) operation: &'static str,
}
