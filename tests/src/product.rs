//! A product: images and recipes, made from those of the demo.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::{repository, unit_program};

/// What a product's recipe asks for; each stands in `configs/recipes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injection {
    /// A one-time code in NVS.
    Nvs,
    /// A complete session in NVS.
    Session,
    /// A one-time code in the image of a stock build.
    Image,
    /// The same, and then a field image over the factory image.
    TwoStage,
    /// A one-time code in NVS, and an update after provisioning.
    Update,
}

impl Injection {
    /// Its recipe among the configuration's.
    const fn recipe(self) -> &'static str {
        match self {
            Self::Nvs => "demo-nvs.toml",
            Self::Session => "demo-session.toml",
            Self::Image => "stock-image.toml",
            Self::TwoStage => "two-stage.toml",
            Self::Update => "ota-newer.toml",
        }
    }

    /// Apps that the recipe names, each with the options that make it.
    const fn apps(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::Nvs | Self::Session => &[APP],
            Self::Image => &[STOCK],
            Self::TwoStage => &[STOCK, ("field-app.bin", &["--version", "2.0.0", "--seed", "3"])],
            Self::Update => &[APP, ("app-newer.bin", &["--version", "2.0.0", "--seed", "4"])],
        }
    }
}

const APP: (&str, &[&str]) = ("app.bin", &[]);
const STOCK: (&str, &[&str]) = ("stock-app.bin", &["--placeholder", PLACEHOLDER, "--seed", "2"]);
/// The auth code that the stock app was built with.
pub const PLACEHOLDER: &str = "FIRSTPASS-PLACEHOLDER-OF-THE-AUTH-CODE-0123456789-0123456789-0123456789";
/// Size of the apps: small, so that stories about other things are quick.
const APP_SIZE: &str = "131072";

/// A folder with images and a recipe.
#[derive(Debug)]
pub struct Product {
    folder: TempDir,
}

impl Product {
    /// Makes the folder with the demo's images.
    #[expect(clippy::new_without_default, reason = "a product is made on disk")]
    pub fn new() -> Self {
        let product = Self { folder: tempfile::tempdir().expect("a temporary folder can be made") };
        product.make("bootloader.bin", "bootloader", &[]);
        product.make_app(APP.0, APP.1);
        for partitions in ["demo-partitions.csv", "ota-partitions.csv"] {
            std::fs::copy(repository().join("configs/recipes").join(partitions), product.folder().join(partitions))
                .expect("a partition table can be copied");
        }
        product
    }

    /// Makes an app with these options of `virtual-unit image app`.
    pub fn make_app(&self, name: &str, options: &[&str]) {
        self.make(name, "app", &[&["--size", APP_SIZE], options].concat());
    }

    fn make(&self, name: &str, kind: &str, options: &[&str]) {
        let mut command = Command::new(unit_program());
        command.args(["image", kind]).args(options).arg("--out").arg(self.folder().join(name));
        assert!(command.status().expect("the unit's program runs").success());
    }

    /// Where recipe and images lie, and where units may.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a recipe of the configuration's with some texts replaced, makes the apps that it names, and returns its path.
    #[track_caller]
    pub fn recipe(&self, injection: Injection, edits: &[(&str, &str)]) -> PathBuf {
        let name = injection.recipe();
        let missing = injection.apps().iter().filter(|(app, _)| !self.folder().join(app).exists());
        missing.for_each(|(app, options)| self.make_app(app, options));
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
