//! Waits for the unit to do its part, and for the witnesses to say so.

use std::time::Duration;

use firstpass_contract::{Topics, state};
use firstpass_device::{UartEvent, uart::CaptureEnd};
use firstpass_domain::{Evidence, Fact, Step, Verdict, evidence::LinkFault, judge};
use firstpass_gateway::mqtt::QoS;
use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until};

use super::{Driver, Witnessed};
use crate::StationError;

/// Time after which an unanswered ping is sent again.
const PING_INTERVAL: Duration = Duration::from_secs(3);

/// A ping that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ping {
    connection: u64,
    at: Instant,
}

/// Observations that are put on record in one transaction.
const WITNESSED_BATCH_MAX: usize = 64;

impl Driver {
    /// Collects evidence until `step` is complete, the run has failed, or its time is over.
    pub(super) async fn watch(&mut self, step: Step) -> Result<(), StationError> {
        let limit = self.time_limit(step);
        let deadline = Instant::now() + limit;
        while self.is_open(step) {
            let mut witnessed = Vec::new();
            let next_ping = self.next_ping(deadline);
            tokio::select! {
                () = self.token.cancelled() => return self.testify(Fact::Interrupted { step, cancelled: true }).await,
                () = sleep_until(deadline) => return self.time_out(step, limit).await,
                count = self.inbox.receiver.recv_many(&mut witnessed, WITNESSED_BATCH_MAX) => {
                    if count == 0 {
                        // The router closes the inbox of a unit that sends without end.
                        return self.testify(Fact::Flooded).await;
                    }
                }
                event = self.hardware.next_uart() => {
                    let fact = uart_fact(step, event)?;
                    let evidence = Evidence { at: (self.context.clock)(), fact };
                    witnessed.push(Witnessed { evidence, recorded: false });
                }
                () = sleep_until(next_ping) => {}
            }
            self.take_in(witnessed).await?;
            self.ping_when_ready().await?;
        }
        Ok(())
    }

    /// The time of `step` is over. What had arrived by then still counts: a slow station is not the unit's fault.
    async fn time_out(&mut self, step: Step, limit: Duration) -> Result<(), StationError> {
        let mut uart = Vec::new();
        while let Some(event) = self.hardware.next_uart().now_or_never().flatten() {
            uart.push(event);
        }
        self.take_in_rest(uart).await?;
        if !self.is_open(step) {
            return Ok(());
        }
        let after_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.testify(Fact::TimedOut { step, after_ms }).await
    }

    fn is_open(&self, step: Step) -> bool {
        judge(&self.context.recipe.policy, &self.evidence) == (Verdict::Open { step })
    }

    pub(super) fn time_limit(&self, step: Step) -> Duration {
        let timeouts = self.context.recipe.timeouts;
        match step {
            Step::Identify | Step::Prepare => timeouts.identify,
            Step::Flash | Step::FieldFlash => timeouts.flash,
            Step::Boot => timeouts.boot,
            Step::Provision => timeouts.provision,
            Step::Connect | Step::FieldConnect => timeouts.connect,
            Step::Attest => timeouts.attest,
        }
    }

    /// Asks the unit for its firmware as soon as it listens to commands, and again while it does not answer: firmware
    /// may still be busy with its first moments.
    async fn ping_when_ready(&mut self) -> Result<(), StationError> {
        let Some((connection, username)) = listening(&self.evidence) else { return Ok(()) };
        let due = self.pinged.is_none_or(|last| last.connection != connection || last.at.elapsed() >= PING_INTERVAL);
        if self.context.recipe.policy.app.is_none() || !due {
            return Ok(());
        }
        let Some(session) = self.context.store.session_by_username(username).await? else { return Ok(()) };
        let topic = Topics::new(&session.session.workspace_slug, &session.session.device_key).cmd_ping();
        let ping = state::Ping { rid: self.run.id.to_string() };
        let payload = serde_json::to_vec(&ping).expect("a text serialises");
        self.context.broker.publish(&topic, &payload, QoS::AtLeastOnce, false)?;
        self.pinged = Some(Ping { connection, at: Instant::now() });
        Ok(())
    }

    /// When the next ping is due; `never` while none was sent.
    fn next_ping(&self, never: Instant) -> Instant {
        self.pinged.map_or(never, |last| last.at + PING_INTERVAL)
    }
}

/// What an event of the capture says; a log that cannot be written is the station's failure.
pub(super) fn uart_fact(step: Step, event: Option<UartEvent>) -> Result<Fact, StationError> {
    match event {
        Some(UartEvent::Fact(fact)) => Ok(Fact::Uart(fact)),
        Some(UartEvent::Ended(CaptureEnd::Link { fault, detail })) => Ok(Fact::LinkFailed { step, fault, detail }),
        Some(UartEvent::Ended(CaptureEnd::Log { detail })) => Err(StationError::Log(detail.into())),
        None => Ok(Fact::LinkFailed { step, fault: LinkFault::PortGone, detail: "the capture ended".to_owned() }),
    }
}

/// The newest connection on which the unit listens to commands, with its user name.
fn listening(evidence: &[Evidence]) -> Option<(u64, &str)> {
    let subscribed = evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::Subscribed { connection, filter } if filter.split('/').skip(2).eq(["cmd", "#"]) => Some(*connection),
        _ => None,
    })?;
    evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::MqttConnected { connection, username, .. } if *connection == subscribed => {
            Some((subscribed, username.as_str()))
        }
        _ => None,
    })
}

/// Broker user name of the session that was issued in this run.
pub(super) fn issued_username(evidence: &[Evidence]) -> Option<&str> {
    evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::ProvisionAccepted { mqtt_username, .. } => Some(mqtt_username.as_str()),
        _ => None,
    })
}
