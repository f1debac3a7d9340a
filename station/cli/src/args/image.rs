//! Shapes of the commands on firmware images.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `station image …`
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Show what an app or boot loader image says of itself, and whether its checksums are right.
    Inspect {
        /// Image file.
        image: PathBuf,
    },
    /// Put a unit's code in the place of a placeholder, and make checksum and SHA-256 right again.
    Patch(ImagePatchArgs),
}

/// Options of `station image patch`. The code itself is never among them, since others can read command lines.
#[derive(Debug, Args)]
pub(crate) struct ImagePatchArgs {
    /// Image file.
    pub(crate) image: PathBuf,
    /// The text in the image that the code replaces, the whole of it; it must stand there exactly once.
    #[arg(long, value_name = "TEXT")]
    pub(crate) placeholder: String,
    #[command(flatten)]
    pub(crate) code: CodeSource,
    /// Image to write; another one than is read.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Replace what is there already.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Where the code comes from.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct CodeSource {
    /// Environment variable that holds the code.
    #[arg(long, value_name = "VAR")]
    pub(crate) code_env: Option<String>,
    /// File that holds the code; a line end behind it is no part of it.
    #[arg(long, value_name = "PATH")]
    pub(crate) code_file: Option<PathBuf>,
}
