//! The loop that feeds the agent and carries out what it asks for. One per boot, on the unit's own thread.

use std::future::{Future, pending};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use firstpass_agent::{
    Action, Agent, Boot, BrokerEndpoint, BrokerFailure, EspError, Event, HttpFailure, HttpsRequest, Mac, OpaqueBytes,
    OtaDownload, SessionInNvs, Setup,
};
use firstpass_contract::logline;
use tokio::sync::Notify;

use crate::{AppContext, AppExit, Level};

use super::broker::{Arrived, BrokerStream};
use super::esp_tls::{LinkFailure, Reporter};
use super::network::Network;
use super::nvs::DeviceNvs;
use super::trust::Trust;
use super::{https, ota};

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
    wake_at_ms: Option<u64>,
}

impl Driver {
    pub(super) fn new(context: AppContext) -> Self {
        let mut nvs = DeviceNvs::mount(context.flash.clone(), context.nvs);
        let session = nvs.as_mut().map_err(|error| *error).and_then(SessionInNvs::load);
        let agent = Agent::boot(Boot {
            mac: Mac(context.mac.0),
            session,
            app_version: context.image.version.clone(),
            app_sha256: context.image.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            // Each `RandomState` has random keys from the system.
            seed: RandomState::new().build_hasher().finish(),
            setup: Setup { now_ms: context.clock.millis(), ..Setup::default() },
        });
        let network = Network::new(context.faults.clone());
        Self { context, nvs, agent, network, job: None, broker: BrokerStream::Closed, wake_at_ms: None }
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
            self.agent.handle(event, self.context.clock.millis());
        }
    }

    async fn perform(&mut self, action: Action) -> Option<AppExit> {
        match action {
            Action::Log { level, tag, text } => self.context.console.log(console_level(level), tag, text),
            Action::Post(request) => self.job = Some(self.post(request)),
            Action::OpenBroker(endpoint) => self.open_broker(endpoint),
            Action::SendBroker(bytes) => self.send(&bytes).await,
            Action::CloseBroker => self.broker = BrokerStream::Closed,
            Action::WriteSession(write) => {
                let result = self.nvs.as_mut().map_err(|error| *error).and_then(|nvs| nvs.write(&write));
                let event = result.map_or_else(Event::NvsFailed, |()| Event::NvsStored);
                self.agent.handle(event, self.context.clock.millis());
            }
            Action::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
            Action::DownloadOta(download) => self.job = Some(self.download(download)),
            Action::FormatNvs => self.answer_at_once(Event::NvsFailed(EspError("ESP_ERR_NOT_SUPPORTED"))),
            Action::MakeCertificateRequest { .. } => {
                self.answer_at_once(Event::CertificateRequestFailed(EspError("ESP_ERR_NOT_SUPPORTED")));
            }
            Action::ConfirmApp | Action::Report(_) => {}
            Action::Restart | Action::RollBack => {
                self.context.console.drain();
                return Some(AppExit::Restart);
            }
        }
        None
    }

    fn answer_at_once(&mut self, event: Event) {
        self.agent.handle(event, self.context.clock.millis());
    }

    fn post(&mut self, request: HttpsRequest) -> Job {
        let (console, trust) = (self.context.console.clone(), self.trust(false));
        Box::pin(async move {
            let answer = async { https::post(&request, &trust?.config()?).await };
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
        let (context, trust) = (self.context.clone(), self.trust(false));
        Box::pin(async move {
            let done = async { ota::apply(&context, &download, &trust?.config()?).await };
            match done.await {
                Ok(()) => Event::OtaStored,
                Err(failure) => {
                    failure.print(&context.console, Reporter::HttpClient);
                    Event::OtaFailed(failure.http_error())
                }
            }
        })
    }

    fn open_broker(&mut self, endpoint: BrokerEndpoint) {
        let trust = endpoint.tls.then(|| self.trust(endpoint.client_certificate));
        self.broker = BrokerStream::opening(endpoint, trust);
    }

    fn trust(&mut self, client_certificate: bool) -> Result<Trust, LinkFailure> {
        let nvs = self.nvs.as_mut().map_err(|error| *error);
        nvs.and_then(|nvs| Trust::load(nvs, client_certificate)).map_err(LinkFailure::of_nvs)
    }

    async fn send(&mut self, bytes: &OpaqueBytes) {
        if let Some(failure) = self.broker.send(&bytes.0).await {
            let event = Event::BrokerClosed(self.report(&failure));
            self.agent.handle(event, self.context.clock.millis());
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
            arrived = self.broker.next() => arrived,
        };
        match arrived {
            Arrived::Opened => Event::BrokerOpened,
            Arrived::Bytes(bytes) => Event::BrokerBytes(OpaqueBytes(bytes)),
            Arrived::NotOpened(failure) => Event::BrokerFailed(self.report(&failure)),
            Arrived::Lost(failure) => Event::BrokerClosed(self.report(&failure)),
        }
    }

    fn report(&self, failure: &LinkFailure) -> BrokerFailure {
        failure.print(&self.context.console, Reporter::Transport);
        BrokerFailure { sock_errno: failure.sock_errno, tls_esp_err: failure.tls_esp_err, certificate: None }
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
