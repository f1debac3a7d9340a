//! Writes `docs/diagnoses.md` from the catalogue, and holds it to the code: every row of the sources is a diagnosis or
//! recognised as none, and every line that stands there is read as what the row says.

mod document;
mod rows;
mod stories;

use std::{collections::HashSet, fs, path::PathBuf};

use firstpass_domain::{DiagnosisCode, Language, evidence::UartFact};

use self::{
    document::document,
    rows::{Meaning, Row, SOURCES},
    stories::{Story, story},
};
use super::{Said, read_log};

/// Set it to write the document anew instead of comparing.
const WRITE: &str = "FIRSTPASS_WRITE_DOCS";

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows() -> impl Iterator<Item = &'static Row> {
    SOURCES.iter().flat_map(|source| source.rows)
}

#[test]
fn the_document_says_what_the_catalogue_says() {
    let path = repository().join("docs/diagnoses.md");
    let document = document();
    if std::env::var_os(WRITE).is_some() {
        fs::write(&path, &document).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == document, "docs/diagnoses.md is out of date: run this test with {WRITE}=1");
}

#[test]
fn every_line_of_the_sources_is_read_as_its_row_says() {
    for row in rows() {
        for line in row.lines {
            let said: Vec<Said> = read_log(line.as_bytes()).unwrap().into_iter().map(|remark| remark.said).collect();
            let codes: Vec<DiagnosisCode> = said.iter().filter_map(code).collect();
            match row.meaning {
                Meaning::Diagnosis(code) => assert!(codes.contains(&code), "{line}: {codes:?}"),
                Meaning::Expected(expected) => {
                    assert!(codes.is_empty() && said.iter().any(|said| is(said, expected)), "{line}: {said:?}");
                }
                Meaning::Progress => assert!(codes.is_empty() && !said.is_empty(), "{line}: {said:?}"),
            }
        }
    }
}

fn code(said: &Said) -> Option<DiagnosisCode> {
    match said {
        Said::Fact(fact) => fact.diagnosis(),
        Said::UuidInOtherForm => None,
        Said::Trouble(code) => Some(*code),
    }
}

fn is(said: &Said, expected: firstpass_domain::diagnosis::line::Expected) -> bool {
    match said {
        Said::Fact(fact) => UartFact::expected(fact) == Some(expected),
        Said::UuidInOtherForm => expected == firstpass_domain::diagnosis::line::Expected::UuidInOtherForm,
        Said::Trouble(_) => false,
    }
}

#[test]
fn every_fault_and_test_that_reproduces_a_code_is_there() {
    let matrix = fs::read_to_string(repository().join("tests/src/matrix/faults.rs")).unwrap();
    let stories = DiagnosisCode::ALL.iter().flat_map(|code| story(*code)).chain(rows().flat_map(|row| row.stories));
    for story in stories {
        match story {
            Story::Fault(name) => assert!(matrix.contains(&format!("\"{name}\"")), "no fault {name} in the matrix"),
            Story::Test(file, name) => {
                let text = fs::read_to_string(repository().join(file)).unwrap_or_default();
                assert!(text.contains(&format!("fn {name}(")), "no test {name} in {file}");
            }
        }
    }
}

#[test]
fn every_code_is_reproduced_and_no_cell_breaks_the_table() {
    for code in DiagnosisCode::ALL {
        assert!(!story(*code).is_empty(), "{}", code.name());
        let words = code.words(Language::English);
        assert!(![words.what, words.why, words.remedy].iter().any(|text| text.contains(['|', '\n'])));
    }
    let names: HashSet<&str> = rows().map(|row| row.says).collect();
    assert_eq!(names.len(), rows().count(), "a row stands there twice");
}
