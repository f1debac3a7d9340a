//! What is asked for on the page of golden units: a check of a slot, and a unit's name.

use maud::{Markup, html};

use super::{
    super::{csrf, reason_field},
    RECIPE_NAME_MAX,
    view::View,
};

impl View<'_> {
    pub(super) fn checker(&self) -> Markup {
        let free: Vec<_> = self.slots.iter().filter(|place| place.batch.is_none() && place.busy.is_none()).collect();
        html! {
            section.card {
                h2 { "Check a slot" }
                @if free.is_empty() || self.batches.is_empty() {
                    p.muted {
                        @if self.slots.is_empty() { "This station has no slots." }
                        @else if free.is_empty() { "Every slot is at work. Stop one to check it." }
                        @else { "A check needs an open batch of a product that has a golden unit." }
                    }
                } @else {
                    form.stack method="post" action="/engineering/golden/check" {
                        (csrf(self.person))
                        div.field {
                            label for="check-slot" { "Slot" }
                            select #check-slot name="slot" { @for place in &free { option value=(place.slot) { (place.slot) } } }
                            span.hint { "Put the golden unit in first. The check takes as long as a run." }
                        }
                        div.field {
                            label for="check-batch" { "By the recipe of batch" }
                            select #check-batch name="batch" {
                                @for (batch, recipe) in &self.batches { option value=(batch.id.0) { (batch.batch.name) " (" (recipe) ")" } }
                            }
                        }
                        button.primary type="submit" { "Check now" }
                    }
                }
            }
        }
    }

    pub(super) fn namer(&self) -> Markup {
        html! {
            section.card {
                h2 { "Name a golden unit" }
                form.stack method="post" action="/engineering/golden/name" {
                    (csrf(self.person))
                    div.field {
                        label for="golden-mac" { "MAC of the unit" }
                        input #golden-mac name="mac" required placeholder="7c:df:a1:00:00:01" autocomplete="off" spellcheck="false";
                        span.hint { "A unit that has passed by this recipe, and stands as passed." }
                    }
                    div.field {
                        label for="golden-recipe" { "Recipe" }
                        input #golden-recipe name="recipe" required list="recipe-names" maxlength=(RECIPE_NAME_MAX) autocomplete="off";
                        datalist #recipe-names {
                            @for name in self.batches.iter().map(|(_, name)| name) { option value=(name) {} }
                        }
                    }
                    (reason_field("golden-reason", "measured in the laboratory"))
                    button type="submit" { "Name it" }
                }
            }
        }
    }
}
