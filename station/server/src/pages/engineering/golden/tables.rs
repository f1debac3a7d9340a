//! Slots against recipes and shifts: how each was last checked, and how its checks came out.

use firstpass_domain::SlotId;
use firstpass_store::GoldenResult;
use maud::{Markup, html};

use super::view::View;
use crate::pages::when;

impl View<'_> {
    pub(super) fn table(&self) -> Markup {
        let recipes = self.recipes();
        html! {
            section.card.flush {
                h2 { "Slots and their last check" }
                @if recipes.is_empty() || self.slots.is_empty() {
                    div.empty {
                        strong { @if self.slots.is_empty() { "This station has no slots" } @else { "No golden units yet" } }
                        p { "A golden unit is one that is known to be good. Put through a slot once a shift, it shows that the slot is good too." }
                    }
                } @else {
                    table.data {
                        caption.visually-hidden { "For each slot and product, when a golden unit was last checked there" }
                        thead { tr { th scope="col" { "Slot" } @for recipe in &recipes { th scope="col" { (recipe) } } } }
                        tbody { @for place in &self.slots { tr {
                            th scope="row" { (place.slot) }
                            @for recipe in &recipes { td { (self.standing(&place.slot, recipe)) } }
                        } } }
                    }
                }
            }
        }
    }

    fn standing(&self, slot: &SlotId, recipe: &str) -> Markup {
        let due = self.due.iter().find(|due| due.slot == *slot && due.recipe == recipe);
        let standing = self.standings.iter().find(|found| found.slot == *slot && found.recipe == recipe);
        let is_due = due.is_some_and(|due| due.due);
        html! {
            @match standing {
                None if is_due => span.badge.warn { "due, not checked" },
                None => span.badge.idle { "not checked" },
                Some(found) => {
                    @if !found.passed { span.badge.bad { "failed" } }
                    @else if is_due { span.badge.warn { "due" } }
                    @else { span.badge.ok { "passed" } }
                    div.small { (when::time(found.checked)) }
                    @if let (false, Some(passed)) = (found.passed, found.last_passed) {
                        div.small.muted { "last passed " (when::time(passed)) }
                    }
                }
            }
        }
    }

    /// Slots and recipes against shifts. Of several checks in one shift, the worst counts.
    pub(super) fn by_shift(&self) -> Markup {
        let recipes = self.recipes();
        html! {
            @if !self.units.is_empty() && !self.slots.is_empty() {
                section.card.flush {
                    h2 { "Slots by shift" }
                    table.data {
                        caption.visually-hidden { "For each slot, recipe and shift, how the checks in it came out" }
                        thead { tr {
                            th scope="col" { "Slot" } th scope="col" { "Recipe" }
                            @for (number, (shift, _)) in self.shifts.iter().enumerate() {
                                th scope="col" { @if number == 0 { "This shift, since " } (when::time(shift.from)) }
                            }
                        } }
                        tbody { @for place in &self.slots { @for recipe in &recipes { tr {
                            th scope="row" { (place.slot) } td { (recipe) }
                            @for (number, (_, results)) in self.shifts.iter().enumerate() {
                                td { (in_shift(results, &place.slot, recipe, number == 0)) }
                            }
                        } } } }
                    }
                }
            }
        }
    }
}

fn in_shift(results: &[GoldenResult], slot: &SlotId, recipe: &str, is_this: bool) -> Markup {
    let result = results.iter().find(|found| found.slot == *slot && found.recipe == recipe);
    html! {
        @match result {
            Some(found) if found.failed == 0 => span.badge.ok { "passed" },
            Some(found) => {
                span.badge.bad { "failed" }
                @if found.checks > 1 { div.small.muted { (found.failed) " of " (found.checks) } }
            }
            None if is_this => span.badge.warn { "not checked yet" },
            None => span.badge.idle { "none" },
        }
    }
}
