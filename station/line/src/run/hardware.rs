//! The run's hold on its unit, and how blocking work on it is done, timed and told.

use std::{path::PathBuf, time::Duration};

use firstpass_device::{Heard, Link, LinkError, PortLease, UartCapture};
use firstpass_domain::{Fact, Step, evidence::LinkFault};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use super::Driver;
use crate::{StationError, blocking::blocking, event::LineEventKind};

/// What the run holds of its unit.
pub(super) enum Hardware {
    /// Nothing: the port is not leased.
    Free,
    /// A loader that answers.
    Linked(Box<Link>),
    /// A unit that runs, and its log.
    Running {
        /// The capture; stopping it gives the lease back.
        capture: UartCapture,
        /// What matters in the log.
        events: mpsc::Receiver<Heard>,
    },
    /// The port, with nobody talking on it.
    Leased(PortLease),
}

impl Hardware {
    /// The next thing that happened on the unit's UART; never completes when no unit runs.
    pub(super) async fn next_uart(&mut self) -> Option<Heard> {
        match self {
            Self::Running { events, .. } => events.recv().await,
            Self::Free | Self::Linked(_) | Self::Leased(_) => std::future::pending().await,
        }
    }

    /// What has happened there and waits to be looked at.
    pub(super) fn waiting_uart(&mut self) -> Option<Heard> {
        match self {
            Self::Running { events, .. } => events.try_recv().ok(),
            Self::Free | Self::Linked(_) | Self::Leased(_) => None,
        }
    }

    /// Whether the unit runs and is listened to.
    pub(super) const fn is_running(&self) -> bool {
        match self {
            Self::Running { .. } => true,
            Self::Free | Self::Linked(_) | Self::Leased(_) => false,
        }
    }

    /// Takes the link out, when there is one.
    pub(super) fn take_link(&mut self) -> Option<Box<Link>> {
        match std::mem::replace(self, Self::Free) {
            Self::Linked(link) => Some(link),
            other @ (Self::Free | Self::Running { .. } | Self::Leased(_)) => {
                *self = other;
                None
            }
        }
    }
}

/// Why blocking work on a unit has no result.
pub(super) enum ActError {
    /// The unit, its port or its time: goes on record.
    Fact(Fact),
    /// The station itself.
    Station(StationError),
}

impl From<StationError> for ActError {
    fn from(error: StationError) -> Self {
        Self::Station(error)
    }
}

impl Driver {
    /// Does blocking work on the unit within the time limit of `step`. The work sees `self.hands`, which is cancelled
    /// when the time is over or the run is stopped; it always ends before this returns, so that nobody is left holding
    /// the port.
    pub(super) async fn act<T: Send + 'static>(
        &self,
        step: Step,
        operation: &'static str,
        work: impl FnOnce(&CancellationToken) -> Result<T, LinkError> + Send + 'static,
    ) -> Result<T, ActError> {
        let (limit, hands) = (self.time_limit(step), self.hands.clone());
        let task = blocking(operation, move || work(&hands));
        tokio::pin!(task);
        let (result, timed_out) = tokio::select! {
            result = &mut task => (result, false),
            () = sleep(limit) => {
                self.hands.cancel();
                (task.await, true)
            }
        };
        match result {
            Ok(Ok(value)) if !timed_out => Ok(value),
            Ok(Ok(_)) => Err(ActError::Fact(timed_out_fact(step, limit))),
            Ok(Err(error)) => Err(self.act_error(step, timed_out.then_some(limit), error)),
            Err(panicked) => {
                // The flasher gave up on what the unit sent; that is this unit's failure, not the station's.
                let detail = format!("{} ended without a result", panicked.operation);
                Err(ActError::Fact(Fact::LinkFailed { step, fault: LinkFault::Garbled, detail }))
            }
        }
    }

    fn act_error(&self, step: Step, timed_out: Option<Duration>, error: LinkError) -> ActError {
        match (error, timed_out) {
            (LinkError::Cancelled { .. }, Some(limit)) => ActError::Fact(timed_out_fact(step, limit)),
            (LinkError::Cancelled { .. }, None) => ActError::Fact(Fact::Interrupted { step, cancelled: true }),
            (error @ LinkError::Failed { fault, .. }, _) => {
                ActError::Fact(Fact::LinkFailed { step, fault, detail: error.detail() })
            }
            (LinkError::Log(error), _) => ActError::Station(StationError::Log(Box::new(error))),
        }
    }

    /// Turns a failure of blocking work into evidence; the station's own failures go on.
    pub(super) async fn testify_failure(&mut self, error: ActError) -> Result<(), StationError> {
        match error {
            ActError::Fact(fact) => self.testify(fact).await,
            ActError::Station(error) => Err(error),
        }
    }

    /// Leases the slot's port, resets the unit into its loader and talks to it, at the fastest of the recipe's rates that
    /// holds on this slot.
    pub(super) async fn connect(&mut self, step: Step) -> Result<Box<Link>, ActError> {
        let bauds = self.rates_to_try().await?;
        let free = std::mem::replace(&mut self.hardware, Hardware::Free);
        let (leases, slot) = (self.context.leases.clone(), self.slot.clone());
        self.act(step, "connecting to the unit", move |token| {
            let lease = match free {
                Hardware::Leased(lease) => lease,
                Hardware::Linked(link) => link.close(),
                Hardware::Running { capture, .. } => capture.stop(),
                Hardware::Free => leases
                    .acquire(&slot.port, token)
                    .ok_or_else(|| LinkError::Cancelled { operation: "wait for the port".to_owned() })?,
            };
            Link::connect(lease, slot.fixture, &bauds, token).map(Box::new)
        })
        .await
    }

    async fn rates_to_try(&self) -> Result<Vec<u32>, StationError> {
        if let Some(rate) = self.rate {
            // What did not hold a moment ago is not tried again for the same unit.
            let held = self.context.recipe.bauds.iter().copied().filter(|baud| *baud <= rate);
            return Ok(held.collect());
        }
        let remembered = self.context.store.slot_baud(&self.slot.id).await?;
        Ok(self.context.speeds.to_try(&self.slot.id, &self.context.recipe.bauds, remembered))
    }

    /// Puts on record what the link has gone through by itself: a lower rate, which is said, too, and another port.
    pub(super) async fn note_link(&mut self, link: &Link) -> Result<(), StationError> {
        let rate = link.baud();
        if let Some((from, to)) = link.reduced().filter(|_| self.rate != Some(rate)) {
            self.testify(Fact::BaudReduced { from, to }).await?;
            self.publish(LineEventKind::BaudReduced { run: self.run.id, from, to });
        }
        self.rate = Some(rate);
        let moved = link.moved();
        if let Some((from, to)) = moved.clone().filter(|_| self.moved != moved) {
            self.testify(Fact::PortMoved { from, to }).await?;
        }
        self.moved = moved.or(self.moved.take());
        Ok(())
    }

    /// Remembers for the slot what its link has shown with this unit, once the whole first stage is written.
    pub(super) async fn remember_rate(&self) -> Result<(), StationError> {
        let Some(rate) = self.rate else { return Ok(()) };
        let reduced = self.evidence.iter().any(|e| matches!(e.fact, Fact::BaudReduced { .. }));
        if let Some(news) = self.context.speeds.held(&self.slot.id, rate, reduced) {
            self.context.store.remember_slot_baud(&self.slot.id, news, self.now()).await?;
        }
        Ok(())
    }

    /// Ends the capture of the unit's log, and takes in everything that it said until then.
    pub(super) async fn end_capture(&mut self) -> Result<(), StationError> {
        let (capture, mut events) = match std::mem::replace(&mut self.hardware, Hardware::Free) {
            Hardware::Running { capture, events } => (capture, events),
            other @ (Hardware::Free | Hardware::Linked(_) | Hardware::Leased(_)) => {
                self.hardware = other;
                return Ok(());
            }
        };
        let lease = blocking("ending the capture", move || capture.stop()).await?;
        self.hardware = Hardware::Leased(lease);
        let mut said = Vec::new();
        while let Ok(heard) = events.try_recv() {
            said.push(self.witness_uart(Some(heard))?);
        }
        self.take_in_rest(said).await
    }

    /// File of this run's UART log.
    pub(super) fn uart_log(&self) -> PathBuf {
        self.context.options.uart_dir.join(format!("{}.log", self.run.id))
    }
}

fn timed_out_fact(step: Step, limit: Duration) -> Fact {
    Fact::TimedOut { step, after_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) }
}
