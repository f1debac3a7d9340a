//! A product: images and recipes, made from those of the demo.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{repository, unit_program};

/// How a unit gets its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// A one-time code in NVS.
    Nvs,
    /// A complete session in NVS.
    Session,
    /// A one-time code in NVS, and then a field image over the factory image.
    TwoStage,
}

/// A folder with images and a recipe.
#[derive(Debug)]
pub struct Product {
    folder: TempDir,
}

impl Product {
    /// Makes the images: small ones, so that stories about other things are quick.
    #[expect(clippy::new_without_default, reason = "a product is made on disk")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (kind, options) in [("app", &["--size", "131072"] as &[&str]), ("bootloader", &[])] {
            let mut command = Command::new(unit_program());
            command.args(["image", kind]).args(options).arg("--out").arg(folder.path().join(format!("{kind}.bin")));
            assert!(command.status().expect("the unit's program runs").success());
        }
        let partitions = "demo-partitions.csv";
        std::fs::copy(repository().join("configs/recipes").join(partitions), folder.path().join(partitions))
            .expect("the demo's partition table can be copied");
        Self { folder }
    }

    /// Where recipe and images lie, and where units may.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the demo's recipe with some texts replaced, and returns its path.
    #[track_caller]
    pub fn recipe(&self, injection: Injection, edits: &[(&str, &str)]) -> PathBuf {
        let name = match injection {
            Injection::Nvs => "demo-nvs.toml",
            Injection::Session => "demo-session.toml",
            Injection::TwoStage => "demo-two-stage.toml",
        };
        let text = std::fs::read_to_string(repository().join("configs/recipes").join(name)).expect("a recipe");
        let path = self.folder().join(name);
        std::fs::write(&path, edit_recipe(&text, edits)).expect("the recipe can be written");
        path
    }
}

/// Replaces texts that must be there.
#[track_caller]
fn edit_recipe(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the recipe says {from:?}");
        text.replace(from, to)
    })
}
