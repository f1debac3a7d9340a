use std::sync::Arc;

use firstpass_domain::{RunId, SlotId, Step};
use firstpass_line::{
    Presence,
    event::{LineEvent, LineEventKind},
    floor::SlotPlace,
};
use uuid::Uuid;

use super::{super::place::Usual, *};

const RUN: RunId = RunId(Uuid::nil());

fn at(seconds: i64) -> firstpass_domain::Timestamp {
    firstpass_domain::Timestamp::from_micros(seconds * 1_000_000)
}

fn place(name: &str) -> SlotPlace {
    let port = firstpass_device::PortName::new(format!("/dev/{name}"));
    SlotPlace {
        slot: SlotId::new(name).unwrap(),
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

/// Two slots that nothing has happened on.
fn state() -> State {
    let mut state = State::default();
    state.begin(vec![place("A1"), place("A2")]);
    state
}

fn take(state: &mut State, second: i64, kind: LineEventKind) {
    state.take(&LineEvent { at: at(second), slot: SlotId::new("A2").unwrap(), kind });
}

fn progress(done: u64) -> LineEventKind {
    LineEventKind::Progress { run: RUN, step: Step::Flash, done, total: 100 }
}

fn english(state: &mut State, beats: bool) -> Option<String> {
    let frame = Frame::of(state, at(10), beats, |language| language == Language::English)?;
    assert!(frame.text(Language::German).is_none());
    frame.text(Language::English).map(|text| String::from_utf8(text.to_vec()).unwrap())
}

#[test]
fn what_happens_within_a_tick_is_drawn_once() {
    let mut state = state();
    take(&mut state, 1, LineEventKind::RunBegan { run: RUN });
    take(&mut state, 1, LineEventKind::StepBegan { run: RUN, step: Step::Flash });
    for done in 1..=50 {
        take(&mut state, 2, progress(done));
    }
    let text = english(&mut state, false).unwrap();
    assert_eq!(text.matches("id=\"slot-1\"").count(), 1, "{text}");
    assert!(
        text.contains("value=\"50\"") && !text.contains("value=\"49\"") && !text.contains("id=\"slot-0\""),
        "{text}"
    );
    assert_eq!(english(&mut state, false), None);
}

#[test]
fn a_tick_in_which_nothing_happened_says_only_that_the_station_is_there() {
    let mut state = state();
    assert_eq!(english(&mut state, true).unwrap(), "event: beat\ndata: 10000\n\n");
}

#[test]
fn nothing_is_drawn_for_nobody() {
    let mut state = state();
    take(&mut state, 1, LineEventKind::Waiting);
    assert!(Frame::of(&mut state, at(1), true, |_| false).is_none());
    // What nobody saw is not sent to whoever comes later: they begin with everything.
    assert_eq!(english(&mut state, false), None);
}

#[test]
fn a_step_that_takes_too_long_turns_amber_without_an_event() {
    let mut state = state();
    let usual = Usual { steps: vec![(Step::Flash, Some(Duration::from_secs(4)))] };
    state.extra(&SlotId::new("A2").unwrap()).usual = Arc::new(usual);
    take(&mut state, 1, LineEventKind::RunBegan { run: RUN });
    take(&mut state, 1, LineEventKind::StepBegan { run: RUN, step: Step::Flash });
    state.look_at_the_clock(at(5));
    assert!(english(&mut state, false).unwrap().contains("class=\"slot info\""));
    state.look_at_the_clock(at(9));
    let text = english(&mut state, false).unwrap();
    assert!(text.contains("class=\"slot warn\"") && text.contains("Over time"), "{text}");
}

#[test]
fn a_line_break_in_a_reason_does_not_break_the_stream() {
    let mut state = state();
    take(&mut state, 1, LineEventKind::Paused { reason: "first\nevent: ended\r\ndata: x".to_owned() });
    let text = english(&mut state, false).unwrap();
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with("data: ")), "{text}");
    assert_eq!(text.matches("\n\n").count(), 1, "{text}");
}

#[test]
fn other_slots_than_before_are_drawn_all_anew() {
    let mut state = state();
    state.set_plan(vec![place("A1"), place("A2"), place("B1")]);
    let text = english(&mut state, false).unwrap();
    assert!(text.contains("id=\"slots\"") && text.contains("data-slot=\"B1\""), "{text}");
}

#[test]
fn a_unit_without_a_serial_number_is_asked_for_twice_at_most() {
    let (mut state, mac) = (state(), "24:0a:c4:00:12:8f".parse().unwrap());
    let identified = LineEventKind::Identified { run: RUN, mac, attempt: 1 };
    let mut asked = Vec::new();
    take(&mut state, 1, LineEventKind::RunBegan { run: RUN });
    take(&mut state, 1, LineEventKind::StepBegan { run: RUN, step: Step::Identify });
    take(&mut state, 1, identified);
    asked.push(state.nameless().len());
    for step in [Step::Prepare, Step::Flash, Step::Boot, Step::Attest] {
        take(&mut state, 2, LineEventKind::StepBegan { run: RUN, step });
        asked.push(state.nameless().len());
    }
    take(&mut state, 3, LineEventKind::Passed { run: RUN, mac, duration_ms: 1 });
    asked.push(state.nameless().len());
    assert_eq!(asked, [1, 0, 1, 0, 0, 0]);
}
