//! The harness itself: it sees what it must see.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use tests::browser::Browser;

/// Serves one page for ever, to whoever asks.
fn serve(page: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let policy = "Content-Security-Policy: default-src 'self'";
            let length = page.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n{policy}\r\n\r\n{page}"
            );
        }
    });
    origin
}

#[test]
fn a_clean_page_is_clean() {
    let browser = Browser::open(&serve("<!doctype html><html lang=en><title>t</title><main><h1>Clean</h1></main>"));
    browser.goto("/");
    browser.wait_for_text("h1", "clean");
    browser.check_accessibility();
    browser.shoot_all("harness");
    browser.finish();
}

#[test]
#[should_panic(expected = "the browser complains")]
fn a_script_that_the_policy_forbids_is_a_complaint() {
    let browser = Browser::open(&serve("<!doctype html><title>t</title><h1>x</h1><script>let a = 1;</script>"));
    browser.goto("/");
    browser.wait_for("h1");
    browser.finish();
}

#[test]
#[should_panic(expected = "a request leaves the station")]
fn a_request_to_elsewhere_is_a_complaint() {
    let browser =
        Browser::open(&serve("<!doctype html><title>t</title><h1>x</h1><a href='http://127.0.0.1:9/'>away</a>"));
    browser.goto("/");
    browser.click("a");
    browser.finish();
}

#[test]
#[should_panic(expected = "is not accessible")]
fn a_field_without_a_label_is_found() {
    let browser = Browser::open(&serve("<!doctype html><html lang=en><title>t</title><main><h1>x</h1><input></main>"));
    browser.goto("/");
    browser.wait_for("input");
    browser.check_accessibility();
}
