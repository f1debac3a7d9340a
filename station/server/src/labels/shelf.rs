//! The label templates of a station: those in its folder, or those that the program brings along. Read anew whenever they
//! are asked for, so that a change shows at once.

use std::{io, path::Path};

use firstpass_domain::Sha256Digest;

use super::{error::TemplateError, template::Template};

/// Most templates that are read.
const TEMPLATES_MAX: usize = 64;
/// Largest template, in bytes.
const TEMPLATE_BYTES_MAX: u64 = 64 * 1024;
/// Longest id, in characters.
const ID_MAX: usize = 64;

/// The templates of the program itself.
const BUILT_IN: [(&str, &str); 3] = [
    ("product", include_str!("../../../../configs/labels/product.toml")),
    ("serial", include_str!("../../../../configs/labels/serial.toml")),
    ("certificate", include_str!("../../../../configs/labels/certificate.toml")),
];

/// A template with its file.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Name of the file without `.toml`: what it is called in addresses and in the configuration.
    pub(crate) id: String,
    /// Hash of the text: what is on record of a label.
    pub(crate) hash: Sha256Digest,
    /// The template, or what is wrong with it.
    pub(crate) result: Result<Template, TemplateError>,
}

/// All templates by id, also those that cannot be used. `folder` is the configured one.
pub(crate) fn all(folder: Option<&Path>) -> io::Result<Vec<Entry>> {
    let Some(folder) = folder else {
        return Ok(BUILT_IN.iter().map(|(id, text)| Entry::new(id, text)).collect());
    };
    let mut entries = Vec::new();
    for file in std::fs::read_dir(folder)?.take(TEMPLATES_MAX * 4) {
        let path = file?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str()).filter(|id| is_id(id));
        let is_template = path.extension().is_some_and(|extension| extension == "toml");
        if let (Some(id), true) = (id, is_template) {
            entries.push(Entry::read(id, &path));
        }
    }
    entries.sort_by(|one, other| one.id.cmp(&other.id));
    entries.truncate(TEMPLATES_MAX);
    Ok(entries)
}

/// The template of this id; `None` when there is none.
pub(crate) fn by_id(folder: Option<&Path>, id: &str) -> io::Result<Option<Entry>> {
    Ok(all(folder)?.into_iter().find(|entry| entry.id == id))
}

impl Entry {
    fn new(id: &str, text: &str) -> Self {
        let result = Template::parse(&format!("{id}.toml"), text);
        Self { id: id.to_owned(), hash: Sha256Digest::of(text.as_bytes()), result }
    }

    fn read(id: &str, path: &Path) -> Self {
        match read_bounded(path) {
            Ok(text) => Self::new(id, &text),
            Err(error) => {
                let result = Err(TemplateError::unreadable(&format!("{id}.toml"), error));
                Self { id: id.to_owned(), hash: Sha256Digest::of(b""), result }
            }
        }
    }

    /// What people call it.
    pub(crate) fn name(&self) -> &str {
        self.result.as_ref().map_or(self.id.as_str(), |template| template.name.as_str())
    }
}

fn read_bounded(path: &Path) -> io::Result<String> {
    let len = std::fs::metadata(path)?.len();
    if len > TEMPLATE_BYTES_MAX {
        let why = format!("it is larger than {TEMPLATE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    std::fs::read_to_string(path)
}

/// Whether a file's name can stand in an address as it is.
fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=ID_MAX).contains(&text.len()) && text.chars().all(is_plain)
}
