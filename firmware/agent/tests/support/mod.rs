//! A driver in virtual time: feeds the agent, keeps what it asks for, and answers nothing by itself.
#![expect(dead_code, reason = "every test file uses another part of the driver")]

use firstpass_agent::{
    Action, Agent, Boot, BrokerEndpoint, BrokerFailure, EspError, Event, HttpResponse, HttpsRequest, Mac, OpaqueBytes,
    SessionInNvs, SessionWrite,
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
    wake_at_ms: Option<u64>,
}

impl Rig {
    pub(crate) fn boot(session: SessionInNvs) -> Self {
        Self::boot_with(Ok(session))
    }

    pub(crate) fn boot_with(session: Result<SessionInNvs, EspError>) -> Self {
        let boot = Boot {
            mac: Mac([2, 0, 0, 0, 0, 0x1f]),
            session,
            app_version: "1.4.0".into(),
            app_sha256: "ab".repeat(32),
            seed: 7,
        };
        let mut rig = Self { agent: Agent::boot(boot), now_ms: 1000, actions: Vec::new(), wake_at_ms: None };
        rig.drain();
        rig
    }

    /// Boots with a network.
    pub(crate) fn online(session: SessionInNvs) -> Self {
        let mut rig = Self::boot(session);
        rig.feed(Event::NetworkUp { ip: "10.0.0.2".into() });
        rig
    }

    /// Boots a unit in service: its session accepted by the broker.
    pub(crate) fn connected() -> Self {
        let mut rig = Self::online(complete());
        rig.feed(Event::BrokerOpened);
        rig.broker_says(&Packet::ConnAck { session_present: false, code: ConnectCode::Accepted });
        rig
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

    /// Lets time pass until the agent's wake-up, and returns how long that was.
    pub(crate) fn sleep(&mut self) -> u64 {
        let at_ms = self.wake_at_ms.take().expect("the agent waits for a time");
        let slept = at_ms.checked_sub(self.now_ms).expect("the wake-up is not in the past");
        self.now_ms = at_ms;
        self.feed(Event::TimerDue);
        slept
    }

    pub(crate) fn waits(&self) -> bool {
        self.wake_at_ms.is_some()
    }

    fn drain(&mut self) {
        while let Some(action) = self.agent.poll_action() {
            match action {
                Action::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
                action => self.actions.push(action),
            }
        }
    }

    /// All actions since the last look, wake-ups aside.
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
pub(crate) const RESET: BrokerFailure = BrokerFailure { sock_errno: 104, tls_esp_err: 0 };

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
