use std::io::Write;
use std::path::Path;

use serialport::SerialPort;

use super::*;
use crate::{Leases, PortName};

/// A capture of one end of a pseudo-terminal; the other end is the unit.
fn capture(log: &Path, token: &CancellationToken) -> (TTYPort, UartCapture, mpsc::Receiver<UartEvent>) {
    let (unit, port) = TTYPort::pair().unwrap();
    let lease = Leases::new().try_acquire(&PortName::new(port.name().unwrap())).unwrap();
    let (capture, events) = start(port, lease, Log::open(log).unwrap(), token);
    (unit, capture, events)
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
    assert_eq!(events.blocking_recv(), Some(UartEvent::Fact(UartFact::FirstByte)));
    for _ in 0..count {
        assert_eq!(events.blocking_recv(), Some(UartEvent::Fact(UartFact::MqttConnected)));
    }
    drop(capture.stop());
    drop(writer.join().unwrap());
    assert_eq!(events.blocking_recv(), None);
    assert_eq!(std::fs::read(log).unwrap(), CONNECTED.repeat(count));
}

#[test]
fn a_capture_that_is_held_up_stops_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let token = CancellationToken::new();
    let (mut unit, capture, events) = capture(&folder.path().join("uart.log"), &token);
    (0..2 * EVENTS_MAX).for_each(|_| unit.write_all(CONNECTED).unwrap());
    token.cancel();
    drop(capture.stop());
    assert!(events.len() <= EVENTS_MAX);
}

#[test]
fn a_full_disk_ends_the_capture_as_the_stations_fault() {
    let (mut unit, capture, mut events) = capture(Path::new("/dev/full"), &CancellationToken::new());
    unit.write_all(CONNECTED).unwrap();
    let Some(UartEvent::Ended(CaptureEnd::Log { detail })) = events.blocking_recv() else { panic!("no end") };
    assert!(detail.starts_with("could not write the log file /dev/full"), "{detail}");
    drop(capture);
}
