use super::*;

#[test]
fn what_cannot_be_used_says_why_and_keeps_nothing_else_off_the_shelf() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.toml"), "name = 7").unwrap();
    std::fs::write(folder.path().join("a.toml"), "no toml").unwrap();
    std::fs::write(folder.path().join(".#a.toml"), "an editor's").unwrap();
    std::fs::write(folder.path().join("app.bin"), "no recipe").unwrap();
    let shelf = Shelf::open(folder.path());
    let entries = shelf.entries();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["a.toml", "b.toml"]);
    for entry in &entries {
        let problem = entry.result.as_ref().unwrap_err();
        assert!(!problem.why.is_empty() && entry.hash.is_none(), "{problem:?}");
    }
    assert_eq!(shelf.problem(), None);
    assert!(shelf.by_hash(Sha256Digest::of(b"")).is_none());
}

#[test]
fn a_recipe_from_elsewhere_stands_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("a.toml");
    std::fs::write(&inside, "").unwrap();
    assert_eq!(Shelf::of(Some(folder.path()), Some(&inside)).entries().len(), 1);
    let outside = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let entries = Shelf::of(Some(folder.path()), Some(outside.path())).entries();
    assert_eq!(entries.iter().map(|entry| entry.file.as_path()).collect::<Vec<_>>(), [outside.path(), &inside]);
}

#[test]
fn a_folder_that_is_not_there_or_too_full_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Shelf::open(&folder.path().join("none"));
    assert_eq!(missing.problem().unwrap().code, "recipes_unreadable");
    for number in 0..=RECIPES_MAX {
        std::fs::write(folder.path().join(format!("{number}.toml")), "").unwrap();
    }
    let full = Shelf::open(folder.path());
    assert_eq!((full.entries().len(), full.problem().unwrap().code.as_str()), (RECIPES_MAX, "recipes_too_many"));
}
