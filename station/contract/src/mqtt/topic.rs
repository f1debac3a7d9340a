//! Topic names and filters: form and matching. Source: MQTT 3.1.1, section 4.7.

use alloc::{borrow::ToOwned, string::String};
use core::fmt;

use thiserror::Error;

/// A well-formed topic filter: `+` and `#` only as whole levels, `#` only at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicFilter(String);

/// A text is no topic filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a topic filter: empty, too long, or a wildcard that is not a whole level of its own")]
pub struct TopicFilterError;

impl TopicFilter {
    /// Checks the form [MQTT-4.7.1-2, 4.7.1-3, 4.7.3-1, 4.7.3-2].
    pub fn new(text: &str) -> Result<Self, TopicFilterError> {
        if text.is_empty() || text.contains('\0') || text.len() > usize::from(u16::MAX) {
            return Err(TopicFilterError);
        }
        let mut levels = text.split('/').peekable();
        while let Some(level) = levels.next() {
            let wild = level.contains(['+', '#']);
            if (wild && level.len() > 1) || (level == "#" && levels.peek().is_some()) {
                return Err(TopicFilterError);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The filter as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message on `topic` is wanted; `#` and a leading `+` leave topics alone that begin with `$`
    /// [MQTT-4.7.2-1].
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut names = topic.split('/');
        for level in self.0.split('/') {
            match (level, names.next()) {
                ("#", _) => return true,
                ("+", Some(_)) => {}
                (level, Some(name)) if level == name => {}
                _ => return false,
            }
        }
        names.next().is_none()
    }

    /// Whether every topic that `narrower` matches is matched by this filter as well.
    pub fn covers(&self, narrower: &Self) -> bool {
        if narrower.0.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut others = narrower.0.split('/');
        for level in self.0.split('/') {
            match (level, others.next()) {
                ("#", _) => return true,
                (_, Some("#")) => return false,
                ("+", Some(_)) => {}
                (level, Some(other)) if level == other => {}
                _ => return false,
            }
        }
        others.next().is_none()
    }
}

impl fmt::Display for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a PUBLISH or a will may carry this topic name: not empty, no wildcard, no U+0000
/// [MQTT-3.3.2-2, 4.7.3-1, 4.7.3-2].
pub fn is_topic_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= usize::from(u16::MAX) && !text.contains(['+', '#', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> TopicFilter {
        TopicFilter::new(text).unwrap()
    }

    #[test]
    fn a_filter_matches_what_the_standard_says() {
        let cases = [
            ("a/b", "a/b", true),
            ("a/b", "a/b/", false),
            ("a/b/#", "a/b", true),
            ("a/b/#", "a/b/", true),
            ("a/b/#", "a/b/c/d", true),
            ("a/b/#", "a/bc", false),
            ("a/+", "a/b", true),
            ("a/+", "a/", true),
            ("a/+", "a", false),
            ("a/+", "a/b/c", false),
            ("+/+", "/x", true),
            ("+", "/x", false),
            ("#", "x/y", true),
            ("#", "$SYS/x", false),
            ("+/x", "$SYS/x", false),
            ("$SYS/#", "$SYS/x", true),
        ];
        for (text, topic, expected) in cases {
            assert_eq!(filter(text).matches(topic), expected, "{text} on {topic}");
        }
    }

    #[test]
    fn a_misplaced_wildcard_is_no_filter() {
        for text in ["", "a#", "a/#/b", "a+/b", "+a", "##", "a\0b"] {
            assert_eq!(TopicFilter::new(text), Err(TopicFilterError), "{text:?}");
        }
    }

    #[test]
    fn only_a_narrower_filter_is_covered() {
        let cases = [
            ("p/cmd/#", "p/cmd/#", true),
            ("p/cmd/#", "p/cmd", true),
            ("p/cmd/#", "p/cmd/+", true),
            ("p/cmd/#", "p/cmd/ping", true),
            ("p/cmd/#", "p/commands", false),
            ("p/cmd/#", "p/#", false),
            ("p/cmd/#", "+/cmd/#", false),
            ("p/cmd/#", "#", false),
            ("p/+", "p/#", false),
            ("p/+", "p/a", true),
            ("#", "$SYS/#", false),
        ];
        for (wide, narrow, expected) in cases {
            assert_eq!(filter(wide).covers(&filter(narrow)), expected, "{wide} over {narrow}");
        }
    }
}
