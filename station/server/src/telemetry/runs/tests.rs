//! What spans events of the line become.

use firstpass_domain::Problem;
use uuid::Uuid;

use super::*;

const RUN_ID: RunId = RunId(Uuid::from_u128(77));
const UNIT: Mac = Mac::new([0x60, 0x55, 0xf9, 0, 0, 1]);

/// The spans of these events on slot A1, a second apart.
fn spans(kinds: Vec<LineEventKind>) -> Vec<Span> {
    let mut runs = Runs::default();
    let batch = Batch { id: BatchId(Uuid::nil()), name: Some("WO-7".to_owned()) };
    let event = |(at, kind)| LineEvent { at: Timestamp::from_micros(at), slot: SlotId::new("A1").unwrap(), kind };
    let events = (1_i64..).map(|second| second * 1_000_000).zip(kinds).map(event);
    events.flat_map(|event| runs.apply(&event, Some(batch.clone()))).collect()
}

fn began() -> [LineEventKind; 3] {
    [
        LineEventKind::RunBegan { run: RUN_ID },
        LineEventKind::Identified { run: RUN_ID, mac: UNIT, attempt: 2 },
        LineEventKind::StepBegan { run: RUN_ID, step: Step::Flash },
    ]
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    span.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| match value {
        Value::Text(text) => text.clone(),
        Value::Whole(number) => number.to_string(),
    })
}

#[test]
fn a_run_that_passes_is_a_span_around_those_of_its_steps() {
    let ended = LineEventKind::StepEnded { run: RUN_ID, step: Step::Flash, duration_ms: 1000 };
    let passed = LineEventKind::Passed { run: RUN_ID, mac: UNIT, duration_ms: 4000 };
    let spans = spans(began().into_iter().chain([ended, passed]).collect());
    let [step, run] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((step.name.as_str(), step.parent, step.error.as_ref()), ("flash", Some(run.id), None));
    assert_eq!((step.began.as_micros(), step.ended.as_micros()), (3_000_000, 4_000_000));
    assert_eq!((run.name.as_str(), run.parent, run.trace), ("run", None, step.trace));
    assert_eq!((run.began.as_micros(), run.ended.as_micros()), (1_000_000, 5_000_000));
    let expected = [
        ("firstpass.slot", "A1"),
        ("firstpass.mac", "60:55:f9:00:00:01"),
        ("firstpass.batch.name", "WO-7"),
        ("firstpass.attempt", "2"),
        ("firstpass.outcome", "passed"),
    ];
    for (name, value) in expected {
        assert_eq!(attribute(run, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!((attribute(run, "firstpass.diagnosis"), &run.error), (None, &None));
}

#[test]
fn a_failure_is_an_error_of_the_run_and_of_the_step_that_was_under_way() {
    let problem =
        Problem { code: "boot_silent".into(), what: "Silent.".into(), why: "seen".into(), remedy: "Look.".into() };
    let failed = LineEventKind::Failed { run: RUN_ID, mac: Some(UNIT), step: Step::Flash, duration_ms: 1, problem };
    let spans = spans(began().into_iter().chain([failed]).collect());
    assert_eq!(spans.len(), 2);
    assert!(spans.iter().all(|span| span.error.as_deref() == Some("Silent.")));
    assert_eq!(attribute(&spans[1], "firstpass.diagnosis").as_deref(), Some("boot_silent"));
}

#[test]
fn a_run_that_was_cut_ends_when_its_slot_is_on_to_something_else() {
    for next in [LineEventKind::Waiting, LineEventKind::RunBegan { run: RunId(Uuid::from_u128(78)) }] {
        let spans = spans(began().into_iter().chain([next]).collect());
        assert_eq!(attribute(&spans[1], "firstpass.outcome").as_deref(), Some("interrupted"));
    }
    assert_eq!(spans(vec![LineEventKind::Waiting, LineEventKind::SlotResumed]), []);
}
