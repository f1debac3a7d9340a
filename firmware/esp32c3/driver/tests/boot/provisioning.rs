//! From an auth code in NVS to an answered ping, and the boot after it.

use std::rc::Rc;
use std::sync::Arc;

use firstpass_contract::nvs;
use firstpass_contract::topics::ONLINE;
use firstpass_unit_driver::{Firmware, WallClock};
use rustls::{ServerConfig, version};

use crate::broker::{self, KEY, PASSWORD, SLUG, Seen, USER};
use crate::service::{self, Service};
use crate::support::host::{block_on, firmware, stack};
use crate::support::pki::{HOST, Identity, NOW_S, Wanted};
use crate::support::server;
use crate::unit::{self, CODE, WORKSPACE};

fn servers(root: &Identity) -> Arc<ServerConfig> {
    let leaf = root.issue(&Wanted::server());
    server::config(vec![leaf.der()], &leaf.key(), &version::TLS13)
}

pub(crate) fn session(broker_port: u16, password: &str, more: &str) -> String {
    format!(
        r#"{{"device_id":"d-1","device_key":"{KEY}","workspace_slug":"{SLUG}","mqtt_host":"{HOST}",
        "mqtt_port":{broker_port},"mqtt_tls":true,"mqtt_username":"{USER}","mqtt_password":"{password}"{more}}}"#
    )
}

/// Whether these bytes are anywhere in the flash.
fn holds(flash: &[u8], text: &str) -> bool {
    flash.windows(text.len()).any(|window| window == text.as_bytes())
}

fn provisions(chunked: bool) {
    let stack = stack();
    WallClock::set(NOW_S);
    let root = Identity::self_signed(&Wanted::ca("root"));
    let app = unit::image(5000, 1);
    let host = unit::host(&app);
    block_on(async {
        let seen = Rc::new(Seen::default());
        let broker = broker::start(servers(&root), Rc::clone(&seen)).await;
        let service = Rc::new(Service { chunked, ..Service::default() });
        let answer = move |_: &service::Asked| (201, session(broker, PASSWORD, ""));
        let port = service::start(servers(&root), Rc::clone(&service), answer).await;
        unit::inject(&host, root.pem(), port);
        assert!(holds(&host.flash.borrow().0, CODE));

        assert_eq!(unit::boot(&host, &firmware(), &stack, seen.answered.notified()).await, None);
        {
            let asked = service.asked.borrow();
            assert_eq!((asked.len(), asked[0].code.as_str()), (1, CODE));
            assert_eq!(asked[0].request.workspace_id, WORKSPACE);
            assert_eq!(asked[0].request.mac.as_deref(), Some("02:00:00:00:00:01"));
        }
        let presence = seen.presence.borrow_mut().take().unwrap();
        assert_eq!((presence.payload.as_slice(), presence.retain), (ONLINE.as_bytes(), true));
        let pong = seen.pong.borrow_mut().take().unwrap();
        assert_eq!((pong.fw_version.as_str(), pong.app_sha256), ("1.2.3", unit::hash_of(&app)));
        assert_eq!(unit::stored(&host, nvs::MQTT_PASSWORD).as_deref(), Some(PASSWORD));
        assert_eq!(unit::stored(&host, nvs::AUTH_CODE), None);
        assert!(!holds(&host.flash.borrow().0, CODE), "the code is gone from the flash, not only from the index");

        // The field image finds the session.
        let field = Firmware { provisions: false, ..firmware() };
        assert_eq!(unit::boot(&host, &field, &stack, seen.answered.notified()).await, None);
        assert_eq!(service.asked.borrow().len(), 1);
        assert!(host.said("provision skipped (no auth code; using stored session)"));
    });
}

#[test]
fn a_new_unit_provisions_connects_and_answers_and_later_skips_https() {
    provisions(false);
}

#[test]
fn an_answer_in_chunks_is_understood() {
    provisions(true);
}

#[test]
fn a_field_image_does_not_use_a_code_that_it_finds() {
    let stack = stack();
    WallClock::set(NOW_S);
    let root = Identity::self_signed(&Wanted::ca("root"));
    let host = unit::host(&unit::image(100, 1));
    block_on(async {
        let service = Rc::new(Service::default());
        let port = service::start(servers(&root), Rc::clone(&service), |_| (500, String::new())).await;
        unit::inject(&host, root.pem(), port);
        let field = Firmware { provisions: false, ..firmware() };
        let said = async {
            while !host.said("provision auth empty and NVS session incomplete") {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(unit::boot(&host, &field, &stack, said).await, None);
        assert!(service.asked.borrow().is_empty());
    });
}

#[test]
fn a_refused_password_is_told_with_the_slow_schedule() {
    let stack = stack();
    WallClock::set(NOW_S);
    let root = Identity::self_signed(&Wanted::ca("root"));
    let host = unit::host(&unit::image(100, 1));
    block_on(async {
        let seen = Rc::new(Seen::default());
        let broker = broker::start(servers(&root), Rc::clone(&seen)).await;
        let answer = move |_: &service::Asked| (200, session(broker, "wrong", ""));
        let port = service::start(servers(&root), Rc::new(Service::default()), answer).await;
        unit::inject(&host, root.pem(), port);
        let said = async {
            while !host.said("MQTT CONNACK auth failure (rc=4) — next reconnect uses 30000 ms backoff") {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(unit::boot(&host, &firmware(), &stack, said).await, None);
        assert!(seen.pong.borrow().is_none());
    });
}
