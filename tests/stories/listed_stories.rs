//! What `docs/diagnoses.md` names as reproducing a failure is there: a fault of the matrix, or a test in the file that is
//! named with it.

use std::{collections::BTreeSet, fs};

use tests::{matrix::FAULTS, repository};

#[test]
fn every_story_that_the_diagnoses_name_exists() {
    let document = fs::read_to_string(repository().join("docs/diagnoses.md")).unwrap();
    let faults: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.name).collect();
    let rows = document.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| reproduced by |"));
    let mut told = 0;
    for row in rows {
        let last = row.trim_end_matches([' ', '|']).rsplit_once(" | ").expect("a row has cells").1;
        for story in last.split(", ") {
            let names: Vec<&str> = story.split('`').filter(|part| !part.is_empty()).collect();
            match names[..] {
                [fault] => assert!(faults.contains(fault), "the matrix has no {fault}: {row}"),
                [test, " in ", file] => assert!(holds(file, test), "{file} has no {test}: {row}"),
                ref other => panic!("{other:?} is no story: {row}"),
            }
            told += 1;
        }
    }
    assert!(told > 100, "the tables were read: {told}");
}

/// Whether a file of the repository has a test of this name.
fn holds(file: &str, test: &str) -> bool {
    let text = fs::read_to_string(repository().join(file)).unwrap_or_default();
    text.contains(&format!("fn {test}("))
}
