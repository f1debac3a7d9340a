//! Waits for the unit to do its part, and for the witnesses to say so.

use std::time::Duration;

use firstpass_contract::{Topics, state::Ping};
use firstpass_device::{UartEvent, uart::CaptureEnd};
use firstpass_domain::{Evidence, Fact, Step, Verdict, evidence::LinkFault, judge};
use firstpass_gateway::mqtt::QoS;
use tokio::time::{Instant, sleep_until};

use super::{Driver, Witnessed};
use crate::StationError;

/// Observations that are put on record in one transaction.
const WITNESSED_BATCH_MAX: usize = 64;

impl Driver {
    /// Collects evidence until `step` is complete, the run has failed, or its time is over.
    pub(super) async fn watch(&mut self, step: Step) -> Result<(), StationError> {
        let limit = self.time_limit(step);
        let deadline = Instant::now() + limit;
        while judge(&self.context.recipe.policy, &self.evidence) == (Verdict::Open { step }) {
            let mut witnessed = Vec::new();
            tokio::select! {
                () = self.token.cancelled() => return self.testify(Fact::Interrupted { step, cancelled: true }).await,
                () = sleep_until(deadline) => {
                    let after_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                    return self.testify(Fact::TimedOut { step, after_ms }).await;
                }
                count = self.inbox.receiver.recv_many(&mut witnessed, WITNESSED_BATCH_MAX) => {
                    if count == 0 {
                        return Err(StationError::WitnessesLost { run: self.run.id });
                    }
                }
                event = self.hardware.next_uart() => {
                    let fact = uart_fact(step, event)?;
                    let evidence = Evidence { at: (self.context.clock)(), fact };
                    witnessed.push(Witnessed { evidence, recorded: false });
                }
            }
            self.take_in(witnessed).await?;
            self.ping_when_ready().await?;
        }
        Ok(())
    }

    pub(super) fn time_limit(&self, step: Step) -> Duration {
        let timeouts = self.context.recipe.timeouts;
        match step {
            Step::Identify | Step::Prepare => timeouts.identify,
            Step::Flash => timeouts.flash,
            Step::Boot => timeouts.boot,
            Step::Provision => timeouts.provision,
            Step::Connect => timeouts.connect,
            Step::Attest => timeouts.attest,
        }
    }

    /// Asks the unit for its firmware, once per connection, as soon as it listens to commands.
    async fn ping_when_ready(&mut self) -> Result<(), StationError> {
        let Some((connection, username)) = listening(&self.evidence) else { return Ok(()) };
        if self.context.recipe.policy.app.is_none() || self.pinged == Some(connection) {
            return Ok(());
        }
        let Some(session) = self.context.store.session_by_username(username).await? else { return Ok(()) };
        let topic = Topics::new(&session.session.workspace_slug, &session.session.device_key).cmd_ping();
        let ping = Ping { rid: self.run.id.to_string() };
        let payload = serde_json::to_vec(&ping).expect("a text serialises");
        self.context.broker.publish(&topic, &payload, QoS::AtLeastOnce, false)?;
        self.pinged = Some(connection);
        Ok(())
    }
}

/// What an event of the capture says; a log that cannot be written is the station's failure.
fn uart_fact(step: Step, event: Option<UartEvent>) -> Result<Fact, StationError> {
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
        Fact::Subscribed { connection, filter } if filter.ends_with("/cmd/#") => Some(*connection),
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
