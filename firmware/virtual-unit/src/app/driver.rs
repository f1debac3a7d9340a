//! The loop that feeds the agent and carries out what it asks for. One per boot, on the unit's own thread.

mod faulty;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use firstpass_agent::{
    Action, Agent, BrokerEndpoint, BrokerFailure, ClientKey, EspError, Event, HttpFailure, HttpsRequest, OpaqueBytes,
    OtaDownload, Report,
};
use firstpass_contract::logline;
use tokio::sync::Notify;

use crate::jitter::Jitter;
use crate::otadata::{OtaData, State};
use crate::{AppContext, AppExit, Level, Service};

use super::broker::{Arrived, BrokerStream};
use super::esp_tls::{LinkFailure, Reporter};
use super::https::{self, Client};
use super::key::KeyInNvs;
use super::network::Network;
use super::nvs::DeviceNvs;
use super::trust::Trust;
use super::way::Way;
use super::{misbehaviour, ota, start};

/// A request of the agent that takes time; its event is the answer.
type Job = Pin<Box<dyn Future<Output = Event>>>;

/// The agent and what it works with.
pub(super) struct Driver {
    context: AppContext,
    nvs: Result<DeviceNvs, EspError>,
    agent: Agent,
    network: Network,
    job: Option<Job>,
    broker: BrokerStream,
    /// Whether the client certificate is shown to the broker.
    shows_certificate: bool,
    wake_at_ms: Option<u64>,
    jitter: Jitter,
    faulty: faulty::Connection,
}

impl Driver {
    pub(super) fn new(context: AppContext) -> Self {
        let mut nvs = DeviceNvs::mount(context.flash.clone(), context.nvs, context.faults.clone());
        let agent = start::agent(&context, &mut nvs);
        let mut jitter = Jitter::new(context.faults.clone(), context.mac);
        let (faults, console) = (context.faults.clone(), context.console.clone());
        let network = Network::new(faults, console, context.surroundings.ip, jitter.next());
        Self {
            context,
            nvs,
            agent,
            network,
            job: None,
            broker: BrokerStream::Closed,
            shows_certificate: false,
            wake_at_ms: None,
            jitter,
            faulty: faulty::Connection::default(),
        }
    }

    /// Runs until the unit is stopped or the agent restarts it.
    pub(super) async fn run(mut self) -> AppExit {
        let stopped = Arc::new(Notify::new());
        let notify = Arc::clone(&stopped);
        self.context.stop.on_stop(move || notify.notify_one());
        let exit = tokio::select! {
            biased;
            () = stopped.notified() => AppExit::Stopped,
            exit = self.serve() => exit,
        };
        self.broker.forget();
        exit
    }

    async fn serve(&mut self) -> AppExit {
        loop {
            while let Some(action) = self.agent.poll_action() {
                if let Some(exit) = self.perform(action).await {
                    return exit;
                }
            }
            let event = self.next_event().await;
            self.agent.set_quirks(misbehaviour::quirks(&self.context.faults));
            self.tell(event);
        }
    }

    async fn perform(&mut self, action: Action) -> Option<AppExit> {
        match action {
            Action::Log { level, tag, text } => self.context.console.log(console_level(level), tag, text),
            Action::Post(request) => self.job = Some(self.post(misbehaviour::ask(request, &self.context.faults))),
            Action::OpenBroker(endpoint) => self.open_broker(endpoint),
            Action::SendBroker(bytes) => self.send(&bytes).await,
            Action::CloseBroker => self.close_broker(),
            Action::WriteSession(write) => {
                let result = self.nvs.as_mut().map_err(|error| *error).and_then(|nvs| nvs.write(&write));
                self.tell(result.map_or_else(Event::NvsFailed, |()| Event::NvsStored));
            }
            Action::FormatNvs => self.format_nvs(),
            Action::MakeCertificateRequest { common_name } => {
                let event = match &mut self.nvs {
                    Ok(nvs) => KeyInNvs(nvs).answer(&common_name),
                    Err(error) => Event::CertificateRequestFailed(*error),
                };
                self.tell(event);
            }
            Action::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
            Action::DownloadOta(download) => self.job = Some(self.download(download)),
            Action::ConfirmApp => self.mark_app(State::Valid),
            Action::Report(Report::Registered) => self.registered(),
            Action::Report(Report::Failed { .. } | Report::Update(_)) => {}
            Action::Restart => return Some(self.restart()),
            Action::RollBack => {
                self.mark_app(State::Invalid);
                return Some(self.restart());
            }
        }
        None
    }

    fn tell(&mut self, event: Event) {
        self.agent.handle(event, self.context.clock.millis());
    }

    fn restart(&self) -> AppExit {
        self.context.console.drain();
        AppExit::Restart
    }

    fn mark_app(&self, state: State) {
        let AppContext { flash, partitions, .. } = &self.context;
        let marked = OtaData::read(flash, partitions).map(|data| data.mark(flash, state));
        if !matches!(marked, Ok(Ok(()))) {
            tracing::warn!(unit = %self.context.mac, ?marked, "the state of the running app could not be kept");
        }
    }

    fn format_nvs(&mut self) {
        let AppContext { flash, nvs, faults, .. } = &self.context;
        self.nvs = DeviceNvs::format(flash.clone(), *nvs, faults.clone());
        self.tell(self.nvs.as_ref().map_or_else(|error| Event::NvsFailed(*error), |_| Event::NvsStored));
    }

    fn post(&mut self, request: HttpsRequest) -> Job {
        let (console, client) = (self.context.console.clone(), self.client());
        Box::pin(async move {
            let answer = async { https::post(&request, &mut client?).await };
            match answer.await {
                Ok(response) => Event::HttpResponse(response),
                Err(failure) => {
                    failure.print(&console, Reporter::HttpClient);
                    Event::HttpFailed(HttpFailure { error: failure.http_error(), tls_esp_err: failure.tls_esp_err })
                }
            }
        })
    }

    fn download(&mut self, download: OtaDownload) -> Job {
        let (context, client) = (self.context.clone(), self.client());
        Box::pin(async move {
            let done = async { ota::apply(&context, &download, &mut client?).await };
            match done.await {
                Ok(()) => Event::OtaStored,
                Err(failure) => {
                    failure.print(&context.console, Reporter::HttpClient);
                    Event::OtaFailed(failure.http_error())
                }
            }
        })
    }

    fn client(&mut self) -> Result<Client, LinkFailure> {
        let way = Way::to(Service::Https, &self.context, self.jitter.next());
        Ok(Client::new(self.trust(false)?.config(way.clock)?, way))
    }

    fn open_broker(&mut self, endpoint: BrokerEndpoint) {
        let trust = endpoint.tls.then(|| self.trust(endpoint.client_certificate));
        self.shows_certificate = endpoint.client_certificate;
        let way = Way::to(Service::Mqtt, &self.context, self.jitter.next());
        self.broker = BrokerStream::opening(endpoint, trust, way);
    }

    fn close_broker(&mut self) {
        self.broker = BrokerStream::Closed;
        self.faulty.ended();
    }

    fn trust(&mut self, client_certificate: bool) -> Result<Trust, LinkFailure> {
        let nvs = self.nvs.as_mut().map_err(|error| *error);
        nvs.and_then(|nvs| Trust::load(nvs, client_certificate)).map_err(LinkFailure::of_nvs)
    }

    async fn send(&mut self, bytes: &OpaqueBytes) {
        tokio::time::sleep(self.jitter.next()).await;
        if let Some(failure) = self.broker.send(&bytes.0).await {
            let event = self.closed(&failure);
            self.tell(event);
        }
    }

    async fn next_event(&mut self) -> Event {
        let now_ms = self.context.clock.millis();
        let arrived = tokio::select! {
            event = self.network.next() => return event,
            event = finish(&mut self.job) => return event,
            () = sleep_until(self.wake_at_ms, now_ms) => {
                self.wake_at_ms = None;
                return Event::TimerDue;
            }
            () = self.faulty.breaks() => return self.break_off(),
            payload = self.faulty.telemetry() => return Event::Telemetry(payload),
            arrived = self.broker.next() => arrived,
        };
        match arrived {
            Arrived::Opened => Event::BrokerOpened,
            Arrived::Bytes(bytes) => Event::BrokerBytes(OpaqueBytes(bytes)),
            Arrived::NotOpened(failure) => Event::BrokerFailed(self.report(&failure)),
            Arrived::Lost(failure) => self.closed(&failure),
        }
    }

    fn closed(&mut self, failure: &LinkFailure) -> Event {
        self.faulty.ended();
        Event::BrokerClosed(self.report(failure))
    }

    fn report(&self, failure: &LinkFailure) -> BrokerFailure {
        failure.print(&self.context.console, Reporter::Transport);
        let certificate = failure.certificate.filter(|_| self.shows_certificate);
        BrokerFailure { sock_errno: failure.sock_errno, tls_esp_err: failure.tls_esp_err, certificate }
    }
}

/// Waits for the job, if there is one, and forgets it when it is done.
async fn finish(job: &mut Option<Job>) -> Event {
    let event = match job {
        Some(job) => job.await,
        None => pending().await,
    };
    *job = None;
    event
}

async fn sleep_until(at_ms: Option<u64>, now_ms: u64) {
    match at_ms {
        Some(at_ms) => tokio::time::sleep(Duration::from_millis(at_ms.saturating_sub(now_ms))).await,
        None => pending().await,
    }
}

fn console_level(level: logline::Level) -> Level {
    match level {
        logline::Level::Info => Level::Info,
        logline::Level::Warn => Level::Warning,
        logline::Level::Error => Level::Error,
    }
}
