//! The recipes: those on the shelf with what their check says, those on record, and two of them to compare.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use firstpass_domain::Action;
use firstpass_line::recipe::ShelfEntry;
use firstpass_store::RecipeUse;
use maud::{Markup, html};

use super::{
    Tab, compare, csrf, page, problem, recipe, short,
    versions::{Key, RECIPES_MAX, blocking, file_name},
};
use crate::{
    AppState,
    access::{Access, Principal},
    pages::when,
    problem::Answer,
    routes::Routes,
};

const SEE: Access = Access::May(Action::SeeEngineering);

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/engineering/recipes", SEE, list)
        .get("/engineering/recipes/view", SEE, recipe::show)
        .get("/engineering/recipes/compare", SEE, compare::show)
        .post("/engineering/recipes/refresh", Access::May(Action::ManageBatches), refresh)
}

async fn list(State(app): State<AppState>, person: Principal) -> Answer {
    let shelf = &app.services.shelf;
    let recorded = app.services.store.recipes(RECIPES_MAX).await?;
    let view = View { person: &person, entries: shelf.entries(), recorded: &recorded };
    let folder = shelf.folder().map(|folder| folder.display().to_string());
    let body = html! {
        @if let Some(found) = shelf.problem() { (problem(&found)) }
        div.toolbar {
            (view.refresher())
            button.primary.push type="submit" form="compare" disabled[view.count() < 2] { "Compare old and new" }
        }
        form #compare method="get" action="/engineering/recipes/compare" {
            (view.on_shelf(folder.as_deref()))
            (view.on_record())
        }
    };
    Ok(page(&person, Tab::Recipes, "Recipes", false, &body))
}

async fn refresh(State(app): State<AppState>) -> Answer {
    let shelf = app.services.shelf.clone();
    blocking(move || shelf.refresh()).await?;
    Ok(Redirect::to(Tab::Recipes.path()).into_response())
}

struct View<'a> {
    person: &'a Principal,
    entries: Vec<ShelfEntry>,
    recorded: &'a [RecipeUse],
}

impl View<'_> {
    /// How many versions there are to compare.
    fn count(&self) -> usize {
        let only_recorded = |used: &&RecipeUse| !self.entries.iter().any(|entry| entry.hash == Some(used.recipe.hash));
        self.entries.len() + self.recorded.iter().filter(only_recorded).count()
    }

    fn on_shelf(&self, folder: Option<&str>) -> Markup {
        html! {
            section.card.flush aria-labelledby="shelf" {
                h2 #shelf { "On the shelf" }
                @if self.entries.is_empty() {
                    div.empty {
                        strong { "No recipe lies here" }
                        p { "Put recipes (*.toml) into the folder that [station] recipes_dir names, then read it again." }
                    }
                } @else {
                    table.data {
                        caption.visually-hidden { "Recipes that can be worked by" }
                        (head("File"))
                        tbody { @for (number, entry) in self.entries.iter().enumerate() { (self.entry(entry, number)) } }
                    }
                }
                @if let Some(folder) = folder { p.foot.muted.small { "Folder " span.mono { (folder) } } }
            }
        }
    }

    fn entry(&self, entry: &ShelfEntry, number: usize) -> Markup {
        let key = Key::of(entry);
        let used = self.recorded.iter().find(|used| Some(used.recipe.hash) == entry.hash);
        html! {
            tr {
                (choice(&key, &entry.name, number, self.entries.len()))
                th scope="row" { a href=(key.href()) { (entry.name) } }
                td.mono.break { (file_name(entry)) }
                td {
                    @match &entry.result {
                        Ok(_) => span.badge.ok { "Can be used" },
                        Err(wrong) => { span.badge.bad { "Cannot be used" } div.small { (wrong.what) } div.small.muted { (wrong.why) } },
                    }
                }
                td { @if let Some(hash) = entry.hash { (short(hash)) } @else { span.muted { "none" } } }
                td { @match used { Some(used) => (when::time(used.first_used)), None => span.muted { "not yet" } } }
            }
        }
    }

    fn on_record(&self) -> Markup {
        let shelved: Vec<_> = self.entries.iter().filter_map(|entry| entry.hash).collect();
        let others: Vec<_> = self.recorded.iter().filter(|used| !shelved.contains(&used.recipe.hash)).collect();
        html! {
            section.card.flush aria-labelledby="record" {
                h2 #record { "Only on record" }
                @if others.is_empty() {
                    div.empty { p { "Every version that was worked by lies on the shelf, or none was worked by yet." } }
                } @else {
                    table.data {
                        caption.visually-hidden { "Earlier versions of recipes, newest first" }
                        (head("Chip"))
                        tbody { @for used in others { (recorded(used)) } }
                    }
                }
            }
        }
    }

    fn refresher(&self) -> Markup {
        html! {
            @if self.person.may(Action::ManageBatches) {
                form.inline.tight method="post" action="/engineering/recipes/refresh" {
                    (csrf(self.person))
                    button type="submit" { "Read the folder again" }
                }
            }
        }
    }
}

fn recorded(used: &RecipeUse) -> Markup {
    let recipe = &used.recipe;
    let key = Key::Hash(recipe.hash);
    html! {
        tr {
            (choice(&key, &recipe.name, usize::MAX, 0))
            th scope="row" { a href=(key.href()) { (recipe.name) } }
            td { (recipe.policy.chip) }
            td { span.badge.idle { "Not on the shelf" } }
            td { (short(recipe.hash)) }
            td { (when::time(used.first_used)) }
        }
    }
}

fn head(second: &str) -> Markup {
    html! {
        thead { tr {
            th scope="col" { "Old" }
            th scope="col" { "New" }
            th scope="col" { "Recipe" }
            th scope="col" { (second) }
            th scope="col" { "Check" }
            th scope="col" { "Hash" }
            th scope="col" { "First used" }
        } }
    }
}

/// The two marks for comparing; the first two recipes are chosen at first.
fn choice(key: &Key, name: &str, number: usize, count: usize) -> Markup {
    let key = key.to_string();
    let second = count.min(2).saturating_sub(1);
    html! {
        td { input type="radio" name="old" value=(key) required aria-label={ "Old: " (name) } checked[number == 0]; }
        td { input type="radio" name="new" value=(key) required aria-label={ "New: " (name) } checked[count > 0 && number == second]; }
    }
}
