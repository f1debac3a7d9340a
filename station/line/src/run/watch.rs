//! Waits for the unit to do its part, and for the witnesses to say so.

use std::time::Duration;

use firstpass_contract::{Topics, state};
use firstpass_device::{Heard, UartEvent, uart::CaptureEnd};
use firstpass_domain::{Evidence, Fact, Step, Verdict, connection_to_hold, evidence::LinkFault, judge};
use firstpass_gateway::mqtt::QoS;
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

/// A connection on which everything is proved, and that has to hold now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    connection: u64,
    since: Instant,
}

/// Observations of one source that are put on record in one transaction. More never wait.
const WITNESSED_MAX: usize = 1024;

/// Facts that a unit's log may give in one run. A good unit gives some twenty; one that gives so many would make the
/// record work for nobody else.
const UART_FACTS_MAX: usize = 1000;

impl Driver {
    /// Collects evidence until `step` is complete, the run has failed, or its time is over.
    pub(super) async fn watch(&mut self, step: Step) -> Result<(), StationError> {
        // A unit that does not run will say nothing more: nothing is waited for but what is on its way.
        let limit = if self.hardware.is_running() { self.time_limit(step) } else { Duration::ZERO };
        let deadline = Instant::now() + limit;
        while self.is_open(step) {
            let mut witnessed = Vec::new();
            let next_ping = self.next_ping(deadline);
            let held = self.held_at();
            tokio::select! {
                () = self.token.cancelled() => return self.testify(Fact::Interrupted { step, cancelled: true }).await,
                // A proof that came in time may hold beyond it; when its connection ends, so does the time.
                () = sleep_until(deadline), if held.is_none() => return self.time_out(step, limit).await,
                count = self.inbox.receiver.recv_many(&mut witnessed, WITNESSED_MAX) => {
                    if count == 0 {
                        // The router closes the inbox of a unit that sends without end.
                        return self.testify(Fact::Flooded).await;
                    }
                }
                heard = self.hardware.next_uart() => witnessed.push(self.witness_uart(heard)?),
                () = sleep_until(held.unwrap_or(deadline)), if held.is_some() => self.testify_hold().await?,
                () = sleep_until(next_ping) => {}
            }
            self.take_in_rest(witnessed).await?;
            if self.uart_facts > UART_FACTS_MAX {
                return self.testify(Fact::Flooded).await;
            }
            self.ping_when_ready().await?;
        }
        Ok(())
    }

    /// When the connection on which everything is proved will have held for long enough; `None` while there is none.
    fn held_at(&mut self) -> Option<Instant> {
        let policy = &self.context.recipe.policy;
        let connection = connection_to_hold(policy, &self.evidence)?;
        let same = self.hold.filter(|hold| hold.connection == connection);
        let hold = *self.hold.insert(same.unwrap_or(Hold { connection, since: Instant::now() }));
        Some(hold.since + Duration::from_millis(policy.hold_ms.into()))
    }

    /// The connection has held, unless its end has arrived and was not looked at yet.
    async fn testify_hold(&mut self) -> Result<(), StationError> {
        self.take_in_rest(Vec::new()).await?;
        let (policy, hold) = (&self.context.recipe.policy, self.hold);
        let stands = connection_to_hold(policy, &self.evidence);
        let Some(hold) = hold.filter(|hold| Some(hold.connection) == stands) else { return Ok(()) };
        let for_ms = u32::try_from(hold.since.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.testify(Fact::ConnectionHeld { connection: hold.connection, for_ms }).await
    }

    /// What was seen with all that waits behind it, in the order of time: the unit's log and the services reach this run
    /// on ways of their own, and what one of them says must not overtake the other because the station was slow. What
    /// the services saw comes first at the same time: the unit's log tells the same later and knows less.
    pub(super) fn with_those_that_wait(
        &mut self,
        mut witnessed: Vec<Witnessed>,
    ) -> Result<Vec<Witnessed>, StationError> {
        for _ in 0..WITNESSED_MAX {
            let Some(heard) = self.hardware.waiting_uart() else { break };
            witnessed.push(self.witness_uart(Some(heard))?);
        }
        witnessed.extend(std::iter::from_fn(|| self.inbox.receiver.try_recv().ok()).take(WITNESSED_MAX));
        put_in_order(&mut witnessed);
        Ok(witnessed)
    }

    /// What was heard on the unit's UART, as evidence; `None` when the capture has ended without a word.
    pub(super) fn witness_uart(&self, heard: Option<Heard>) -> Result<Witnessed, StationError> {
        let (at, event) = match heard {
            Some(Heard { at, event }) => (at, Some(event)),
            None => (self.now(), None),
        };
        let fact = uart_fact(self.step, event)?;
        Ok(Witnessed { evidence: Evidence { at, fact }, recorded: false })
    }

    /// The time of `step` is over. What had arrived by then still counts: a slow station is not the unit's fault.
    async fn time_out(&mut self, step: Step, limit: Duration) -> Result<(), StationError> {
        self.take_in_rest(Vec::new()).await?;
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
            // An offered update is downloaded and applied before the unit connects for good.
            Step::Connect if self.context.recipe.policy.ota.is_some() => timeouts.connect + timeouts.ota,
            Step::Connect | Step::FieldConnect => timeouts.connect,
            Step::Attest => timeouts.attest,
        }
    }

    /// Whether the firmware of the stage in work answers pings.
    fn answers_pings(&self) -> bool {
        let policy = &self.context.recipe.policy;
        match (&policy.field, self.step) {
            (Some(field), Step::FieldConnect) => field.app.is_some(),
            (Some(_) | None, _) => policy.app.is_some(),
        }
    }

    /// Asks the unit for its firmware as soon as it listens to commands, and again while it does not answer: firmware
    /// may still be busy with its first moments.
    async fn ping_when_ready(&mut self) -> Result<(), StationError> {
        let Some((connection, username)) = listening(&self.evidence[self.stage_began..]) else { return Ok(()) };
        let due = self.pinged.is_none_or(|last| last.connection != connection || last.at.elapsed() >= PING_INTERVAL);
        if !self.answers_pings() || !due {
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

/// Puts evidence into the order of time. Each source's own order stays; a fact of the services goes before a line of the
/// unit's log of the same time.
fn put_in_order(witnessed: &mut [Witnessed]) {
    let is_uart = |fact: &Fact| matches!(fact, Fact::Uart(_) | Fact::LinkFailed { .. });
    witnessed.sort_by_key(|w| (w.evidence.at, is_uart(&w.evidence.fact)));
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

/// Broker user name of the session that was issued in this run, or is kept in it.
pub(super) fn session_username(evidence: &[Evidence]) -> Option<&str> {
    evidence.iter().rev().find_map(|e| match &e.fact {
        Fact::ProvisionAccepted { mqtt_username, .. } | Fact::SessionKept { mqtt_username, .. } => {
            Some(mqtt_username.as_str())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use firstpass_domain::{Timestamp, evidence::UartFact};

    use super::*;

    #[test]
    fn what_was_seen_stands_in_the_order_of_time_and_the_services_word_before_the_units_of_the_same_time() {
        let seen =
            |at, fact| Witnessed { evidence: Evidence { at: Timestamp::from_micros(at), fact }, recorded: false };
        let refused = |status| Fact::ProvisionRefused { status, reason: String::new() };
        let said = |status| Fact::Uart(UartFact::ProvisionRefused { status });
        let mut witnessed =
            vec![seen(2, said(1)), seen(2, said(2)), seen(4, said(3)), seen(1, refused(4)), seen(2, refused(5))];
        put_in_order(&mut witnessed);
        let facts: Vec<Fact> = witnessed.into_iter().map(|w| w.evidence.fact).collect();
        assert_eq!(facts, [refused(4), refused(5), said(1), said(2), said(3)]);
    }
}
