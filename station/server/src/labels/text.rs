//! Texts with placeholders, such as `SN {serial}`. Knows the names that may stand there, and not where values come from.

use std::ops::Range;

use super::error::{FillError, Source, TemplateError};

/// Longest text of one element, in bytes, before and after it is filled.
const TEXT_MAX: usize = 300;

/// Names of an enum's variants, as they stand in templates.
macro_rules! placeholders {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $meaning:literal;)*) => {
        /// What can stand in a label's texts and codes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Placeholder { $($(#[$doc])* $variant,)* }

        impl Placeholder {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name between braces.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is filled with.
            pub(crate) const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

placeholders! {
    /// Serial number.
    Serial = "serial", "serial number of the unit";
    /// MAC with colons.
    Mac = "mac", "MAC address with colons";
    /// MAC without colons.
    MacPlain = "mac_plain", "MAC address, twelve digits in upper case";
    /// Device id.
    DeviceId = "device_id", "device id of the session that the unit lives by";
    /// Batch.
    Batch = "batch", "name of the batch of the last run";
    /// Product.
    Product = "product", "product of that batch";
    /// Recipe.
    Recipe = "recipe", "name of the recipe of the last run";
    /// Version.
    Version = "version", "version of the app that the unit runs";
    /// Chip.
    Chip = "chip", "chip of the recipe";
    /// Date of the pass.
    Date = "date", "day on which the unit passed (UTC), such as 2026-11-21";
    /// Station.
    Station = "station", "station of the last run";
    /// Run.
    Run = "run", "id of the last run";
    /// Fingerprint.
    CertificateFingerprint = "certificate_fingerprint", "SHA-256 of the unit's certificate, 64 digits";
    /// Beginning of the fingerprint.
    CertificateShort = "certificate_short", "the first 16 digits of it";
    /// Serial number of the certificate.
    CertificateSerial = "certificate_serial", "serial number of the unit's certificate";
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder),
}

impl Pattern {
    /// Reads a text; `{{` and `}}` stand for braces. `span` is where its literal stands in the source.
    pub(super) fn parse(source: Source<'_>, text: &str, span: Range<usize>) -> Result<Self, TemplateError> {
        if text.len() > TEXT_MAX {
            let what = format!("the text is {} bytes long", text.len());
            return Err(source.error(span, what, format!("Write at most {TEXT_MAX} bytes.")));
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            let what = format!("the text holds the control character {control:?}");
            return Err(source.error(span, what, "Write one text for each line of the label."));
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            push_text(&mut pieces, before);
            rest = if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
                push_text(&mut pieces, &brace[..1]);
                after
            } else {
                let (value, after) = placeholder(source, brace, &span)?;
                pieces.push(Piece::Value(value));
                after
            };
        }
        push_text(&mut pieces, rest);
        Ok(Self(pieces))
    }

    /// The text with its values.
    pub(super) fn fill(&self, value: &dyn Fn(Placeholder) -> Option<String>) -> Result<String, FillError> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Value(name) => {
                    let value = value(*name).ok_or(FillError::NoValue { name: name.name() })?;
                    filled.extend(value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_MAX));
                }
            }
        }
        Ok(filled)
    }

    /// The placeholders in it.
    pub(super) fn values(&self) -> impl Iterator<Item = Placeholder> + '_ {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(value) => Some(*value),
            Piece::Text(_) => None,
        })
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(last)) => last.push_str(text),
        Some(Piece::Value(_)) | None => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// Reads `{name}` at the start of `brace`; what is behind it is the second half.
fn placeholder<'a>(
    source: Source<'_>,
    brace: &'a str,
    span: &Range<usize>,
) -> Result<(Placeholder, &'a str), TemplateError> {
    let inside = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
    let Some((name, after)) = inside else {
        let what = format!("the brace at {:?} has no partner", brace.chars().take(12).collect::<String>());
        return Err(source.error(place(source, brace, span), what, "Write {{ or }} for a brace itself."));
    };
    match Placeholder::ALL.iter().find(|known| known.name() == name) {
        Some(known) => Ok((*known, after)),
        None => {
            let names: Vec<&str> = Placeholder::ALL.iter().map(|known| known.name()).collect();
            let found = place(source, &format!("{{{name}}}"), span);
            let remedy = format!("Write one of these: {}.", names.join(", "));
            Err(source.error(found, format!("there is no placeholder {{{name}}}"), remedy))
        }
    }
}

/// Where `part` stands within the literal at `span`; its beginning, when escapes hide it.
fn place(source: Source<'_>, part: &str, span: &Range<usize>) -> Range<usize> {
    let literal = source.text.get(span.clone()).unwrap_or_default();
    let at = literal.find(part).unwrap_or(0);
    span.start + at..span.end
}
