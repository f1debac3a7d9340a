//! The agent: where a boot stands, and what each event makes of it.

mod provisioning;
mod service;

use alloc::{boxed::Box, format, string::String};

use firstpass_contract::{LogLine, logline::Level};

use crate::{
    Action, Boot, Event, Mac, RecoverySchedule, SessionInNvs, SessionWrite, action::Actions, broker::BrokerClient,
    command::RunningApp,
};

/// Tag of the lines about the flash.
const TAG_NVS: &str = "iotmer_nvs";

/// The device agent of one boot.
///
/// A driver drains the actions after `boot` and after every event:
///
/// ```
/// use firstpass_agent::{Action, Agent, Boot, Event, Mac, SessionInNvs};
///
/// let boot = Boot {
///     mac: Mac([2, 0, 0, 0, 0, 1]),
///     session: Ok(SessionInNvs::default()),
///     app_version: "1.0.0".into(),
///     app_sha256: "00".repeat(32),
///     seed: 1,
/// };
/// let mut agent = Agent::boot(boot);
/// agent.handle(Event::NetworkUp { ip: "10.0.0.2".into() }, 1200);
/// while let Some(action) = agent.poll_action() {
///     if let Action::Log { level, tag, text } = action {
///         println!("{} (1200) {tag}: {text}", level.letter());
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Agent {
    mac: Mac,
    app: RunningApp,
    session: SessionInNvs,
    provisioned_on_this_boot: bool,
    network_up: bool,
    phase: Phase,
    recovery: RecoverySchedule,
    out: Actions,
    wake_announced: Option<u64>,
}

/// What the agent is doing.
#[derive(Debug)]
enum Phase {
    /// Waits for the network, then decides about provisioning.
    AwaitingNetwork,
    /// The request is under way.
    Provisioning,
    /// Provisions again at this time.
    ProvisionAt(u64),
    /// A new session is on its way into the flash.
    Storing(SessionWrite),
    /// The flash did not take the session; tries again at this time.
    StoreAt(u64, SessionWrite),
    /// An image is being downloaded; its SHA-256.
    Downloading(String),
    /// The hash of the downloaded image is on its way into the flash.
    StoringOtaSha,
    /// Everything is in place; the broker client does the rest.
    InService(Box<BrokerClient>),
    /// Nothing more can be done on this boot.
    Halted,
}

impl Agent {
    /// Starts the agent of a boot; it waits for [`Event::NetworkUp`].
    pub fn boot(boot: Boot) -> Self {
        let mut out = Actions::default();
        let (session, phase) = match boot.session {
            Ok(session) => (session, Phase::AwaitingNetwork),
            Err(error) => {
                out.log_text(Level::Error, TAG_NVS, &format!("NVS cannot be read: {error}"));
                (SessionInNvs::default(), Phase::Halted)
            }
        };
        Self {
            mac: boot.mac,
            app: RunningApp { version: boot.app_version, sha256: boot.app_sha256 },
            session,
            provisioned_on_this_boot: false,
            network_up: false,
            phase,
            recovery: RecoverySchedule::new(boot.seed),
            out,
            wake_announced: None,
        }
    }

    /// Takes in one event. `now_ms` is the driver's clock, which never goes back.
    pub fn handle(&mut self, event: Event, now_ms: u64) {
        match event {
            Event::NetworkUp { ip } => self.network_is_up(ip),
            Event::NetworkRetry { attempt, attempts_max } => self.network_is_away(attempt, attempts_max),
            Event::NetworkFailed { attempts } => self.network_failed(attempts),
            Event::HttpResponse(response) => self.provision_answer(&response, now_ms),
            Event::HttpFailed(error) => self.provision_unanswered(error, now_ms),
            Event::NvsStored => self.stored(),
            Event::NvsFailed(error) => self.not_stored(error, now_ms),
            Event::OtaStored => self.ota_done(),
            Event::OtaFailed(error) => self.ota_failed(error),
            Event::TimerDue => self.time(now_ms),
            Event::BrokerOpened => self.broker(|client, out| client.opened(now_ms, out)),
            Event::BrokerFailed(failure) | Event::BrokerClosed(failure) => {
                self.broker(|client, out| client.lost(failure, now_ms, out));
            }
            Event::BrokerBytes(bytes) => self.received(&bytes.0, now_ms),
        }
        self.announce_deadline();
    }

    /// The next action to carry out. Drain it after `boot` and after every `handle`.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.out.pop()
    }

    fn network_is_up(&mut self, ip: String) {
        self.network_up = true;
        self.out.log(&LogLine::WifiConnected { ip });
        match &mut self.phase {
            Phase::AwaitingNetwork => self.start(),
            Phase::InService(client) => client.connect(&mut self.out),
            Phase::Provisioning
            | Phase::ProvisionAt(_)
            | Phase::Storing(_)
            | Phase::StoreAt(..)
            | Phase::Downloading(_)
            | Phase::StoringOtaSha
            | Phase::Halted => {}
        }
    }

    fn network_is_away(&mut self, attempt: u16, attempts_max: u16) {
        self.network_up = false;
        self.out.log(&LogLine::WifiRetry { attempt: format!("{attempt}/{attempts_max}") });
        self.broker(|client, out| client.network_lost(out));
    }

    fn network_failed(&mut self, attempts: u16) {
        self.network_up = false;
        let text = format!("WiFi connect failed after {attempts} retries");
        self.out.log(&LogLine::WifiFailed { text });
        self.broker(|client, out| client.network_lost(out));
    }

    fn time(&mut self, now_ms: u64) {
        self.wake_announced = None;
        if self.deadline().is_none_or(|at| at > now_ms) {
            return;
        }
        match core::mem::replace(&mut self.phase, Phase::AwaitingNetwork) {
            Phase::ProvisionAt(_) if self.network_up => self.provision(),
            Phase::ProvisionAt(_) => {}
            Phase::StoreAt(_, write) => self.store(write),
            Phase::InService(mut client) => {
                client.time(now_ms, &mut self.out);
                self.phase = Phase::InService(client);
            }
            other @ (Phase::AwaitingNetwork
            | Phase::Provisioning
            | Phase::Storing(_)
            | Phase::Downloading(_)
            | Phase::StoringOtaSha
            | Phase::Halted) => self.phase = other,
        }
    }

    fn deadline(&self) -> Option<u64> {
        match &self.phase {
            Phase::ProvisionAt(at) | Phase::StoreAt(at, _) => Some(*at),
            Phase::InService(client) => client.deadline(),
            Phase::AwaitingNetwork
            | Phase::Provisioning
            | Phase::Storing(_)
            | Phase::Downloading(_)
            | Phase::StoringOtaSha
            | Phase::Halted => None,
        }
    }

    /// Asks for a wake-up when the next deadline is another than the driver knows.
    fn announce_deadline(&mut self) {
        let deadline = self.deadline();
        if let Some(at_ms) = deadline.filter(|_| deadline != self.wake_announced) {
            self.wake_announced = deadline;
            self.out.push(Action::WakeAt { at_ms });
        }
    }
}
