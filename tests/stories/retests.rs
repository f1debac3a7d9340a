//! A second try never makes the first one better: retries in place, their bounds, and what the yield says of them.

use serde_json::Value;
use tests::{Injection, Outcome, Process, Product, Station, VirtualUnit};

/// Heals after its first try.
const HEALING: &str = "62:55:f9:00:24:01";
/// Fails every time in a way that may be tried again.
const STUBBORN: &str = "62:55:f9:00:24:02";
/// Fails in a way that the rule does not name.
const OTHER: &str = "62:55:f9:00:24:03";
const GOOD: &str = "62:55:f9:00:24:04";

#[test]
fn retries_are_bounded_named_counted_and_do_not_improve_the_first_pass_yield() {
    let (station, product) = (Station::new(), Product::new());
    let rule = "max_attempts = 5\n\n[retry]\nmax = 2\ncodes = [\"topic_denied\", \"flash_verify_failed\"]";
    let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", rule)]);
    let unit = |slot, mac, options: &[&str]| VirtualUnit::start(product.folder(), slot, mac, options);
    let healing = unit("healing", HEALING, &["--fault", "wrong-topics"]);
    let stubborn = unit("stubborn", STUBBORN, &["--fault", "bad-md5"]);
    let other = unit("other", OTHER, &["--fault", "no-code"]);
    let good = unit("good", GOOD, &[]);
    let units = [&healing, &stubborn, &other, &good];
    let mut batch = Process::start(&mut station.flash_command(&recipe, &units, &["--batch", "W1"]));
    batch.wait_for_event("retrying", |event| event["slot"] == "healing");
    healing.order(r#"{"op":"fault","clear":true}"#);
    let outcome = batch.finish().expect_code(1);

    assert_eq!(tries(&outcome, "healing"), [(1, 2, "topic_denied".to_owned())]);
    let verify_failed = |retry| (retry, 2, "flash_verify_failed".to_owned());
    assert_eq!(tries(&outcome, "stubborn"), [verify_failed(1), verify_failed(2)]);
    assert!(tries(&outcome, "other").is_empty() && tries(&outcome, "good").is_empty());
    assert_eq!(station.unit(HEALING).states(), ["topic_denied", "passed"]);
    assert_eq!(station.unit(HEALING).shown["attempts"], 2);
    assert_eq!(station.unit(STUBBORN).states(), ["flash_verify_failed"; 3]);
    assert_eq!(station.unit(OTHER).states(), ["provision_impossible"]);

    let shown = station.json(["batch", "show", "W1"]).expect_code(0).last();
    let counts = ["units", "first_passed", "passed", "failed", "runs", "retests", "in_work"];
    assert_eq!(counts.map(|count| shown[count].as_u64().unwrap()), [4, 1, 2, 2, 7, 3, 0], "{shown}");
    assert_eq!((&shown["first_pass_yield"], &shown["final_yield"]), (&0.25.into(), &0.5.into()), "{shown}");
    assert_eq!(shown["pareto"][0]["code"], "flash_verify_failed", "{shown}");
    assert_eq!(shown["pareto"][0]["runs"], 3, "{shown}");
    station.audit();
}

#[test]
fn a_unit_that_passes_on_its_retry_is_no_failed_unit() {
    let (station, product) = (Station::new(), Product::new());
    let rule = "max_attempts = 3\n\n[retry]\nmax = 1\ncodes = [\"topic_denied\"]";
    let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", rule)]);
    let healing = VirtualUnit::start(product.folder(), "A1", HEALING, &["--fault", "wrong-topics"]);
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[&healing], &[]));
    batch.wait_for_event("retrying", |_| true);
    healing.order(r#"{"op":"fault","clear":true}"#);
    let outcome = batch.finish().expect_code(0).expect_counts(1, 0);
    assert_eq!((&outcome.last()["retried"], outcome.events("failed").len()), (&1.into(), 1), "the run has failed");
    assert_eq!(station.unit(HEALING).states(), ["topic_denied", "passed"]);
}

#[test]
fn a_unit_that_fails_every_try_is_one_failed_unit() {
    let (station, product) = (Station::new(), Product::new());
    let rule = "max_attempts = 3\n\n[retry]\nmax = 1\ncodes = [\"flash_verify_failed\"]";
    let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", rule)]);
    let unit = VirtualUnit::start(product.folder(), "A1", STUBBORN, &["--fault", "bad-md5"]);
    let outcome = station.flash(&recipe, &[&unit], &[]).expect_code(1).expect_counts(0, 1);
    assert_eq!((&outcome.last()["retried"], outcome.events("failed").len()), (&1.into(), 2));
}

#[test]
fn without_a_rule_a_failure_is_not_tried_again() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[("provision_s = 30", "provision_s = 2")]);
    let unit = VirtualUnit::start(product.folder(), "A1", GOOD, &["--fault", "no-network"]);
    let outcome = station.flash(&recipe, &[&unit], &[]).expect_code(1).expect_counts(0, 1);
    assert!(outcome.events("retrying").is_empty());
}

#[test]
fn a_unit_has_no_more_attempts_than_the_recipe_says() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", "max_attempts = 2")]);
    let unit = VirtualUnit::start(product.folder(), "A1", GOOD, &["--fault", "bad-md5"]);
    for code in ["flash_verify_failed", "flash_verify_failed", "attempts_used_up"] {
        let outcome = station.flash(&recipe, &[&unit], &[]).expect_code(1).expect_counts(0, 1);
        assert_told(&outcome, code);
    }
    let issued = station.audit().of_kind("code.issued").len();
    assert_eq!(issued, 2, "nothing was made for the attempt that it no longer had");
}

#[test]
fn a_batch_may_allow_a_unit_fewer_attempts_than_its_life() {
    let (station, product) = (Station::new(), Product::new());
    let rule = "max_attempts = 3\nmax_batch_attempts = 1";
    let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", rule)]);
    let unit = VirtualUnit::start(product.folder(), "A1", GOOD, &["--fault", "bad-md5"]);
    let code = |batch: &str| {
        let outcome = station.flash(&recipe, &[&unit], &["--batch", batch]).expect_code(1).expect_counts(0, 1);
        outcome.events("failed")[0]["problem"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code("W1"), "flash_verify_failed");
    assert_eq!(code("W1"), "batch_attempts_used_up");
    assert_eq!(code("W2"), "flash_verify_failed", "another work order gives it another chance");
    station.audit();
}

/// Retries of a slot: which, of how many, after what.
fn tries(outcome: &Outcome, slot: &str) -> Vec<(u64, u64, String)> {
    let of_slot = outcome.events("retrying").into_iter().filter(|event| event["slot"] == slot);
    let number = |value: &Value| value.as_u64().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    of_slot.map(|event| (number(&event["retry"]), number(&event["max"]), text(&event["code"]))).collect()
}

#[track_caller]
fn assert_told(outcome: &Outcome, code: &str) {
    let problem = &outcome.events("failed")[0]["problem"];
    assert_eq!(problem["code"], code, "{problem}");
    assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{problem}");
}
