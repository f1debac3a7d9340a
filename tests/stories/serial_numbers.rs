//! Serial numbers come from a pattern with a check digit, each is given exactly once, and every one is accounted for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::{Injection, Product, Station, VirtualUnit};

const SLOTS: usize = 8;

fn mac(number: usize) -> String {
    format!("62:55:f9:00:28:{number:02x}")
}

#[test]
fn eight_slots_at_once_get_numbers_without_a_gap_and_each_is_accounted_for() {
    let (station, product) = (Station::new(), Product::new());
    let pattern = ("serial_prefix = \"FP\"", "serial = \"FP{yy}-{number:05}{luhn}\"");
    let recipe = product.recipe(Injection::Nvs, &[pattern]);
    // One fails for good, and one only the first time: its number stays its own.
    let fault = |number| match number {
        1 => &["--fault", "bad-md5"][..],
        2 => &["--fault", "wrong-topics"],
        _ => &[],
    };
    let unit = |number| VirtualUnit::start(product.folder(), &format!("A{number}"), &mac(number), fault(number));
    let units: Vec<VirtualUnit> = (1..=SLOTS).map(unit).collect();
    let all: Vec<&VirtualUnit> = units.iter().collect();
    station.flash(&recipe, &all, &[]).expect_code(1).expect_counts(6, 2);
    units[1].order(r#"{"op":"fault","clear":true}"#);
    station.flash(&recipe, &[&units[1]], &[]).expect_code(0).expect_counts(1, 0);

    let listed = station.json(["serials", "list"]).expect_code(0);
    let rows: Vec<Value> = listed.objects().into_iter().filter(|row| row["event"].is_null()).collect();
    let serials: BTreeSet<&str> = rows.iter().map(|row| row["serial"].as_str().unwrap()).collect();
    assert_eq!((rows.len(), serials.len()), (SLOTS, SLOTS), "{}", listed.stdout);
    let numbers: BTreeSet<u32> = serials.iter().map(|serial| number_of(serial)).collect();
    assert_eq!(numbers, (1..=8).collect(), "no gap");
    assert!(serials.iter().all(|serial| is_luhn(serial)), "{serials:?}");
    for row in &rows {
        let fate = if row["mac"] == mac(1) { "failed" } else { "passed" };
        assert_eq!(row["fate"], fate, "{row}");
        assert_eq!(station.unit(row["mac"].as_str().unwrap()).serial(), row["serial"].as_str(), "{row}");
    }
    let summary = listed.last();
    assert_eq!(
        (&summary["given"], &summary["fates"]["passed"], &summary["fates"]["failed"]),
        (&8.into(), &7.into(), &1.into())
    );
    assert_eq!(station.audit().distinct("serial.allocated", "serial").len(), SLOTS);
}

#[test]
fn a_check_digit_over_letters_stands_on_the_unit_too() {
    let (station, product) = (Station::new(), Product::new());
    let pattern = ("serial_prefix = \"FP\"", "serial = \"LAMP-{number:08}{mod36}\"");
    let recipe = product.recipe(Injection::Session, &[pattern]);
    let unit = VirtualUnit::start(product.folder(), "A1", &mac(1), &[]);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    let on_record = station.unit(&mac(1));
    let serial = on_record.serial().unwrap();
    assert!(serial.starts_with("LAMP-00000001") && is_mod_37_36(serial), "{serial}");
    assert_eq!(tests::find_text(&unit.flash(), serial).len(), 1, "it stands in NVS");
}

#[test]
fn a_pattern_that_cannot_count_is_refused_at_its_place() {
    let product = Product::new();
    for (pattern, words) in [("FP{luhn}", "number"), ("FP{numbr:05}", "numbr"), ("FP{luhn}{number:05}", "luhn")] {
        let pattern = format!("serial = {pattern:?}");
        let recipe = product.recipe(Injection::Nvs, &[("serial_prefix = \"FP\"", &pattern)]);
        let file = recipe.display().to_string();
        let problem = Station::new().json(["recipe", "check", &file]).expect_code(2).problem().to_string();
        assert!(problem.contains(words) && problem.contains("line "), "{pattern}: {problem}");
    }
}

/// The counted part: the five digits before the check digit.
fn number_of(serial: &str) -> u32 {
    let (_, digits) = serial.split_once('-').unwrap();
    digits[..5].parse().unwrap()
}

/// ISO/IEC 7812-1: with the check digit, the sum of the digits, every second one from the right doubled, is a multiple
/// of ten.
fn is_luhn(serial: &str) -> bool {
    let digits = serial.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let doubled = BTreeMap::from([(0, 0), (1, 2), (2, 4), (3, 6), (4, 8), (5, 1), (6, 3), (7, 5), (8, 7), (9, 9)]);
    let sum: u32 = digits.map(|(index, digit)| if index % 2 == 1 { doubled[&digit] } else { digit }).sum();
    sum.is_multiple_of(10)
}

/// ISO/IEC 7064, MOD 37,36: the whole text with its check character leaves 1.
fn is_mod_37_36(serial: &str) -> bool {
    let values: Vec<u32> = serial.chars().filter_map(|c| c.to_digit(36)).collect();
    let (check, body) = values.split_last().unwrap();
    let step = |product: u32, value: &u32| {
        let sum = (product + value) % 36;
        (if sum == 0 { 36 } else { sum }) * 2 % 37
    };
    (body.iter().fold(36, step) + check) % 36 == 1
}
