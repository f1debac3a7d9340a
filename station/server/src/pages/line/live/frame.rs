//! What goes to the pages at a tick: one message of the stream with every fragment that changed, then who has passed and
//! failed, then the time. Format: server-sent events, <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

use std::fmt::Write;

use bytes::Bytes;
use firstpass_domain::{Language, Timestamp};
use serde_json::json;

use super::{LANGUAGES, place_of, state::State};

/// A tick in every language in which somebody listens.
pub(super) struct Frame {
    texts: [Option<Bytes>; LANGUAGES],
}

impl Frame {
    /// Draws what has changed, which is forgotten then; `None` when there is nothing to say.
    pub(super) fn of(state: &mut State, now: Timestamp, beats: bool, read: impl Fn(Language) -> bool) -> Option<Self> {
        let mut texts = [const { None }; LANGUAGES];
        for language in Language::ALL.into_iter().filter(|language| read(*language)) {
            let text = draw(state, language, now, beats);
            texts[place_of(language)] = (!text.is_empty()).then(|| Bytes::from(text));
        }
        state.changed.clear();
        state.outcomes.clear();
        (state.strip_changed, state.all_changed) = (false, false);
        texts.iter().any(Option::is_some).then_some(Self { texts })
    }

    /// What is said in this language.
    pub(super) fn text(&self, language: Language) -> Option<Bytes> {
        self.texts[place_of(language)].clone()
    }
}

/// Everything as it stands.
pub(super) fn full(state: &State, language: Language, now: Timestamp) -> Bytes {
    let mut text = String::new();
    message(&mut text, &state.all(language, now).into_string());
    beat(&mut text, now);
    text.into()
}

fn draw(state: &State, language: Language, now: Timestamp, beats: bool) -> String {
    let mut html = String::new();
    if state.strip_changed {
        html.push_str(&state.strip(language).into_string());
    }
    if state.all_changed {
        html.push_str(&state.grid(language, now).into_string());
    } else {
        for (slot, change) in &state.changed {
            if let Some(part) = state.changed_part(slot, *change, language, now) {
                html.push_str(&part.into_string());
            }
        }
    }
    let mut text = String::with_capacity(html.len() + 64);
    if !html.is_empty() {
        message(&mut text, &html);
    }
    for outcome in &state.outcomes {
        let data = json!({ "slot": outcome.slot.as_str(), "passed": outcome.passed });
        let _ = write!(text, "event: outcome\ndata: {data}\n\n");
    }
    if beats {
        beat(&mut text, now);
    }
    text
}

/// A message without a name is swapped into the page.
fn message(text: &mut String, html: &str) {
    for line in html.split(['\n', '\r']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
}

/// The station's clock in milliseconds: the page knows by it that it is live.
fn beat(text: &mut String, now: Timestamp) {
    let _ = write!(text, "event: beat\ndata: {}\n\n", now.as_micros() / 1000);
}
