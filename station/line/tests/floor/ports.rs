//! Who is in a slot, and which port it has.

use firstpass_device::PortName;
use firstpass_domain::Step;
use firstpass_line::{event::LineEventKind, floor::Floor};

use crate::bench::{Bench, act, refused, slot};

const ONE: &str = "62:55:f9:00:45:01";
const OTHER: &str = "62:55:f9:00:45:02";

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_tells_who_is_in_it_unless_the_unit_is_in_work() {
    let bench = Bench::new();
    let mut life = bench.start(&["A1", "A2"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let _unit = bench.put("A1", ONE);
    let occupant = life.floor.identify(&slot("A1"), &act()).await.unwrap();
    assert_eq!(
        (occupant.mac.to_string(), occupant.chip.starts_with("esp32c3")),
        (ONE.to_owned(), true),
        "{occupant:?}"
    );
    assert!(!refused(life.floor.identify(&slot("A2"), &act()).await).is_empty(), "nobody is there");
    let asked = |name: &str| ("slot.asked", name.to_owned(), "ada".to_owned());
    assert_eq!(
        life.acts().await,
        [asked("A1"), asked("A2")],
        "a unit is reset by whom it was asked, even when none is there"
    );
    life.start(batch, &["A1"]).await.unwrap();
    life.wait("A1", |kind| matches!(kind, LineEventKind::StepBegan { step: Step::Flash, .. })).await;
    assert_eq!(refused(life.floor.identify(&slot("A1"), &act()).await), "unit_in_work");
    assert_eq!(life.verdict("A1").await, None);
    life.until("A1", |place| place.in_work.is_none()).await;
    assert_eq!(
        life.floor.identify(&slot("A1"), &act()).await.unwrap().mac.to_string(),
        ONE,
        "it waits to be taken out"
    );
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_exchange_their_ports_and_keep_them_over_a_restart() {
    let bench = Bench::new();
    let life = bench.start(&["A1", "A2"]).await;
    let batch = life.batch("W1", "lamp", None).await;
    let (first, second) = (bench.slot("A1").port, bench.slot("A2").port);
    life.start(batch, &["A2"]).await.unwrap();
    assert_eq!(refused(life.floor.map(&slot("A1"), &second, &act()).await), "slot_at_work", "A2 is");
    assert_eq!(refused(life.floor.map(&slot("A2"), &first, &act()).await), "slot_at_work");
    life.floor.stop(&slot("A2"), firstpass_line::floor::Stop::Now, &act()).await.unwrap();
    life.floor.map(&slot("A1"), &second, &act()).await.unwrap();
    for name in ["", "ttyUSB0", "/dev/tty\nUSB0"] {
        assert_eq!(refused(life.floor.map(&slot("A1"), &PortName::new(name), &act()).await), "port_name", "{name:?}");
    }
    life.end().await;
    let life = bench.start(&["A1", "A2"]).await;
    let (one, other) = (life.place("A1"), life.place("A2"));
    assert_eq!((&one.port, &one.configured, &other.port), (&second, &first, &first));
    let mapped = life.acts().await.into_iter().filter(|(kind, ..)| *kind == "slot.mapped");
    assert_eq!(
        mapped.map(|(_, slot, by)| (slot, by)).collect::<Vec<_>>(),
        [("A1".to_owned(), "ada".to_owned()), ("A2".to_owned(), "ada".to_owned())]
    );
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_slots_with_one_port_do_not_work() {
    let bench = Bench::new();
    let mut twin = bench.slot("A2");
    twin.port = bench.slot("A1").port;
    let life = bench.start_with(vec![bench.slot("A1"), twin]).await;
    let batch = life.batch("W1", "lamp", None).await;
    assert_eq!(refused(life.start(batch, &["A1"]).await), "ports_twice");
    let _unit = bench.put("A3", OTHER);
    // By another name of the same device, too.
    let link = bench.path().join("another-name");
    std::os::unix::fs::symlink(bench.path().join("A3.tty"), &link).unwrap();
    life.floor.map(&slot("A2"), &PortName::new(&link), &act()).await.unwrap();
    life.start(batch, &["A1"]).await.unwrap();
    life.floor.stop(&slot("A1"), firstpass_line::floor::Stop::Now, &act()).await.unwrap();
    life.floor.map(&slot("A1"), &bench.slot("A3").port, &act()).await.unwrap();
    assert_eq!(life.place("A2").port, bench.slot("A1").port, "it was exchanged, and not shared");
    life.end().await;
}
