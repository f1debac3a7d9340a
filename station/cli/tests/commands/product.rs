//! A product in a folder: made images, partition tables and a recipe.

use std::{fs, path::Path};

use tempfile::TempDir;
use virtual_unit::image::{AppImage, app_with_code, bootloader};

pub(crate) const TABLE: &str = include_str!("../../../../configs/recipes/demo-partitions.csv");
const OTA_TABLE: &str = include_str!("../../../../configs/recipes/ota-partitions.csv");
/// Size of an app in bytes.
pub(crate) const APP_BYTES: usize = 64 * 1024;
/// The auth code that the stock app was built with.
pub(crate) const PLACEHOLDER: &str = "FIRSTPASS-PLACEHOLDER-OF-THE-AUTH-CODE-0123456789-0123456789-0123456789";

/// The product of every example, with `recipe` as `recipe.toml`.
pub(crate) fn product(recipe: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("recipe.toml", recipe.as_bytes());
    write("demo-partitions.csv", TABLE.as_bytes());
    write("ota-partitions.csv", OTA_TABLE.as_bytes());
    // What a table is, its contents say.
    write("partition-table.bin", OTA_TABLE.as_bytes());
    write("bootloader.bin", &bootloader(1));
    write("app.bin", &app(APP_BYTES, "1.0.0", ""));
    write("app-newer.bin", &app(APP_BYTES, "1.1.0", ""));
    write("field-app.bin", &app(APP_BYTES / 2, "1.0.0-field", ""));
    write("stock-app.bin", &app(APP_BYTES, "1.0.0", PLACEHOLDER));
    folder
}

/// An app's image; `code` is compiled in, when it is not empty.
pub(crate) fn app(size: usize, version: &str, code: &str) -> Vec<u8> {
    let (version, project) = (version.to_owned(), "check".to_owned());
    app_with_code(&AppImage { size, seed: 1, version, project }, code)
}

/// Writes the recipe again, with one text replaced.
pub(crate) fn change(folder: &Path, recipe: &str, (from, to): (&str, &str)) {
    assert!(recipe.contains(from), "{from:?} is not in the recipe");
    fs::write(folder.join("recipe.toml"), recipe.replacen(from, to, 1)).unwrap();
}
