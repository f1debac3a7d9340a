//! `station recipe check`: loads recipes with their images, and says what is wrong and where. Writes nothing.

use std::path::Path;

use firstpass_domain::{Problem, Sha256Digest};
use firstpass_line::recipe::{Recipe, RecipeError};
use serde::Serialize;

use crate::{
    args::RecipeCommand,
    exit::{Exit, Failure},
    output::Output,
};

/// Checks every file, also after one that is wrong; a wrong one makes exit code 2.
pub(crate) fn run(command: &RecipeCommand, output: Output) -> Result<Exit, Failure> {
    let RecipeCommand::Check { files } = command;
    let mut exit = Exit::Done;
    for file in files {
        match Recipe::load(file) {
            Ok(recipe) => say_right(output, &recipe),
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
    let right = Right { file: &recipe.path, ok: true, name: &recipe.name, hash: recipe.hash, images: images.collect() };
    output.say(&right, || {
        let mut text = format!("{}: recipe {} is right, SHA-256 {}", right.file.display(), right.name, right.hash);
        for Image { region, name, size, version, .. } in &right.images {
            let version = version.map(|version| format!(", version {version}")).unwrap_or_default();
            text.push_str(&format!("\n  {region:<16} {name}, {size} bytes{version}"));
        }
        text
    });
}

fn say_wrong(output: Output, file: &Path, error: &RecipeError) {
    let problem = error.problem();
    if output.is_json() {
        output.object(&Wrong { file, ok: false, line: error.line, column: error.column, problem });
    } else {
        output.problem(&problem);
    }
}
