//! Sends spans in the background: gathered for a moment, tried again for a while, dropped when the collector stays away.
//! Knows not where spans come from.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    TelemetryOptions,
    client::{Answered, Client},
    endpoint::Endpoint,
    otlp,
    span::Span,
};

/// Spans in one request.
const BATCH_MAX: usize = 512;
/// How long spans are gathered, unless the configuration says otherwise.
const GATHER: Duration = Duration::from_secs(2);
/// How often a batch is tried.
const TRIES_MAX: u32 = 6;
/// Delay after the first failure; it doubles with every further one.
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// Longest delay, also when the collector asks for more.
const DELAY_MAX: Duration = Duration::from_secs(30);
/// Time for what is left when the server ends.
const FINISH_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends spans to one collector.
pub(super) struct Exporter {
    client: Client,
    station: String,
    gather: Duration,
    queue: mpsc::Receiver<Span>,
    /// What is being gathered or sent; what a cancelled send leaves is sent at the end.
    batch: Vec<Span>,
    /// Whether the last try failed, which is told once and not each time.
    is_away: bool,
}

/// What came of a try.
enum Tried {
    Taken,
    /// It may be taken later.
    Later(Option<Duration>, String),
    /// It never will be.
    Refused(String),
}

impl Exporter {
    pub(super) fn new(
        endpoint: Endpoint,
        options: &TelemetryOptions,
        station: &str,
        queue: mpsc::Receiver<Span>,
    ) -> Self {
        let client = Client::new(endpoint, options.ca_file.as_deref());
        let gather = options.gather_ms.map_or(GATHER, |ms| Duration::from_millis(ms.into()));
        Self { client, station: station.to_owned(), gather, queue, batch: Vec::new(), is_away: false }
    }

    /// Sends what comes; never ends.
    pub(super) async fn run(&mut self, dropped: &AtomicU64) -> Infallible {
        loop {
            self.gather().await;
            self.send().await;
            let dropped = dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(dropped, "the collector is too slow: spans were dropped");
            }
        }
    }

    /// Sends what is left, without waiting for a collector that is away.
    pub(super) async fn finish(&mut self) {
        while self.batch.len() < BATCH_MAX
            && let Ok(span) = self.queue.try_recv()
        {
            self.batch.push(span);
        }
        if !self.batch.is_empty() && !self.is_away {
            let _ = timeout(FINISH_TIMEOUT, self.try_send()).await;
        }
    }

    /// Waits for a span, and then for others for a moment.
    async fn gather(&mut self) {
        match self.queue.recv().await {
            Some(span) => self.batch.push(span),
            // The sender lives as long as the server.
            None => std::future::pending().await,
        }
        let until = Instant::now() + self.gather;
        while self.batch.len() < BATCH_MAX {
            match timeout_at(until, self.queue.recv()).await {
                Ok(Some(span)) => self.batch.push(span),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Sends the batch; it is empty afterwards, whatever came of it.
    async fn send(&mut self) {
        let mut delay = FIRST_DELAY;
        for number in 1..=TRIES_MAX {
            match self.try_send().await {
                Tried::Taken => {
                    if std::mem::take(&mut self.is_away) {
                        tracing::info!(endpoint = %self.client.endpoint(), "the collector of traces is here again");
                    }
                    break;
                }
                Tried::Refused(why) => {
                    tracing::warn!(spans = self.batch.len(), why, "the collector refused spans");
                    break;
                }
                Tried::Later(after, why) => {
                    self.tell_away(&why);
                    if number < TRIES_MAX {
                        sleep(after.unwrap_or(delay).min(DELAY_MAX)).await;
                        delay = (delay * 2).min(DELAY_MAX);
                    }
                }
            }
        }
        self.batch.clear();
    }

    fn tell_away(&mut self, why: &str) {
        let endpoint = self.client.endpoint();
        if std::mem::replace(&mut self.is_away, true) {
            tracing::debug!(%endpoint, why, "the collector of traces is still away");
        } else {
            tracing::warn!(%endpoint, why, "the collector of traces is away; spans are kept for a while");
        }
    }

    async fn try_send(&self) -> Tried {
        let body = Bytes::from(otlp::request(&self.station, &self.batch).to_string());
        match self.client.post(body).await {
            Err(error) => Tried::Later(None, error.to_string()),
            Ok(answered) => outcome(&answered),
        }
    }
}

/// Which answers mean what: the specification of OTLP/HTTP, "Failures".
fn outcome(answered: &Answered) -> Tried {
    match answered.status {
        200..=299 => {
            if let Some((spans, why)) = otlp::rejected(&answered.body) {
                tracing::warn!(spans, why, "the collector did not take all spans");
            }
            Tried::Taken
        }
        429 | 502..=504 => Tried::Later(answered.retry_after, format!("it answers {}", answered.status)),
        status => Tried::Refused(format!("it answers {status}")),
    }
}
