//! `station image patch`: one unit's image. The code comes from the environment or a file, and is never printed.

use std::{env, io, path::Path};

use firstpass_contract::Secret;
use firstpass_device::image::{self, PatchError};
use firstpass_domain::Sha256Digest;
use serde::Serialize;

use super::read;
use crate::{
    args::{CodeSource, ImagePatchArgs},
    commands::nvs::bounded,
    exit::{Exit, Failure},
    output::Output,
    whole_file,
};

/// Longest file with a code, in bytes.
const CODE_FILE_MAX: u64 = 4096;
/// Permission bits of a patched image: it holds a code.
const IMAGE_MODE: u32 = 0o600;

#[derive(Serialize)]
struct Patched<'a> {
    file: &'a Path,
    len: usize,
    /// Of the whole file, as it is written.
    sha256: Sha256Digest,
    /// The appended one, as the running app names it.
    app_sha256: Option<Sha256Digest>,
}

/// Writes the patched image; the file appears whole or not at all.
pub(super) fn run(args: &ImagePatchArgs, output: Output) -> Result<Exit, Failure> {
    let image = read(&args.image)?;
    let code = code(&args.code)?;
    check_code(&code)?;
    check_out(args)?;
    image::check_whole_text(&image, args.placeholder.as_bytes()).map_err(|error| refused(&args.image, &error))?;
    let patched = image::patch(&image, args.placeholder.as_bytes(), code.expose().as_bytes());
    let patched = patched.map_err(|error| refused(&args.image, &error))?;
    whole_file::write(&args.out, &patched, IMAGE_MODE).map_err(|error| {
        let why = format!("{}: {error}.", args.out.display());
        let remedy = "Name a file in a folder that is there, that you may write, and whose disk has room.";
        Failure::usage("out_unwritable", "The image cannot be written.", why, remedy)
    })?;
    let app_sha256 = image::inspect(&patched).ok().and_then(|report| report.sha256).map(|hash| hash.stored);
    let done = Patched { file: &args.out, len: patched.len(), sha256: Sha256Digest::of(&patched), app_sha256 };
    output.say(&done, || {
        format!("{}: {} bytes, SHA-256 {}; checksum and hash are right", args.out.display(), done.len, done.sha256)
    });
    Ok(Exit::Done)
}

/// The image that was built is every unit's: it stays as it is. So does whatever else is there, unless it is to go.
fn check_out(args: &ImagePatchArgs) -> Result<(), Failure> {
    let what = "The image would be written over another file.";
    let Ok(out) = args.out.canonicalize() else { return Ok(()) };
    if args.image.canonicalize().is_ok_and(|image| image == out) {
        let why = format!("{} is the image that is read.", args.out.display());
        return Err(Failure::usage("out_is_input", what, why, "Name another file with --out."));
    }
    if !args.force && !out.is_dir() {
        let why = format!("{} is there already.", args.out.display());
        return Err(Failure::usage(
            "out_exists",
            what,
            why,
            "Name another file with --out, or replace it with --force.",
        ));
    }
    Ok(())
}

/// A code with a space or a line end in it is more likely a mistake than a code, and no service takes it.
fn check_code(code: &Secret) -> Result<(), Failure> {
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
    let Some(at) = code.expose().chars().position(is_odd) else { return Ok(()) };
    let why = format!("Character {} of it is white space or a control character.", at + 1);
    let remedy = "Give the code and nothing else.";
    Err(Failure::usage("code_unusable", "The code cannot be used.", why, remedy))
}

fn code(source: &CodeSource) -> Result<Secret, Failure> {
    match (&source.code_env, &source.code_file) {
        (Some(name), _) => env::var(name).map(Secret::new).map_err(|error| {
            let why = match error {
                env::VarError::NotPresent => format!("{name} is not set."),
                env::VarError::NotUnicode(_) => format!("{name} is no UTF-8 text."),
            };
            unreadable(why, "Set the variable for this command, or name a file with --code-file.")
        }),
        (None, Some(path)) => from_file(path),
        (None, None) => Err(unreadable("No source is named.".to_owned(), "Name one with --code-env or --code-file.")),
    }
}

fn from_file(path: &Path) -> Result<Secret, Failure> {
    let text = bounded::read(path, CODE_FILE_MAX)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::Error::other("it is no UTF-8 text")));
    let text = text.map_err(|error| {
        unreadable(format!("{}: {error}.", path.display()), "Name a file that holds the code and nothing else.")
    })?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn unreadable(why: String, remedy: &str) -> Failure {
    Failure::usage("code_unreadable", "The code cannot be read.", why, remedy)
}

fn refused(image: &Path, error: &PatchError) -> Failure {
    let why = format!("{}: {error}.", image.display());
    Failure::usage(error.code(), "The image cannot be patched.", why, error.remedy())
}
