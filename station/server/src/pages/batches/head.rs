//! What stands above the charts: how the batch stands, what is done, and what may be done about it.

use firstpass_domain::{Action, Timestamp};
use firstpass_line::floor::SlotPlace;
use firstpass_store::{BatchRecord, BatchState, BatchYield};
use maud::{Markup, html};

use super::{
    address, csrf,
    draw::{count, percent, seconds},
    form::{QUANTITY_MAX, REASON_MAX},
    list::yields,
    recipe, state_badge, time,
};
use crate::{
    App,
    access::Principal,
    figures::{
        binomial::Share,
        takt::{Hour, Pace, Takt, hours_left, pace},
    },
};

/// Name, state and the buttons.
pub(super) fn title(record: &BatchRecord, person: &Principal) -> Markup {
    html! {
        p.small { a href="/batches" { "Batches" } }
        .toolbar #head data-refresh {
            h1 { (record.batch.name) }
            (state_badge(record.state))
            @if let Some(reason) = record.reason.as_deref().filter(|reason| !reason.is_empty()) { span.muted { (reason) } }
            @if let Some(station) = &record.waits_for { span.muted { "until the service of " (station) " is here again" } }
            @if person.may(Action::ManageBatches) { (buttons(record, person)) }
        }
    }
}

fn buttons(record: &BatchRecord, person: &Principal) -> Markup {
    html! {
        span.push {}
        @match record.state {
            BatchState::Open => { (state_form(record, person, BatchState::Paused)) (size_button()) (state_form(record, person, BatchState::Closed)) },
            BatchState::Paused => { (state_form(record, person, BatchState::Open)) (size_button()) (state_form(record, person, BatchState::Closed)) },
            BatchState::Closed => {},
        }
    }
}

fn size_button() -> Markup {
    html! { button type="button" data-opens="size" { "Change size…" } }
}

fn state_form(record: &BatchRecord, person: &Principal, to: BatchState) -> Markup {
    let (word, class, says) = match to {
        BatchState::Open => ("Resume", "primary", "Slots that work on it take units again."),
        BatchState::Paused => ("Pause", "", "Slots take no further unit for it; what is in work goes on."),
        BatchState::Closed => ("Close", "danger", "It takes no unit any more, for good; what is in work goes on."),
    };
    html! {
        form method="post" action={ (address(record.id)) "/state" } data-send data-confirm={ (word) " " (record.batch.name) "?" }
            data-confirm-text=(says) data-confirm-reason="Reason, for the record" data-confirm-button=(word)
            data-confirm-danger[to == BatchState::Closed]
        {
            (csrf(person))
            input type="hidden" name="to" value=(to.name());
            button class=(class) type="submit" { (word) "…" }
        }
    }
}

/// The dialog for another quantity or quota.
pub(super) fn size_dialog(record: &BatchRecord, person: &Principal) -> Markup {
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    html! {
        dialog #size aria-labelledby="size-title" {
            form.stack method="post" action={ (address(record.id)) "/size" } data-send {
                h2 #size-title { "Change the size of " (record.batch.name) }
                (csrf(person))
                .field {
                    label for="quantity" { "Quantity" }
                    input type="number" id="quantity" name="quantity" value=(number(record.batch.quantity)) min="1" max=(QUANTITY_MAX) inputmode="numeric";
                }
                .field {
                    label for="quota" { "Quota" }
                    input type="number" id="quota" name="quota" value=(number(record.batch.quota)) min="1" max=(QUANTITY_MAX)
                        inputmode="numeric" aria-describedby="size-hint";
                    span.hint #size-hint { "What is left empty stays as it is." }
                }
                .field {
                    label for="size-reason" { "Reason, for the record" }
                    input id="size-reason" name="reason" required maxlength=(REASON_MAX) autocomplete="off";
                }
                .buttons {
                    button type="button" data-closes="size" { "Cancel" }
                    button.primary type="submit" { "Change" }
                }
            }
        }
    }
}

/// What the work order says.
pub(super) fn facts(app: &App, record: &BatchRecord) -> Markup {
    let batch = &record.batch;
    let or_none = |number: Option<u32>| number.map_or("no limit".to_owned(), |number| number.to_string());
    html! {
        section.card aria-labelledby="order-title" {
            h2 #order-title { "Work order" }
            dl.facts #order data-refresh {
                dt { "Product" } dd { (batch.product) }
                dt { "Recipe" } dd { (recipe(app, batch.recipe)) }
                dt { "Quantity" } dd { (or_none(batch.quantity)) }
                dt { "Quota" } dd { @if batch.quota.is_none() && batch.quantity.is_some() { "as the quantity" } @else { (or_none(batch.quota)) } }
                dt { "Opened" } dd { (time(record.opened, "minute")) }
                @if let Some(closed) = record.closed { dt { "Closed" } dd { (time(closed, "minute")) } }
            }
        }
    }
}

/// How it comes out, in numbers that are read from afar.
pub(super) fn results(
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

/// In how many hours the order is to be done: the takt of this page.
pub(super) fn takt_form(record: &BatchRecord, hours: Option<f64>) -> Markup {
    html! {
        @if record.batch.quantity.is_some() {
            form.inline method="get" action=(address(record.id)) {
                .field {
                    label for="hours" { "Planned hours for the order" }
                    input type="number" id="hours" name="hours" value=[hours] min="0.1" max="100000" step="0.1" inputmode="decimal";
                }
                button type="submit" { "Show takt" }
            }
        }
    }
}

/// The slots of this station, and the choice of those that are to work on the batch.
pub(super) fn slots(record: &BatchRecord, slots: &[SlotPlace], person: &Principal) -> Markup {
    let may_start = person.may(Action::RunLine) && record.state == BatchState::Open;
    let is_free = |slot: &SlotPlace| slot.batch.is_none();
    html! {
        @if !slots.is_empty() {
            section.card aria-labelledby="slots-title" {
                h2 #slots-title { "Slots" }
                form #slots data-refresh data-send method="post" action={ (address(record.id)) "/start" } {
                    (csrf(person))
                    ul.slots { @for slot in slots { li { (slot_choice(record, slot, may_start)) } } }
                    @if may_start && slots.iter().any(is_free) { button.primary type="submit" { "Start on these slots" } }
                    @if slots.iter().any(|slot| slot.batch == Some(record.id)) { a.button.quiet href="/line" { "Watch the line" } }
                }
            }
        }
    }
}

fn slot_choice(record: &BatchRecord, slot: &SlotPlace, may_start: bool) -> Markup {
    html! {
        @match slot.batch {
            Some(batch) if batch == record.id => { span.badge.info { "works on it" } " " (slot.slot) },
            Some(batch) => { a href=(address(batch)) { "other batch" } " " (slot.slot) },
            None if may_start => label { input type="checkbox" name="slot" value=(slot.slot) checked; (slot.slot) },
            None => { span.badge.idle { "stopped" } " " (slot.slot) },
        }
    }
}
