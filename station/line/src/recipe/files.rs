//! The files that a recipe names.

use std::{
    error::Error,
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

use toml::Spanned;

use super::error::{RecipeError, Source};

/// Largest file that a recipe may name: no ESP32 has more flash.
const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// A file in memory.
pub(super) struct LoadedFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Reads a file that a recipe names; its path is relative to the recipe.
pub(super) fn load(source: Source<'_>, file: &Spanned<String>) -> Result<LoadedFile, RecipeError> {
    let path = source.path.parent().unwrap_or(source.path).join(file.get_ref());
    let bytes = read_bounded(&path, FILE_BYTES_MAX).map_err(|error| {
        let what = format!("the file {} cannot be read: {error}", path.display());
        source.error(file.span(), "file_missing", what, "Check the path; it is relative to the recipe's folder.")
    })?;
    let name = path.file_name().map_or_else(|| file.get_ref().clone(), |name| name.to_string_lossy().into_owned());
    Ok(LoadedFile { name, bytes })
}

/// Reads a regular file of at most `max` bytes; a device or a pipe may have no end.
pub(super) fn read_bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {max} bytes")));
    }
    Ok(bytes)
}

/// A file is there and cannot be used: tells its name, and the whole chain of causes.
pub(super) fn unfit(
    source: Source<'_>,
    file: &Spanned<String>,
    code: &'static str,
    error: &(dyn Error + 'static),
) -> RecipeError {
    let mut what = format!("{}: {error}", file.get_ref());
    let mut cause = error.source();
    while let Some(error) = cause {
        what = format!("{what}: {error}");
        cause = error.source();
    }
    let remedy = match code {
        "partition_table" => "Mend the partition table; ESP-IDF's documentation, \"Partition Tables\", tells the form.",
        _ => "Build the image for this chip again and copy it whole.",
    };
    source.error(file.span(), code, what, remedy)
}
