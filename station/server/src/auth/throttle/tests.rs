//! Guessing waits, whatever it tries, and nobody else does.

use std::net::Ipv4Addr;

use super::*;

const START: Timestamp = Timestamp::from_micros(1_000_000_000_000);

fn from(last: u8, way: Way) -> Attempt {
    Attempt::new(way, "grace", Ipv4Addr::new(192, 0, 2, last).into())
}

#[test]
fn each_wrong_login_doubles_the_wait_up_to_half_a_minute() {
    let waits: Vec<u64> = (0..=12).map(|count| wait_after(count).as_secs()).collect();
    assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(wait_after(u32::MAX), WAIT_MAX);
}

/// Tries, and is wrong.
fn guess(throttle: &Throttle, attempt: &Attempt, now: Timestamp) -> Result<Counted, Duration> {
    throttle.begin(attempt, now).map(|begun| begun.wrong(now))
}

/// Tries, and knows.
fn know(throttle: &Throttle, attempt: &Attempt, now: Timestamp) -> Result<(), Duration> {
    throttle.begin(attempt, now).map(|begun| begun.right(now))
}

#[test]
fn whoever_guesses_waits_and_nobody_else_does() {
    let throttle = Throttle::default();
    let guesser = from(66, Way::Password);
    let mut now = START;
    for _ in 0..50 {
        if let Err(wait) = guess(&throttle, &guesser, now) {
            assert!(wait <= WAIT_MAX);
            now = now.plus(wait);
            assert!(guess(&throttle, &guesser, now).is_ok(), "after its wait everybody may try");
        }
    }
    assert_eq!(guess(&throttle, &guesser, now), Err(WAIT_MAX));
    assert!(guess(&throttle, &from(7, Way::Password), now).is_ok(), "from elsewhere");
    assert!(guess(&throttle, &from(66, Way::Badge), now).is_ok(), "with the badge");
    assert!(know(&throttle, &guesser, now.plus(WAIT_MAX)).is_ok());
    assert!(guess(&throttle, &guesser, now.plus(WAIT_MAX)).is_ok(), "who knew is not held up for what was before");
}

#[test]
fn many_at_the_same_time_get_no_further_than_many_one_after_the_other() {
    let throttle = Throttle::default();
    let guesser = from(66, Way::Password);
    let begun: Vec<_> = (0..100).filter_map(|_| throttle.begin(&guesser, START).ok()).collect();
    assert_eq!(begun.len(), FREE as usize + 1);
    let told = begun.into_iter().map(|begun| begun.wrong(START)).filter(|counted| counted.tell).count();
    assert_eq!(told, 1);
    drop(throttle.begin(&guesser, START.plus(FIRST_WAIT)));
    assert_eq!(guess(&throttle, &guesser, START.plus(FIRST_WAIT)), Err(FIRST_WAIT * 2), "who hangs up was wrong");
}

#[test]
fn what_nobody_has_looked_at_does_not_count() {
    let throttle = Throttle::default();
    for _ in 0..1000 {
        throttle.begin(&from(7, Way::Password), START).unwrap().undone();
    }
    assert_eq!(guess(&throttle, &from(7, Way::Password), START).unwrap().count, 1);
}

#[test]
fn guessing_in_a_wait_does_not_make_it_longer() {
    let throttle = Throttle::default();
    let guesser = from(66, Way::Badge);
    let mut now = START;
    let wait = loop {
        match guess(&throttle, &guesser, now) {
            Err(wait) if wait > FIRST_WAIT => break wait,
            Err(wait) => now = now.plus(wait),
            Ok(_) => {}
        }
    };
    for _ in 0..100 {
        assert_eq!(guess(&throttle, &guesser, now), Err(wait));
    }
    assert!(guess(&throttle, &guesser, now.plus(wait)).is_ok());
}

fn named(name: &str) -> Attempt {
    Attempt::new(Way::Password, name, Ipv4Addr::new(192, 0, 2, 66).into())
}

#[test]
fn one_address_that_tries_every_account_is_held_up_and_who_knew_before_is_not() {
    let throttle = Throttle::default();
    know(&throttle, &named("grace"), START).unwrap();
    let wrong = |n: u32| guess(&throttle, &named(&n.to_string()), START);
    assert_eq!((0..1000).filter(|n| wrong(*n).is_ok()).count(), PER_ADDRESS.burst as usize);
    assert!(wrong(1000).unwrap_err() <= PER_ADDRESS.interval);
    assert!(know(&throttle, &named("ada"), START).is_err(), "nobody knows yet who that is");
    for second in 0..100 {
        let now = START.plus(Duration::from_secs(second));
        while guess(&throttle, &named(&format!("{second}")), now).is_ok() {}
        assert!(know(&throttle, &named("grace"), now).is_ok(), "whatever else is tried from there");
    }
    let guessed = (0..100).filter(|_| guess(&throttle, &named("grace"), START).is_ok()).count();
    assert_eq!(guessed, FREE as usize + 1, "her account is no way around");
}

#[test]
fn right_logins_use_up_nothing_of_an_address() {
    let throttle = Throttle::default();
    for n in 0..1000 {
        assert!(know(&throttle, &named(&n.to_string()), START).is_ok());
    }
    assert!(throttle.pairs().known.len() <= KNOWN_MAX);
}

#[test]
fn who_scans_what_is_no_badge_waits_and_who_scans_badges_does_not() {
    let throttle = Throttle::default();
    let (grace, eve) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
    for _ in 0..1000 {
        assert!(throttle.look_up(grace, START).is_ok());
        throttle.found(grace);
    }
    assert_eq!((0..1000).filter(|_| throttle.look_up(eve, START).is_ok()).count(), SCANS.burst as usize);
    assert!(throttle.look_up(eve, START).unwrap_err().wait <= SCANS.interval);
    assert!(throttle.look_up(grace, START).is_ok());
}

#[test]
fn hosts_of_one_ipv6_network_are_one() {
    let attempt = |text: &str| Attempt::new(Way::Password, "grace", text.parse().unwrap());
    assert_eq!(attempt("2001:db8::1"), attempt("2001:db8::2"));
    assert_ne!(attempt("2001:db8::1"), attempt("2001:db8:0:1::1"));
    assert_eq!(attempt("::ffff:192.0.2.1"), attempt("192.0.2.1"));
}

#[test]
fn a_flood_is_told_in_part_and_kept_in_part() {
    let throttle = Throttle::default();
    let mut told = 0;
    for n in 0..20_000_u32 {
        let attempt = Attempt::new(Way::Password, &(n / 5).to_string(), Ipv4Addr::from(n / 50).into());
        // Each from the address of ten accounts only.
        told += u32::from(guess(&throttle, &attempt, START).is_ok_and(|counted| counted.tell));
    }
    assert_eq!(told, TOLD.burst);
    assert!(throttle.pairs().wrong.len() <= PAIRS_MAX);
}
