use proptest::prelude::*;

use super::*;

/// The code on a certificate of provisioning.
const CERTIFICATE: &str = "firstpass-certificate-1 unit=24:0a:c4:00:12:8f run=00000000-0000-7000-8000-000000000001 \
                           audit=9223372036854775807 \
                           sha256=0000000000000000000000000000000000000000000000000000000000000000";

fn slots() -> Vec<SlotId> {
    ["A1", "A2", "Rack-2.b", "START", "0123456789ab"].map(|name| SlotId::new(name).unwrap()).to_vec()
}

fn slot(name: &str) -> SlotId {
    SlotId::new(name).unwrap()
}

fn mac() -> Mac {
    "24:0a:c4:00:12:8f".parse().unwrap()
}

#[test]
fn a_scan_is_what_it_looks_like() {
    let cases = [
        ("RETRY", Scan::Command(Command::Retry, None)),
        ("  retry\r\n", Scan::Command(Command::Retry, None)),
        ("RETRY a1", Scan::Command(Command::Retry, Some(slot("A1")))),
        ("stop now", Scan::Command(Command::StopNow, None)),
        ("STOP-NOW A2", Scan::Command(Command::StopNow, Some(slot("A2")))),
        ("stop now rack-2.B", Scan::Command(Command::StopNow, Some(slot("Rack-2.b")))),
        ("CMD:HELP", Scan::Command(Command::Help, None)),
        ("A1", Scan::Slot(slot("A1"))),
        ("rack-2.b", Scan::Slot(slot("Rack-2.b"))),
        ("24:0A:C4:00:12:8F", Scan::Mac(mac())),
        ("240ac400128f", Scan::Mac(mac())),
        ("MAC:24-0a-c4-00-12-8f", Scan::Mac(mac())),
        ("SN:FP-2026-0001", Scan::Unit("FP-2026-0001".to_owned())),
        ("s/n: FP/7", Scan::Unit("FP/7".to_owned())),
        ("WO: 2041", Scan::Order("2041".to_owned())),
        ("BADGE:0099", Scan::Badge("0099".to_owned())),
        ("https://station.local:8443/units/24:0a:c4:00:12:8f", Scan::Mac(mac())),
        ("https://station.local/verify/24%3A0a%3Ac4%3A00%3A12%3A8f?x=1", Scan::Mac(mac())),
        ("https://station.local/units/24:0a:c4:00:12:8f/certificate?seq=17", Scan::Mac(mac())),
        (CERTIFICATE, Scan::Mac(mac())),
        ("HTTP://10.0.0.1/units/FP-7/", Scan::Unit("FP-7".to_owned())),
        ("]C1WO-2041", Scan::Name("WO-2041".to_owned())),
        ("]d2\u{1d}FP-2026-0001", Scan::Name("FP-2026-0001".to_owned())),
        ("WO-2041", Scan::Name("WO-2041".to_owned())),
        ("Order of Tuesday", Scan::Name("Order of Tuesday".to_owned())),
        ("retry the lot of it", Scan::Name("retry the lot of it".to_owned())),
        ("X:Y", Scan::Name("X:Y".to_owned())),
        ("工单-7", Scan::Name("工单-7".to_owned())),
    ];
    for (text, scan) in cases {
        assert_eq!(parse(text, &slots()), Ok(scan), "{text:?}");
    }
}

#[test]
fn a_scan_that_says_nothing_is_refused_with_what_is_wrong_with_it() {
    let long = "x".repeat(SCAN_MAX + 1);
    let cases = [
        ("", ScanError::Empty),
        (" \t\r\n", ScanError::Empty),
        ("WO:", ScanError::Empty),
        (long.as_str(), ScanError::TooLong),
        ("RET\u{1b}RY", ScanError::Garbled),
        ("FP\u{fffd}7", ScanError::Garbled),
    ];
    for (text, error) in cases {
        assert_eq!(parse(text, &slots()), Err(error), "{text:?}");
    }
}

#[test]
fn a_slot_that_is_not_there_is_told_and_never_taken_for_something_else() {
    assert_eq!(parse("SLOT:B9", &slots()), Ok(Scan::NoSlot("B9".to_owned())));
    assert_eq!(parse("RETRY B9", &slots()), Ok(Scan::NoSlot("B9".to_owned())));
    assert_eq!(parse("STOP NOW B9", &slots()), Ok(Scan::NoSlot("B9".to_owned())));
}

#[test]
fn a_slot_that_is_named_like_something_else_is_still_in_reach() {
    assert_eq!(parse("START", &slots()), Ok(Scan::Command(Command::Start, None)));
    assert_eq!(parse("SLOT:START", &slots()), Ok(Scan::Slot(slot("START"))));
    assert_eq!(parse("0123456789AB", &slots()), Ok(Scan::Slot(slot("0123456789ab"))));
}

#[test]
fn every_command_is_read_as_it_is_printed() {
    for command in Command::ALL {
        let none: &[SlotId] = &[];
        assert_eq!(parse(command.word(), none), Ok(Scan::Command(command, None)));
        assert_eq!(parse(&command.word().to_lowercase(), none), Ok(Scan::Command(command, None)));
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reading(text in ".{0,220}") {
        let scan = parse(&text, &slots());
        prop_assert!(scan.is_ok() || text.len() > SCAN_MAX || scan.is_err());
        if let Ok(Scan::Name(name)) = scan {
            prop_assert!(!name.is_empty() && text.contains(&name));
        }
    }
}
