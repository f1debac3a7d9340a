//! A text that must not be printed: auth codes, passwords, keys and tokens.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// A secret text. `Debug` shows only that it is there; there is no `Display`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that must write it to a wire or a flash.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the secret is the empty text, which the contract reads as "none".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret(…)" })
    }
}
