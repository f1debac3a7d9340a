//! A chip with a store and two app slots that runs the agent from boot to boot, and the world around it.

use std::collections::BTreeMap;

use firstpass_agent::{
    Action, Agent, Boot, BrokerFailure, CertificateFault, CompiledIn, EspError, Event, HttpResponse, Mac, NvsRead,
    NvsValue, OpaqueBytes, SessionInNvs, SessionWrite, Setup,
};
use firstpass_contract::{
    Secret,
    mqtt::{ConnectCode, Packet},
    nvs,
};

use super::support::{RESET, answer_with, factory};

/// What is outside the chip.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// SHA-256 of the firmware that a provisioning offers.
    pub(crate) offers: Option<&'static str>,
    pub(crate) download_fails: bool,
    /// When the quota has room.
    pub(crate) room_at_ms: u64,
    /// Which slots' firmware the broker's network lets through.
    pub(crate) slots_that_connect: [bool; 2],
    /// When the story ends that leads nowhere.
    pub(crate) gives_up_at_ms: u64,
}

impl Default for World {
    fn default() -> Self {
        Self {
            offers: None,
            download_fails: false,
            room_at_ms: 0,
            slots_that_connect: [true, true],
            gives_up_at_ms: u64::MAX,
        }
    }
}

/// How a boot ended, or where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Connected,
    Restarted,
    RolledBack,
    /// The unit waits for help.
    Stuck,
}

/// The chip. Its clock goes on over resets.
#[derive(Default)]
pub(crate) struct Chip {
    store: BTreeMap<&'static str, NvsValue>,
    compiled_in: CompiledIn,
    /// The store cannot be mounted until it is formatted.
    pub(crate) broken: Option<EspError>,
    /// The store takes no write until it is formatted.
    pub(crate) takes_nothing: bool,
    pub(crate) certificate_expired: bool,
    pub(crate) running: usize,
    pub(crate) on_trial: bool,
    pub(crate) now_ms: u64,
    pub(crate) posts: usize,
    pub(crate) downloads: usize,
    agent: Option<Agent>,
    wake_at_ms: Option<u64>,
}

impl Chip {
    /// A unit as the line flashes it.
    pub(crate) fn factory() -> Self {
        let mut chip = Self::default();
        chip.inject_code();
        chip
    }

    /// A unit of the stock SDK: an empty store, everything in the image.
    pub(crate) fn with_code_in_image() -> Self {
        let compiled_in = CompiledIn {
            auth_code: Secret::new("CODE-C"),
            prov_url: factory().prov_url,
            workspace_id: factory().workspace_id,
        };
        Self { compiled_in, ..Self::default() }
    }

    /// The line writes a code and what goes with it.
    pub(crate) fn inject_code(&mut self) {
        self.write_text(nvs::PROV_URL, &factory().prov_url);
        self.write_text(nvs::WORKSPACE_ID, &factory().workspace_id);
        self.store.insert(nvs::AUTH_CODE, NvsValue::Secret(factory().auth_code));
        self.reset();
    }

    pub(crate) fn write_text(&mut self, key: &'static str, text: &str) {
        self.store.insert(key, NvsValue::Text(text.into()));
    }

    /// What the store holds under a key.
    pub(crate) fn stored(&mut self, key: &'static str) -> Option<String> {
        self.text(key).ok().flatten()
    }

    /// Power off and on.
    pub(crate) fn reset(&mut self) {
        self.agent = None;
        self.wake_at_ms = None;
    }

    /// Boots and goes on until something comes of it.
    pub(crate) fn run(&mut self, world: &World) -> End {
        let session = match self.broken {
            Some(error) => Err(error),
            None => SessionInNvs::load(self),
        };
        let boot = Boot {
            mac: Mac([2, 0, 0, 0, 0, 1]),
            session,
            app_version: "1.0.0".into(),
            app_sha256: "00".repeat(32),
            seed: self.now_ms,
            setup: Setup {
                now_ms: self.now_ms,
                compiled_in: self.compiled_in.clone(),
                on_trial: self.on_trial,
                ..Setup::default()
            },
        };
        self.wake_at_ms = None;
        self.agent = Some(Agent::boot(boot));
        let end = self.drain(world);
        end.unwrap_or_else(|| self.go_on(Event::NetworkUp { ip: "10.0.0.2".into() }, world))
    }

    pub(crate) fn factory_reset(&mut self, world: &World) -> End {
        self.go_on(Event::FactoryReset, world)
    }

    /// The broker drops the unit.
    pub(crate) fn reconnect(&mut self, world: &World) -> End {
        self.go_on(Event::BrokerClosed(RESET), world)
    }

    fn go_on(&mut self, event: Event, world: &World) -> End {
        let mut event = event;
        loop {
            let now_ms = self.now_ms;
            self.agent().handle(event, now_ms);
            if let Some(end) = self.drain(world) {
                return end;
            }
            match self.wake_at_ms.take() {
                Some(at_ms) if at_ms < world.gives_up_at_ms => self.now_ms = at_ms,
                _ => return End::Stuck,
            }
            event = Event::TimerDue;
        }
    }

    fn agent(&mut self) -> &mut Agent {
        self.agent.as_mut().expect("the chip runs")
    }

    /// Carries out what the agent asks for; `Some` when the boot is over or the unit is in service.
    fn drain(&mut self, world: &World) -> Option<End> {
        let mut connected = None;
        while let Some(action) = self.agent().poll_action() {
            let answer = match action {
                Action::WakeAt { at_ms } => {
                    self.wake_at_ms = Some(at_ms);
                    continue;
                }
                Action::Post(_) => self.provision(world),
                Action::WriteSession(write) => self.write(&write),
                Action::FormatNvs => self.format(),
                Action::DownloadOta(_) => self.download(world),
                Action::OpenBroker(_) => self.open(world),
                Action::SendBroker(bytes) if bytes.0[0] == 0x10 => {
                    connected = Some(End::Connected);
                    accepted()
                }
                Action::ConfirmApp => {
                    self.on_trial = false;
                    continue;
                }
                Action::Restart => return Some(End::Restarted),
                Action::RollBack => {
                    (self.running, self.on_trial) = (1 - self.running, false);
                    return Some(End::RolledBack);
                }
                _ => continue,
            };
            let now_ms = self.now_ms;
            self.agent().handle(answer, now_ms);
        }
        connected
    }

    fn provision(&mut self, world: &World) -> Event {
        if self.now_ms < world.room_at_ms {
            return response(403, "quota_reached");
        }
        self.posts += 1;
        self.certificate_expired = false;
        let offer = world.offers.map_or(String::new(), |sha256| {
            format!(r#","firmware_url":"https://line.test/fw","firmware_checksum_sha256":"{sha256}""#)
        });
        response(201, &answer_with(&format!(r#""certificate_pem":"CERT","private_key_pem":"KEY"{offer}"#)))
    }

    fn write(&mut self, write: &SessionWrite) -> Event {
        if self.takes_nothing || self.broken.is_some() {
            return Event::NvsFailed(EspError("ESP_ERR_FLASH_OP_FAIL"));
        }
        self.store.extend(write.set.iter().cloned());
        self.store.retain(|key, _| !write.erase.contains(key));
        Event::NvsStored
    }

    fn format(&mut self) -> Event {
        self.store.clear();
        (self.broken, self.takes_nothing) = (None, false);
        Event::NvsStored
    }

    fn download(&mut self, world: &World) -> Event {
        self.downloads += 1;
        if world.download_fails {
            return Event::OtaFailed(EspError("ESP_ERR_HTTP_INCOMPLETE_DATA"));
        }
        (self.running, self.on_trial) = (1 - self.running, true);
        Event::OtaStored
    }

    fn open(&self, world: &World) -> Event {
        let expired = BrokerFailure { certificate: Some(CertificateFault::Expired), ..RESET };
        match (world.slots_that_connect[self.running], self.certificate_expired) {
            (true, false) => Event::BrokerOpened,
            (true, true) => Event::BrokerFailed(expired),
            (false, _) => Event::BrokerFailed(RESET),
        }
    }
}

fn accepted() -> Event {
    let packet = Packet::ConnAck { session_present: false, code: ConnectCode::Accepted };
    Event::BrokerBytes(OpaqueBytes(packet.to_bytes()))
}

fn response(status: u16, body: &str) -> Event {
    Event::HttpResponse(HttpResponse { status, retry_after_s: None, body: OpaqueBytes(body.into()) })
}

impl NvsRead for Chip {
    fn text(&mut self, key: &'static str) -> Result<Option<String>, EspError> {
        Ok(match self.store.get(key) {
            Some(NvsValue::Text(text)) => Some(text.clone()),
            Some(NvsValue::Secret(secret)) => Some(Secret::expose(secret).to_owned()),
            Some(NvsValue::I32(_) | NvsValue::I8(_) | NvsValue::U32(_)) | None => None,
        })
    }

    fn i32(&mut self, key: &'static str) -> Result<Option<i32>, EspError> {
        Ok(if let Some(NvsValue::I32(number)) = self.store.get(key) { Some(*number) } else { None })
    }

    fn i8(&mut self, key: &'static str) -> Result<Option<i8>, EspError> {
        Ok(if let Some(NvsValue::I8(number)) = self.store.get(key) { Some(*number) } else { None })
    }

    fn u32(&mut self, key: &'static str) -> Result<Option<u32>, EspError> {
        Ok(if let Some(NvsValue::U32(number)) = self.store.get(key) { Some(*number) } else { None })
    }
}
