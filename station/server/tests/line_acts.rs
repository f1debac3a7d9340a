//! What comes of an act at the line when not everything goes well: a slot that refuses, a browser that goes away, a unit that
//! may be another one than the person means.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "support/floor.rs"]
mod floor;
mod record;
mod support;

use std::{sync::Arc, time::Duration};

use firstpass_domain::{Mac, Role, RunId};
use firstpass_line::event::LineEventKind;
use floor::TestFloor;
use record::Factory;
use serde_json::{Value, json};
use support::{Answer, Bench};

/// Longest wait for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A station with slots of the test's own.
struct Station {
    bench: Bench,
    floor: Arc<TestFloor>,
}

impl Station {
    async fn start(slots: &[&str]) -> Self {
        let floor = Arc::new(TestFloor::new(slots));
        let own = Arc::clone(&floor);
        let bench = Bench::start_with(move |_, services| services.floor = own).await;
        Self { bench, floor }
    }

    async fn post(&self, act: &str, fields: &[(&str, &str)]) -> Answer {
        self.bench.post(Role::Operator, &format!("/line/{act}"), fields).await
    }

    async fn scan(&self, text: &str, chosen: &[(&str, &str)]) -> Value {
        let answer = self.post("scan", &[&[("text", text)], chosen].concat()).await;
        assert_eq!(answer.status, 200, "{text}: {answer:?}");
        answer.json()
    }

    /// Puts a unit into a slot, as far as the pages know.
    async fn put(&self, slot: &str, mac: Mac) {
        let kind = LineEventKind::Identified { run: RunId(uuid::Uuid::nil()), mac, attempt: 1 };
        self.floor.happen(self.bench.now(), slot, kind);
        let shown = async { while !self.bench.get(Role::Operator, "/line").await.text.contains(&mac.to_string()) {} };
        tokio::time::timeout(PATIENCE, shown).await.unwrap();
    }

    /// Waits until the floor was asked so.
    async fn until_asked(&self, what: &str) {
        let asked = async {
            while !self.floor.asked().iter().any(|asked| asked == what) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{what}: {:?}", self.floor.asked()));
    }
}

#[tokio::test]
async fn every_slot_is_stopped_at_once_although_one_is_slow_and_the_browser_goes_away() {
    let station = Station::start(&["A1", "A2", "A3"]).await;
    station.floor.hold(Some("A1"));
    let ask = station.bench.ask_as(Role::Operator, "POST", "/line/stop").await;
    let asking = tokio::spawn(ask.form(&[("slots", "A1,A2,A3"), ("how", "now")]).send());
    station.until_asked("stop A2 Now by operator").await;
    station.until_asked("stop A3 Now by operator").await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    // The server notices that the browser has gone before the slot has stopped.
    let other = station.post("stop", &[("slots", "A2"), ("how", "after_unit")]).await;
    assert_eq!(other.status, 200);
    station.floor.hold(None);
    station.until_asked("stop A1 Now by operator").await;
}

#[tokio::test]
async fn a_slot_that_refuses_keeps_no_other_from_running_again_and_each_is_told() {
    let station = Station::start(&["A1", "A2", "A3"]).await;
    station.floor.set("A1", |place| place.busy = Some("golden unit"));
    let refused = station.post("retry", &[("slots", "A1,A2,A3")]).await;
    let told = refused.json();
    assert_eq!((refused.status, &told["code"]), (409, &json!("not_on_every_slot")));
    let why = told["detail"].as_str().or(told["why"].as_str()).unwrap();
    assert!(why.contains("A1: The slot is busy.") && why.contains("Done on A2, A3."), "{told}");
    for slot in ["A2", "A3"] {
        station.until_asked(&format!("retry {slot} by operator")).await;
    }
    let alone = station.post("retry", &[("slots", "A1")]).await;
    assert_eq!((alone.status, &alone.json()["code"]), (409, &json!("slot_busy")));
}

#[tokio::test]
async fn start_with_no_slot_that_stands_still_is_refused() {
    let station = Station::start(&["A1"]).await;
    let order = Factory::on(Arc::clone(&station.bench.store)).await.batch.0.to_string();
    let fields = [("order", order.as_str()), ("slots", "")];
    assert_eq!(station.post("start", &fields).await.status, 200);
    let again = station.post("start", &fields).await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("no_slot_free")));
    assert_eq!(station.floor.asked(), ["start A1 by operator"]);
}

#[tokio::test]
async fn a_reason_is_one_line_of_bounded_length() {
    let station = Station::start(&["A1"]).await;
    let unit = Factory::on(Arc::clone(&station.bench.store)).await.pass().await;
    let mac = unit.mac.to_string();
    for reason in ["x".repeat(501), "two\nlines".to_owned()] {
        let refused = station.post("quarantine", &[("mac", &mac), ("reason", &reason)]).await;
        assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("reason_unfit")));
    }
    assert!(station.bench.store.unit(unit.mac).await.unwrap().unwrap().hold.is_none());
}

#[tokio::test]
async fn a_command_means_the_unit_in_the_chosen_slot_and_asks_when_another_one_is_open() {
    let station = Station::start(&["A1", "A2"]).await;
    let factory = Factory::on(Arc::clone(&station.bench.store)).await;
    let (open, chosen) = (factory.pass().await.mac, factory.pass().await.mac);
    station.put("A1", chosen).await;
    let (open, chosen) = (open.to_string(), chosen.to_string());
    for (slots, unit, means, ask) in [
        ("A1", open.as_str(), &chosen, true),
        ("A1", chosen.as_str(), &chosen, false),
        ("A1", "", &chosen, false),
        ("A2", open.as_str(), &open, true),
        ("A1,A2", open.as_str(), &open, true),
        ("", open.as_str(), &open, false),
    ] {
        for command in ["QUARANTINE", "RELEASE"] {
            let heard = station.scan(command, &[("slots", slots), ("unit", unit)]).await;
            assert_eq!((&heard["mac"], &heard["ask"]), (&json!(means), &json!(ask)), "{slots} {unit}: {heard}");
        }
    }
    let named = station.scan("QUARANTINE A1", &[("slots", "A2"), ("unit", &open)]).await;
    assert_eq!((&named["mac"], &named["ask"]), (&json!(chosen), &json!(false)), "who names the slot is not asked");
}

#[tokio::test]
async fn the_code_on_a_certificate_leads_to_its_unit() {
    let station = Station::start(&["A1"]).await;
    let unit = Factory::on(Arc::clone(&station.bench.store)).await.pass().await;
    let code = format!("firstpass-certificate-1 unit={} run={} audit=17 sha256={}", unit.mac, unit.run, "0".repeat(64));
    let address = format!("https://station.test/units/{}/certificate", unit.mac);
    for text in [code.as_str(), &address] {
        let heard = station.scan(text, &[]).await;
        assert_eq!((&heard["do"], &heard["mac"]), (&json!("unit"), &json!(unit.mac.to_string())), "{text}");
    }
}

#[tokio::test]
async fn a_badge_is_the_same_wherever_it_is_scanned_and_whatever_is_put_before_it() {
    let station = Station::start(&["A1"]).await;
    let user = "/people/users/operator";
    let forms = ["BADGE:7712A", "]C17712A", "7712A"];
    for registered in forms {
        let given = station.bench.post(Role::Admin, &format!("{user}/badge"), &[("number", registered)]).await;
        assert_eq!(given.status, 303, "{given:?}");
        let pin = [("pin", "290417")];
        assert_eq!(station.bench.post(Role::Admin, &format!("{user}/pin"), &pin).await.status, 303);
        station.bench.forget().await;
        for scanned in forms {
            assert_eq!(station.scan(scanned, &[]).await["do"], "badge", "{scanned} of {registered}");
            let login = station.bench.ask("POST", "/login/badge").form(&[("badge", scanned), ("pin", "290417")]);
            assert_eq!(login.send().await.status, 303, "{scanned} of {registered}");
        }
    }
}
