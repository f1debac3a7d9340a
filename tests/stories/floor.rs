//! People start and stop the slots of a station that serves, and a station that dies in the middle of a shift goes on with
//! what they told it.

use std::{fs, path::PathBuf};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tests::{Gateway, Injection, Process, Product, Station, VirtualUnit, tools::run_tool};

const MACS: [&str; 3] = ["62:55:f9:00:48:01", "62:55:f9:00:48:02", "62:55:f9:00:48:03"];
const PASSWORD: &str = "a shift begins at six";

/// A station with the slots A1 and A2 and a shelf of recipes.
struct Line {
    station: Station,
    product: Product,
    config: PathBuf,
    recipe: PathBuf,
}

/// Somebody who has logged in with a browser of their own.
struct Person {
    url: String,
    jar: String,
    root: String,
    csrf: String,
}

impl Line {
    fn new() -> Self {
        let (station, product) = (Station::new(), Product::new());
        let recipe = product.recipe(Injection::Nvs, &[]);
        let config = Gateway::of(&station).config;
        let slot = |name: &str| {
            let file = |extension: &str| product.folder().join(format!("{name}.{extension}"));
            format!("[[slot]]\nname = {name:?}\nport = {:?}\nfixture_socket = {:?}\n", file("tty"), file("sock"))
        };
        let text = fs::read_to_string(&config).unwrap();
        let shelf = format!("[station]\nrecipes_dir = {:?}\n", product.folder());
        fs::write(&config, [text, shelf, slot("A1"), slot("A2")].concat()).unwrap();
        Self { station, product, config, recipe }
    }

    /// Serves without a recipe: what the slots do is for people to say.
    fn serve(&self, options: &[&str]) -> (Process, String) {
        let mut command = self.station.command(["serve", "--json"]);
        let mut serving = Process::start(command.arg("--config").arg(&self.config).args(options));
        let url = serving.wait_for_event("serving", |_| true)["url"].as_str().unwrap().to_owned();
        (serving, url)
    }

    fn open_batch(&self, name: &str) -> Value {
        let recipe = self.recipe.display().to_string();
        self.station.json(["batch", "open", name, "--recipe", &recipe]).expect_code(0).last()
    }

    fn put(&self, slot: &str, mac: &str) -> VirtualUnit {
        VirtualUnit::start(self.product.folder(), slot, mac, &[])
    }

    /// Makes the first administrator with the code that only the station's owner can read.
    fn first_person(&self, url: &str) -> Person {
        let data = self.station.data();
        let code = fs::read_to_string(data.join("setup-code")).unwrap();
        let file = |name: &str| data.join(name).display().to_string();
        let mut person =
            Person { url: url.to_owned(), jar: file("jar"), root: file("ca/root.pem"), csrf: String::new() };
        let fields = [("code", code.trim()), ("login", "ada"), ("name", "Ada"), ("lang", "en")];
        let fields = fields.into_iter().chain([("password", PASSWORD), ("again", PASSWORD)]);
        let form: Vec<String> = fields.map(|(name, value)| format!("{name}={value}")).collect();
        let mut options: Vec<&str> = vec!["-X", "POST"];
        form.iter().for_each(|field| options.extend(["--data-urlencode", field]));
        person.curl("/setup", &options);
        let page = person.curl("/line", &[]);
        let csrf = page.split("name=\"csrf-token\" content=\"").nth(1).and_then(|rest| rest.split('"').next());
        person.csrf = csrf.unwrap_or_else(|| panic!("no token in {page}")).to_owned();
        person
    }
}

impl Person {
    /// The body of an answer.
    fn curl(&self, path: &str, options: &[&str]) -> String {
        let (url, origin) = (format!("{}{path}", self.url), format!("Origin: {}", self.url));
        let fixed = ["-sS", "--cacert", &self.root, "-b", &self.jar, "-c", &self.jar, "-H", &origin, &url];
        let output = run_tool("curl", &[&fixed, options].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn tell(&self, path: &str, body: &Value) -> Value {
        let (token, body) = (format!("X-CSRF-Token: {}", self.csrf), body.to_string());
        let headers = ["-H", "Content-Type: application/json", "-H", &token, "--data", &body];
        let answer = self.curl(path, &headers);
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

#[test]
fn a_station_without_a_recipe_waits_for_people_and_goes_on_after_it_died_with_what_they_said() {
    let line = Line::new();
    let batch = line.open_batch("W7");
    let first = line.put("A1", MACS[0]);
    let (mut serving, url) = line.serve(&[]);
    let ada = line.first_person(&url);
    let started = ada.tell("/api/v1/slots/start", &json!({"batch": batch["batch"], "slots": ["A1", "A2"]}));
    assert!(started["items"][0]["batch"].is_string(), "{started}");
    serving.wait_for_event("passed", |event| event["mac"] == MACS[0]);
    ada.tell("/api/v1/slots/A2/stop", &json!({"when": "now", "reason": "its cable is loose"}));
    first.unplug();
    // Units are not exchanged within a tenth of a second: the slot has seen that the first one is gone.
    serving.wait_for_event("waiting", |event| event["slot"] == "A1");
    let second = line.put("A1", MACS[1]);
    serving.wait_for_event("step_began", |event| event["slot"] == "A1" && event["step"] == "provision");
    serving.signal(Signal::SIGKILL);
    drop(serving);

    let (mut serving, _) = line.serve(&[]);
    let resumed = serving.wait_for_event("slot_started", |event| event["slot"] == "A1");
    assert_eq!((&resumed["batch"], &resumed["by"]), (&"W7".into(), &"line".into()), "{resumed}");
    serving.wait_for_event("passed", |event| event["mac"] == MACS[1]);
    let outcome = serving.stop();
    assert!(outcome.events("slot_started").iter().all(|event| event["slot"] == "A1"), "a person stopped A2");
    assert_eq!(line.station.unit(MACS[1]).states(), ["interrupted", "passed"]);
    let audit = line.station.audit();
    let by: Vec<_> = ["slot.started", "slot.stopped"].map(|kind| audit.of_kind(kind).len()).into();
    assert_eq!(by, [2, 1], "each act of a person once");
    second.unplug();
}

#[test]
fn a_recipe_on_the_command_line_sets_all_slots_to_work_and_wins_over_what_people_said() {
    let line = Line::new();
    let unit = line.put("A2", MACS[2]);
    let recipe = line.recipe.display().to_string();
    let (mut serving, url) = line.serve(&["--recipe", &recipe, "--by", "eve"]);
    serving.wait_for_event("passed", |event| event["slot"] == "A2");
    let ada = line.first_person(&url);
    for name in ["A1", "A2"] {
        ada.tell(&format!("/api/v1/slots/{name}/stop"), &json!({"when": "now"}));
    }
    serving.stop();
    let (mut serving, _) = line.serve(&[]);
    serving.wait_for_event("slot_ended", |event| event["slot"] == "A1");
    serving.stop();
    let (mut serving, _) = line.serve(&["--recipe", &recipe, "--by", "eve"]);
    serving.wait_for_event("slot_started", |event| event["slot"] == "A1" && event["by"] == "eve");
    serving.stop();
    unit.unplug();
}

#[test]
fn strangers_learn_that_the_station_lives_and_nothing_else() {
    let line = Line::new();
    let (serving, url) = line.serve(&[]);
    let root = line.station.data().join("ca/root.pem").display().to_string();
    let status = |path: &str| {
        let url = format!("{url}{path}");
        let output = run_tool("curl", &["-sS", "--cacert", &root, "-o", "/dev/null", "-w", "%{http_code}", &url]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(["/healthz", "/readyz", "/api/v1/slots", "/metrics"].map(status), ["200", "200", "401", "401"]);
    serving.stop();
}

#[test]
fn a_dashboard_over_the_demo_takes_unit_after_unit() {
    let station = Station::new();
    let options = ["demo", "--dashboard", "--units", "2", "--no-pacing", "--fault", "2=bad-md5", "--json"];
    let mut demo = Process::start(&mut station.command(options));
    let url = demo.wait_for_event("serving", |_| true)["url"].as_str().unwrap().to_owned();
    let first = demo.wait_for_event("passed", |event| event["slot"] == "1");
    let second = demo.wait_for_event("passed", |event| event["slot"] == "1");
    assert_ne!(first["mac"], second["mac"], "another unit was put in");
    let health = run_tool("curl", &["-sS", &format!("{url}/healthz")]);
    assert_eq!(health.stdout, b"ok\n");
    let outcome = demo.stop();
    assert_eq!(outcome.last()["event"], "summary", "it ended in good order: {outcome:?}");
    assert!(outcome.events("failed").iter().any(|event| event["slot"] == "2"), "every other unit there has the fault");
}
