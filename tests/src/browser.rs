//! A real browser for the stories of the pages: Debian's Chromium, driven through chromedriver.
//!
//! It hears what a person would never see: messages on the console, reports of the Content Security Policy, and requests
//! that leave the station. Each of them fails the story ([`Browser::finish`]).

mod chrome;
mod log;

use std::{path::PathBuf, time::Instant};

use fantoccini::{Client, Locator, key::Key};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use self::chrome::Chrome;
use crate::{LIMIT, repository, tools::python_package_file};

/// A screen that people have in front of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// A small desk or wall computer: 1366 × 768.
    Desk,
    /// A tablet held upright: 820 × 1180.
    Tablet,
}

/// What the person prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A browser on one station.
pub struct Browser {
    origin: String,
    expected: Vec<String>,
    client: Client,
    runtime: Runtime,
    _chrome: Chrome,
}

impl Browser {
    /// Opens a browser for the station at `origin`, such as `https://127.0.0.1:8080`; its own certificate is taken.
    #[track_caller]
    pub fn open(origin: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let chrome = Chrome::start();
        let client = runtime.block_on(chrome.connect());
        let browser = Self { origin: origin.to_owned(), expected: Vec::new(), client, runtime, _chrome: chrome };
        browser.look(Screen::Desk, Scheme::Light);
        browser
    }

    /// Changes screen and colours.
    #[track_caller]
    pub fn look(&self, screen: Screen, scheme: Scheme) {
        let (width, height) = match screen {
            Screen::Desk => (1366, 768),
            Screen::Tablet => (820, 1180),
        };
        let scheme = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        // Without transitions, which a picture would catch half-way.
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }, still] });
        self.devtools("Emulation.setEmulatedMedia", features);
    }

    /// Makes the network go away, or come back.
    #[track_caller]
    pub fn set_offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.enable", json!({}));
        self.devtools("Network.emulateNetworkConditions", conditions);
    }

    /// Goes to a path of the station.
    #[track_caller]
    pub fn goto(&self, path: &str) {
        let url = format!("{}{path}", self.origin);
        self.runtime.block_on(self.client.goto(&url)).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Path and query of the page.
    #[track_caller]
    pub fn path(&self) -> String {
        let url = self.runtime.block_on(self.client.current_url()).expect("the browser answers");
        url[url::Position::BeforePath..].to_owned()
    }

    /// Waits until something on the page fits a CSS selector and is shown, and clicks it.
    #[track_caller]
    pub fn click(&self, css: &str) {
        let script = "const found = [...document.querySelectorAll(arguments[0])].find(e => e.getClientRects().length && !e.disabled);
                      if (found) found.scrollIntoView({ block: 'center' }); return !!found;";
        self.wait_until(&format!("{css} to click"), || self.script(script, vec![json!(css)]) == json!(true));
        let clicked = async {
            let all = self.client.find_all(Locator::Css(css)).await?;
            for element in all {
                if element.is_displayed().await? && element.is_enabled().await? {
                    return element.click().await;
                }
            }
            Ok(())
        };
        self.runtime.block_on(clicked).unwrap_or_else(|error| panic!("click {css}: {error}"));
    }

    /// Clears a field and types into it.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.wait_for(css);
        let filled = async {
            let field = self.client.find(Locator::Css(css)).await?;
            field.clear().await?;
            field.send_keys(text).await
        };
        self.runtime.block_on(filled).unwrap_or_else(|error| panic!("fill {css}: {error}"));
    }

    /// Chooses an option by its value.
    #[track_caller]
    pub fn choose(&self, css: &str, value: &str) {
        self.wait_for(css);
        let chosen = async { self.client.find(Locator::Css(css)).await?.select_by_value(value).await };
        self.runtime.block_on(chosen).unwrap_or_else(|error| panic!("choose {value} in {css}: {error}"));
    }

    /// Types on whatever has the focus, as a keyboard does; a scanner is one.
    #[track_caller]
    pub fn keys(&self, text: &str) {
        let typed = async { self.client.active_element().await?.send_keys(text).await };
        self.runtime.block_on(typed).unwrap_or_else(|error| panic!("keys: {error}"));
    }

    /// What a scanner sends: the text and Enter.
    #[track_caller]
    pub fn scan(&self, text: &str) {
        self.keys(&format!("{text}{}", Key::Enter));
    }

    /// Waits until a CSS selector fits something that is shown.
    #[track_caller]
    pub fn wait_for(&self, css: &str) {
        let script = "return [...document.querySelectorAll(arguments[0])].some(e => e.getClientRects().length);";
        self.wait_until(css, || self.script(script, vec![json!(css)]) == json!(true));
    }

    /// Waits until what fits a CSS selector contains a text, however it is cased.
    #[track_caller]
    pub fn wait_for_text(&self, css: &str, text: &str) {
        let script = "return [...document.querySelectorAll(arguments[0])].some(
            e => e.textContent.toLowerCase().includes(arguments[1].toLowerCase()));";
        let shown = || self.script(script, vec![json!(css), json!(text)]) == json!(true);
        self.wait_until(&format!("{text:?} in {css}"), shown);
    }

    /// How many elements fit a CSS selector.
    #[track_caller]
    pub fn count(&self, css: &str) -> u64 {
        let count = self.script("return document.querySelectorAll(arguments[0]).length;", vec![json!(css)]);
        count.as_u64().expect("a length is a number")
    }

    /// The text of the first element that fits a CSS selector.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.wait_for(css);
        let text = self.script("return document.querySelector(arguments[0]).innerText;", vec![json!(css)]);
        text.as_str().expect("a text is a string").to_owned()
    }

    /// Runs a script on the page.
    #[track_caller]
    pub fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        // While a page is on its way, there is nothing to ask.
        self.runtime.block_on(self.client.execute(script, arguments)).unwrap_or(Value::Null)
    }

    /// Waits until `holds`.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !holds() {
            if Instant::now() > deadline {
                self.shoot("failure");
                let text = self.script("return document.body.innerText", Vec::new());
                panic!("no {what} on {}:\n{}", self.path(), text.as_str().unwrap_or_default());
            }
            std::thread::sleep(chrome::TICK);
        }
    }

    /// Leaves a picture of the page in `target/screenshots`.
    #[track_caller]
    pub fn shoot(&self, name: &str) -> PathBuf {
        let folder = repository().join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder can be made in target");
        let png = self.runtime.block_on(self.client.screenshot()).expect("a page can be drawn");
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, png).expect("a picture can be written");
        file
    }

    /// Pictures on both screens, light and dark.
    #[track_caller]
    pub fn shoot_all(&self, name: &str) {
        for (screen, scheme, suffix) in [
            (Screen::Desk, Scheme::Dark, "desk-dark"),
            (Screen::Tablet, Scheme::Light, "tablet-light"),
            (Screen::Tablet, Scheme::Dark, "tablet-dark"),
            (Screen::Desk, Scheme::Light, "desk-light"),
        ] {
            self.look(screen, scheme);
            self.shoot(&format!("{name}-{suffix}"));
        }
    }

    /// Fails on what axe-core finds on the page: contrast, labels, roles; WCAG 2.1 A and AA.
    #[track_caller]
    pub fn check_accessibility(&self) {
        let axe = python_package_file("axe_playwright_python/axe.min.js");
        let axe = std::fs::read_to_string(axe).expect("axe-core can be read");
        // As devtools would: the page's own policy forbids scripts that are put into it.
        self.devtools("Runtime.evaluate", json!({ "expression": axe }));
        let run = "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(found => found.violations.map(
            v => `${v.id}: ${v.help}\\n` + v.nodes.map(n => `    ${n.target}: ${n.failureSummary}`).join('\\n')))";
        let evaluate = json!({ "expression": run, "awaitPromise": true, "returnByValue": true });
        let found = self.devtools("Runtime.evaluate", evaluate);
        let violations = found["result"]["value"].as_array().unwrap_or_else(|| panic!("axe-core did not run: {found}"));
        let told: Vec<&str> = violations.iter().filter_map(Value::as_str).collect();
        assert!(told.is_empty(), "{} is not accessible:\n{}", self.path(), told.join("\n"));
    }

    /// The next messages on the console that contain `text` are meant, such as an answer of 403.
    pub fn expect_message(&mut self, text: &str) {
        self.expected.push(text.to_owned());
    }

    /// Fails on whatever the console, the policy or the network said that nobody expected.
    #[track_caller]
    pub fn check(&self) {
        let told = self.runtime.block_on(log::complaints(&self.client, &self.origin)).expect("the browser tells");
        let meant = |line: &String| self.expected.iter().any(|expected| line.contains(expected));
        let told: Vec<String> = told.into_iter().filter(|line| !meant(line)).collect();
        assert!(told.is_empty(), "the browser complains on {}:\n{}", self.path(), told.join("\n"));
    }

    /// The same, and closes the browser.
    #[track_caller]
    pub fn finish(self) {
        self.check();
        let _ = self.runtime.block_on(self.client.close());
    }

    /// A command of the browser's own protocol; its result.
    #[track_caller]
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        let call = chrome::DevTools { command: command.to_owned(), parameters };
        self.runtime.block_on(self.client.issue_cmd(call)).unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}
