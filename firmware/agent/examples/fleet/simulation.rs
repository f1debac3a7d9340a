//! A fleet of real agents in virtual time. Every answer takes no time at all, which is the worst case for a herd: nothing
//! but the agents' own waits spreads them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use firstpass_agent::{Action, Agent, Boot, Event, Mac, OpaqueBytes, Setup};
use firstpass_contract::mqtt::{ConnectCode, Packet};

use crate::scenario::{AT_LOSS_MS, Loss, REFUSED, Scenario, UNREACHABLE, granted, too_many};

/// Most wake-ups of one unit; a unit of these scenarios needs far fewer.
const WAKE_UPS_MAX: usize = 10_000;

/// When the units came to the service after they had lost it.
#[derive(Debug, Default)]
pub(crate) struct Comeback {
    /// Every attempt that reached the service or its place, in milliseconds since the loss, in order.
    pub(crate) attempts_ms: Vec<u64>,
    /// The attempt of each unit that succeeded, likewise.
    pub(crate) connects_ms: Vec<u64>,
}

/// Runs a scenario until the last unit is back.
pub(crate) fn run(scenario: &Scenario) -> Comeback {
    let mut fleet = Fleet { scenario, comeback: Comeback::default(), admitted: (0, 0) };
    let mut units: Vec<Unit> = (0..scenario.units).map(|number| Unit::boot(scenario, number)).collect();
    let mut queue = BinaryHeap::new();
    for (number, unit) in units.iter_mut().enumerate() {
        unit.lose(&mut fleet);
        queue.extend(unit.wake_at_ms.map(|at_ms| Reverse((at_ms, number))));
    }
    if let Loss::Network { away_ms } = scenario.loss {
        queue.extend((0..units.len()).map(|number| Reverse((AT_LOSS_MS + away_ms, number))));
    }
    while let Some(Reverse((now_ms, number))) = queue.pop() {
        let unit = &mut units[number];
        if unit.wake(now_ms, &mut fleet) {
            queue.extend(unit.wake_at_ms.map(|at_ms| Reverse((at_ms.max(now_ms), number))));
        }
    }
    assert!(units.iter().all(|unit| unit.back), "every unit comes back");
    fleet.comeback.attempts_ms.sort_unstable();
    fleet.comeback.connects_ms.sort_unstable();
    fleet.comeback
}

/// What the units have in common: the service, and the record of who came when.
struct Fleet<'a> {
    scenario: &'a Scenario,
    comeback: Comeback,
    /// The current second and how many requests were let in during it.
    admitted: (u64, u64),
}

impl Fleet<'_> {
    /// An attempt at `now_ms`; says whether the service takes it. At the moment of the loss it takes nobody.
    fn attempt(&mut self, now_ms: u64) -> bool {
        let since_ms = now_ms - AT_LOSS_MS;
        if since_ms == 0 {
            return false;
        }
        self.comeback.attempts_ms.push(since_ms);
        let taken = self.scenario.loss.is_over(since_ms) && self.has_room(since_ms / 1000);
        if taken {
            self.comeback.connects_ms.push(since_ms);
        }
        taken
    }

    fn has_room(&mut self, second: u64) -> bool {
        if self.admitted.0 != second {
            self.admitted = (second, 0);
        }
        self.admitted.1 += 1;
        self.scenario.loss.admits_per_s().is_none_or(|limit| self.admitted.1 <= limit)
    }
}

/// One unit of the fleet.
struct Unit {
    agent: Agent,
    wake_at_ms: Option<u64>,
    wake_ups: usize,
    network_away: bool,
    back: bool,
}

impl Unit {
    /// A unit just before the loss: connected, or about to provision.
    fn boot(scenario: &Scenario, number: u32) -> Self {
        let [_, _, a, b, c, d, e, f] = u64::from(number).to_be_bytes();
        let boot = Boot {
            mac: Mac([a | 2, b, c, d, e, f]),
            session: Ok(scenario.session()),
            app_version: "1.0.0".into(),
            app_sha256: "00".repeat(32),
            seed: scenario.seed ^ u64::from(number),
            setup: Setup { quirks: scenario.quirks, ..Setup::default() },
        };
        Self { agent: Agent::boot(boot), wake_at_ms: None, wake_ups: 0, network_away: false, back: false }
    }

    /// The instant of the loss.
    fn lose(&mut self, fleet: &mut Fleet<'_>) {
        let ip = "10.0.0.2".to_owned();
        match fleet.scenario.loss {
            Loss::Provisioning { .. } | Loss::Throttled { .. } | Loss::Overloaded { .. } => {
                self.feed(Event::NetworkUp { ip }, AT_LOSS_MS, fleet);
            }
            Loss::Broker { .. } | Loss::Network { .. } => {
                self.agent.handle(Event::NetworkUp { ip }, 0);
                self.agent.handle(Event::BrokerOpened, 0);
                let accepted = Packet::ConnAck { session_present: false, code: ConnectCode::Accepted };
                self.agent.handle(Event::BrokerBytes(OpaqueBytes(accepted.to_bytes())), 0);
                while self.agent.poll_action().is_some() {}
                self.network_away = matches!(fleet.scenario.loss, Loss::Network { .. });
                let event = match self.network_away {
                    true => Event::NetworkRetry { attempt: 1, attempts_max: 5 },
                    false => Event::BrokerClosed(REFUSED),
                };
                self.feed(event, AT_LOSS_MS, fleet);
            }
        }
    }

    /// A time that the unit waits for has come. Says whether it wants another.
    fn wake(&mut self, now_ms: u64, fleet: &mut Fleet<'_>) -> bool {
        self.wake_ups += 1;
        assert!(self.wake_ups < WAKE_UPS_MAX, "a unit does not come back");
        if self.back {
            return false;
        }
        if self.network_away && fleet.scenario.loss.is_over(now_ms - AT_LOSS_MS) {
            self.network_away = false;
            self.feed(Event::NetworkUp { ip: "10.0.0.2".into() }, now_ms, fleet);
        }
        if self.wake_at_ms.take_if(|at_ms| *at_ms <= now_ms).is_some() {
            self.feed(Event::TimerDue, now_ms, fleet);
        }
        self.wake_at_ms.is_some()
    }

    fn feed(&mut self, event: Event, now_ms: u64, fleet: &mut Fleet<'_>) {
        self.agent.handle(event, now_ms);
        while let Some(action) = self.agent.poll_action() {
            let answer = match action {
                Action::WakeAt { at_ms } => {
                    self.wake_at_ms = Some(at_ms);
                    continue;
                }
                Action::Post(_) if fleet.attempt(now_ms) => Event::HttpResponse(granted()),
                Action::Post(_) => match fleet.scenario.loss {
                    Loss::Throttled { .. } | Loss::Overloaded { .. } => Event::HttpResponse(too_many()),
                    Loss::Broker { .. } | Loss::Network { .. } | Loss::Provisioning { .. } => {
                        Event::HttpFailed(UNREACHABLE)
                    }
                },
                Action::OpenBroker(_) if fleet.attempt(now_ms) => Event::BrokerOpened,
                Action::OpenBroker(_) => Event::BrokerFailed(REFUSED),
                Action::WriteSession(_) | Action::SendBroker(_) => {
                    self.back = true;
                    return;
                }
                _ => continue,
            };
            self.agent.handle(answer, now_ms);
        }
    }
}
