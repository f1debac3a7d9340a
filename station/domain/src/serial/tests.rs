use super::*;

/// Noon of 2026-11-21, a Saturday of week 47.
const NOON: Timestamp = Timestamp::from_micros(1_795_262_400_000_000);
/// 2027-01-01, a Friday of week 53 of 2026.
const NEW_YEAR: Timestamp = Timestamp::from_micros(1_798_761_600_000_000);
/// 2024-12-30, a Monday of week 1 of 2025.
const EARLY_WEEK: Timestamp = Timestamp::from_micros(1_735_516_800_000_000);

fn serial(pattern: &str, number: u64, at: Timestamp) -> String {
    pattern.parse::<SerialPattern>().unwrap().serial(number, at).unwrap().to_string()
}

#[test]
fn a_pattern_makes_the_serial_numbers_that_it_shows() {
    for (pattern, number, at, expected) in [
        ("FP{number:08}", 1, NOON, "FP00000001"),
        ("{number:01}", 42, NOON, "42"),
        ("FP{yy}{ww}-{number:05}", 7, NOON, "FP2647-00007"),
        ("{yyyy}{mm}/{number:03}", 7, NOON, "202611/007"),
        ("{yy}{ww}{number:02}", 1, NEW_YEAR, "265301"),
        ("{yy}{mm}{number:02}", 1, NEW_YEAR, "270101"),
        ("{yyyy}{ww}{number:02}", 1, EARLY_WEEK, "20250101"),
        ("A{number:03}", 1000, NOON, "A1000"),
        // 7992739871 and its check digit 3 is the usual example of Luhn's rule.
        ("799273{number:04}{luhn}", 9871, NOON, "79927398713"),
        // An identifier from the GRid standard, which uses MOD 37,36.
        ("A1-2425G-ABC{number:07}-{mod36}", 1_234_002, NOON, "A1-2425G-ABC1234002-M"),
    ] {
        assert_eq!(serial(pattern, number, at), expected, "{pattern}");
    }
}

#[test]
fn a_pattern_prints_as_it_was_written() {
    let text = "FP{yy}{ww}-{number:05}{luhn}";
    let pattern: SerialPattern = text.parse().unwrap();
    assert_eq!(pattern.to_string(), text);
    let json = serde_json::to_string(&pattern).unwrap();
    assert_eq!(serde_json::from_str::<SerialPattern>(&json).unwrap(), pattern);
}

#[test]
fn what_is_wrong_with_a_pattern_is_named_with_its_place() {
    for (pattern, message) in [
        ("FP {number:08}", "character 3: ' ' is no letter, digit, '-', '_', '.' or '/'"),
        ("FP}{number:08}", "character 3: '}' is no letter"),
        ("Ü{number:08}", "character 1: 'Ü' is no letter"),
        ("FP{number:08", "character 3: the field is not closed with '}'"),
        ("FP{nummer}{number:08}", "character 3: {nummer} is none of {number:01} to {number:12}, {yyyy}"),
        ("FP{number:8}", "character 3: {number:8} is none of"),
        ("FP{number:13}", "character 3: {number:13} is none of"),
        ("FP{number:00}", "character 3: {number:00} is none of"),
        ("FP{number:+1}", "character 3: {number:+1} is none of"),
        ("{number:02}{number:02}", "character 12: the number may stand only once"),
        ("FP", "character 3: without {number:08} or the like"),
        ("", "character 1: without {number:08} or the like"),
        ("{mm}{number:02}{ww}", "character 16: {mm} and {ww} do not go together"),
        ("{number:02}{luhn}X", "character 18: the check digit must stand last"),
        ("{number:02}{luhn}{mod36}", "character 18: the check digit must stand last"),
        ("FpX{number:02}{mod36}", "character 2: {mod36} checks capital letters and digits; 'p' is a small letter"),
    ] {
        let error = pattern.parse::<SerialPattern>().unwrap_err().to_string();
        assert!(error.contains(message), "{pattern}: {error}");
    }
    let long = format!("{}{{number:01}}", "A".repeat(53));
    let error = long.parse::<SerialPattern>().unwrap_err();
    assert_eq!(error.fault, PatternFault::TooLong);
    assert!(long[1..].parse::<SerialPattern>().is_ok());
}

#[test]
fn a_check_digit_notices_every_single_wrong_character_that_it_covers() {
    for (pattern, alphabet) in
        [("FP{number:06}{luhn}", "0123456789"), ("FP{number:06}{mod36}", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")]
    {
        let pattern: SerialPattern = pattern.parse().unwrap();
        for number in [0, 1, 90_909, 123_456, 999_999] {
            let right = pattern.serial(number, NOON).unwrap();
            assert!(pattern.is_intact(&right), "{right}");
            for (at, was) in right.as_str().char_indices().filter(|(_, c)| alphabet.contains(*c)) {
                for wrong in alphabet.chars().filter(|c| *c != was) {
                    let mut text = right.to_string();
                    text.replace_range(at..=at, wrong.encode_utf8(&mut [0; 4]));
                    assert!(!pattern.is_intact(&SerialNumber::new(text.clone()).unwrap()), "{text} for {right}");
                }
            }
        }
    }
}

#[test]
fn a_pattern_counts_by_itself_and_a_plain_prefix_by_its_prefix() {
    for (pattern, counter) in [
        ("FP{number:08}", "FP"),
        ("{number:08}", ""),
        ("FP{number:07}", "FP{number:07}"),
        ("FP{number:08}{luhn}", "FP{number:08}{luhn}"),
        ("FP{yy}{number:08}", "FP{yy}{number:08}"),
    ] {
        assert_eq!(pattern.parse::<SerialPattern>().unwrap().counter(), counter);
    }
    assert_eq!(SerialPattern::numbered("FP").unwrap(), "FP{number:08}".parse().unwrap());
}

#[test]
fn numbers_end_with_twelve_digits() {
    let pattern = SerialPattern::numbered("FP").unwrap();
    assert_eq!(pattern.serial(NUMBER_MAX, NOON).unwrap().as_str(), "FP999999999999");
    assert_eq!(pattern.serial(NUMBER_MAX + 1, NOON), None);
}
