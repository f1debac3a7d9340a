//! `station recipe check`: loads recipes with their images, and says what is wrong and where. Writes nothing.

use std::path::Path;

use firstpass_domain::{Injection, KnownUnit, Problem, Sha256Digest, Step};
use firstpass_line::recipe::{Recipe, RecipeError};
use serde::Serialize;

use crate::{
    args::RecipeCommand,
    exit::{Exit, Failure},
    output::Output,
    secrets,
};

/// Checks every file, also after one that is wrong; a wrong one makes exit code 2.
pub(crate) fn run(command: &RecipeCommand, output: Output) -> Result<Exit, Failure> {
    let RecipeCommand::Check { files } = command;
    let mut exit = Exit::Done;
    for file in files {
        match Recipe::load(file) {
            Ok(recipe) => {
                say_right(output, &recipe);
                secrets::warn(output, secrets::of_recipe(&recipe));
            }
            Err(error) => {
                say_wrong(output, file, &error);
                exit = Exit::Usage;
            }
        }
    }
    Ok(exit)
}

/// What is printed of a recipe that can be used.
#[derive(Debug, Serialize)]
struct Right<'a> {
    file: &'a Path,
    ok: bool,
    name: &'a str,
    hash: Sha256Digest,
    injection: Injection,
    /// Steps of a run, in order.
    steps: Vec<Step>,
    bauds: &'a [u32],
    /// Pattern of the serial numbers.
    serial: String,
    known_unit: KnownUnit,
    /// Version that is offered as an update.
    ota: Option<&'a str>,
    /// Version of the field image's app; the text is empty when the app is not asked.
    field: Option<&'a str>,
    images: Vec<Image<'a>>,
}

#[derive(Debug, Serialize)]
struct Image<'a> {
    region: &'a str,
    name: &'a str,
    size: u32,
    sha256: Sha256Digest,
    version: Option<&'a str>,
}

/// What is printed of a recipe that cannot be used.
#[derive(Debug, Serialize)]
struct Wrong<'a> {
    file: &'a Path,
    ok: bool,
    /// From 1; 0 when the file itself cannot be read.
    line: usize,
    column: usize,
    problem: Problem,
}

fn say_right(output: Output, recipe: &Recipe) {
    let images = recipe.images.iter().map(|image| Image {
        region: &image.region,
        name: &image.name,
        size: image.size,
        sha256: image.sha256,
        version: image.version.as_deref(),
    });
    let policy = &recipe.policy;
    let field = policy.field.as_ref();
    let right = Right {
        file: &recipe.path,
        ok: true,
        name: &recipe.name,
        hash: recipe.hash,
        injection: policy.injection,
        steps: policy.steps().collect(),
        bauds: &recipe.bauds,
        serial: recipe.nvs.serial.to_string(),
        known_unit: policy.known_unit,
        ota: policy.ota.as_ref().map(|ota| ota.app.version.as_str()),
        field: field.map(|field| field.app.as_ref().map_or("", |app| app.version.as_str())),
        images: images.collect(),
    };
    output.say(&right, || {
        let mut text = format!("{}: recipe {} is right, SHA-256 {}", right.file.display(), right.name, right.hash);
        text.push_str(&format!("\n  serial numbers {}", right.serial));
        text.push_str(&plan(&right));
        for Image { region, name, size, version, .. } in &right.images {
            let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
            text.push_str(&format!("\n  {region:<16} {name}, {size} bytes{version}"));
        }
        text
    });
}

/// What the recipe does beyond flashing one image, in words.
fn plan(right: &Right<'_>) -> String {
    let mut text = String::new();
    if right.injection == Injection::Image {
        text.push_str("\n  each unit's code goes into its app");
    }
    if let Some(version) = right.ota {
        text.push_str(&format!("\n  update to {version} after provisioning"));
    }
    if right.field.is_some() {
        text.push_str("\n  second stage: the field image, with NVS untouched; the flash is searched for the code");
    }
    text
}

fn say_wrong(output: Output, file: &Path, error: &RecipeError) {
    let problem = error.problem();
    if output.is_json() {
        output.object(&Wrong { file, ok: false, line: error.line, column: error.column, problem });
    } else {
        output.problem(&problem);
    }
}
