//! What the cards of a batch show of figures that are empty, small and large.

use firstpass_domain::{DiagnosisCode, Mac, RunId, RunState, SlotId, StationId, Step, Timestamp};
use firstpass_store::{
    BatchFigures, BatchId, BatchYield, Bucket, Histogram, HourFigures, RunPoint, SlotFigures, StepFigures,
};
use uuid::Uuid;

use super::cards;
use crate::figures::takt::{HOUR_MICROS, Takt};

const BATCH: BatchId = BatchId(Uuid::nil());
const NOW: Timestamp = Timestamp::from_micros(490_000 * HOUR_MICROS);

/// All cards, as on the page.
fn cards_of(figures: &BatchFigures, takt: Option<Takt>) -> String {
    let hours = cards::hours::hours(figures);
    let takt = takt.map(|takt| (takt, cards::hours::TaktSource::Station));
    let cards = [
        cards::pareto::card(BATCH, figures),
        cards::slots::card(BATCH, figures),
        cards::hours::card(&hours, takt, NOW, maud::Markup::default()),
        cards::failures::card(&hours, &figures.recent),
        cards::times::steps(figures),
        cards::times::slots(BATCH, figures),
        cards::cycle::card(figures),
    ];
    cards.map(|card| card.into_string()).concat()
}

fn times(count: u32, around_ms: u64) -> Histogram {
    let part = |at: u64, share: u32| Bucket::beginning(around_ms + at * (around_ms / 16), count * share / 10);
    Histogram { buckets: vec![part(0, 2), part(1, 5), part(2, 2), part(4, 1)] }
}

fn slot(name: u32, passed: u32, diagnoses: &[(DiagnosisCode, u32)]) -> SlotFigures {
    let failed = diagnoses.iter().map(|(_, count)| count).sum();
    SlotFigures {
        station: StationId::new("s1").unwrap(),
        slot: SlotId::new(format!("A{name}")).unwrap(),
        runs: passed + failed,
        passed,
        failed,
        cycle: times(passed, 18_000 + u64::from(name) * 300),
        diagnoses: diagnoses.to_vec(),
        unidentified: vec![(DiagnosisCode::NoAnswer, passed / 200)],
    }
}

fn run(at: u32) -> RunPoint {
    let began = NOW.as_micros() - i64::from(at) * 4_000_000;
    let took =
        19_000_000 + i64::from(at.wrapping_mul(2_654_435_761) % 2_000_000) + if at == 40 { 20_000_000 } else { 0 };
    RunPoint {
        run: RunId(Uuid::from_u128(u128::from(u32::MAX - at))),
        mac: Some(Mac::new([0x60, 0x55, 0xf9, 0, (at / 256) as u8, (at % 256) as u8])),
        station: StationId::new("s1").unwrap(),
        slot: SlotId::new(format!("A{}", at % 8 + 1)).unwrap(),
        began: Timestamp::from_micros(began),
        ended: Some(Timestamp::from_micros(began + took)),
        state: if at % 20 == 7 { RunState::Failed { code: DiagnosisCode::BootSilent } } else { RunState::Passed },
        admitted: true,
        repair: false,
    }
}

/// A batch of about a hundred thousand runs on eight slots, of which the seventh has a bad cable.
fn large() -> BatchFigures {
    use DiagnosisCode::{BootSilent, LinkGarbled, MqttTimedOut, WifiNotFound};
    let usual = [(BootSilent, 310), (LinkGarbled, 120), (MqttTimedOut, 90), (WifiNotFound, 200)];
    let bad = [(BootSilent, 320), (LinkGarbled, 960), (MqttTimedOut, 70), (WifiNotFound, 190)];
    let steps = [
        (Step::Identify, 700),
        (Step::Prepare, 40),
        (Step::Flash, 9_000),
        (Step::Boot, 1_200),
        (Step::Provision, 2_500),
        (Step::Connect, 3_100),
        (Step::Attest, 2_000),
    ];
    let codes = DiagnosisCode::ALL.iter().copied().take(24).zip((1..).map(|at| 4000 / (at * at)));
    BatchFigures {
        yield_: BatchYield {
            units: 98_000,
            first_passed: 92_000,
            passed: 95_500,
            failed: 2_300,
            in_work: 8,
            quarantined: 150,
            scrapped: 42,
            runs: 102_000,
            retests: 4_000,
            interrupted: 31,
            held_places: 3,
            diagnoses: codes.collect(),
        },
        per_step: steps
            .map(|(step, ms)| StepFigures { step, count: 100_000, failed: 12, times: times(100_000, ms) })
            .to_vec(),
        per_slot: (1..=8).map(|name| slot(name, 12_000, if name == 7 { &bad } else { &usual })).collect(),
        throughput: (0..60).map(hour).collect(),
        recent: (0..500).map(run).collect(),
    }
}

fn hour(at: u32) -> HourFigures {
    let began = Timestamp::from_micros(NOW.as_micros() - i64::from(60 - at) * HOUR_MICROS);
    let failed = 50 + at.wrapping_mul(2_654_435_761) % 30 + if at == 41 { 120 } else { 0 };
    HourFigures { began, passed: 1_600 + at % 5 * 20, failed }
}

#[test]
fn a_batch_without_runs_says_what_there_is_to_wait_for() {
    let page = cards_of(&BatchFigures::default(), None);
    assert!(!page.contains("<svg"), "{page}");
    for sentence in ["No run has failed.", "No run has ended on a slot.", "This needs 10 runs that passed."] {
        assert!(page.contains(sentence), "{sentence}");
    }
}

#[test]
fn one_unit_is_drawn_and_no_limits_are_made_of_it() {
    let figures = BatchFigures {
        yield_: BatchYield { units: 1, first_passed: 1, passed: 1, runs: 1, ..BatchYield::default() },
        per_step: vec![StepFigures {
            step: Step::Flash,
            count: 1,
            failed: 0,
            times: Histogram { buckets: vec![Bucket::beginning(9_000, 1)] },
        }],
        per_slot: vec![SlotFigures {
            cycle: Histogram { buckets: vec![Bucket::beginning(18_000, 1)] },
            ..slot(1, 1, &[])
        }],
        throughput: vec![HourFigures { began: NOW, passed: 1, failed: 0 }],
        recent: vec![run(1)],
    };
    let page = cards_of(&figures, None);
    assert_eq!(page.matches("<svg").count(), 4, "hours, slots and both times");
    assert!(page.contains("This needs attempts in three hours"));
    assert_is_sound(&page);
}

#[test]
fn a_large_batch_makes_a_page_of_bounded_size_and_tells_of_the_bad_slot() {
    let page = cards_of(&large(), Takt::planned(1000, 0.5));
    assert_is_sound(&page);
    assert_eq!(page.matches("<svg").count(), 7);
    assert!(page.len() < 250_000, "{}", page.len());
    assert!(page.contains("Slot A7 fails"));
    assert_eq!(page.matches("class=\"problem warn\"").count(), 1);
    assert!(page.contains("link_garbled</a> ("));
    assert!(page.contains("above the limit"));
}

#[test]
fn a_batch_of_less_than_three_hours_is_controlled_by_its_runs() {
    let figures = BatchFigures { recent: (0..500).map(run).collect(), ..BatchFigures::default() };
    let page = cards_of(&figures, None);
    assert!(page.contains("Failed attempts of every 25 in a row"));
    assert!(page.contains("Share of failures in 20 groups, 5.0 % on average; 0 out of the limits."));
    assert_is_sound(&page);
}

#[test]
fn sixty_four_slots_are_drawn_all() {
    let per_slot = (1..=64).map(|name| slot(name, 50, &[(DiagnosisCode::BootSilent, 2)])).collect();
    let page = cards_of(&BatchFigures { per_slot, ..BatchFigures::default() }, None);
    assert_is_sound(&page);
    assert!(page.contains(">A64<") && !page.contains("problem warn"));
}

/// Nothing that a browser cannot draw, and nothing that the content security policy forbids.
fn assert_is_sound(page: &str) {
    for wrong in ["NaN", "inf\"", "inf,", " style=", "<script", " onclick="] {
        assert!(!page.contains(wrong), "{wrong}");
    }
}
