use std::sync::Arc;

use firstpass_domain::{Diagnosis, DiagnosisCode, RunId, SlotId};
use firstpass_line::{
    Presence,
    board::Board,
    event::{LineEvent, LineEventKind},
};
use uuid::Uuid;

use super::{super::place::Usual, *};

const RUN: RunId = RunId(Uuid::nil());

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn plan() -> SlotPlace {
    let port = firstpass_device::PortName::new("/dev/none");
    SlotPlace {
        slot: SlotId::new("A1").unwrap(),
        configured: port.clone(),
        port,
        presence: Presence::Port,
        batch: None,
        stopping: false,
        in_work: None,
        may_retry: false,
        busy: None,
    }
}

fn drawn(kinds: Vec<LineEventKind>, language: Language, late: bool) -> String {
    let (plan, mut board) = (plan(), Board::default());
    let usual =
        Usual { steps: vec![(Step::Flash, Some(Duration::from_secs(40))), (Step::Boot, Some(Duration::from_secs(8)))] };
    let mut extra = Extra { usual: Arc::new(usual), ..Extra::default() };
    for kind in kinds {
        let event = LineEvent { at: at(100), slot: plan.slot.clone(), kind };
        board.apply(&event);
        extra.apply(&event);
    }
    extra.late = late;
    let card = Card { index: 3, plan: &plan, view: board.slots.get(&plan.slot), extra: &extra, now: at(141) };
    card.render(language).into_string()
}

fn failed() -> Vec<LineEventKind> {
    let diagnosis = Diagnosis::new(DiagnosisCode::NoAnswer, Step::Identify, "nothing <on> A1");
    let problem = diagnosis.problem();
    vec![LineEventKind::Failed { run: RUN, mac: None, step: Step::Identify, duration_ms: 3200, problem }]
}

#[test]
fn a_failure_says_what_why_and_what_to_do_in_the_language_of_who_reads() {
    for language in Language::ALL {
        let words = DiagnosisCode::NoAnswer.words(language);
        let html = drawn(failed(), language, false);
        for part in [words.what, words.why, words.remedy, line(language).failed, "no_answer", "nothing &lt;on&gt; A1"] {
            assert!(html.contains(part), "{part:?} in {html}");
        }
    }
}

#[test]
fn every_state_has_a_colour_a_shape_and_a_word_of_its_own() {
    let working =
        || vec![LineEventKind::RunBegan { run: RUN }, LineEventKind::StepBegan { run: RUN, step: Step::Flash }];
    let passed =
        vec![LineEventKind::Passed { run: RUN, mac: "24:0a:c4:00:12:8f".parse().unwrap(), duration_ms: 41_000 }];
    let paused = vec![LineEventKind::Paused { reason: "lunch".to_owned() }];
    let cases = [
        (vec![], false, "idle", "Not started"),
        (vec![LineEventKind::Waiting], false, "idle", "Insert unit"),
        (working(), false, "info", "Working"),
        (working(), true, "warn", "Over time"),
        (passed, false, "ok", "Passed"),
        (failed(), false, "bad", "Failed"),
        (paused, false, "warn", "Paused"),
    ];
    for (kinds, late, tone, word) in cases {
        let html = drawn(kinds, Language::English, late);
        assert!(
            html.contains(&format!("class=\"slot {tone}\"")) && html.contains(&format!(">{word}<")),
            "{word}: {html}"
        );
    }
}

#[test]
fn a_running_unit_shows_its_time_against_the_usual_time_and_how_far_its_step_is() {
    let progress = LineEventKind::Progress { run: RUN, step: Step::Flash, done: 300, total: 1200 };
    let kinds =
        vec![LineEventKind::RunBegan { run: RUN }, LineEventKind::StepBegan { run: RUN, step: Step::Flash }, progress];
    let html = drawn(kinds, Language::English, false);
    for part in [">0:41<", " / 0:48", "value=\"300\" max=\"1200\"", ">Flash<"] {
        assert!(html.contains(part), "{part:?} in {html}");
    }
}

/// Whether the card offers an act.
fn offers(html: &str, act: &str) -> bool {
    html.contains(&format!("data-act=\"{act}\""))
}

fn mac() -> firstpass_domain::Mac {
    "24:0a:c4:00:12:8f".parse().unwrap()
}

/// A run that fails, after what came before it.
fn failing(before: Vec<LineEventKind>, stopped_by: Option<&str>) -> Vec<LineEventKind> {
    let run = [
        LineEventKind::Waiting,
        LineEventKind::RunBegan { run: RUN },
        LineEventKind::Identified { run: RUN, mac: mac(), attempt: 1 },
    ];
    let ended = LineEventKind::SlotEnded { by: stopped_by.map(str::to_owned), at_once: false };
    [before, run.to_vec(), failed(), vec![ended]].concat()
}

#[test]
fn a_slot_that_failed_and_was_stopped_offers_to_start_and_not_to_retry() {
    let started = LineEventKind::SlotStarted { batch: "W1".to_owned(), by: "ada".to_owned() };
    let html = drawn(failing(vec![started], Some("ada")), Language::English, false);
    assert!(offers(&html, "start") && offers(&html, "quarantine") && !offers(&html, "retry"), "{html}");
}

#[test]
fn a_golden_units_check_that_failed_offers_nothing_to_do_with_the_unit() {
    let idle = LineEventKind::SlotEnded { by: None, at_once: false };
    let html = drawn(failing(vec![idle], None), Language::English, false);
    assert!(offers(&html, "start") && !offers(&html, "quarantine") && !offers(&html, "retry"), "{html}");
}
