use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use serialport::SerialPort;

use super::*;
use crate::{Leases, PortName};

/// A capture of one end of a pseudo-terminal; the other end is the unit.
fn capture(log: &Path, token: &CancellationToken) -> (TTYPort, UartCapture, mpsc::Receiver<Heard>) {
    let (unit, port) = TTYPort::pair().unwrap();
    let lease = Leases::new().try_acquire(&PortName::new(port.name().unwrap())).unwrap();
    let (capture, events) = start(port, lease, Log::open(log).unwrap(), Redactor::default(), clock(), token);
    (unit, capture, events)
}

fn clock() -> Clock {
    Arc::new(|| Timestamp::from_micros(1))
}

fn next(events: &mut mpsc::Receiver<Heard>) -> Option<UartEvent> {
    events.blocking_recv().map(|heard| heard.event)
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

fn read(log: &Path) -> Vec<u8> {
    std::fs::read(log).unwrap()
}

const CONNECTED: &[u8] = b"I (9) iotmer_client: MQTT connected\r\n";

#[test]
fn a_line_that_listens_late_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("uart.log");
    let (mut unit, capture, mut events) = capture(&log, &CancellationToken::new());
    let count = 3 * EVENTS_MAX;
    let writer = thread::spawn(move || {
        (0..count).for_each(|_| unit.write_all(CONNECTED).unwrap());
        unit
    });
    assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::FirstByte)));
    for _ in 0..count {
        assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::MqttConnected)));
    }
    drop(capture.stop());
    drop(writer.join().unwrap());
    assert_eq!(events.blocking_recv(), None);
    assert_eq!(std::fs::read(log).unwrap(), CONNECTED.repeat(count));
}

#[test]
fn a_capture_that_is_held_up_stops_all_the_same_and_keeps_every_fact() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("uart.log");
    let (mut unit, capture, mut events) = capture(&log, &CancellationToken::new());
    // With the first byte, these are all that may wait; the next line holds the capture up.
    unit.write_all(&CONNECTED.repeat(EVENTS_MAX - 1)).unwrap();
    wait_until(|| events.len() == EVENTS_MAX);
    unit.write_all(&CONNECTED.repeat(50)).unwrap();
    wait_until(|| read(&log).len() >= CONNECTED.len() * EVENTS_MAX);
    assert_eq!(events.len(), EVENTS_MAX, "nobody has listened so far");

    drop(capture.stop());
    let lines = read(&log).iter().filter(|byte| **byte == b'\n').count();
    let facts = std::iter::from_fn(|| events.try_recv().ok()).collect::<Vec<_>>();
    assert!(lines >= EVENTS_MAX);
    assert_eq!(facts.len(), 1 + lines, "every line that was read is a fact");
}

#[test]
fn what_has_arrived_when_the_capture_is_stopped_is_still_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("uart.log");
    let token = CancellationToken::new();
    token.cancel();
    let (mut unit, port) = TTYPort::pair().unwrap();
    unit.write_all(CONNECTED).unwrap();
    wait_until(|| port.bytes_to_read().unwrap() as usize == CONNECTED.len());
    let lease = Leases::new().try_acquire(&PortName::new(port.name().unwrap())).unwrap();
    let (capture, mut events) = start(port, lease, Log::open(&log).unwrap(), Redactor::default(), clock(), &token);
    drop(capture.stop());
    assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::FirstByte)));
    assert_eq!(next(&mut events), Some(UartEvent::Fact(UartFact::MqttConnected)));
    assert_eq!(read(&log), CONNECTED);
}

#[test]
fn what_is_said_keeps_the_time_at_which_it_was_read_however_late_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("uart.log");
    let (mut unit, port) = TTYPort::pair().unwrap();
    let lease = Leases::new().try_acquire(&PortName::new(port.name().unwrap())).unwrap();
    let time = Arc::new(AtomicI64::new(1));
    let shown = Arc::clone(&time);
    let clock: Clock = Arc::new(move || Timestamp::from_micros(shown.load(Ordering::SeqCst)));
    let token = CancellationToken::new();
    let (capture, mut events) = start(port, lease, Log::open(&log).unwrap(), Redactor::default(), clock, &token);
    unit.write_all(CONNECTED).unwrap();
    wait_until(|| events.len() == 2);
    time.store(2, Ordering::SeqCst);
    unit.write_all(CONNECTED).unwrap();
    wait_until(|| events.len() == 3);
    time.store(3, Ordering::SeqCst);
    drop(capture.stop());
    let times = std::iter::from_fn(|| events.blocking_recv()).map(|heard| heard.at.as_micros());
    assert_eq!(times.collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn a_log_file_is_for_the_station_only() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("uart.log");
    drop(Log::open(&log).unwrap());
    assert_eq!(log.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_full_disk_ends_the_capture_as_the_stations_fault() {
    let (mut unit, capture, mut events) = capture(Path::new("/dev/full"), &CancellationToken::new());
    unit.write_all(CONNECTED).unwrap();
    let Some(UartEvent::Ended(CaptureEnd::Log { detail })) = next(&mut events) else { panic!("no end") };
    assert!(detail.starts_with("could not write the log file /dev/full"), "{detail}");
    drop(capture);
}
