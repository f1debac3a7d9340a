//! What stands above a batch's charts: its name and state, what may be done about it, and what the work order says.

use firstpass_domain::Action;
use firstpass_store::{BatchRecord, BatchState};
use maud::{Markup, html};

use super::{
    address, csrf,
    form::{QUANTITY_MAX, REASON_MAX},
    recipe, state_badge, time,
};
use crate::{App, access::Principal};

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
pub(super) fn facts(app: &App, record: &BatchRecord, person: &Principal) -> Markup {
    let batch = &record.batch;
    let or_none = |number: Option<u32>| number.map_or("no limit".to_owned(), |number| number.to_string());
    html! {
        section.card aria-labelledby="order-title" {
            h2 #order-title { "Work order" }
            dl.facts #order data-refresh {
                dt { "Product" } dd { @if batch.product.is_empty() { "–" } @else { (batch.product) } }
                dt { "Recipe" }
                dd {
                    @if person.may(Action::SeeEngineering) {
                        a href={ "/engineering/recipes/view?recipe=sha256:" (batch.recipe) } { (recipe(app, batch.recipe)) }
                    } @else { (recipe(app, batch.recipe)) }
                }
                dt { "Quantity" } dd { (or_none(batch.quantity)) }
                dt { "Quota" } dd { @if batch.quota.is_none() && batch.quantity.is_some() { "as the quantity" } @else { (or_none(batch.quota)) } }
                dt { "Opened" } dd { (time(record.opened, "minute")) }
                @if let Some(closed) = record.closed { dt { "Closed" } dd { (time(closed, "minute")) } }
            }
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
