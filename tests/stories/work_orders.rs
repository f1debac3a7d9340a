//! A work order ends when its quantity is reached, listens to a person in another program, and is never exceeded.

use serde_json::Value;
use tests::{Injection, Outcome, Process, Product, Station, VirtualUnit};

const BY: [&str; 4] = ["--reason", "audit", "--by", "ada"];

fn mac(number: usize) -> String {
    format!("62:55:f9:00:26:{number:02x}")
}

#[test]
fn a_batch_whose_quantity_is_reached_closes_and_takes_no_further_unit() {
    let line = Line::with_units(4);
    line.open(&["--quantity", "3", "--product", "lamp"]);
    let outcome = line.flash(&[]).expect_code(0).expect_counts(3, 0);
    assert_eq!(outcome.events("run_began").len(), 3, "the fourth unit was left alone");
    let shown = line.shown();
    assert_eq!((&shown["state"], &shown["passed"], &shown["product"]), (&"closed".into(), &3.into(), &"lamp".into()));
    assert!(shown["reason"].as_str().unwrap().contains("all 3 units have passed"), "{shown}");
    let refused = line.flash(&[]).expect_code(2).problem();
    assert_eq!(refused["code"], "batch_closed", "{refused}");
    assert!(!refused["remedy"].as_str().unwrap().is_empty(), "{refused}");
    assert_eq!(line.station.json(["units", "list"]).expect_code(0).objects().len(), 3, "nobody was touched");
}

#[test]
fn a_quantity_counts_what_earlier_runs_of_the_line_have_made() {
    let line = Line::with_units(3);
    line.open(&["--quantity", "3"]);
    line.flash(&["--count", "1"]).expect_code(0).expect_counts(1, 0);
    assert_eq!(line.shown()["state"], "open");
    // The unit that has passed stands in its slot again, and is refused.
    let outcome = line.flash(&[]);
    assert_eq!(outcome.events("passed").len(), 2, "{outcome:?}");
    assert_eq!((&line.shown()["state"], &line.shown()["passed"]), (&"closed".into(), &3.into()));
}

#[test]
fn a_person_pauses_and_resumes_a_batch_while_the_line_works_on_it() {
    let mut line = Line::with_units(1);
    line.open(&[]);
    let mut batch = line.start(&["--count", "2"]);
    // While a unit is in work, another program pauses the batch: the unit comes to its end, the next one waits.
    batch.wait_for_event("identified", |_| true);
    line.act("pause").expect_code(0);
    batch.wait_for_event("passed", |event| event["mac"] == mac(1));
    line.units.remove(0).unplug();
    batch.wait_for_event("paused", |event| event["reason"] == "audit");
    line.units.push(VirtualUnit::start(line.product.folder(), "A1", &mac(2), &[]));
    assert_eq!(line.act("pause").expect_code(0).last()["changed"], false);
    line.act("resume").expect_code(0);
    batch.wait_for_event("passed", |event| event["mac"] == mac(2));
    let outcome = batch.finish().expect_code(0).expect_counts(2, 0);
    let order = names(&outcome, &["passed", "paused", "run_began"]);
    assert_eq!(order, ["run_began", "passed", "paused", "run_began", "passed"]);
    line.act("close").expect_code(0);
    assert_eq!(line.act("resume").expect_code(2).problem()["code"], "batch_closed");
    let acts = line.station.audit();
    assert!(acts.entries.iter().any(|entry| entry["actor"] == "ada" && entry["kind"] == "batch.paused"));
}

#[test]
fn a_quota_holds_when_eight_slots_ask_at_once() {
    let line = Line::with_units(8);
    line.open(&["--quota", "5"]);
    let outcome = line.flash(&[]).expect_code(1).expect_counts(5, 3);
    for failed in outcome.events("failed") {
        assert_eq!(failed["problem"]["code"], "quota_reached", "{failed}");
    }
    let audit = line.station.audit();
    assert_eq!(audit.of_kind("session.issued").len(), 5);
    let shown = line.shown();
    assert_eq!(shown["state"], "paused", "the next unit would fail likewise: {shown}");
    let counts = ["units", "first_passed", "passed", "failed", "in_work"].map(|count| shown[count].as_u64().unwrap());
    assert_eq!(counts, [5, 5, 5, 0, 0], "units that were not let in are no attempts: {shown}");
    assert_eq!((&shown["pareto"][0]["code"], &shown["pareto"][0]["runs"]), (&"quota_reached".into(), &3.into()));
}

#[test]
fn a_batch_that_a_person_pauses_takes_no_unit_until_it_is_resumed() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let slot = VirtualUnit::start(product.folder(), "A1", &mac(1), &[]);
    let ports = slot.slot();
    slot.unplug();
    let options = ["--ports", &ports, "--batch", "W7", "--count", "1"];
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[], &options));
    batch.wait_for_event("waiting", |_| true);
    let by = ["--reason", "lunch", "--by", "ada"];
    station.run([&["batch", "pause", "W7"], &by[..]].concat()).expect_code(0);
    batch.wait_for_event("paused", |event| event["reason"] == "lunch");
    let _unit = VirtualUnit::start(product.folder(), "A1", &mac(1), &[]);
    station.run([&["batch", "resume", "W7"], &by[..]].concat()).expect_code(0);
    let outcome = batch.finish().expect_code(0).expect_counts(1, 0);
    let events: Vec<_> =
        outcome.objects().iter().map(|event| event["event"].as_str().unwrap_or("").to_owned()).collect();
    let place = |name: &str| events.iter().position(|event| event == name).unwrap();
    assert!(place("paused") < place("run_began"), "{events:?}");
}

/// A station with a work order.
struct Line {
    station: Station,
    product: Product,
    recipe: std::path::PathBuf,
    units: Vec<VirtualUnit>,
}

impl Line {
    fn with_units(count: usize) -> Self {
        let (station, product) = (Station::new(), Product::new());
        let recipe = product.recipe(Injection::Nvs, &[]);
        let unit = |number| VirtualUnit::start(product.folder(), &format!("A{number}"), &mac(number), &[]);
        let units = (1..=count).map(unit).collect();
        Self { station, recipe, units, product }
    }

    fn open(&self, options: &[&str]) {
        let recipe = self.recipe.display().to_string();
        let fixed = ["batch", "open", "W7", "--recipe", &recipe];
        let opened = self.station.json([&fixed[..], options].concat()).expect_code(0).last();
        assert_eq!(opened["state"], "open", "{opened}");
    }

    fn start(&self, options: &[&str]) -> Process {
        let units: Vec<&VirtualUnit> = self.units.iter().collect();
        let options = [&["--batch", "W7"], options].concat();
        Process::start(&mut self.station.flash_command(&self.recipe, &units, &options))
    }

    fn flash(&self, options: &[&str]) -> Outcome {
        self.start(options).finish()
    }

    fn shown(&self) -> Value {
        self.station.json(["batch", "show", "W7"]).expect_code(0).last()
    }

    fn act(&self, deed: &str) -> Outcome {
        self.station.json([&["batch", deed, "W7"][..], &BY].concat())
    }
}

/// Names of the events that are among `wanted`, in order.
fn names(outcome: &Outcome, wanted: &[&str]) -> Vec<String> {
    let name = |event: Value| event["event"].as_str().map(str::to_owned);
    outcome.objects().into_iter().filter_map(name).filter(|name| wanted.contains(&name.as_str())).collect()
}
