//! A driver in virtual time: feeds the agent, keeps what it asks for, and answers nothing by itself.
#![expect(dead_code, reason = "every test file uses another part of the driver")]

use firstpass_agent::{
    Action, Agent, Boot, BrokerEndpoint, BrokerFailure, ErrorClass, EspError, Event, HttpFailure, HttpResponse,
    HttpsRequest, Mac, OpaqueBytes, Report, SessionInNvs, SessionWrite, Setup,
};
use firstpass_contract::{
    Secret,
    mqtt::{ConnectCode, Packet, decode, frame_length},
};

/// The agent, its clock, and the actions it has asked for since the last look.
pub(crate) struct Rig {
    pub(crate) agent: Agent,
    pub(crate) now_ms: u64,
    actions: Vec<Action>,
    reports: Vec<Report>,
    wake_at_ms: Option<u64>,
}

impl Rig {
    pub(crate) fn boot(session: SessionInNvs) -> Self {
        Self::boot_with(Ok(session))
    }

    pub(crate) fn boot_with(session: Result<SessionInNvs, EspError>) -> Self {
        Self::boot_as(session, Setup::default())
    }

    /// Boots a special firmware, or a special boot of one.
    pub(crate) fn boot_as(session: Result<SessionInNvs, EspError>, setup: Setup) -> Self {
        let now_ms = 1000;
        let boot = Boot {
            mac: Mac([2, 0, 0, 0, 0, 0x1f]),
            session,
            app_version: "1.4.0".into(),
            app_sha256: "ab".repeat(32),
            seed: 7,
            setup: Setup { now_ms, ..setup },
        };
        let agent = Agent::boot(boot);
        let mut rig = Self { agent, now_ms, actions: Vec::new(), reports: Vec::new(), wake_at_ms: None };
        rig.drain();
        rig
    }

    /// Boots a special firmware with a network.
    pub(crate) fn online_as(session: SessionInNvs, setup: Setup) -> Self {
        let mut rig = Self::boot_as(Ok(session), setup);
        rig.network_up();
        rig
    }

    /// Boots with a network.
    pub(crate) fn online(session: SessionInNvs) -> Self {
        Self::online_as(session, Setup::default())
    }

    /// Boots a unit in service: its session accepted by the broker.
    pub(crate) fn connected() -> Self {
        Self::connected_as(complete(), Setup::default())
    }

    /// The same of a special firmware.
    pub(crate) fn connected_as(session: SessionInNvs, setup: Setup) -> Self {
        let mut rig = Self::online_as(session, setup);
        rig.broker_accepts();
        rig
    }

    pub(crate) fn network_up(&mut self) {
        self.feed(Event::NetworkUp { ip: "10.0.0.2".into() });
    }

    /// The broker's stream opens, and it answers the login.
    pub(crate) fn broker_answers(&mut self, code: ConnectCode) {
        self.feed(Event::BrokerOpened);
        self.broker_says(&Packet::ConnAck { session_present: false, code });
    }

    pub(crate) fn broker_accepts(&mut self) {
        self.broker_answers(ConnectCode::Accepted);
    }

    pub(crate) fn feed(&mut self, event: Event) {
        self.agent.handle(event, self.now_ms);
        self.drain();
    }

    pub(crate) fn broker_says(&mut self, packet: &Packet) {
        self.feed(Event::BrokerBytes(OpaqueBytes(packet.to_bytes())));
    }

    pub(crate) fn http_answers(&mut self, status: u16, body: impl Into<Vec<u8>>) {
        let response = HttpResponse { status, retry_after_s: None, body: OpaqueBytes(body.into()) };
        self.feed(Event::HttpResponse(response));
    }

    /// Lets time pass until the agent does something or has nothing more to wait for, and returns how long that was.
    pub(crate) fn sleep(&mut self) -> u64 {
        let (began_ms, done) = (self.now_ms, self.actions.len());
        assert!(self.waits(), "the agent waits for a time");
        while self.actions.len() == done {
            let Some(at_ms) = self.wake_at_ms.take() else { break };
            assert!(at_ms >= self.now_ms, "the wake-up is not in the past");
            self.now_ms = at_ms;
            self.feed(Event::TimerDue);
        }
        self.now_ms - began_ms
    }

    /// The wake-up comes, at a time that may be long past it.
    pub(crate) fn sleep_late(&mut self) {
        self.wake_at_ms = None;
        self.feed(Event::TimerDue);
    }

    /// Whether the running image was rejected since the last look.
    pub(crate) fn take_roll_back(&mut self) -> bool {
        !self.take_all(|action| matches!(action, Action::RollBack).then_some(())).is_empty()
    }

    /// How often the whole store was to be formatted since the last look.
    pub(crate) fn take_formats(&mut self) -> usize {
        self.take_all(|action| matches!(action, Action::FormatNvs).then_some(())).len()
    }

    /// The subject of the certificate request that the agent waits for.
    pub(crate) fn wanted_common_name(&mut self) -> String {
        let wanted = self.take_all(|action| match action {
            Action::MakeCertificateRequest { common_name } => Some(common_name.clone()),
            _ => None,
        });
        let [common_name] = wanted.try_into().expect("exactly one request is wanted");
        common_name
    }

    pub(crate) fn waits(&self) -> bool {
        self.wake_at_ms.is_some()
    }

    fn drain(&mut self) {
        while let Some(action) = self.agent.poll_action() {
            match action {
                Action::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
                Action::Report(report) => self.reports.push(report),
                action => self.actions.push(action),
            }
        }
    }

    /// Reports to the application since the last look.
    pub(crate) fn reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Classes of the failures reported since the last look.
    pub(crate) fn classes(&mut self) -> Vec<ErrorClass> {
        let class = |report| if let Report::Failed { class, .. } = report { Some(class) } else { None };
        self.reports().into_iter().filter_map(class).collect()
    }

    /// All actions since the last look, wake-ups and reports aside.
    pub(crate) fn actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    fn take_all<T>(&mut self, pick: impl Fn(&Action) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.actions.retain(|action| match pick(action) {
            Some(found) => {
                taken.push(found);
                false
            }
            None => true,
        });
        taken
    }

    /// Log lines since the last look, as `I tag: text`.
    pub(crate) fn log(&mut self) -> Vec<String> {
        self.take_all(|action| match action {
            Action::Log { level, tag, text } => Some(format!("{} {tag}: {text}", level.letter())),
            _ => None,
        })
    }

    pub(crate) fn posts(&mut self) -> Vec<HttpsRequest> {
        self.take_all(|action| if let Action::Post(request) = action { Some(request.clone()) } else { None })
    }

    pub(crate) fn opens(&mut self) -> Vec<BrokerEndpoint> {
        self.take_all(|action| if let Action::OpenBroker(endpoint) = action { Some(endpoint.clone()) } else { None })
    }

    pub(crate) fn writes(&mut self) -> Vec<SessionWrite> {
        self.take_all(|action| if let Action::WriteSession(write) = action { Some(write.clone()) } else { None })
    }

    /// Packets sent to the broker since the last look.
    pub(crate) fn packets(&mut self) -> Vec<Packet> {
        let sent =
            self.take_all(|action| if let Action::SendBroker(bytes) = action { Some(bytes.0.clone()) } else { None });
        sent.iter().map(|bytes| whole_packet(bytes)).collect()
    }
}

fn whole_packet(bytes: &[u8]) -> Packet {
    assert_eq!(frame_length(bytes, 65_536), Ok(Some(bytes.len())), "one packet per send");
    decode(bytes).expect("the agent sends whole packets")
}

/// The connection was reset by the peer.
pub(crate) const RESET: BrokerFailure = BrokerFailure { sock_errno: 104, tls_esp_err: 0, certificate: None };

/// The server could not be reached.
pub(crate) const UNREACHABLE: HttpFailure =
    HttpFailure { error: EspError("ESP_ERR_HTTP_CONNECT"), tls_esp_err: 0x8004 };

/// A unit as the line flashes it: a code, nothing else.
pub(crate) fn factory() -> SessionInNvs {
    SessionInNvs {
        auth_code: Secret::new("CODE-1"),
        prov_url: "https://line.test/api/v1".into(),
        workspace_id: "5b0c1f0e-0000-4000-8000-000000000001".into(),
        ..SessionInNvs::default()
    }
}

/// A unit with a complete session and no code.
pub(crate) fn complete() -> SessionInNvs {
    SessionInNvs {
        device_id: "dev-1".into(),
        device_key: "key-1".into(),
        workspace_slug: "acme".into(),
        mqtt_host: "broker.test".into(),
        mqtt_username: "user-1".into(),
        mqtt_password: Secret::new("pass-1"),
        ..SessionInNvs::default()
    }
}

/// A provisioning answer that makes a session like [`complete`].
pub(crate) const ANSWER: &str = r#"{"device_id":"dev-1","device_key":"key-1","workspace_slug":"acme","mqtt_host":"broker.test","mqtt_port":8884,"mqtt_tls":true,"mqtt_username":"user-1","mqtt_password":"pass-1"}"#;

/// [`ANSWER`] with more members.
pub(crate) fn answer_with(members: &str) -> String {
    format!("{},{members}}}", ANSWER.trim_end_matches('}'))
}
