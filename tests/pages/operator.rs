//! An operator's shift: in English with the scanner, and in German with the keyboard.

use nix::sys::signal::Signal;
use tests::browser::Browser;

use crate::shop::{PASSWORD, Shop};

/// Address of the unit in the first slot that shows a failure.
#[track_caller]
fn failed_unit(browser: &Browser) -> String {
    let script = "return document.querySelector('.slot[data-state=failed]')?.dataset.mac ?? '';";
    let mut mac = String::new();
    browser.wait_until("a failed unit", || {
        mac = browser.script(script, Vec::new()).as_str().unwrap_or_default().to_owned();
        !mac.is_empty()
    });
    mac
}

#[test]
fn an_operator_watches_eight_units_and_handles_a_failure_with_the_scanner() {
    let shop = Shop::open(&["--units", "8", "--fault", "3=no-network"]);
    let browser = shop.browser_of("olga");
    browser.wait_for("#line");
    assert_eq!(browser.count(".slot"), 8);
    browser.wait_for(".slot[data-state=passed]");
    browser.shoot("shift-passed");

    let mac = failed_unit(&browser);
    browser.wait_for(".slot .told .remedy");
    browser.shoot_all("shift-failed");
    // A scanner types wherever the focus is, and ends with Enter.
    browser.scan(&mac);
    browser.wait_for("#unit[open] .unit-card");
    browser.wait_for_text("#unit", &mac);
    browser.scan("QUARANTINE");
    browser.wait_for_text("#unit .badge", "quarantine");
    browser.shoot("shift-quarantine");
    browser.scan("RELEASE");
    browser.wait_until("the release", || browser.count("#unit .badge.bad") > 0);

    browser.scan("5");
    browser.wait_for(".slot.chosen-slot[data-slot='5']");
    browser.scan("STOP");
    browser.wait_for_text(".slot[data-slot='5']", "stopped by olga");
    browser.scan("START");
    browser.wait_for(".slot[data-slot='5'][data-state=working]");
    // A scan that nobody understands is told as that, and does nothing.
    browser.scan("WHO-KNOWS-4711");
    browser.wait_for_text("body", "WHO-KNOWS-4711");
    let audit = shop.station.json(["audit", "export"]).expect_code(0).stdout;
    for kind in ["unit.quarantined", "unit.released", "slot.stopped", "slot.started"] {
        let by_olga = audit.lines().any(|line| line.contains(&format!("\"{kind}\"")) && line.contains("\"olga\""));
        assert!(by_olga, "{kind} is on record with the person");
    }
    browser.finish();
}

#[test]
fn a_page_that_is_no_longer_live_says_so_and_comes_back_by_itself() {
    let shop = Shop::open(&["--units", "2"]);
    let mut browser = shop.browser_of("olga");
    browser.wait_for("#connection[data-live=live]");
    browser.wait_for(".slot[data-state=passed]");
    // The station hangs: nothing is closed, nothing comes any more.
    shop.process.signal(Signal::SIGSTOP);
    browser.wait_for("#lost:not([hidden])");
    browser.shoot("lost-connection");
    shop.process.signal(Signal::SIGCONT);
    browser.wait_for("#connection[data-live=live]");
    assert_eq!(browser.count("#lost:not([hidden])"), 0);
    browser.wait_for(".slot[data-state=working]");
    // A connection that was given up is told on the console, by the browser.
    browser.expect_message("net::ERR_");
    browser.finish();
}

#[test]
fn sixty_four_slots_fit_on_the_screen_over_tls() {
    let shop = Shop::serve(64);
    assert!(shop.origin.starts_with("https://"), "{}", shop.origin);
    let browser = shop.browser_of("olga");
    browser.wait_for("#connection[data-live=live]");
    assert_eq!(browser.count(".slot"), 64);
    browser.shoot_all("line-64");
    let wide = browser.script("return document.documentElement.scrollWidth <= window.innerWidth", Vec::new());
    assert_eq!(wide, true, "nothing lies beside the screen");
    browser.check_accessibility();
    browser.finish();
}

#[test]
fn the_first_person_sets_the_station_up_with_the_code_of_its_console() {
    let shop = Shop::open_without_users(&["--units", "1"]);
    let browser = Browser::open(&shop.origin);
    browser.goto("/");
    browser.wait_for("form[action='/setup']");
    browser.check_accessibility();
    browser.shoot_all("setup");
    let code = std::fs::read_to_string(shop.station.data().join("setup-code")).unwrap();
    browser.fill("#code", code.trim());
    browser.fill("#name", "Ada");
    browser.fill("#login", "ada");
    browser.fill("#password", PASSWORD);
    browser.fill("#again", PASSWORD);
    browser.click("form[action='/setup'] button[type=submit]");
    browser.wait_for("header.site");
    assert!(!shop.station.data().join("setup-code").exists(), "the code is good for one person only");
    browser.goto("/people");
    browser.wait_for_text("main", "ada");
    browser.finish();
}
