//! What else is on record: serial numbers, recipes, images; and what the station is.

use axum::{extract::State, http::Uri};
use firstpass_domain::{Action, SerialNumber, Sha256Digest};
use firstpass_store::{ImageUse, RecipeUse, SerialFate, SerialRecord};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::{
    batches::PageQuery,
    extract::Named,
    page::{Asked, Page},
    wire::Time,
};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Json, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Most recipes and images that are listed: the newest.
const NEWEST_MAX: u32 = 500;

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeeEngineering);
    Routes::default()
        .get("/api/v1/station", Access::Person, station)
        .get("/api/v1/serials", Access::May(Action::SeeUnits), serials)
        .get("/api/v1/recipes", see, recipes)
        .get("/api/v1/recipes/{hash}", see, recipe)
        .get("/api/v1/images", see, images)
}

#[derive(OpenApi)]
#[openapi(paths(station, serials, recipes, recipe, images))]
pub(super) struct Doc;

/// The station, and who asks it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StationShown {
    /// Its name.
    station: String,
    /// Version of its program.
    version: &'static str,
    /// Its clock.
    now: Time,
    /// Login name of whoever asks.
    person: String,
    /// Their role.
    #[schema(examples("engineer"))]
    role: &'static str,
    /// What they may do with what they have shown: a token may be for less than its owner.
    may: Vec<&'static str>,
}

/// Shows what the station is, and what whoever asks may do.
#[utoipa::path(get, path = "/api/v1/station", operation_id = "show_station", tag = "station",
    responses((status = 200, description = "The station.", body = StationShown)))]
async fn station(State(app): State<AppState>, person: Principal) -> Json<StationShown> {
    let may = Action::ALL.iter().filter(|action| person.may(**action)).map(|action| action.name()).collect();
    Json(StationShown {
        station: app.services.station.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        now: (app.services.clock)().into(),
        role: person.role.name(),
        person: person.login,
        may,
    })
}

/// A serial number that was given.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Serial {
    /// The number.
    serial: String,
    /// Unit that it was given to.
    mac: String,
    /// When it was given.
    allocated: Time,
    /// Whether the unit bears it, or was given another after it.
    borne: bool,
    /// What became of the unit.
    fate: Fate,
}

/// What became of a unit with a serial number.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fate {
    /// It is in a slot, or was never tried to the end.
    InWork,
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It is set aside until a person releases it.
    Quarantined,
    /// It was scrapped.
    Scrapped,
}

impl From<SerialRecord> for Serial {
    fn from(record: SerialRecord) -> Self {
        let fate = match record.fate {
            SerialFate::InWork => Fate::InWork,
            SerialFate::Passed => Fate::Passed,
            SerialFate::Failed => Fate::Failed,
            SerialFate::Quarantined => Fate::Quarantined,
            SerialFate::Scrapped => Fate::Scrapped,
        };
        let (serial, mac) = (record.serial.to_string(), record.mac.to_string());
        Self { serial, mac, allocated: record.allocated.into(), borne: record.is_borne, fate }
    }
}

/// Lists every serial number that was ever given, in the order of their text.
#[utoipa::path(get, path = "/api/v1/serials", operation_id = "list_serials", tag = "units", params(PageQuery),
    responses((status = 200, description = "A page of serial numbers.", body = Page<Serial>)))]
async fn serials(State(app): State<AppState>, uri: Uri, Query(query): Query<PageQuery>) -> Answer<Json<Page<Serial>>> {
    let asked = Asked::<SerialNumber>::read(query.limit, query.cursor.as_deref())?;
    let serials = app.services.store.serials(asked.after.as_ref(), asked.one_more()).await?;
    Ok(Json(asked.page(&uri, serials, |record| record.serial.clone(), Serial::from)))
}

/// A recipe.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Recipe")]
pub(super) struct WireRecipe {
    /// Its hash, over its text and every image.
    hash: String,
    /// Its name.
    name: String,
    /// Whether the station has it now, so that batches can be opened with it.
    on_shelf: bool,
    /// When it was first used; null when it never was.
    first_used: Option<Time>,
}

/// The recipes of the station.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recipes {
    /// Those that were used, newest first, at most 500; then those that never were.
    items: Vec<WireRecipe>,
}

/// Lists recipes.
#[utoipa::path(get, path = "/api/v1/recipes", operation_id = "list_recipes", tag = "engineering",
    responses((status = 200, description = "The recipes.", body = Recipes)))]
async fn recipes(State(app): State<AppState>) -> Answer<Json<Recipes>> {
    let shelf = app.services.shelf.entries();
    let on_shelf = |hash: Sha256Digest| shelf.iter().any(|entry| entry.hash == Some(hash));
    let used = app.services.store.recipes(NEWEST_MAX).await?;
    let unused = shelf.iter().filter_map(|entry| {
        let hash = entry.hash.filter(|hash| used.iter().all(|used| used.recipe.hash != *hash))?;
        Some(WireRecipe { hash: hash.to_string(), name: entry.name.clone(), on_shelf: true, first_used: None })
    });
    let wire = |RecipeUse { recipe, first_used }: &RecipeUse| WireRecipe {
        hash: recipe.hash.to_string(),
        name: recipe.name.clone(),
        on_shelf: on_shelf(recipe.hash),
        first_used: Some((*first_used).into()),
    };
    Ok(Json(Recipes { items: used.iter().map(wire).chain(unused).collect() }))
}

/// A recipe with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecipeShown {
    /// Its hash.
    hash: String,
    /// Its name.
    name: String,
    /// Its text, TOML; it holds no secrets, only references to them.
    text: String,
    /// What the verdict depends on.
    #[schema(value_type = Object)]
    policy: serde_json::Value,
    /// When it was first used; null when it never was.
    first_used: Option<Time>,
}

/// Shows a recipe that was used, or that the station has.
#[utoipa::path(get, path = "/api/v1/recipes/{hash}", operation_id = "show_recipe", tag = "engineering",
    params(("hash" = String, Path, description = "Its hash.")),
    responses((status = 200, description = "The recipe.", body = RecipeShown)))]
async fn recipe(State(app): State<AppState>, Named(hash): Named<Sha256Digest>) -> Answer<Json<RecipeShown>> {
    let shown = |recipe: firstpass_store::RecipeRecord, first_used| RecipeShown {
        hash: recipe.hash.to_string(),
        name: recipe.name,
        text: recipe.text,
        policy: serde_json::to_value(&recipe.policy).unwrap_or_default(),
        first_used,
    };
    if let Some(RecipeUse { recipe, first_used }) = app.services.store.recipe(hash).await? {
        return Ok(Json(shown(recipe, Some(first_used.into()))));
    }
    let entry = app.services.shelf.entries().into_iter().find(|entry| entry.hash == Some(hash));
    let recipe = entry.and_then(|entry| entry.result.ok());
    let recipe = recipe.ok_or_else(|| HttpProblem::not_found(format!("There is no recipe {hash}.")))?;
    Ok(Json(shown(recipe.record(), None)))
}

/// A firmware image that was used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Image {
    /// SHA-256 of the file.
    sha256: String,
    /// Region that it is for.
    #[schema(examples("app"))]
    region: String,
    /// File name.
    name: String,
    /// Size in bytes.
    size: u32,
    /// Version in its application description.
    version: Option<String>,
    /// When it was first used.
    first_used: Time,
}

/// The images that were used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Images {
    /// Images, newest first, at most 500.
    items: Vec<Image>,
}

/// Lists the firmware images that were used, newest first.
#[utoipa::path(get, path = "/api/v1/images", operation_id = "list_images", tag = "engineering",
    responses((status = 200, description = "The images.", body = Images)))]
async fn images(State(app): State<AppState>) -> Answer<Json<Images>> {
    let images = app.services.store.images(NEWEST_MAX).await?;
    let items = images.into_iter().map(|ImageUse { image, first_used }| Image {
        sha256: image.sha256.to_string(),
        region: image.region,
        name: image.name,
        size: image.size,
        version: image.version,
        first_used: first_used.into(),
    });
    Ok(Json(Images { items: items.collect() }))
}
