//! A new batch: its recipe from the shelf, how many units, and why.

use axum::{
    extract::State,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect},
};
use firstpass_domain::{Problem, Sha256Digest};
use firstpass_line::recipe::{Recipe, ShelfEntry};
use firstpass_store::NewBatch;
use maud::{Markup, html};

use super::{
    HASH_DIGITS, address, csrf,
    form::{Fields, NAME_MAX, QUANTITY_MAX, REASON_MAX, Sent},
    show,
};
use crate::{
    App, AppState,
    access::Principal,
    extract::Form,
    pages::layout::{Nav, Page},
    problem::{Answer, HttpProblem},
};

/// `GET /batches/new`
pub(super) async fn page(State(app): State<AppState>, person: Principal) -> Html<String> {
    // Reads files: what an engineer has just put there is on the shelf.
    let refreshed = std::sync::Arc::clone(&app);
    let _ = tokio::task::spawn_blocking(move || refreshed.services.shelf.refresh()).await;
    render(&app, &person, &Fields::default(), None)
}

/// `POST /batches`
pub(super) async fn open(State(app): State<AppState>, person: Principal, Form(sent): Form<Sent>) -> Answer {
    let fields = Fields::of(sent);
    match try_open(&app, &person, &fields).await {
        Ok(id) => Ok(Redirect::to(&id).into_response()),
        // What was written stays in the form, with what is wrong above it.
        Err(HttpProblem { status, problem, .. }) if status.is_client_error() => {
            Ok((status, render(&app, &person, &fields, Some(&problem))).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn try_open(app: &App, person: &Principal, fields: &Fields) -> Answer<String> {
    let name = fields.name()?.to_owned();
    let recipe = chosen(app, fields.text("recipe"))?;
    let product = match fields.label("product")? {
        "" => recipe.name.clone(),
        product => product.to_owned(),
    };
    let (quantity, quota) = (fields.units("quantity")?, fields.units("quota")?);
    let act = person.act(fields.reason()?);
    let now = (app.services.clock)();
    app.services.store.use_recipe(&recipe.record(), &recipe.images, now).await?;
    let batch = NewBatch { name, product, recipe: recipe.hash, quantity, quota };
    let opened = app.services.store.order_batch(&batch, &act, now).await;
    let id = opened.map_err(|error| super::acts::refused(error, "The batch cannot be opened.", REMEDY))?;
    Ok(address(id))
}

const REMEDY: &str = "Work on the batch of this name, close it first, or choose another name.";

/// The recipe of this hash, as it was read for the form.
fn chosen(app: &App, hash: &str) -> Answer<std::sync::Arc<Recipe>> {
    let entries = app.services.shelf.entries();
    let found = entries.into_iter().find(|entry| entry.hash.is_some_and(|known| known.to_string() == hash));
    let found = found.and_then(|entry| entry.result.ok());
    found.ok_or_else(|| {
        let why = "No recipe on the shelf is the one that was chosen; it may have been changed meanwhile.";
        let (status, what) = (StatusCode::UNPROCESSABLE_ENTITY, "The recipe cannot be taken.");
        HttpProblem::new(status, "recipe_invalid", what, why, "Choose a recipe from the list.")
    })
}

fn render(app: &App, person: &Principal, fields: &Fields, problem: Option<&Problem>) -> Html<String> {
    let entries = app.services.shelf.entries();
    let body = html! {
        h1 { "New batch" }
        @if let Some(Problem { code, what, why, remedy }) = problem {
            .problem role="alert" { p.what { (what) } p.why { (why) } p.remedy { (remedy) } p.code { (code) } }
        }
        @if let Some(Problem { what, why, remedy, .. }) = app.services.shelf.problem() {
            .problem.warn { p.what { (what) } p.why { (why) } p.remedy { (remedy) } }
        }
        @if entries.iter().any(|entry| entry.result.is_ok()) {
            .card { (new_form(person, fields, &entries)) }
        } @else {
            .empty {
                strong { "There is no recipe that can be used." }
                p { "Put one into the folder of recipes (" code { "recipes_dir" } " under [station]) and check it under Engineering." }
            }
        }
    };
    show(Page { title: "New batch", nav: Nav::Batches, person: Some(person), scripts: &super::SCRIPTS, body })
}

fn new_form(person: &Principal, fields: &Fields, entries: &[ShelfEntry]) -> Markup {
    html! {
        form.stack method="post" action="/batches" {
            (csrf(person))
            .field {
                label for="name" { "Work order" }
                input id="name" name="name" value=(fields.text("name")) required maxlength=(NAME_MAX) autocomplete="off" autofocus;
            }
            .field {
                label for="recipe" { "Recipe" }
                select id="recipe" name="recipe" required {
                    @for entry in entries { (option(entry, fields.text("recipe"))) }
                }
            }
            .field {
                label for="product" { "Product" }
                input id="product" name="product" value=(fields.text("product")) maxlength=(NAME_MAX) autocomplete="off"
                    aria-describedby="product-hint";
                span.hint #product-hint { "Left empty, it is the recipe's name." }
            }
            .field {
                label for="quantity" { "Quantity" }
                input type="number" id="quantity" name="quantity" value=(fields.text("quantity")) min="1" max=(QUANTITY_MAX)
                    inputmode="numeric" aria-describedby="quantity-hint";
                span.hint #quantity-hint { "Units that are ordered. The batch closes by itself when they have passed. Left empty, it has no end." }
            }
            .field {
                label for="quota" { "Quota" }
                input type="number" id="quota" name="quota" value=(fields.text("quota")) min="1" max=(QUANTITY_MAX)
                    inputmode="numeric" aria-describedby="quota-hint";
                span.hint #quota-hint { "Most units that may have credentials of this batch at a time. Left empty, as many as are ordered." }
            }
            .field {
                label for="reason" { "Reason" }
                input id="reason" name="reason" value=(fields.text("reason")) required maxlength=(REASON_MAX) autocomplete="off"
                    aria-describedby="reason-hint";
                span.hint #reason-hint { "Goes on record with your name, such as the customer's order." }
            }
            button.primary type="submit" { "Open the batch" }
        }
    }
}

fn option(entry: &ShelfEntry, chosen: &str) -> Markup {
    let file = entry.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let hash = entry.hash.as_ref().map(Sha256Digest::to_string).unwrap_or_default();
    html! {
        @match &entry.result {
            Ok(recipe) => option value=(hash) selected[hash == chosen] {
                (recipe.name) " · " (file) " · " (hash[..HASH_DIGITS])
            },
            Err(problem) => option disabled { (file) ": " (problem.what) },
        }
    }
}
