//! What is said of slots, and what is not.

use super::*;
use DiagnosisCode::{
    BootSilent, Cancelled, FlashVerifyFailed, LinkGarbled, NetworkFailed, NoAnswer, PassedBefore, TlsUnknownCa,
};

fn slot(name: u32, passed: u32, failures: &[(DiagnosisCode, u32)]) -> SlotCounts<u32> {
    SlotCounts { slot: name, passed, failures: failures.to_vec() }
}

/// Seven slots of 96 passes and 4 failures, and one that is looked at.
fn among_others(last: SlotCounts<u32>) -> Health<u32> {
    let mut slots: Vec<_> = (1..8).map(|name| slot(name, 96, &[(BootSilent, 2), (NoAnswer, 2)])).collect();
    slots.push(last);
    compare(&slots).pop().unwrap()
}

#[test]
fn a_slot_with_three_times_the_failures_of_the_others_is_told_with_what_differs() {
    let health = among_others(slot(8, 88, &[(NoAnswer, 10), (BootSilent, 2)]));
    assert_eq!(health.finding, Finding::Fixture);
    assert_eq!(
        (health.usual.here, health.usual.others),
        (Share { part: 12, whole: 100 }, Share { part: 28, whole: 700 })
    );
    assert!((health.found.times().unwrap() - 3.0).abs() < 1e-9);
    assert_eq!(health.excess.iter().map(|excess| excess.code).collect::<Vec<_>>(), [NoAnswer]);
}

#[test]
fn a_slot_where_only_units_fail_is_not_told_to_have_a_bad_cable() {
    let health = among_others(slot(8, 80, &[(NoAnswer, 2), (FlashVerifyFailed, 18)]));
    assert_eq!(health.finding, Finding::Units);
    assert_eq!(health.excess[0].code, FlashVerifyFailed);
}

#[test]
fn what_chance_makes_is_not_told() {
    // Six of a hundred beside four of a hundred, and one of one.
    for failures in [&[(NoAnswer, 4), (BootSilent, 2)][..], &[(LinkGarbled, 1)]] {
        let passed = if failures.len() == 1 { 0 } else { 94 };
        let health = among_others(slot(8, passed, failures));
        assert_eq!((health.finding, health.excess.len()), (Finding::Even, 0), "{health:?}");
    }
}

#[test]
fn a_difference_that_is_sure_and_small_is_not_told() {
    let many = |name, failed| slot(name, 100_000 - failed, &[(NoAnswer, failed)]);
    let slots = [many(1, 4000), many(2, 4000), many(3, 4800)];
    let health = compare(&slots).pop().unwrap();
    assert!(health.usual.chance < 1e-9 && health.finding == Finding::Even, "{health:?}");
}

#[test]
fn failures_that_meet_every_slot_and_runs_that_never_were_do_not_count() {
    let failures = [(NetworkFailed, 30), (TlsUnknownCa, 20), (PassedBefore, 40), (Cancelled, 9), (NoAnswer, 2)];
    let health = among_others(slot(8, 48, &failures));
    // The network's and the recipe's failures were runs; the refused and the cancelled ones were none.
    assert_eq!(health.usual.here, Share { part: 2, whole: 100 });
    assert!(health.usual.chance > 0.5);
}

#[test]
fn failures_that_meet_every_slot_and_are_seen_on_one_only_are_told_as_such() {
    let health = among_others(slot(8, 66, &[(NetworkFailed, 30), (BootSilent, 2), (NoAnswer, 2)]));
    assert_eq!(health.finding, Finding::Elsewhere);
    assert_eq!(health.usual.here, Share { part: 4, whole: 100 });
    assert_eq!(health.found.here, Share { part: 34, whole: 100 });
    assert_eq!(health.excess.iter().map(|excess| excess.code).collect::<Vec<_>>(), [NetworkFailed]);
}

#[test]
fn others_that_never_fail_are_held_against_as_well() {
    let slots = [slot(1, 50, &[]), slot(2, 50, &[]), slot(3, 40, &[(LinkGarbled, 10)])];
    let health = compare(&slots).pop().unwrap();
    assert_eq!((health.finding, health.found.times()), (Finding::Fixture, None));
    assert!(health.found.chance < 0.01);
}

#[test]
fn one_slot_alone_and_no_slot_say_nothing() {
    let alone = compare(&[slot(1, 5, &[(LinkGarbled, 50)])]);
    assert_eq!((alone[0].finding, alone[0].usual.chance), (Finding::Even, 1.0));
    assert!(compare::<u32>(&[]).is_empty());
}

#[test]
fn the_more_slots_are_looked_at_the_surer_a_difference_must_be() {
    let others = |count: u32| (0..count).map(|name| slot(name, 96, &[(NoAnswer, 4)]));
    let of = |count| {
        let mut slots: Vec<_> = others(count).collect();
        slots.push(slot(99, 84, &[(NoAnswer, 16)]));
        compare(&slots).pop().unwrap()
    };
    assert_eq!(of(8).finding, Finding::Fixture);
    assert!(of(63).usual.chance > of(8).usual.chance);
}
