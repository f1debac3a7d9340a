//! The unit's network: the host's, unless the unit is told to have none. Knows nothing of sockets.

use std::future::pending;
use std::time::Duration;

use firstpass_agent::Event;
use tokio::time::Instant;

use crate::{Fault, Faults};

/// How long joining takes.
const JOIN: Duration = Duration::from_millis(20);

/// Pause between two attempts to join.
const RETRY: Duration = Duration::from_millis(500);

/// Attempts after the first before the unit gives up.
const RETRIES_MAX: u16 = 5;

/// The address that a unit on the host's loopback has.
const ADDRESS: &str = "127.0.0.1";

/// Joins once per boot.
#[derive(Debug)]
pub(super) struct Network {
    faults: Faults,
    /// When the attempt under way ends; `None` when the unit has joined or given up.
    ends_at: Option<Instant>,
    retries: u16,
}

impl Network {
    pub(super) fn new(faults: Faults) -> Self {
        Self { faults, ends_at: Some(Instant::now() + JOIN), retries: 0 }
    }

    /// The next thing that happens to the network.
    pub(super) async fn next(&mut self) -> Event {
        let Some(ends_at) = self.ends_at else { return pending().await };
        tokio::time::sleep_until(ends_at).await;
        self.ends_at = None;
        if !self.faults.is_on(Fault::NoNetwork) {
            return Event::NetworkUp { ip: ADDRESS.into() };
        }
        if self.retries == RETRIES_MAX {
            return Event::NetworkFailed { attempts: RETRIES_MAX };
        }
        self.retries += 1;
        self.ends_at = Some(Instant::now() + RETRY);
        Event::NetworkRetry { attempt: self.retries, attempts_max: RETRIES_MAX }
    }
}
