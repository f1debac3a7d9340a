//! Starts Chromium and its driver on a free port, and speaks with them.

use std::{net::TcpListener, path::Path, time::Duration};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use http::Method;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use crate::{Process, process::guarded};

/// How often the page is looked at while something is waited for.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// A driver with the browser's own folder.
pub(super) struct Chrome {
    port: u16,
    profile: TempDir,
    _driver: Process,
}

impl Chrome {
    #[track_caller]
    pub(super) fn start() -> Self {
        let program = Path::new("/usr/bin/chromedriver");
        assert!(program.exists(), "chromedriver is missing: run ./test, which installs it");
        let port = free_port();
        let profile = tempfile::tempdir().expect("a temporary folder can be made");
        let mut command = guarded(program, "TERM");
        command.arg(format!("--port={port}")).env("HOME", profile.path());
        let mut driver = Process::start(&mut command);
        driver.wait_for("chromedriver", |line| line.contains("started successfully"));
        Self { port, profile, _driver: driver }
    }

    pub(super) async fn connect(&self) -> Client {
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(self.capabilities());
        let session = builder.connect(&format!("http://127.0.0.1:{}", self.port)).await;
        session.unwrap_or_else(|error| panic!("Chromium does not start: {error}"))
    }

    fn capabilities(&self) -> Map<String, Value> {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--autoplay-policy=no-user-gesture-required",
            "--window-size=1366,768",
            &profile,
        ];
        let capabilities = json!({
            "browserName": "chrome",
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "binary": "/usr/bin/chromium", "args": arguments },
        });
        match capabilities {
            Value::Object(capabilities) => capabilities,
            _ => unreachable!("it is written as an object"),
        }
    }
}

/// A port that nobody listens on. Somebody else may take it before the driver does; then the driver says so.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("a listener has an address").port()
}

/// A command of the DevTools protocol, through chromedriver's own door.
#[derive(Debug)]
pub(super) struct DevTools {
    pub(super) command: String,
    pub(super) parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()))
    }
}

/// What a log of the driver holds since it was last asked for.
#[derive(Debug)]
pub(super) struct Log(pub(super) &'static str);

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}
