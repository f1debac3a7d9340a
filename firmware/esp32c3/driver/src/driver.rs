//! The loop that feeds the agent and carries out what it asks for.

use alloc::boxed::Box;
use core::future::{Future, pending};
use core::pin::Pin;

use embassy_futures::select::{Either4, select4};
use embassy_time::{Duration, Timer};
use firstpass_agent::{
    Action, Agent, BrokerEndpoint, BrokerFailure, ClientKey, EspError, Event, HttpFailure, HttpsRequest, OpaqueBytes,
    OtaDownload, Report,
};
use mbedtls_rs::TlsReference;

use crate::broker::{Arrived, BrokerStream};
use crate::failure::{Component, LinkFailure};
use crate::http::Client;
use crate::key::KeyInNvs;
use crate::{Connector, DeviceNvs, Firmware, OtaData, PartitionTable, Platform, State, Trust, ota, start};

/// A request of the agent that takes time; its event is the answer.
type Job<'t> = Pin<Box<dyn Future<Output = Event> + 't>>;

/// Why the driver ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The chip is to restart.
    Restart,
}

/// The agent and what it works with.
pub struct Driver<'t, P: Platform> {
    platform: &'t P,
    firmware: &'t Firmware,
    table: &'t PartitionTable,
    connector: Connector<'t, P>,
    nvs: Result<DeviceNvs<'t, P::Flash>, EspError>,
    agent: Agent,
    job: Option<Job<'t>>,
    broker: BrokerStream<'t, P::Stream>,
    /// Whether the client certificate is shown to the broker.
    shows_certificate: bool,
    wake_at_ms: Option<u64>,
}

impl<'t, P: Platform> Driver<'t, P> {
    /// A driver for one boot.
    pub fn new(platform: &'t P, firmware: &'t Firmware, table: &'t PartitionTable, tls: TlsReference<'t>) -> Self {
        let mut nvs = DeviceNvs::mount(platform.flash(), table);
        let (agent, service) = start::agent(platform, firmware, table, &mut nvs);
        let connector = Connector::new(platform, tls, firmware, &service);
        Self {
            platform,
            firmware,
            table,
            connector,
            nvs,
            agent,
            job: None,
            broker: BrokerStream::Closed,
            shows_certificate: false,
            wake_at_ms: None,
        }
    }

    /// Runs until the agent restarts the unit.
    pub async fn run(&mut self) -> Exit {
        loop {
            self.platform.alive();
            while let Some(action) = self.agent.poll_action() {
                if let Some(exit) = self.perform(action).await {
                    return exit;
                }
            }
            let event = self.next_event().await;
            self.tell(event);
        }
    }

    fn tell(&mut self, event: Event) {
        self.agent.handle(event, self.platform.now_ms());
    }

    async fn perform(&mut self, action: Action) -> Option<Exit> {
        match action {
            Action::Log { level, tag, text } => self.platform.log(level, tag, format_args!("{text}")),
            Action::Post(request) => self.job = Some(self.post(request)),
            Action::OpenBroker(endpoint) => self.open_broker(endpoint),
            Action::SendBroker(bytes) => self.send(&bytes).await,
            Action::CloseBroker => self.broker = BrokerStream::Closed,
            Action::WriteSession(write) => {
                let result = self.nvs.as_mut().map_err(|error| *error).and_then(|nvs| nvs.write(&write));
                self.tell(result.map_or_else(Event::NvsFailed, |()| Event::NvsStored));
            }
            Action::FormatNvs => self.format_nvs(),
            Action::MakeCertificateRequest { common_name } => self.request_certificate(&common_name),
            Action::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
            Action::DownloadOta(download) => self.job = Some(self.download(download)),
            Action::ConfirmApp => self.mark_app(State::Valid),
            Action::Report(Report::Registered | Report::Failed { .. } | Report::Update(_)) => {}
            Action::Restart => return Some(Exit::Restart),
            Action::RollBack => {
                self.mark_app(State::Invalid);
                return Some(Exit::Restart);
            }
        }
        None
    }

    fn mark_app(&self, state: State) {
        let marked = OtaData::read(self.platform.flash(), self.table).and_then(|mut data| data.mark(state));
        if let Err(error) = marked {
            let level = firstpass_contract::logline::Level::Error;
            self.platform.log(level, "ota", format_args!("the state of the running app could not be kept: {error}"));
        }
    }

    fn format_nvs(&mut self) {
        self.nvs = DeviceNvs::format(self.platform.flash(), self.table);
        self.tell(self.nvs.as_ref().map_or_else(|error| Event::NvsFailed(*error), |_| Event::NvsStored));
    }

    fn request_certificate(&mut self, common_name: &str) {
        let random = || self.platform.random();
        let event = match &mut self.nvs {
            Ok(nvs) => KeyInNvs { nvs, random: &random }.answer(common_name),
            Err(error) => Event::CertificateRequestFailed(*error),
        };
        self.tell(event);
    }

    fn post(&mut self, request: HttpsRequest) -> Job<'t> {
        let (platform, client) = (self.platform, self.client());
        Box::pin(async move {
            let answer = async { client?.post(&request).await };
            match answer.await {
                Ok(response) => Event::HttpResponse(response),
                Err(failure) => {
                    print(platform, &failure, Component::HttpClient);
                    Event::HttpFailed(HttpFailure { error: failure.http_error(), tls_esp_err: failure.tls_esp_err })
                }
            }
        })
    }

    fn download(&mut self, download: OtaDownload) -> Job<'t> {
        let (platform, firmware, table, client) = (self.platform, self.firmware, self.table, self.client());
        Box::pin(async move {
            let done = async { ota::apply(platform, table, firmware, &download, &mut client?).await };
            match done.await {
                Ok(()) => Event::OtaStored,
                Err(failure) => {
                    print(platform, &failure, Component::HttpClient);
                    Event::OtaFailed(failure.http_error())
                }
            }
        })
    }

    fn client(&mut self) -> Result<Client<'t, P>, LinkFailure> {
        Ok(Client::new(self.connector.clone(), self.trust(false)?))
    }

    fn open_broker(&mut self, endpoint: BrokerEndpoint) {
        let trust = endpoint.tls.then(|| self.trust(endpoint.client_certificate));
        self.shows_certificate = endpoint.client_certificate;
        self.broker = BrokerStream::opening(endpoint, trust, self.connector.clone());
    }

    fn trust(&mut self, client_certificate: bool) -> Result<Trust, LinkFailure> {
        let nvs = self.nvs.as_mut().map_err(|error| LinkFailure::named(*error));
        nvs.and_then(|nvs| Trust::load(nvs, client_certificate))
    }

    async fn send(&mut self, bytes: &OpaqueBytes) {
        if let Some(failure) = self.broker.send(&bytes.0).await {
            let event = Event::BrokerClosed(self.report(&failure));
            self.tell(event);
        }
    }

    async fn next_event(&mut self) -> Event {
        let sleep = sleep_until(self.wake_at_ms, self.platform.now_ms());
        let next = select4(self.platform.next_event(), finish(&mut self.job), sleep, self.broker.next());
        match next.await {
            Either4::First(event) => event,
            Either4::Second(event) => {
                self.job = None;
                event
            }
            Either4::Third(Woken::Due) => {
                self.wake_at_ms = None;
                Event::TimerDue
            }
            // Too early is harmless, and the loop shows that it is alive.
            Either4::Third(Woken::Alive) => Event::TimerDue,
            Either4::Fourth(Arrived::Opened) => Event::BrokerOpened,
            Either4::Fourth(Arrived::Bytes(bytes)) => Event::BrokerBytes(OpaqueBytes(bytes)),
            Either4::Fourth(Arrived::NotOpened(failure)) => Event::BrokerFailed(self.report(&failure)),
            Either4::Fourth(Arrived::Lost(failure)) => Event::BrokerClosed(self.report(&failure)),
        }
    }

    fn report(&self, failure: &LinkFailure) -> BrokerFailure {
        print(self.platform, failure, Component::Transport);
        let certificate = failure.certificate.filter(|_| self.shows_certificate);
        BrokerFailure { sock_errno: failure.sock_errno, tls_esp_err: failure.tls_esp_err, certificate }
    }
}

fn print<P: Platform>(platform: &P, failure: &LinkFailure, component: Component) {
    for (level, tag, text) in failure.lines(component) {
        platform.log(level, tag, format_args!("{text}"));
    }
}

async fn finish(job: &mut Option<Job<'_>>) -> Event {
    match job {
        Some(job) => job.await,
        None => pending().await,
    }
}

/// Longest rest of the loop, so that the watchdog is fed.
const REST_MAX_MS: u64 = 1000;

enum Woken {
    Due,
    Alive,
}

async fn sleep_until(at_ms: Option<u64>, now_ms: u64) -> Woken {
    let left = at_ms.map_or(u64::MAX, |at_ms| at_ms.saturating_sub(now_ms));
    Timer::after(Duration::from_millis(left.min(REST_MAX_MS))).await;
    if left <= REST_MAX_MS { Woken::Due } else { Woken::Alive }
}
