//! Takes an ESP-IDF log line apart: `I (ms) tag: text`, perhaps in colour.

/// Letters of the levels.
pub(super) const LEVELS: [char; 5] = ['I', 'W', 'E', 'D', 'V'];

/// Splits `I (123) tag: text` into tag and text; `None` when the line has another form.
pub fn split_idf_line(line: &str) -> Option<(&str, &str)> {
    text_of_idf_line(line)?.split_once(": ")
}

/// What stands behind level and time. Some drivers print no blank behind their tag, such as `wifi:state: …`.
pub fn text_of_idf_line(line: &str) -> Option<&str> {
    let rest = plain(line).strip_prefix(LEVELS)?.strip_prefix(" (")?;
    let (time, rest) = rest.split_once(") ")?;
    is_time(time).then_some(rest)
}

/// Whether an ESP-IDF line has level E.
pub fn is_error(line: &str) -> bool {
    plain(line).starts_with("E (")
}

/// Milliseconds since the start, or the time of day as `12:34:56.789`.
fn is_time(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(text) || (text.contains(':') && text.split([':', '.']).all(digits))
}

/// The line without its end and without an ANSI colour around it, as ESP-IDF prints one with `CONFIG_LOG_COLORS`.
pub(super) fn plain(line: &str) -> &str {
    let line = line.trim_end_matches(['\r', '\n']);
    let line = match line.strip_prefix("\u{1b}[") {
        Some(rest) => rest.split_once('m').map_or(line, |(_, rest)| rest),
        None => line,
    };
    let line = line.strip_suffix("\u{1b}[0m").unwrap_or(line);
    line.trim_end_matches('\r')
}
