//! What people read of a failure, in their language. Another language is another table: add a file beside `en.rs`, a
//! variant to [`Language`] and its arms below; the compiler and the tests tell what is missing.

mod de;
mod en;
mod zh_hans;

use std::{fmt, str::FromStr};

use crate::{
    DiagnosisCode, IdError, NextAction,
    diagnosis::{Owner, Phase, line::Expected},
};

/// The words of one code in one language: a sentence each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What happened.
    pub what: &'static str,
    /// The likely cause.
    pub why: &'static str,
    /// What the operator does next.
    pub remedy: &'static str,
}

/// A row of a table.
const fn entry(what: &'static str, why: &'static str, remedy: &'static str) -> Words {
    Words { what, why, remedy }
}

/// A language of the catalogue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// Chinese in simplified characters.
    SimplifiedChinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::SimplifiedChinese];

    /// Its tag, as in `--language` and in HTTP. Source: BCP 47.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::SimplifiedChinese => "zh-Hans",
        }
    }

    /// Introduces what was seen.
    pub(super) fn seen(self, seen: &str) -> String {
        let seen = seen.trim_end_matches(['.', '。']);
        match self {
            Self::English => format!("Seen: {seen}."),
            Self::German => format!("Gesehen: {seen}."),
            Self::SimplifiedChinese => format!("观察到：{seen}。"),
        }
    }

    /// What stands between two sentences.
    pub(super) const fn gap(self) -> &'static str {
        match self {
            Self::English | Self::German => " ",
            Self::SimplifiedChinese => "",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::English),
            "de" => Ok(Self::German),
            "zh-hans" | "zh-cn" => Ok(Self::SimplifiedChinese),
            _ => Err(IdError::new(text, "a language: en, de or zh-Hans")),
        }
    }
}

impl DiagnosisCode {
    /// What people read of this code.
    pub const fn words(self, language: Language) -> Words {
        match language {
            Language::English => en::words(self),
            Language::German => de::words(self),
            Language::SimplifiedChinese => zh_hans::words(self),
        }
    }
}

impl Owner {
    /// Every owner.
    pub const ALL: [Self; 7] =
        [Self::Unit, Self::Fixture, Self::Recipe, Self::Network, Self::Service, Self::Station, Self::Person];

    /// Where the fault lies, in words.
    pub const fn words(self, language: Language) -> &'static str {
        match language {
            Language::English => en::owner(self),
            Language::German => de::owner(self),
            Language::SimplifiedChinese => zh_hans::owner(self),
        }
    }
}

impl NextAction {
    /// Every action.
    pub const ALL: [Self; 5] = [Self::RetryHere, Self::Rework, Self::Quarantine, Self::StopSlot, Self::StopLine];

    /// What the line does, in words.
    pub const fn words(self, language: Language) -> &'static str {
        match language {
            Language::English => en::next_action(self),
            Language::German => de::next_action(self),
            Language::SimplifiedChinese => zh_hans::next_action(self),
        }
    }
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 10] = [
        Self::Build,
        Self::Identify,
        Self::Prepare,
        Self::Flash,
        Self::Boot,
        Self::Network,
        Self::Provision,
        Self::Connect,
        Self::Attest,
        Self::Any,
    ];

    /// Where a failure shows, in words.
    pub const fn words(self, language: Language) -> &'static str {
        match language {
            Language::English => en::phase(self),
            Language::German => de::phase(self),
            Language::SimplifiedChinese => zh_hans::phase(self),
        }
    }
}

impl Expected {
    /// Why it is no error, in a sentence.
    pub const fn words(self, language: Language) -> &'static str {
        match language {
            Language::English => en::expected(self),
            Language::German => de::expected(self),
            Language::SimplifiedChinese => zh_hans::expected(self),
        }
    }
}
