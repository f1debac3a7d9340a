//! What the page of golden units is made of, as it stands on record and on the floor.

use firstpass_domain::Action;
use firstpass_line::floor::{GoldenDue, SlotPlace};
use firstpass_store::{
    BatchRecord, BatchSearch, BatchState, GoldenCheckRecord, GoldenRecord, GoldenResult, GoldenStanding,
};
use maud::{Markup, html};

use super::super::shifts::{self, Shift};
use crate::{App, access::Principal, problem::Answer};

/// Most golden units and checks that the page shows.
const UNITS_MAX: u32 = 200;
const CHECKS_MAX: u32 = 300;
/// Shifts that the table shows.
const SHIFTS: usize = 6;
/// Most batches that a check can be chosen from.
const BATCHES_MAX: u32 = 100;

pub(super) struct View<'a> {
    pub(super) person: &'a Principal,
    pub(super) slots: Vec<SlotPlace>,
    pub(super) units: Vec<GoldenRecord>,
    pub(super) standings: Vec<GoldenStanding>,
    pub(super) due: Vec<GoldenDue>,
    pub(super) checks: Vec<GoldenCheckRecord>,
    pub(super) batches: Vec<(BatchRecord, String)>,
    /// The newest first, each with how the checks in it came out.
    pub(super) shifts: Vec<(Shift, Vec<GoldenResult>)>,
}

impl<'a> View<'a> {
    pub(super) async fn read(app: &App, person: &'a Principal) -> Answer<Self> {
        let (store, floor) = (&app.services.store, &app.services.floor);
        let units = store.golden_units(UNITS_MAX).await?;
        Ok(Self {
            person,
            slots: floor.slots(),
            standings: store.golden_standings().await?,
            due: floor.golden_due().await?,
            checks: store.golden_checks(CHECKS_MAX).await?,
            batches: batches(app, &units).await?,
            shifts: by_shift(app).await?,
            units,
        })
    }

    /// Names of the recipes that have golden units, each once.
    pub(super) fn recipes(&self) -> Vec<&str> {
        let mut recipes: Vec<&str> = self.units.iter().map(|golden| golden.unit.recipe.as_str()).collect();
        recipes.dedup();
        recipes
    }

    pub(super) fn body(&self, app: &App) -> Markup {
        html! {
            (super::check::running(app))
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
}

/// How the checks of each shift came out, as the record tells of all of them.
async fn by_shift(app: &App) -> Answer<Vec<(Shift, Vec<GoldenResult>)>> {
    let mut found = Vec::new();
    for shift in shifts::newest(&app.settings.shift_ends, (app.services.clock)(), SHIFTS) {
        found.push((shift, app.services.store.golden_results(shift.from, shift.to).await?));
    }
    Ok(found)
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
