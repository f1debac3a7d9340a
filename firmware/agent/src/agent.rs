//! The agent: where a boot stands, and what each event makes of it.

mod network;
mod provisioning;
mod reset;
mod service;
mod storing;
mod timer;
mod watch;

use alloc::{boxed::Box, string::String};

use crate::{
    Action, Boot, CompiledIn, Event, Mac, Quirks, RecoverySchedule, SessionInNvs, SessionWrite, action::Actions,
    broker::BrokerClient, command::RunningApp,
};
use reset::Afterwards;
use watch::Watch;

/// Tag of the lines about the flash.
const TAG_NVS: &str = "iotmer_nvs";

/// The device agent of one boot.
///
/// A driver drains the actions after `boot` and after every event:
///
/// ```
/// use firstpass_agent::{Action, Agent, Boot, Event, Mac, SessionInNvs, Setup};
///
/// let boot = Boot {
///     mac: Mac([2, 0, 0, 0, 0, 1]),
///     session: Ok(SessionInNvs::default()),
///     app_version: "1.0.0".into(),
///     app_sha256: "00".repeat(32),
///     seed: 1,
///     setup: Setup::default(),
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
    compiled_in: CompiledIn,
    own_key: bool,
    quirks: Quirks,
    seed: u64,
    session: SessionInNvs,
    /// Whether the store has taken or given everything that was last asked of it.
    nvs_sound: bool,
    provisioned_on_this_boot: bool,
    /// A fresh certificate was asked for since the last connect.
    renewal_tried: bool,
    certificate_request: Option<String>,
    network_up: bool,
    phase: Phase,
    recovery: RecoverySchedule,
    watch: Watch,
    out: Actions,
    wake_announced: Option<u64>,
}

/// What the agent is doing.
#[derive(Debug)]
enum Phase {
    /// Waits for the network, then decides about provisioning.
    AwaitingNetwork,
    /// The platform makes a certificate request.
    RequestingCertificate,
    /// The request is under way.
    Provisioning,
    /// Provisions again at this time.
    ProvisionAt(u64),
    /// A provisioning fell due while the network was away.
    ProvisionWhenBack,
    /// A new session is on its way into the flash.
    Storing(SessionWrite),
    /// The flash did not take the session; tries again at this time.
    StoreAt(u64, SessionWrite),
    /// The stored credentials are being erased.
    Resetting(Afterwards),
    /// The store could not be erased; tries again at this time.
    ResetAt(u64, Afterwards),
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
        let setup = boot.setup;
        let mut agent = Self {
            mac: boot.mac,
            app: RunningApp { version: boot.app_version, sha256: boot.app_sha256 },
            compiled_in: setup.compiled_in,
            own_key: setup.own_key,
            quirks: setup.quirks,
            seed: boot.seed,
            session: SessionInNvs::default(),
            nvs_sound: true,
            provisioned_on_this_boot: false,
            renewal_tried: false,
            certificate_request: None,
            network_up: false,
            phase: Phase::AwaitingNetwork,
            recovery: RecoverySchedule::new(boot.seed),
            watch: Watch::new(setup.on_trial.then_some(setup.now_ms)),
            out: Actions::default(),
            wake_announced: None,
        };
        match boot.session {
            Ok(session) => agent.session = session,
            Err(error) => agent.store_is_unreadable(error),
        }
        agent.compiled_in.apply(&mut agent.session);
        agent.announce_deadline();
        agent
    }

    /// What the firmware does wrong from now on.
    pub fn set_quirks(&mut self, quirks: Quirks) {
        self.quirks = quirks;
        if let Phase::InService(client) = &mut self.phase {
            client.set_quirks(quirks);
        }
    }

    /// Takes in one event. `now_ms` is the driver's clock, which never goes back.
    pub fn handle(&mut self, event: Event, now_ms: u64) {
        match event {
            Event::NetworkUp { ip } => self.network_is_up(ip, now_ms),
            Event::NetworkRetry { attempt, attempts_max } => self.network_is_away(attempt, attempts_max),
            Event::NetworkFailed { attempts } => self.network_failed(attempts),
            Event::CertificateRequest(pem) => self.certificate_requested(pem, now_ms),
            Event::CertificateRequestFailed(error) => self.certificate_not_requested(error, now_ms),
            Event::HttpResponse(response) => self.provision_answer(&response, now_ms),
            Event::HttpFailed(failure) => self.provision_unanswered(failure, now_ms),
            Event::NvsStored => self.stored(now_ms),
            Event::NvsFailed(error) => self.not_stored(error, now_ms),
            Event::OtaStored => self.ota_done(),
            Event::OtaFailed(error) => self.ota_failed(error),
            Event::TimerDue => self.time(now_ms),
            Event::BrokerOpened => self.broker(|client, out| client.opened(now_ms, out)),
            Event::BrokerFailed(failure) | Event::BrokerClosed(failure) => self.broker_lost(failure, now_ms),
            Event::BrokerBytes(bytes) => self.received(&bytes.0, now_ms),
            Event::Telemetry(payload) => self.telemetry(payload.0, now_ms),
            Event::FactoryReset => self.factory_reset(),
            Event::Close => self.close(now_ms),
        }
        self.keep_watch(now_ms);
        self.announce_deadline();
    }

    /// The next action to carry out. Drain it after `boot` and after every `handle`.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.out.pop()
    }
}
