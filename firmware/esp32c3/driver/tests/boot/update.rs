//! An update into the other slot, its trial, and the ways in which it fails.

use std::rc::Rc;
use std::sync::Arc;

use firstpass_unit_driver::{Exit, Firmware, OtaData, State, WallClock};
use rustls::{ServerConfig, version};
use sha2::{Digest, Sha256};

use crate::broker::{self, PASSWORD, Seen};
use crate::provisioning::session;
use crate::service::{self, Service};
use crate::support::host::{Host, block_on, firmware, stack};
use crate::support::pki::{HOST, Identity, NOW_S, Wanted};
use crate::support::server;
use crate::unit::{self, SLOTS};

fn servers(root: &Identity) -> Arc<ServerConfig> {
    let leaf = root.issue(&Wanted::server());
    server::config(vec![leaf.der()], &leaf.key(), &version::TLS12)
}

fn state(host: &Host) -> (Option<u32>, Option<State>) {
    let table = unit::table(host);
    let data = OtaData::read(&host.flash, &table).unwrap();
    (data.chosen(&table.slots()).map(|slot| slot.offset), data.state())
}

/// Provisions a unit at a service that offers an image under this hash; returns the unit and how the boot ended.
async fn offered(
    host: &Host,
    root: &Identity,
    image: Vec<u8>,
    sha256: String,
) -> (Rc<Service>, Rc<Seen>, Option<Exit>) {
    let stack = stack();
    WallClock::set(NOW_S);
    let seen = Rc::new(Seen::default());
    let broker = broker::start(servers(root), Rc::clone(&seen)).await;
    let service = Rc::new(Service { image, ..Service::default() });
    let leaf = servers(root);
    let size = service.image.len();
    let answer = move |_: &service::Asked| (200, session(broker, PASSWORD, &offer(&sha256, size)));
    let port = service::start(leaf, Rc::clone(&service), answer).await;
    PORT.set(port);
    unit::inject(host, root.pem(), port);
    let exit = unit::boot(host, &firmware(), &stack, seen.answered.notified()).await;
    (service, seen, exit)
}

thread_local! {
    static PORT: std::cell::Cell<u16> = const { std::cell::Cell::new(0) };
}

fn offer(sha256: &str, size: usize) -> String {
    let url = format!("https://{HOST}:{}/firmware/new", PORT.get());
    format!(r#","firmware_url":"{url}","firmware_checksum_sha256":"{sha256}","firmware_size_bytes":{size}"#)
}

#[test]
fn an_update_lands_in_the_other_slot_and_stays_once_it_has_connected() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let host = unit::host(&unit::image(5000, 1));
    // More than two requests long, and no multiple of anything.
    let new = unit::image(600_004, 2);
    block_on(async {
        let (service, seen, exit) = offered(&host, &root, new.clone(), unit::hex(&Sha256::digest(&new))).await;
        assert_eq!(exit, Some(Exit::Restart), "{:?}", host.log.borrow());
        assert_eq!(service.ranges.borrow().len(), 3);
        assert!(host.flash.borrow().0[SLOTS[1] as usize..].starts_with(&new));
        assert_eq!(state(&host), (Some(SLOTS[1]), Some(State::New)));

        // The boot loader starts it on trial.
        let stack = stack();
        WallClock::set(NOW_S);
        OtaData::read(&host.flash, &unit::table(&host)).unwrap().mark(State::Pending).unwrap();
        let running = Firmware { running_at: SLOTS[1], ..firmware() };
        assert_eq!(unit::boot(&host, &running, &stack, seen.answered.notified()).await, None);
        assert_eq!(state(&host), (Some(SLOTS[1]), Some(State::Valid)));
        assert_eq!(seen.pong.borrow_mut().take().unwrap().app_sha256, unit::hash_of(&new));
    });
}

#[test]
fn an_image_that_is_not_the_one_announced_is_not_selected() {
    let root = Identity::self_signed(&Wanted::ca("root"));
    let host = unit::host(&unit::image(5000, 1));
    block_on(async {
        let (_, seen, exit) = offered(&host, &root, unit::image(9000, 2), "ab".repeat(32)).await;
        assert_eq!(exit, None, "the running image goes on");
        assert!(host.said("OTA failed: ESP_ERR_OTA_VALIDATE_FAILED"));
        assert_eq!(state(&host), (None, None));
        assert!(seen.pong.borrow().is_some());
    });
}
