//! Versions of recipes: files on the shelf, and texts on record. Each has a key by which pages name it.

use std::{fmt, io::Read, path::PathBuf, sync::Arc};

use firstpass_domain::{Policy, Problem, Sha256Digest, Timestamp};
use firstpass_line::recipe::{Recipe, RecipeError, ShelfEntry};
use firstpass_store::RecipeUse;

use crate::{
    App,
    problem::{Answer, HttpProblem},
};

/// Most recipes of the record that are looked at.
pub(super) const RECIPES_MAX: u32 = 200;
/// Longest recipe that is shown, in bytes; the line takes none that is longer.
const TEXT_MAX: u64 = 1024 * 1024;

/// Names a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// By its hash, on the shelf or on record.
    Hash(Sha256Digest),
    /// By the name of its file on the shelf, whatever is in it.
    File(String),
}

impl Key {
    /// As it stands in an address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("sha256", hash) => hash.parse().ok().map(Self::Hash),
            ("file", name) => Some(Self::File(name.to_owned())),
            _ => None,
        }
    }

    /// The key of a file on the shelf: its hash, where it has one.
    pub(super) fn of(entry: &ShelfEntry) -> Self {
        entry.hash.map_or_else(|| Self::File(file_name(entry)), Self::Hash)
    }

    /// The address of its page.
    pub(super) fn href(&self) -> String {
        format!("/engineering/recipes/view?recipe={}", super::ports::percent(&self.to_string()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => write!(f, "sha256:{hash}"),
            Self::File(name) => write!(f, "file:{name}"),
        }
    }
}

/// A version with all that is known of it.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) key: Key,
    pub(super) name: String,
    pub(super) text: String,
    /// `None` while it cannot be used.
    pub(super) policy: Option<Policy>,
    /// Where it lies on the shelf.
    pub(super) file: Option<PathBuf>,
    /// With its images, when it lies there and can be used.
    pub(super) recipe: Option<Arc<Recipe>>,
    /// What is wrong with it.
    pub(super) error: Option<RecipeError>,
    /// Since when it is on record.
    pub(super) first_used: Option<Timestamp>,
}

/// Name of an entry's file.
pub(super) fn file_name(entry: &ShelfEntry) -> String {
    entry.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A version by its key.
pub(super) async fn find(app: &App, key: &str) -> Answer<Version> {
    let gone = || HttpProblem::not_found(format!("There is no recipe {key}."));
    let key = Key::parse(key).ok_or_else(gone)?;
    let entries = app.services.shelf.entries();
    let entry = entries.into_iter().find(|entry| Key::of(entry) == key || Key::File(file_name(entry)) == key);
    let recorded = match &key {
        Key::Hash(hash) => app.services.store.recipe(*hash).await?,
        Key::File(_) => None,
    };
    match (entry, recorded) {
        (Some(entry), recorded) => shelved(key, entry, recorded).await,
        (None, Some(used)) => Ok(on_record(used)),
        (None, None) => Err(gone()),
    }
}

fn on_record(used: RecipeUse) -> Version {
    let RecipeUse { recipe, first_used } = used;
    Version {
        key: Key::Hash(recipe.hash),
        name: recipe.name,
        text: recipe.text,
        policy: Some(recipe.policy),
        file: None,
        recipe: None,
        error: None,
        first_used: Some(first_used),
    }
}

async fn shelved(key: Key, entry: ShelfEntry, recorded: Option<RecipeUse>) -> Answer<Version> {
    let (name, file) = (entry.name.clone(), Some(entry.file.clone()));
    let first_used = recorded.map(|used| used.first_used);
    if let Ok(recipe) = entry.result {
        let (text, policy) = (recipe.text.clone(), Some(recipe.policy.clone()));
        return Ok(Version { key, name, text, policy, file, recipe: Some(recipe), error: None, first_used });
    }
    // What is wrong is asked anew, since the shelf keeps its words and not its place.
    let path = entry.file;
    let (text, error) = blocking(move || (read(&path), Recipe::load(&path).err())).await?;
    Ok(Version { key, name, text, policy: None, file, recipe: None, error, first_used })
}

/// The text of a file, as far as it can be shown.
fn read(path: &std::path::Path) -> String {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(TEXT_MAX).read_to_end(&mut bytes));
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Does what reads files or devices, away from the tasks that answer.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "reading files failed");
        let problem = Problem {
            code: "read_failed".to_owned(),
            what: "This could not be read.".to_owned(),
            why: "A part of the station failed; its log says how.".to_owned(),
            remedy: "Try again; if it happens again, report it with the log.".to_owned(),
        };
        HttpProblem::told(axum::http::StatusCode::INTERNAL_SERVER_ERROR, problem)
    })
}
