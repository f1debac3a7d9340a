//! Golden units: which there are, when each slot was last checked with one, and checking a slot now. A check goes on when
//! the person who began it closes the page.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use firstpass_domain::{Action, Mac, SlotId, StationId};
use firstpass_line::floor::{FloorError, GoldenDue, GoldenOutcome, SlotPlace};
use firstpass_store::{
    Act, BatchId, BatchRecord, BatchSearch, BatchState, GoldenCheckRecord, GoldenRecord, GoldenStanding, GoldenUnit,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Tab, csrf, page, ports, problem, reason, reason_field,
    shifts::{self, Shift},
    state::Check,
};
use crate::{
    App, AppState,
    access::{Access, Principal},
    extract::Form,
    pages::when,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Most golden units and checks that the page shows.
const UNITS_MAX: u32 = 200;
const CHECKS_MAX: u32 = 300;
/// Shifts that the table shows.
const SHIFTS: usize = 6;
/// Most batches that a check can be chosen from.
const BATCHES_MAX: u32 = 100;
/// Longest name of a recipe, in characters.
const RECIPE_NAME_MAX: usize = 64;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/engineering/golden", Access::May(Action::SeeEngineering), list)
        .post("/engineering/golden/name", Access::May(Action::ManageBatches), name)
        .post("/engineering/golden/unname", Access::May(Action::ManageBatches), unname)
        .post("/engineering/golden/check", Access::May(Action::CheckGolden), check)
}

/// A unit that is golden from now on, or no more.
#[derive(Debug, Deserialize)]
struct Named {
    mac: String,
    recipe: String,
    reason: String,
}

/// A check to begin.
#[derive(Debug, Deserialize)]
struct Wish {
    slot: String,
    batch: String,
    #[serde(default)]
    reason: String,
}

async fn list(State(app): State<AppState>, person: Principal) -> Answer {
    let view = View::read(&app, &person).await?;
    Ok(page(&person, Tab::Golden, "Golden units", false, &view.body(&app)))
}

async fn name(State(app): State<AppState>, person: Principal, Form(named): Form<Named>) -> Answer {
    let (unit, act) = (named.unit()?, person.act(reason(&named.reason)?));
    if app.services.store.unit(unit.mac).await?.is_none() {
        return Err(HttpProblem::not_found(format!("There is no unit {}.", unit.mac)));
    }
    app.services.store.name_golden(&unit, &act, (app.services.clock)()).await?;
    Ok(back())
}

async fn unname(State(app): State<AppState>, person: Principal, Form(named): Form<Named>) -> Answer {
    let (unit, act) = (named.unit()?, person.act(reason(&named.reason)?));
    app.services.store.unname_golden(&unit, &act, (app.services.clock)()).await?;
    Ok(back())
}

impl Named {
    fn unit(&self) -> Answer<GoldenUnit> {
        let wrong =
            |why: String| HttpProblem::bad_request("golden_unit_invalid", why, "Give MAC and recipe of a unit.");
        let mac: Mac = self.mac.trim().parse().map_err(|error| wrong(format!("{error}.")))?;
        let recipe = self.recipe.trim();
        let len = recipe.chars().count();
        if !(1..=RECIPE_NAME_MAX).contains(&len) {
            return Err(wrong(format!("The recipe's name has {len} characters.")));
        }
        Ok(GoldenUnit { mac, recipe: recipe.to_owned() })
    }
}

/// Begins a check. It is a task of its own: a unit in work must not depend on whether somebody looks at the page.
async fn check(State(app): State<AppState>, person: Principal, Form(wish): Form<Wish>) -> Answer {
    let slot = ports::parse(&wish.slot)?;
    let batch = wish.batch.parse().map(BatchId);
    let batch = batch.map_err(|_| HttpProblem::not_found(format!("There is no batch {:?}.", wish.batch)))?;
    if !app.services.floor.slots().iter().any(|place| place.slot == slot) {
        return Err(HttpProblem::not_found(format!("There is no slot {slot}.")));
    }
    let began = (app.services.clock)();
    let mine = begin(&app, &slot, Check { began, ended: None })?;
    let act = person.act(wish.reason.trim());
    tokio::spawn(run(Arc::clone(&app), batch, mine, act));
    Ok(back())
}

/// Takes the slot's place among the checks, so that two people do not begin one at the same moment.
fn begin(app: &App, slot: &SlotId, check: Check) -> Answer<SlotId> {
    let mut checks = app.engineering.checks();
    if checks.get(slot).is_some_and(|running| running.ended.is_none()) {
        let what = format!("A golden unit's check is under way on slot {slot}.");
        let (status, why) = (axum::http::StatusCode::CONFLICT, "Only one unit can be in a slot.");
        return Err(HttpProblem::new(status, "check_under_way", what, why, "Wait until it has ended."));
    }
    checks.insert(slot.clone(), check);
    Ok(slot.clone())
}

async fn run(app: AppState, batch: BatchId, slot: SlotId, act: Act) {
    let outcome = app.services.floor.check_golden(batch, &slot, &act).await;
    let ended = match outcome {
        Ok(GoldenOutcome { problem, .. }) => Ok(problem),
        Err(error) => Err(refused(error)),
    };
    if let Some(check) = app.engineering.checks().get_mut(&slot) {
        check.ended = Some(ended);
    }
}

fn refused(error: FloorError) -> firstpass_domain::Problem {
    HttpProblem::from(error).problem
}

fn back() -> axum::response::Response {
    Redirect::to(Tab::Golden.path()).into_response()
}

struct View<'a> {
    person: &'a Principal,
    station: StationId,
    slots: Vec<SlotPlace>,
    units: Vec<GoldenRecord>,
    standings: Vec<GoldenStanding>,
    due: Vec<GoldenDue>,
    checks: Vec<GoldenCheckRecord>,
    batches: Vec<(BatchRecord, String)>,
    /// The newest first.
    shifts: Vec<Shift>,
}

impl<'a> View<'a> {
    async fn read(app: &App, person: &'a Principal) -> Answer<Self> {
        let (store, floor) = (&app.services.store, &app.services.floor);
        let units = store.golden_units(UNITS_MAX).await?;
        Ok(Self {
            person,
            station: app.services.station.clone(),
            slots: floor.slots(),
            standings: store.golden_standings().await?,
            due: floor.golden_due().await?,
            checks: store.golden_checks(CHECKS_MAX).await?,
            batches: batches(app, &units).await?,
            shifts: shifts::newest(&app.settings.shift_ends, (app.services.clock)(), SHIFTS),
            units,
        })
    }

    /// Names of the recipes that have golden units, each once.
    fn recipes(&self) -> Vec<&str> {
        let mut recipes: Vec<&str> = self.units.iter().map(|golden| golden.unit.recipe.as_str()).collect();
        recipes.dedup();
        recipes
    }

    fn body(&self, app: &App) -> Markup {
        html! {
            (self.running(app))
            (self.table())
            div.grid {
                @if self.person.may(Action::CheckGolden) { (self.checker()) }
                @if self.person.may(Action::ManageBatches) { (self.namer()) }
            }
            (self.by_shift())
            (self.named())
            (self.history())
        }
    }

    /// What has become of the checks that were begun since the server started.
    fn running(&self, app: &App) -> Markup {
        let checks = app.engineering.checks().clone();
        let under_way = checks.values().any(|check| check.ended.is_none());
        html! {
            // Looks again by itself while a check is under way.
            div #checks hx-get=[under_way.then_some(Tab::Golden.path())] hx-trigger=[under_way.then_some("every 2s")]
                hx-select=[under_way.then_some("#checks")] hx-swap=[under_way.then_some("outerHTML")] aria-live="polite"
            {
                @for (slot, check) in &checks { (outcome(slot, check)) }
            }
        }
    }

    fn table(&self) -> Markup {
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
                None if is_due => span.badge.warn { "due, never checked" },
                None => span.badge.idle { "never checked" },
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

    /// Slots against shifts, as far as the newest checks reach back.
    fn by_shift(&self) -> Markup {
        html! {
            @if !self.units.is_empty() && !self.slots.is_empty() {
                section.card.flush {
                    h2 { "Slots by shift" }
                    table.data {
                        caption.visually-hidden { "For each slot and shift, how its last check in it came out" }
                        thead { tr {
                            th scope="col" { "Slot" }
                            @for (number, shift) in self.shifts.iter().enumerate() {
                                th scope="col" { @if number == 0 { "This shift, since " } (when::time(shift.from)) }
                            }
                        } }
                        tbody { @for place in &self.slots { tr {
                            th scope="row" { (place.slot) }
                            @for (number, shift) in self.shifts.iter().enumerate() { td { (self.in_shift(&place.slot, *shift, number == 0)) } }
                        } } }
                    }
                }
            }
        }
    }

    fn in_shift(&self, slot: &SlotId, shift: Shift, is_this: bool) -> Markup {
        let ours = |record: &&GoldenCheckRecord| record.station == self.station && record.check.slot == *slot;
        // The newest come first.
        let last = self.checks.iter().filter(ours).find(|record| shift.holds(record.at));
        html! {
            @match last {
                Some(record) if record.check.passed => span.badge.ok { "passed" },
                Some(_) => span.badge.bad { "failed" },
                None if is_this => span.badge.warn { "not checked yet" },
                None => span.badge.idle { "none" },
            }
        }
    }

    fn checker(&self) -> Markup {
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

    fn namer(&self) -> Markup {
        html! {
            section.card {
                h2 { "Name a golden unit" }
                form.stack method="post" action="/engineering/golden/name" {
                    (csrf(self.person))
                    div.field {
                        label for="golden-mac" { "MAC of the unit" }
                        input #golden-mac name="mac" required placeholder="7c:df:a1:00:00:01" autocomplete="off" spellcheck="false";
                        span.hint { "A unit that has passed by this recipe." }
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

    fn named(&self) -> Markup {
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

    fn history(&self) -> Markup {
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

/// Open batches of products that have a golden unit, with the names of their recipes.
async fn batches(app: &App, units: &[GoldenRecord]) -> Answer<Vec<(BatchRecord, String)>> {
    let search = BatchSearch { state: Some(BatchState::Open), limit: BATCHES_MAX, ..BatchSearch::default() };
    let mut found = Vec::new();
    for batch in app.services.store.batch_page(&search).await? {
        let recipe = app.services.store.recipe(batch.batch.recipe).await?.map(|used| used.recipe.name);
        if let Some(recipe) =
            recipe.filter(|name| units.is_empty() || units.iter().any(|golden| golden.unit.recipe == *name))
        {
            found.push((batch, recipe));
        }
    }
    Ok(found)
}

fn outcome(slot: &SlotId, check: &Check) -> Markup {
    html! {
        @match &check.ended {
            None => p.note { span.badge.info { "Check under way" } " Slot " (slot) ", since " (when::time(check.began)) },
            Some(Ok(None)) => p.note { span.badge.ok { "Golden unit passed" } " Slot " (slot) " is good. Begun " (when::time(check.began)) },
            Some(Ok(Some(found)) | Err(found)) => {
                p { span.badge.bad { "Check of slot " (slot) } " begun " (when::time(check.began)) }
                (problem(found))
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
