//! The golden units by name, and the newest checks.

use firstpass_domain::Action;
use firstpass_store::{GoldenCheckRecord, GoldenRecord};
use maud::{Markup, html};

use super::{super::csrf, view::View};
use crate::pages::when;

impl View<'_> {
    pub(super) fn named(&self) -> Markup {
        html! {
            section.card.flush {
                h2 { "Golden units" }
                @if self.units.is_empty() { div.empty { p { "None is named yet." } } }
                @else {
                    table.data {
                        thead { tr {
                            th scope="col" { "Unit" } th scope="col" { "Recipe" } th scope="col" { "Named" } th scope="col" { "By" } th scope="col" { "Reason" }
                            @if self.person.may(Action::ManageBatches) { th scope="col" { span.visually-hidden { "Actions" } } }
                        } }
                        tbody { @for golden in &self.units { (self.golden(golden)) } }
                    }
                }
            }
        }
    }

    fn golden(&self, golden: &GoldenRecord) -> Markup {
        let GoldenRecord { unit, by, reason, named } = golden;
        let mac = unit.mac.to_string();
        html! {
            tr {
                th scope="row" { a.mono href={ "/units/" (mac) } { (mac) } }
                td { (unit.recipe) }
                td { (when::time(*named)) }
                td { (by) }
                td { (reason) }
                @if self.person.may(Action::ManageBatches) {
                    td.actions {
                        form method="post" action="/engineering/golden/unname" data-confirm="Golden no more?"
                            data-confirm-text={ "Unit " (mac) " is then like any other for recipe " (unit.recipe) "." }
                            data-confirm-reason="Reason" data-confirm-button="Golden no more"
                        {
                            (csrf(self.person))
                            input type="hidden" name="mac" value=(mac);
                            input type="hidden" name="recipe" value=(unit.recipe);
                            button.small.danger type="submit" { "Remove" span.visually-hidden { " " (mac) } }
                        }
                    }
                }
            }
        }
    }

    pub(super) fn history(&self) -> Markup {
        html! {
            section.card.flush {
                h2 { "Checks so far" }
                @if self.checks.is_empty() { div.empty { p { "None was made yet." } } }
                @else {
                    table.data {
                        caption.visually-hidden { "Checks, newest first" }
                        thead { tr {
                            th scope="col" { "When" } th scope="col" { "Station" } th scope="col" { "Slot" } th scope="col" { "Recipe" }
                            th scope="col" { "Unit" } th scope="col" { "Result" } th scope="col" { "By" }
                        } }
                        tbody { @for record in &self.checks { (checked(record)) } }
                    }
                }
            }
        }
    }
}

fn checked(record: &GoldenCheckRecord) -> Markup {
    let GoldenCheckRecord { station, check, by, at } = record;
    let mac = check.unit.mac.to_string();
    html! {
        tr {
            td { (when::time(*at)) }
            td { (station) }
            td { (check.slot) }
            td { (check.unit.recipe) }
            td { a.mono href={ "/units/" (mac) } { (mac) } }
            td { @if check.passed { span.badge.ok { "passed" } } @else { span.badge.bad { "failed" } } }
            td { (by) }
        }
    }
}
