//! How a batch comes out, in numbers that are read from afar.

use firstpass_domain::Timestamp;
use firstpass_store::{BatchRecord, BatchState, BatchYield};
use maud::{Markup, html};

use super::{
    draw::{count, percent, seconds},
    list::yields,
};
use crate::figures::{
    binomial::Share,
    takt::{Hour, Pace, Takt, hours_left, pace},
};

/// The card.
pub(super) fn card(
    record: &BatchRecord,
    counts: &BatchYield,
    hours: &[Hour],
    takt: Option<Takt>,
    now: Timestamp,
) -> Markup {
    let (first, last) = yields(counts);
    html! {
        section.card.results aria-labelledby="results-title" {
            h2 #results-title { "Result" }
            #results data-refresh {
                .grid.narrow {
                    (done(record, counts))
                    (yield_figure("First-pass yield", first))
                    (yield_figure("Final yield", last))
                    (pace_figure(record, counts, hours, takt, now))
                }
                (rest(counts))
            }
        }
    }
}

fn done(record: &BatchRecord, counts: &BatchYield) -> Markup {
    html! {
        .figure {
            span.label { "Done" }
            span.value { (count(counts.passed)) }
            @if let Some(quantity) = record.batch.quantity {
                span.muted.small { "of " (count(quantity)) " ordered" }
                progress max=(quantity) value=(counts.passed.min(quantity)) aria-label="Units done" {}
            }
        }
    }
}

fn yield_figure(label: &str, share: Share) -> Markup {
    html! {
        .figure {
            span.label { (label) }
            @match (share.ratio(), share.interval()) {
                (Some(ratio), Some((low, high))) => {
                    span.value { (percent(ratio)) }
                    span.muted.small { (count(share.part)) " of " (count(share.whole)) " units; " (percent(low)) " to " (percent(high)) " with 95 % confidence" }
                }
                (_, _) => { span.value { "–" } span.muted.small { "no unit has come to an end" } }
            }
        }
    }
}

fn pace_figure(
    record: &BatchRecord,
    counts: &BatchYield,
    hours: &[Hour],
    takt: Option<Takt>,
    now: Timestamp,
) -> Markup {
    let left = record.batch.quantity.map(|quantity| quantity.saturating_sub(counts.passed)).filter(|left| *left > 0);
    let left = left.filter(|_| record.state != BatchState::Closed);
    html! {
        .figure {
            span.label { "Units per hour" }
            @match pace(hours, now) {
                Some(pace) => { span.value { (format!("{:.1}", pace.per_hour)) } (against(pace, takt)) (remaining(left, pace)) },
                None => { span.value { "–" } span.muted.small { "no full hour yet" } },
            }
        }
    }
}

fn against(pace: Pace, takt: Option<Takt>) -> Markup {
    let hours = if pace.hours == 1 { "hour" } else { "hours" };
    html! {
        span.muted.small {
            "over " (pace.hours) " full " (hours)
            @if let Some(takt) = takt {
                "; the takt of " (seconds(takt.seconds())) " asks for " (format!("{:.1}", takt.per_hour()))
            }
        }
        @if let Some(takt) = takt {
            @if pace.per_hour < takt.per_hour() { span.badge.warn { "behind the takt" } } @else { span.badge.ok { "keeps the takt" } }
        }
    }
}

fn remaining(left: Option<u32>, pace: Pace) -> Markup {
    html! {
        @if let Some(left) = left {
            span.muted.small { (count(left)) " units are left: " (format!("{:.1}", hours_left(left, pace))) " hours at this pace" }
        }
    }
}

fn rest(counts: &BatchYield) -> Markup {
    let BatchYield { in_work, failed, quarantined, held_places, scrapped, runs, retests, interrupted, .. } = counts;
    html! {
        dl.facts.wide {
            div { dt { "In work" } dd { (count(*in_work)) } }
            div { dt { "Failed" } dd { (count(*failed)) } }
            div { dt { "In quarantine" } dd { (count(*quarantined)) @if *held_places > 0 { span.muted { ", " (held_places) " of them keep a place" } } } }
            div { dt { "Scrapped" } dd { (count(*scrapped)) } }
            div { dt { "Attempts" } dd { (count(*runs)) span.muted { ", " (count(*retests)) " retests" } } }
            div { dt { "Interrupted" } dd { (count(*interrupted)) } }
        }
    }
}
