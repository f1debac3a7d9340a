//! What scanners put before a code when they are set up to name its symbology. Knows no code.

/// Begins the mark: `]` and two characters. Source: ISO/IEC 15424.
const MARK: char = ']';
/// How a GS1 code begins, behind its mark.
const GROUP_SEPARATOR: char = '\u{1d}';

/// The text without the mark. What would be nothing but a mark stays as it is.
pub(crate) fn without_mark(text: &str) -> &str {
    match text.strip_prefix(MARK) {
        Some(rest) if rest.len() > 2 && rest.is_char_boundary(2) => rest[2..].trim_start_matches(GROUP_SEPARATOR),
        Some(_) | None => text,
    }
}
