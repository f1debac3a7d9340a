//! `station image`: what stands in a firmware image, and putting a unit's code into one. The format is the device
//! crate's.

mod inspect;
mod patch;

use std::path::Path;

use crate::{
    args::ImageCommand,
    commands::nvs::bounded,
    exit::{Exit, Failure},
    output::Output,
};

/// Largest image in bytes: no ESP32 has more flash.
const IMAGE_LEN_MAX: u64 = 128 * 1024 * 1024;

/// Does one of the subcommands.
pub(crate) fn run(command: &ImageCommand, output: Output) -> Result<Exit, Failure> {
    match command {
        ImageCommand::Inspect { image } => inspect::run(image, output),
        ImageCommand::Patch(args) => patch::run(args, output),
    }
}

fn read(image: &Path) -> Result<Vec<u8>, Failure> {
    bounded::read(image, IMAGE_LEN_MAX).map_err(|error| {
        let why = format!("{}: {error}.", image.display());
        Failure::usage("image_unreadable", "The image cannot be read.", why, "Check the path.")
    })
}
