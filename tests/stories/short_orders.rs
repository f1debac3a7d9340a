//! An order that cannot be filled as things stand says so, ends a command that has an end, and goes on once a person has
//! decided.

use serde_json::Value;
use tests::{Gateway, Injection, Outcome, Process, Product, Station, VirtualUnit};

const BY: [&str; 4] = ["--reason", "audit", "--by", "ada"];

fn mac(number: usize) -> String {
    format!("62:55:f9:00:29:{number:02x}")
}

#[test]
fn an_order_waits_for_its_unit_in_quarantine_until_a_person_raises_it_or_releases_the_unit() {
    let order = Order::of(2);
    order.flash(1).expect_code(0).expect_counts(1, 0);
    order.station.json([&["units", "quarantine", &mac(1)][..], &BY].concat()).expect_code(0);
    order.flash(2).expect_code(0).expect_counts(1, 0);
    let full = order.flash(3).expect_code(1).expect_counts(0, 0);
    assert!(full.events("run_began").is_empty(), "nobody is tried for a place that is kept");
    let halted = full.last()["halted"].as_str().unwrap().to_owned();
    assert!(halted.contains("1 of the batch's 2 places") && halted.contains("batch change"), "{halted}");
    assert_eq!(order.shown()["state"], "open");

    let raised = order.change("3").expect_code(0).last();
    assert_eq!((&raised["changed"], &raised["quantity"]), (&true.into(), &3.into()));
    order.flash(3).expect_code(0).expect_counts(1, 0);
    assert_eq!(order.change("2").expect_code(2).problem()["code"], "batch_too_small");
    order.station.json([&["units", "release", &mac(1)][..], &BY].concat()).expect_code(0);
    order.flash(4).expect_code(0).expect_counts(0, 0);
    let shown = order.shown();
    assert_eq!((&shown["state"], &shown["passed"]), (&"closed".into(), &3.into()), "{shown}");
    let audit = order.station.audit();
    assert_eq!(audit.of_kind("session.issued").len(), 3);
    assert!(audit.entries.iter().any(|entry| entry["kind"] == "batch.changed" && entry["actor"] == "ada"));
}

#[test]
fn a_scrapped_unit_gives_its_place_to_the_next() {
    let order = Order::of(2);
    order.flash(1).expect_code(0).expect_counts(1, 0);
    order.station.json([&["units", "scrap", &mac(1)][..], &BY].concat()).expect_code(0);
    order.flash(2).expect_code(0).expect_counts(1, 0);
    order.flash(3).expect_code(0).expect_counts(1, 0);
    assert_eq!((&order.shown()["state"], &order.shown()["passed"]), (&"closed".into(), &2.into()));
}

#[test]
fn a_count_beyond_the_quota_ends_with_the_reason() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let units = [1, 2].map(|number| VirtualUnit::start(product.folder(), &format!("A{number}"), &mac(number), &[]));
    let beyond = ["--count", "2", "--quota", "1"];
    let outcome = station.flash(&recipe, &[&units[0], &units[1]], &beyond).expect_code(1).expect_counts(1, 1);
    assert!(outcome.last()["halted"].as_str().unwrap().contains("quota_reached on slot"), "{outcome:?}");
}

#[test]
fn people_read_on_standard_error_why_a_batch_was_given_up() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let units = [1, 2].map(|number| VirtualUnit::start(product.folder(), &format!("A{number}"), &mac(number), &[]));
    let (gateway, ports) = (Gateway::of(&station), units.each_ref().map(VirtualUnit::slot).join(","));
    let mut flash = station.command(["flash", "--count", "2", "--quota", "1", "--ports", &ports]);
    flash.arg("--recipe").arg(&recipe).arg("--config").arg(&gateway.config);
    let outcome = Process::start(&mut flash).finish().expect_code(1);
    assert!(outcome.stderr.contains("the batch was given up: quota_reached on slot"), "{}", outcome.stderr);
}

/// A station with an open order, `Q`.
struct Order {
    station: Station,
    product: Product,
    recipe: std::path::PathBuf,
}

impl Order {
    fn of(quantity: u32) -> Self {
        let (station, product) = (Station::new(), Product::new());
        let recipe = product.recipe(Injection::Nvs, &[]);
        let (path, quantity) = (recipe.display().to_string(), quantity.to_string());
        station.json(["batch", "open", "Q", "--recipe", &path, "--quantity", &quantity]).expect_code(0);
        Self { station, product, recipe }
    }

    /// One run of the unit of this number, alone on the line.
    fn flash(&self, number: usize) -> Outcome {
        let unit = VirtualUnit::start(self.product.folder(), &format!("A{number}"), &mac(number), &[]);
        self.station.flash(&self.recipe, &[&unit], &["--batch", "Q"])
    }

    fn change(&self, quantity: &str) -> Outcome {
        self.station.json([&["batch", "change", "Q", "--quantity", quantity][..], &BY].concat())
    }

    fn shown(&self) -> Value {
        self.station.json(["batch", "show", "Q"]).expect_code(0).last()
    }
}
