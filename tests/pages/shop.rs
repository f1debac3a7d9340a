//! A station at work with virtual units and its dashboard, and the people who use it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use tests::{Process, Station, browser::Browser, station_program};

/// Password of everybody here; long enough to be taken.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A demo that goes on, with its dashboard.
pub(crate) struct Shop {
    pub(crate) station: Station,
    pub(crate) process: Process,
    pub(crate) origin: String,
}

impl Shop {
    /// Opens with the users `olga` (operator), `egon` (engineer), `aude` (auditor) and `ada` (admin).
    #[track_caller]
    pub(crate) fn open(options: &[&str]) -> Self {
        let shop = Self::open_without_users(options);
        shop.add_users();
        shop
    }

    /// Opens as on the first day.
    #[track_caller]
    pub(crate) fn open_without_users(options: &[&str]) -> Self {
        let station = Station::new();
        let arguments = ["demo", "--dashboard", "--json", "--no-pacing"].into_iter().chain(options.iter().copied());
        let mut process = Process::start(&mut station.command(arguments));
        let serving = process.wait_for_event("serving", |_| true);
        let origin = serving["url"].as_str().unwrap().trim_end_matches('/').to_owned();
        Self { station, process, origin }
    }

    /// Opens `station serve` with this many slots whose ports are not there, over TLS; and with the same users.
    #[track_caller]
    pub(crate) fn serve(slots: usize) -> Self {
        let station = Station::new();
        let config = station.data().join("station.toml");
        let slot = |n| format!("[[slot]]\nname = \"S{n:02}\"\nport = \"/dev/no-such-port-{n}\"\n");
        let slots: String = (1..=slots).map(slot).collect();
        let text = format!(
            "[station]\nname = \"story\"\n[gateway]\nhttps_listen = \"127.0.0.1:0\"\nmqtt_listen = \"127.0.0.1:0\"\n\
             [server]\nlisten = \"127.0.0.1:0\"\n{slots}"
        );
        std::fs::write(&config, text).unwrap();
        let arguments = ["serve", "--json", "--config", config.to_str().unwrap()];
        let mut process = Process::start(&mut station.command(arguments));
        let serving = process.wait_for_event("serving", |_| true);
        let origin = serving["url"].as_str().unwrap().trim_end_matches('/').to_owned();
        let shop = Self { station, process, origin };
        shop.add_users();
        shop
    }

    #[track_caller]
    fn add_users(&self) {
        for (login, role) in [("olga", "operator"), ("egon", "engineer"), ("aude", "auditor"), ("ada", "admin")] {
            self.add_user(login, role);
        }
    }

    /// What `station users add` does, with the password on its standard input.
    #[track_caller]
    pub(crate) fn add_user(&self, login: &str, role: &str) {
        self.station_reads(&["users", "add", login, "--role", role], PASSWORD);
    }

    #[track_caller]
    fn station_reads(&self, arguments: &[&str], line: &str) {
        let mut command = Command::new(station_program());
        command.args(arguments).arg("--data").arg(self.station.data()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A browser in which somebody has logged in.
    #[track_caller]
    pub(crate) fn browser_of(&self, login: &str) -> Browser {
        let browser = Browser::open(&self.origin);
        browser.goto("/login");
        log_in(&browser, login);
        browser
    }
}

/// Logs somebody in on the login page.
#[track_caller]
pub(crate) fn log_in(browser: &Browser, login: &str) {
    browser.fill("input[name=login]", login);
    browser.fill("input[name=password]", PASSWORD);
    browser.click("form[action='/login'] button[type=submit]");
    browser.wait_for("header.site");
}
