//! The text of the document.

use std::fmt::Write;

use firstpass_domain::{DiagnosisCode, Language};

use super::{
    rows::{Meaning, Row, SOURCES, Source},
    stories::{Story, story},
};

const HEAD: &str = "# Diagnoses

What the station calls a failure, whose it is, what the line does next, and what reproduces it. Written by a test from the
catalogue (`station/domain/src/diagnosis.rs`, words in `diagnosis/words`); to write it anew after a change:

```sh
FIRSTPASS_WRITE_DOCS=1 cargo test -p firstpass-device the_document_says_what_the_catalogue_says
```

`station diagnose --code CODE` explains a code in English, German or Chinese; `station diagnose FILE` explains a log.
A name in the last column alone is a fault of the matrix (`cargo run -p tests --bin fault-matrix`); others are tests.
";

pub(super) fn document() -> String {
    let mut text = HEAD.to_owned();
    SOURCES.iter().for_each(|source| add_source(&mut text, source));
    add_codes(&mut text);
    text
}

fn add_source(text: &mut String, source: &Source) {
    let _ = write!(text, "\n## {}\n\n", source.title);
    text.push_str("| row | diagnosis | fault lies with | next | remedy | reproduced by |\n|---|---|---|---|---|---|\n");
    for row in source.rows {
        let Row { says, meaning, stories, .. } = row;
        let stories = cell(stories);
        let _ = match meaning {
            Meaning::Diagnosis(code) => writeln!(text, "| {says} | {} | {stories} |", columns(*code)),
            Meaning::Expected(what) => {
                let why = what.words(Language::English);
                writeln!(text, "| {says} | not an error | | go on | {why} | {stories} |")
            }
            Meaning::Progress => writeln!(text, "| {says} | not an error | | go on | None: progress. | {stories} |"),
        };
    }
}

fn columns(code: DiagnosisCode) -> String {
    let (english, words) = (Language::English, code.words(Language::English));
    let (owner, next) = (code.owner().words(english), code.next_action().words(english));
    format!("`{}` | {owner} | {next} | {}", code.name(), words.remedy)
}

fn add_codes(text: &mut String) {
    text.push_str(
        "\n## Every code\n\n| code | shows in | fault lies with | next | what | why | remedy | reproduced by |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for code in DiagnosisCode::ALL {
        let (english, words) = (Language::English, code.words(Language::English));
        let (phase, owner) = (code.phase().words(english), code.owner().words(english));
        let (next, stories) = (code.next_action().words(english), cell(story(*code)));
        let firstpass_domain::diagnosis::Words { what, why, remedy } = words;
        let name = code.name();
        let _ = writeln!(text, "| `{name}` | {phase} | {owner} | {next} | {what} | {why} | {remedy} | {stories} |");
    }
}

fn cell(stories: &[Story]) -> String {
    let name = |story: &Story| match story {
        Story::Fault(name) => format!("`{name}`"),
        Story::Test(file, name) => format!("`{name}` in `{file}`"),
    };
    stories.iter().map(name).collect::<Vec<_>>().join(", ")
}
