//! A walk through every page, on every screen, light and dark: nothing is complained of, and everybody can use it.

use tests::browser::Browser;

use crate::shop::Shop;

/// Looks at a page: pictures of it on both screens, light and dark, and what axe-core says of it in both.
#[track_caller]
fn look(browser: &Browser, path: &str, name: &str) {
    browser.goto(path);
    browser.wait_for("main h1, main h2, main form");
    browser.shoot_all(name);
    browser.check_accessibility();
    browser.check();
}

#[test]
fn every_page_is_clean_and_accessible_to_an_administrator() {
    let mut shop = Shop::open(&["--units", "8", "--fault", "3=no-network"]);
    shop.process.wait_for_event("passed", |_| true);
    shop.process.wait_for_event("failed", |_| true);
    let browser = shop.browser_of("ada");
    for (path, name) in [
        ("/line", "line"),
        ("/batches", "batches"),
        ("/units", "units"),
        ("/audit", "audit"),
        ("/engineering", "engineering"),
        ("/people", "people"),
        ("/account", "account"),
        ("/api", "api"),
        ("/line/commands", "commands"),
    ] {
        look(&browser, path, name);
    }
    browser.finish();
}
