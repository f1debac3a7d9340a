//! Where a station's units find it, and public clients that talk to it as they do.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::atomic::{AtomicU16, Ordering},
};

use crate::{LIMIT, Process, Station, tools::run_tool};

/// The addresses of a station's gateway.
#[derive(Debug)]
pub struct Gateway {
    /// The station's configuration.
    pub config: PathBuf,
    /// Its address.
    pub host: String,
    /// Port of the provisioning endpoint.
    pub https: u16,
    /// Port of the broker.
    pub mqtt: u16,
    root: PathBuf,
}

/// First port of a station's two; below those that the system gives away.
const FIRST_PORT: u16 = 20_000;

impl Gateway {
    /// Writes a configuration with an address for this station alone.
    pub fn of(station: &Station) -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Loopback has an address for every process id, and an address has ports for all stations of a process.
        let [_, b, c, d] = std::process::id().to_be_bytes();
        let host = format!("127.{b}.{c}.{d}");
        let https = FIRST_PORT + 2 * NEXT.fetch_add(1, Ordering::Relaxed);
        let mqtt = https + 1;
        let config = station.data().join("station.toml");
        let text = format!(
            "[gateway]\nhttps_listen = \"{host}:{https}\"\nmqtt_listen = \"{host}:{mqtt}\"\n\
             public_host = \"{host}\"\n[server]\nlisten = \"{host}:0\"\n"
        );
        std::fs::write(&config, text).expect("the configuration can be written");
        Self { config, host, https, mqtt, root: station.data().join("ca/root.pem") }
    }

    /// The station's root certificate.
    pub fn root(&self) -> String {
        self.root.display().to_string()
    }

    /// `curl` to a path of the provisioning API; its output is the whole response, status line first.
    #[track_caller]
    pub fn curl(&self, path: &str, options: &[&str]) -> String {
        let url = format!("https://{}:{}/api/v1{path}", self.host, self.https);
        let (root, limit) = (self.root(), LIMIT.as_secs().to_string());
        let fixed = ["--silent", "--show-error", "--include", "--max-time", &limit, "--cacert", &root, &url];
        let output = run_tool("curl", &[&fixed, options].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("a response in UTF-8")
    }

    /// A unit's own request, as `curl` sends it.
    #[track_caller]
    pub fn provision(&self, code: &str) -> String {
        let body = r#"{"workspace_id":"3b1f6c1e-6f0a-4f6e-9a53-0c0ffee0d001"}"#;
        let code = format!("iotmer-auth-code: {code}");
        self.curl("/provision/device", &["-H", "Content-Type: application/json", "-H", &code, "--data", body])
    }

    /// A login by `mosquitto_sub` as the unit `user`, with a filter that a unit may use.
    pub fn subscribe(&self, user: &str, password: &str, filter: &str) -> Output {
        self.subscribe_with(user, password, filter, &[])
    }

    /// The same with further options, such as a client certificate.
    pub fn subscribe_with(&self, user: &str, password: &str, filter: &str, options: &[&str]) -> Output {
        let limit = LIMIT.as_secs().to_string();
        let login = self.login(user, password, filter);
        let login: Vec<&str> = login.iter().map(String::as_str).collect();
        run_tool("mosquitto_sub", &[&login[..], &["-E", "-W", &limit], options].concat())
    }

    /// The same login, which stays and prints what happens to it. Started, it has subscribed.
    #[track_caller]
    pub fn stay_subscribed(&self, user: &str, password: &str, filter: &str) -> Process {
        // A pipe would hold its lines back.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "mosquitto_sub", "-d"]).args(self.login(user, password, filter));
        let mut client = Process::start(&mut command);
        client.wait_for("subscription", |line| line.starts_with("Subscribed"));
        client
    }

    fn login(&self, user: &str, password: &str, filter: &str) -> [String; 16] {
        let (root, port) = (self.root(), self.mqtt.to_string());
        let server = ["-h", &self.host, "-p", &port, "--cafile", &root, "-V", "mqttv311"];
        let login = ["-i", user, "-u", user, "-P", password, "-t", filter];
        [server, login].concat().try_into().map(|options: [&str; 16]| options.map(str::to_owned)).expect("16 options")
    }
}
