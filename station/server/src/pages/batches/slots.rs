//! The slots of this station on a batch's page, and the choice of those that are to work on it.

use firstpass_domain::Action;
use firstpass_line::floor::SlotPlace;
use firstpass_store::{BatchRecord, BatchState};
use maud::{Markup, html};

use super::{address, csrf};
use crate::access::Principal;

/// The card; nothing at a station without slots.
pub(super) fn card(record: &BatchRecord, slots: &[SlotPlace], person: &Principal) -> Markup {
    let may_start = person.may(Action::RunLine) && record.state == BatchState::Open;
    let is_free = |slot: &SlotPlace| slot.batch.is_none() && slot.busy.is_none();
    html! {
        @if !slots.is_empty() {
            section.card aria-labelledby="slots-title" {
                h2 #slots-title { "Slots" }
                form #batch-slots data-refresh data-send method="post" action={ (address(record.id)) "/start" } {
                    (csrf(person))
                    ul.places { @for slot in slots { li { (slot_choice(record, slot, may_start)) } } }
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
            Some(batch) if batch == record.id => {
                span.badge.info { @if slot.stopping { "stops after its unit" } @else { "works on it" } } " " (slot.slot)
            },
            Some(batch) => { a href=(address(batch)) { "other batch" } " " (slot.slot) },
            None if slot.busy.is_some() => { span.badge.idle { (slot.busy.unwrap_or_default()) } " " (slot.slot) },
            None if may_start => label { input type="checkbox" name="slot" value=(slot.slot) checked; (slot.slot) },
            None => { span.badge.idle { "stopped" } " " (slot.slot) },
        }
    }
}
