//! `docs/recipes.md` names exactly the keys that the program reads.

use std::{collections::BTreeSet, fs, path::Path};

use crate::program::station;

const DOCS: &str = include_str!("../../../../docs/recipes.md");
/// No key of a recipe.
const UNKNOWN: &str = "zz_no_key";
/// Every section; the empty name stands for the keys before the first.
const SECTIONS: [&str; 12] =
    ["", "unit", "retry", "flash", "flash.patch", "field", "ota", "nvs", "lwm2m", "provision", "proof", "timeouts"];

/// Names in `backticks`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The keys of a section, as the program lists them when it meets one that it does not know.
fn read_keys(folder: &Path, section: &str) -> BTreeSet<String> {
    let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
    fs::write(folder.join("recipe.toml"), format!("{header}{UNKNOWN} = 1\n")).unwrap();
    let [object] = station(folder, &["recipe", "check", "recipe.toml", "--json"]).objects().try_into().unwrap();
    let what = object["problem"]["what"].as_str().unwrap();
    assert!(what.contains(&format!("unknown field `{UNKNOWN}`")), "[{section}]: {what}");
    quoted(what).filter(|name| *name != UNKNOWN).map(str::to_owned).collect()
}

/// The keys of a section in the document's first table.
fn documented_keys(section: &str) -> BTreeSet<String> {
    let mut current = "";
    let mut keys = BTreeSet::new();
    let rows =
        DOCS.lines().skip_while(|line| !line.starts_with("|---")).skip(1).take_while(|line| line.starts_with('|'));
    for row in rows {
        let cell = row.split('|').nth(1).unwrap();
        match cell.trim().strip_prefix("**`[").and_then(|name| name.strip_suffix("]`**")) {
            Some(name) => current = name,
            None if current == section => keys.extend(quoted(cell).map(str::to_owned)),
            None => {}
        }
    }
    keys
}

#[test]
fn the_document_names_every_key_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for section in SECTIONS {
        let mut read = read_keys(folder.path(), section);
        if section.is_empty() {
            read.retain(|name| !SECTIONS.contains(&name.as_str()));
        }
        read.remove("patch");
        assert_eq!(documented_keys(section), read, "[{section}]");
    }
}

#[test]
fn every_section_of_a_recipe_is_in_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let sections = read_keys(folder.path(), "").into_iter().filter(|name| !documented_keys("").contains(name));
    for section in sections {
        assert!(SECTIONS.contains(&section.as_str()), "[{section}]");
        assert!(DOCS.contains(&format!("**`[{section}]`**")), "[{section}]");
    }
}
