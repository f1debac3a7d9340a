//! An engineer's and an auditor's day, and what nobody may do without the right to.

use crate::shop::Shop;

#[test]
fn an_engineer_opens_a_batch_starts_a_slot_on_it_and_looks_at_recipe_and_ports() {
    let shop = Shop::open(&["--units", "2"]);
    let browser = shop.browser_of("egon");
    browser.goto("/batches/new");
    browser.check_accessibility();
    browser.shoot("batch-new");
    browser.fill("input[name=name]", "WO-4711");
    browser.fill("input[name=quantity]", "3");
    browser.fill("input[name=reason]", "order 4711");
    browser.click("main form button[type=submit]");
    browser.wait_for_text("h1", "WO-4711");
    browser.shoot_all("batch-empty");
    let batch = browser.path();

    // Slot 1 works on the demo's batch: it is stopped first.
    browser.goto("/line");
    browser.wait_for("#connection[data-live=live]");
    browser.scan("1");
    browser.scan("STOP");
    browser.wait_for_text(".slot[data-slot='1']", "stopped by egon");
    browser.goto(&batch);
    browser.click("#batch-slots button[type=submit]");
    browser.wait_until("a pass in the batch", || {
        browser.goto(&batch);
        browser.text("main").contains("1 of 3")
            || browser.text("main").contains("2 of 3")
            || browser.text("main").contains("3 of 3")
    });
    browser.shoot_all("batch");
    browser.check_accessibility();

    browser.goto("/engineering");
    browser.shoot_all("engineering-recipes");
    browser.check_accessibility();
    browser.goto("/engineering/ports");
    browser.wait_for("main table");
    browser.shoot("engineering-ports");
    browser.check_accessibility();
    browser.finish();
}

#[test]
fn an_auditor_finds_a_unit_recomputes_its_verdict_verifies_the_log_and_takes_a_copy() {
    let mut shop = Shop::open(&["--units", "2"]);
    let passed = shop.process.wait_for_event("passed", |_| true);
    let mac = passed["mac"].as_str().unwrap().to_owned();
    let browser = shop.browser_of("aude");
    browser.goto("/units");
    browser.fill("#q", &mac[9..]);
    browser.click("main form[role=search] button[type=submit]");
    browser.wait_for_text("main", &mac);
    browser.goto(&format!("/units/{mac}"));
    browser.wait_for_text("main .badge", "agrees");
    browser.shoot_all("unit");
    browser.check_accessibility();
    for forbidden in ["quarantine", "scrap", "release"] {
        let shown = browser.count(&format!("main form[action*='{forbidden}'], main button[data-act='{forbidden}']"));
        assert_eq!(shown, 0, "an auditor is not offered to {forbidden}");
    }
    browser.goto(&format!("/units/{mac}/certificate"));
    browser.wait_for("svg");
    browser.shoot("certificate");
    browser.check_accessibility();

    browser.goto("/audit");
    browser.click("#verify button[type=submit]");
    browser.wait_for("#verify-result .badge.ok");
    browser.shoot_all("audit-verified");
    browser.check_accessibility();
    let fetch = "const done = arguments[0]; return fetch('/export/audit?format=csv').then(r => r.arrayBuffer()).then(b => b.byteLength)";
    let bytes = browser.script(fetch, Vec::new()).as_u64().unwrap();
    assert!(bytes > 1000, "an export of {bytes} bytes");
    browser.finish();
}

#[test]
fn an_operator_is_told_plainly_what_is_not_theirs() {
    let shop = Shop::open(&["--units", "1"]);
    let mut browser = shop.browser_of("olga");
    assert_eq!(browser.count("header.site nav a[href='/audit'], header.site nav a[href='/people']"), 0);
    browser.expect_message("403");
    for path in ["/audit", "/engineering", "/people", "/batches/new"] {
        browser.goto(path);
        browser.wait_for(".problem");
        browser.wait_for_text("main", "may not");
        browser.check_accessibility();
    }
    browser.shoot_all("forbidden");
    browser.finish();
}
