//! The images: on record, and those of the recipes on the shelf, with what stands in their headers and where they are used.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::extract::State;
use firstpass_device::image::{self, ImageReport};
use firstpass_domain::{Action, Policy, Sha256Digest, Timestamp};
use firstpass_line::recipe::Recipe;
use firstpass_store::{ImageRecord, RecipeUse};
use maud::{Markup, html};

use super::{
    Tab, bytes, page, short,
    versions::{Key, RECIPES_MAX, blocking},
};
use crate::{
    App, AppState,
    access::{Access, Principal},
    pages::when,
    problem::Answer,
    routes::Routes,
};

/// Most images of the record that are shown.
const IMAGES_MAX: u32 = 300;
/// Largest file that is looked into, in bytes: the largest flash of these chips.
const FILE_MAX: u64 = 128 * 1024 * 1024;

pub(super) fn routes() -> Routes {
    Routes::default().get("/engineering/images", Access::May(Action::SeeEngineering), list)
}

/// An image with all that is known of it.
struct Row {
    image: ImageRecord,
    first_used: Option<Timestamp>,
    /// Key and name of each recipe that writes it.
    recipes: Vec<(Key, String)>,
    /// What stands in it, when its file is at hand.
    report: Option<ImageReport>,
}

async fn list(State(app): State<AppState>, person: Principal) -> Answer {
    let rows = rows(&app).await?;
    let body = html! {
        section.card.flush {
            @if rows.is_empty() {
                div.empty {
                    strong { "No images yet" }
                    p { "Images are known with the recipe that names them: put one on the shelf." }
                }
            } @else { (table(&rows)) }
        }
        p.muted.small {
            "Chip and project are read from files that recipes on the shelf name. Of older images the record keeps hash, size and version."
        }
    };
    Ok(page(&person, Tab::Images, "Images", false, &body))
}

async fn rows(app: &App) -> Answer<Vec<Row>> {
    let recorded = app.services.store.images(IMAGES_MAX).await?;
    let used = app.services.store.recipes(RECIPES_MAX).await?;
    let shelved: Vec<Arc<Recipe>> =
        app.services.shelf.entries().into_iter().filter_map(|entry| entry.result.ok()).collect();
    let mut images: BTreeMap<Sha256Digest, (ImageRecord, Option<Timestamp>)> =
        shelved.iter().flat_map(|recipe| &recipe.images).map(|image| (image.sha256, (image.clone(), None))).collect();
    images.extend(recorded.into_iter().map(|used| (used.image.sha256, (used.image, Some(used.first_used)))));
    let reports = reports(app, &shelved, images.keys().copied().collect()).await?;
    let row = |(image, first_used): (ImageRecord, Option<Timestamp>)| Row {
        recipes: users(image.sha256, &shelved, &used),
        report: reports.get(&image.sha256).cloned(),
        image,
        first_used,
    };
    let mut rows: Vec<Row> = images.into_values().map(row).collect();
    // What was not used yet is the newest.
    rows.sort_by_key(|row| (row.first_used.is_some(), std::cmp::Reverse(row.first_used), row.image.name.clone()));
    Ok(rows)
}

/// The recipes that write an image, each once.
fn users(image: Sha256Digest, shelved: &[Arc<Recipe>], used: &[RecipeUse]) -> Vec<(Key, String)> {
    let on_shelf = shelved.iter().map(|recipe| (recipe.hash, recipe.name.clone(), &recipe.policy));
    let on_record = used.iter().map(|used| (used.recipe.hash, used.recipe.name.clone(), &used.recipe.policy));
    let mut users: Vec<(Key, String)> = Vec::new();
    for (hash, name, policy) in on_shelf.chain(on_record) {
        let key = Key::Hash(hash);
        if names(policy, image) && !users.iter().any(|(known, _)| *known == key) {
            users.push((key, name));
        }
    }
    users
}

/// Whether a policy demands this image somewhere.
fn names(policy: &Policy, image: Sha256Digest) -> bool {
    let field = policy.field.iter().flat_map(|field| &field.regions);
    let regions = policy.regions.iter().chain(field).filter_map(|region| region.sha256);
    regions.chain(policy.app_template).chain(policy.ota.as_ref().map(|ota| ota.sha256)).any(|hash| hash == image)
}

/// What stands in the images whose files are named by a recipe on the shelf. Each is read once.
async fn reports(
    app: &App,
    shelved: &[Arc<Recipe>],
    wanted: Vec<Sha256Digest>,
) -> Answer<BTreeMap<Sha256Digest, ImageReport>> {
    let state = &app.engineering;
    let known: BTreeMap<_, _> = wanted.iter().filter_map(|hash| Some((*hash, state.report(*hash)?))).collect();
    let missing: Vec<_> = wanted.into_iter().filter(|hash| !known.contains_key(hash)).collect();
    if missing.is_empty() {
        return Ok(known);
    }
    let files: Vec<PathBuf> = shelved.iter().flat_map(|recipe| files(recipe)).collect();
    let read = blocking(move || files.iter().filter_map(|file| inspect(file, &missing)).collect::<Vec<_>>()).await?;
    for (hash, report) in &read {
        state.keep_report(*hash, report.clone());
    }
    Ok(known.into_iter().chain(read).collect())
}

/// Every file that a recipe may name: any text in it that leads to one beside it.
fn files(recipe: &Recipe) -> Vec<PathBuf> {
    let folder = recipe.path.parent().unwrap_or(Path::new("."));
    let Ok(table) = recipe.text.parse::<toml::Table>() else { return Vec::new() };
    let mut texts = Vec::new();
    collect(&toml::Value::Table(table), &mut texts);
    texts.into_iter().map(|text| folder.join(text)).filter(|path| path.is_file()).collect()
}

fn collect(value: &toml::Value, texts: &mut Vec<String>) {
    match value {
        toml::Value::String(text) => texts.push(text.clone()),
        toml::Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        toml::Value::Table(table) => table.values().for_each(|value| collect(value, texts)),
        toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) | toml::Value::Datetime(_) => {}
    }
}

fn inspect(file: &Path, wanted: &[Sha256Digest]) -> Option<(Sha256Digest, ImageReport)> {
    if std::fs::metadata(file).ok()?.len() > FILE_MAX {
        return None;
    }
    let content = std::fs::read(file).ok()?;
    let hash = Sha256Digest::of(&content);
    let report = image::inspect(&content).ok()?;
    wanted.contains(&hash).then_some((hash, report))
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table.data {
            caption.visually-hidden { "Images, newest first" }
            thead { tr {
                th scope="col" { "File" } th scope="col" { "Region" } th scope="col" { "Version" } th scope="col" { "Project" }
                th scope="col" { "Chip" } th.num scope="col" { "Size" } th scope="col" { "SHA-256" }
                th scope="col" { "Used by" } th scope="col" { "First used" }
            } }
            tbody { @for row in rows { (line(row)) } }
        }
    }
}

fn line(row: &Row) -> Markup {
    let image = &row.image;
    let app = row.report.as_ref().and_then(|report| report.app.as_ref());
    let unknown = || html! { span.muted { "not known" } };
    html! {
        tr {
            th scope="row" {
                span.break { (image.name) }
                @if row.report.as_ref().is_some_and(|report| !report.is_sound()) { " " span.badge.bad { "checksum wrong" } }
            }
            td { (image.region) }
            td { @match &image.version { Some(version) => (version), None => span.muted { "none" } } }
            td { @match app { Some(app) => (app.project), None => (unknown()) } }
            td { @match row.report.as_ref().map(|report| report.chip) {
                Some(Some(chip)) => (chip),
                Some(None) | None => (unknown()),
            } }
            td.num { (bytes(u64::from(image.size))) }
            td { (short(image.sha256)) }
            td {
                @if row.recipes.is_empty() { span.muted { "no recipe at hand" } }
                @for (key, name) in &row.recipes { div { a href=(key.href()) { (name) } } }
            }
            td { @match row.first_used { Some(at) => (when::time(at)), None => span.muted { "not yet" } } }
        }
    }
}
