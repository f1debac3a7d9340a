//! Golden units: which there are, and naming them. Knows what is asked for, and not how it is shown.

mod check;
mod forms;
mod lists;
mod tables;
mod view;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use firstpass_domain::{Action, Mac, RunState, Sha256Digest};
use firstpass_store::{GoldenUnit, Standing, UnitDetail};
use serde::Deserialize;

use self::view::View;
use super::{Tab, page, reason};
use crate::{
    App, AppState,
    access::{Access, Principal},
    extract::Form,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Longest name of a recipe, in characters.
const RECIPE_NAME_MAX: usize = 64;
/// Most recipes of a unit's passes that are looked at, the newest first.
const RECIPES_MAX: usize = 50;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/engineering/golden", Access::May(Action::SeeEngineering), list)
        .post("/engineering/golden/name", Access::May(Action::ManageBatches), name)
        .post("/engineering/golden/unname", Access::May(Action::ManageBatches), unname)
        .post("/engineering/golden/check", Access::May(Action::CheckGolden), check::begin)
}

/// A unit that is golden from now on, or no more.
#[derive(Debug, Deserialize)]
struct Named {
    mac: String,
    recipe: String,
    reason: String,
}

async fn list(State(app): State<AppState>, person: Principal) -> Answer {
    let view = View::read(&app, &person).await?;
    Ok(page(&person, Tab::Golden, "Golden units", false, &view.body(&app)))
}

async fn name(State(app): State<AppState>, person: Principal, Form(named): Form<Named>) -> Answer {
    let (unit, act) = (named.unit()?, person.act(reason(&named.reason)?));
    let found = app.services.store.unit(unit.mac).await?;
    let found = found.ok_or_else(|| HttpProblem::not_found(format!("There is no unit {}.", unit.mac)))?;
    if !is_proved(&app, &found, &unit.recipe).await? {
        return Err(unproved(&unit));
    }
    app.services.store.name_golden(&unit, &act, (app.services.clock)()).await?;
    Ok(back())
}

async fn unname(State(app): State<AppState>, person: Principal, Form(named): Form<Named>) -> Answer {
    let (unit, act) = (named.unit()?, person.act(reason(&named.reason)?));
    app.services.store.unname_golden(&unit, &act, (app.services.clock)()).await?;
    Ok(back())
}

/// Whether the unit was seen to be good by a recipe of this name, and nothing speaks against it since.
async fn is_proved(app: &App, unit: &UnitDetail, recipe: &str) -> Answer<bool> {
    if unit.summary.standing != Some(Standing::Passed) {
        return Ok(false);
    }
    let mut passed: Vec<Sha256Digest> = Vec::new();
    for run in unit.runs.iter().rev().filter(|run| run.state == RunState::Passed && !run.repair) {
        if !passed.contains(&run.recipe) && passed.len() < RECIPES_MAX {
            passed.push(run.recipe);
        }
    }
    for hash in passed {
        if app.services.store.recipe(hash).await?.is_some_and(|used| used.recipe.name == recipe) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unproved(unit: &GoldenUnit) -> HttpProblem {
    let GoldenUnit { mac, recipe } = unit;
    let what = format!("Unit {mac} cannot be named golden for the recipe {recipe}.");
    let why = "A golden unit is known to be good: it stands as passed, and has passed by a recipe of this name.";
    let remedy = "Take it through the line by this recipe first, or name another unit.";
    HttpProblem::new(StatusCode::CONFLICT, "golden_unit_unproved", what, why, remedy)
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

fn back() -> axum::response::Response {
    Redirect::to(Tab::Golden.path()).into_response()
}
