//! The strip above the slots: which work orders are in work, how far they are, how the slots stand.

use firstpass_domain::Language;
use firstpass_line::board::SlotState;
use firstpass_store::{BatchId, BatchState, BatchYield};
use maud::{Markup, html};

use crate::words::{LineWords, fill, line};

/// Most work orders that are drawn; more than one or two on a line are rare.
const ORDERS_MAX: usize = 4;

/// A work order that slots work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// Its id.
    pub(super) id: BatchId,
    /// Its name.
    pub(super) name: String,
    /// What is made.
    pub(super) product: String,
    /// How it stands.
    pub(super) state: BatchState,
    /// Why it stands so.
    pub(super) reason: Option<String>,
    /// How many units were ordered.
    pub(super) quantity: Option<u32>,
    /// How it comes out.
    pub(super) yield_: BatchYield,
}

/// How many slots stand in each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) waiting: u32,
    pub(super) working: u32,
    pub(super) late: u32,
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) paused: u32,
    pub(super) stopped: u32,
    pub(super) idle: u32,
}

impl Counts {
    /// One more slot.
    pub(super) const fn add(&mut self, state: SlotState, late: bool) {
        let count = match state {
            SlotState::Waiting => &mut self.waiting,
            SlotState::Working if late => &mut self.late,
            SlotState::Working => &mut self.working,
            SlotState::Passed => &mut self.passed,
            SlotState::Failed => &mut self.failed,
            SlotState::Paused => &mut self.paused,
            SlotState::Stopped => &mut self.stopped,
            SlotState::Idle => &mut self.idle,
        };
        *count += 1;
    }
}

/// The strip.
pub(super) fn strip(orders: &[Order], counts: Counts, language: Language) -> Markup {
    let words = line(language);
    html! {
        section.strip #strip hx-swap-oob="true" aria-label=(words.work_order) {
            @for order in orders.iter().take(ORDERS_MAX) { (order_row(order, words)) }
            @if orders.is_empty() {
                .job { strong { (words.no_work_order) } span.muted { (words.no_work_order_do) } }
            }
            .counts { (tally(counts, words)) }
        }
    }
}

fn order_row(order: &Order, words: &LineWords) -> Markup {
    let BatchYield { passed, first_passed, .. } = order.yield_;
    let done = match order.quantity {
        Some(quantity) => fill(words.done_of, &[&passed.to_string(), &quantity.to_string()]),
        None => fill(words.done, &[&passed.to_string()]),
    };
    let tried = order.yield_.tried();
    html! {
        .job {
            a.name href={ "/batches/" (order.id.0) } { (order.name) }
            @if !order.product.is_empty() { span.muted.product { (order.product) } }
            @if let Some((tone, word)) = stands(order.state, words) {
                span.badge.(tone) title=[order.reason.as_deref()] { (word) }
            }
            span.done { (done) }
            (bar(order, words))
            @if tried > 0 {
                span.yield_ { (words.first_pass) " " strong { (percent(first_passed, tried)) } }
            }
        }
    }
}

/// A state that a person should see; an open one goes without saying.
const fn stands(state: BatchState, words: &LineWords) -> Option<(&'static str, &'static str)> {
    match state {
        BatchState::Open => None,
        BatchState::Paused => Some(("warn", words.state_paused)),
        BatchState::Closed => Some(("idle", words.state_closed)),
    }
}

/// Passed, failed and set aside, in work, and what is left, as one bar.
fn bar(order: &Order, words: &LineWords) -> Markup {
    let BatchYield { units, passed, failed, quarantined, scrapped, in_work, .. } = order.yield_;
    let bad = failed + quarantined + scrapped;
    let all = order.quantity.unwrap_or(units).max(units).max(1);
    let mut parts = vec![("ok", passed, words.passed), ("bad", bad, words.failed), ("info", in_work, words.in_work)];
    parts.retain(|(_, count, _)| *count > 0);
    let label: Vec<String> = parts.iter().map(|(_, count, word)| format!("{word} {count}")).collect();
    let left = parts.iter().scan(0, |end, (_, count, _)| Some(std::mem::replace(end, *end + count)));
    let bars: Vec<(&str, u32, u32)> = left.zip(&parts).map(|(left, (tone, count, _))| (*tone, left, *count)).collect();
    html! {
        svg.bar viewBox={ "0 0 " (all) " 1" } preserveAspectRatio="none" role="img" aria-label=(label.join(", ")) {
            @for (tone, left, count) in bars {
                rect.(tone) x=(left) y="0" width=(count) height="1" {}
            }
        }
    }
}

fn tally(counts: Counts, words: &LineWords) -> Markup {
    let kinds = [
        ("bad", counts.failed, words.failed),
        ("bad", counts.stopped, words.stopped),
        ("warn", counts.late, words.late),
        ("warn", counts.paused, words.paused),
        ("info", counts.working, words.working),
        ("ok", counts.passed, words.passed),
        ("idle", counts.waiting, words.waiting),
        ("idle", counts.idle, words.idle),
    ];
    html! {
        @for (tone, count, word) in kinds {
            @if count > 0 { span.badge.(tone) { (count) " " (word) } }
        }
    }
}

/// A share with one decimal, rounded down, so that 100 % means all of them.
fn percent(part: u32, all: u32) -> String {
    let per_mille = u64::from(part) * 1000 / u64::from(all.max(1));
    format!("{}.{} %", per_mille / 10, per_mille % 10)
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_yield_is_a_hundred_per_cent_only_when_nothing_failed() {
        for (part, all, text) in [(0, 7, "0.0 %"), (1999, 2000, "99.9 %"), (2000, 2000, "100.0 %"), (1, 3, "33.3 %")] {
            assert_eq!(percent(part, all), text);
        }
    }
}
