//! A folder of recipes, so that a batch's recipe is found by its hash. Reading never writes. Knows no batch and no record.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::{Problem, Sha256Digest};

use super::Recipe;

/// Most recipes that a shelf holds: their images are in memory.
const RECIPES_MAX: usize = 64;
/// Most names in the folder that are looked at.
const NAMES_MAX: usize = 4096;

/// Recipes that can be chosen by hand or by hash. What it does reads files and so blocks, [`Shelf::entries`] apart.
#[derive(Debug, Default)]
pub struct Shelf {
    folder: Option<PathBuf>,
    /// A recipe that lies elsewhere.
    besides: Option<PathBuf>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<ShelfEntry>,
    problem: Option<Problem>,
}

/// A recipe file on the shelf.
#[derive(Debug, Clone)]
pub struct ShelfEntry {
    /// The file.
    pub file: PathBuf,
    /// The recipe's name; the file's while it cannot be used.
    pub name: String,
    /// Its hash; `None` while it cannot be used.
    pub hash: Option<Sha256Digest>,
    /// The recipe with its images in memory, or why it cannot be used.
    pub result: Result<Arc<Recipe>, Problem>,
}

impl Shelf {
    /// Reads the recipes (`*.toml`) in `folder`, not those in folders within it.
    pub fn open(folder: &Path) -> Self {
        Self::of(Some(folder), None)
    }

    /// The same, with one more recipe that may lie elsewhere.
    pub fn of(folder: Option<&Path>, besides: Option<&Path>) -> Self {
        let shelf =
            Self { folder: folder.map(Path::to_owned), besides: besides.map(Path::to_owned), kept: Mutex::default() };
        shelf.refresh();
        shelf
    }

    /// The folder, when there is one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The recipes as they were read last, by file name.
    pub fn entries(&self) -> Vec<ShelfEntry> {
        self.kept().entries.clone()
    }

    /// Why some recipes are not among the entries: the folder cannot be read, or holds too many.
    pub fn problem(&self) -> Option<Problem> {
        self.kept().problem.clone()
    }

    /// Reads everything again, images too.
    pub fn refresh(&self) {
        let (files, problem) = self.files();
        let entries = files.into_iter().map(ShelfEntry::read).collect();
        *self.kept() = Kept { entries, problem };
    }

    /// The recipe that has this hash now, with the text and the images of this moment. What was on the shelf with this
    /// hash and has been changed since is another recipe.
    pub fn by_hash(&self, hash: Sha256Digest) -> Option<Arc<Recipe>> {
        let file = self.kept().entries.iter().find(|entry| entry.hash == Some(hash)).map(|entry| entry.file.clone());
        if let Some(recipe) = file.and_then(|file| ShelfEntry::read(file).with_hash(hash)) {
            return Some(recipe);
        }
        self.refresh();
        self.entries().into_iter().find_map(|entry| entry.with_hash(hash))
    }

    fn files(&self) -> (Vec<PathBuf>, Option<Problem>) {
        let (mut files, problem) = match self.folder.as_deref().map(recipes_in) {
            None => (Vec::new(), None),
            Some(Ok(files)) => (files, None),
            Some(Err(error)) => (Vec::new(), self.folder.as_deref().map(|folder| unreadable(folder, &error))),
        };
        let same = |one: &Path, other: &Path| one == other || one.canonicalize().ok() == other.canonicalize().ok();
        if let Some(besides) = &self.besides
            && !files.iter().any(|file| same(file, besides))
        {
            files.insert(0, besides.clone());
        }
        let too_many = (files.len() > RECIPES_MAX).then(|| too_many(files.len()));
        files.truncate(RECIPES_MAX);
        (files, problem.or(too_many))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShelfEntry {
    fn read(file: PathBuf) -> Self {
        let result = Recipe::load(&file).map(Arc::new).map_err(|error| error.problem());
        let of_file = || file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = result.as_ref().map_or_else(|_| of_file(), |recipe| recipe.name.clone());
        let hash = result.as_ref().ok().map(|recipe| recipe.hash);
        Self { file, name, hash, result }
    }

    fn with_hash(self, hash: Sha256Digest) -> Option<Arc<Recipe>> {
        self.result.ok().filter(|recipe| recipe.hash == hash)
    }
}

/// The recipe files in a folder by name; hidden ones are an editor's.
fn recipes_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let names = std::fs::read_dir(folder)?.take(NAMES_MAX).collect::<io::Result<Vec<_>>>()?;
    let is_recipe = |path: &PathBuf| {
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        path.extension().is_some_and(|extension| extension == "toml") && !is_hidden && path.is_file()
    };
    let mut files: Vec<PathBuf> = names.into_iter().map(|entry| entry.path()).filter(is_recipe).collect();
    files.sort();
    Ok(files)
}

fn unreadable(folder: &Path, error: &io::Error) -> Problem {
    Problem {
        code: "recipes_unreadable".to_owned(),
        what: "The folder of the recipes cannot be read.".to_owned(),
        why: format!("{}: {error}.", folder.display()),
        remedy: "Check recipes_dir under [station] in the configuration.".to_owned(),
    }
}

fn too_many(files: usize) -> Problem {
    Problem {
        code: "recipes_too_many".to_owned(),
        what: format!("Only the first {RECIPES_MAX} of {files} recipes are on the shelf."),
        why: "The images of all of them are kept in memory.".to_owned(),
        remedy: "Move recipes that are not used any more to another folder.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
