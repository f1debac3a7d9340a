//! Shows what happens on the slots: bars on a terminal, plain lines otherwise, or JSON.

use std::collections::HashMap;

use firstpass_domain::{Language, SlotId};
use firstpass_line::event::{LineEvent, LineEventKind};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::{sync::broadcast, task::JoinHandle};

use crate::{language::translate, output::Output};

/// Shows events until the line is dropped.
pub(crate) fn show(output: Output, language: Language, mut events: broadcast::Receiver<LineEvent>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut view = View::new(output, language);
        loop {
            match events.recv().await {
                Ok(event) => view.show(&translated(event, language)),
                // A view may skip; nothing on record depends on it.
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return view.finish(),
            }
        }
    })
}

/// Failures are told in the language that was asked for; all else is the same in every one.
fn translated(mut event: LineEvent, language: Language) -> LineEvent {
    if let LineEventKind::Failed { problem, .. } = &mut event.kind {
        *problem = translate(problem, language);
    }
    event
}

enum View {
    Json(Output),
    Plain(Language),
    Bars(Bars),
}

impl View {
    fn new(output: Output, language: Language) -> Self {
        match (output.is_json(), output.is_live()) {
            (true, _) => Self::Json(output),
            (false, true) => Self::Bars(Bars::default()),
            (false, false) => Self::Plain(language),
        }
    }

    fn show(&mut self, event: &LineEvent) {
        match self {
            Self::Json(output) => output.object(event),
            Self::Plain(language) => {
                if let Some(line) = plain(&event.kind, *language) {
                    eprintln!("slot {:<6} {line}", event.slot.as_str());
                }
            }
            Self::Bars(bars) => bars.show(event),
        }
    }

    fn finish(self) {
        if let Self::Bars(bars) = self {
            bars.bars.values().for_each(|bar| bar.abandon());
        }
    }
}

/// One line for people who watch a log; bytes written are not worth one.
fn plain(kind: &LineEventKind, language: Language) -> Option<String> {
    Some(match kind {
        LineEventKind::Waiting => "waiting for a unit".to_owned(),
        LineEventKind::RunBegan { run } => format!("run {run}"),
        LineEventKind::Identified { mac, attempt, .. } => format!("unit {mac}, attempt {attempt}"),
        LineEventKind::StepBegan { .. } | LineEventKind::Progress { .. } => return None,
        LineEventKind::StepEnded { step, duration_ms, .. } => format!("{step} done in {duration_ms} ms"),
        LineEventKind::Passed { mac, duration_ms, .. } => format!("PASSED {mac} in {duration_ms} ms"),
        LineEventKind::Failed { step, problem, .. } => format!("FAILED in {step}: {}", problem.told(language)),
        LineEventKind::Retrying { retry, max, code, .. } => format!("retry {retry} of {max} after {code}"),
        LineEventKind::BaudReduced { from, to, .. } => format!("{from} baud does not hold; goes on at {to}"),
        LineEventKind::Paused { reason } => format!("PAUSED: {reason}"),
        LineEventKind::BatchClosed { reason } => format!("the batch is closed: {reason}"),
        LineEventKind::SlotStopped { problem } => format!("STOPPED: {}", problem.told(Language::English)),
        LineEventKind::SlotResumed => "goes on".to_owned(),
        LineEventKind::SlotStarted { batch, by } => format!("works on {batch}, started by {by}"),
        LineEventKind::SlotStopping { by } => format!("{by} stops it after this unit"),
        LineEventKind::SlotEnded { by: Some(by), .. } => format!("was stopped by {by}"),
        LineEventKind::SlotEnded { by: None, .. } => "works on no batch".to_owned(),
    })
}

#[derive(Default)]
struct Bars {
    all: MultiProgress,
    bars: HashMap<SlotId, ProgressBar>,
}

/// Bytes in a bar that stands for a step without bytes.
const STEP_WITHOUT_BYTES: u64 = 1;

impl Bars {
    fn show(&mut self, event: &LineEvent) {
        let bar = self.bars.entry(event.slot.clone()).or_insert_with(|| new_bar(&self.all, &event.slot));
        match &event.kind {
            LineEventKind::Waiting => bar.set_message("waiting for a unit"),
            LineEventKind::RunBegan { .. } => bar.reset(),
            LineEventKind::Identified { mac, .. } => bar.set_message(format!("{mac}")),
            LineEventKind::StepBegan { step, .. } => {
                bar.set_length(STEP_WITHOUT_BYTES);
                bar.set_position(0);
                bar.set_message(step.to_string());
            }
            LineEventKind::Progress { step, done, total, .. } => {
                bar.set_length(*total);
                bar.set_position(*done);
                bar.set_message(step.to_string());
            }
            LineEventKind::StepEnded { .. } => bar.set_position(bar.length().unwrap_or(STEP_WITHOUT_BYTES)),
            LineEventKind::Passed { mac, .. } => bar.set_message(format!("PASSED {mac}")),
            LineEventKind::Failed { problem, .. } => bar.set_message(format!("FAILED {}", problem.code)),
            LineEventKind::Retrying { retry, max, code, .. } => {
                bar.set_message(format!("retry {retry}/{max} after {code}"));
            }
            LineEventKind::BaudReduced { to, .. } => bar.set_message(format!("goes on at {to} baud")),
            LineEventKind::Paused { reason } => bar.set_message(format!("PAUSED {reason}")),
            LineEventKind::BatchClosed { reason } => bar.set_message(format!("closed: {reason}")),
            LineEventKind::SlotStopped { problem } => bar.set_message(format!("STOPPED {}", problem.code)),
            LineEventKind::SlotResumed => bar.set_message("goes on"),
            LineEventKind::SlotStarted { batch, .. } => bar.set_message(format!("works on {batch}")),
            LineEventKind::SlotStopping { .. } => bar.set_message("stops after this unit"),
            LineEventKind::SlotEnded { .. } => bar.set_message("works on no batch"),
        }
    }
}

fn new_bar(all: &MultiProgress, slot: &SlotId) -> ProgressBar {
    let style = ProgressStyle::with_template("slot {prefix:<6} [{bar:30}] {percent:>3} % {msg} {elapsed}")
        .expect("the template is valid")
        .progress_chars("=> ");
    let bar = all.add(ProgressBar::new(STEP_WITHOUT_BYTES));
    bar.set_style(style);
    bar.set_prefix(slot.to_string());
    bar
}
