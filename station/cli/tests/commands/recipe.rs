//! `recipe check`: the demo's recipe is right, and each mistake is told with its place.

use std::{fs, path::Path};

use crate::{
    product::{APP_BYTES, TABLE, app, product},
    program::{Answer, station, tree},
};

const RECIPE: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
fn check(folder: &Path, arguments: &[&str]) -> Answer {
    station(folder, &[&["recipe", "check", "recipe.toml"], arguments].concat())
}

/// Checks the recipe after one text in it was replaced, and asserts code, line and column of what is told.
#[track_caller]
fn wrong(folder: &Path, (from, to): (&str, &str), code: &str, words: &[&str]) {
    assert!(RECIPE.contains(from), "{from:?} is not in the recipe");
    let text = RECIPE.replacen(from, to, 1);
    fs::write(folder.join("recipe.toml"), &text).unwrap();
    let value = to.rsplit_once("= ").map_or(to, |(_, value)| value);
    let at = text.find(to).unwrap() + to.len() - value.len();
    let line = text[..at].matches('\n').count() + 1;
    let answer = check(folder, &[]);
    answer.refused(words);
    answer.refused(&[&format!("[{code}]"), &format!("recipe.toml, line {line}, column ")]);
    let [object] = check(folder, &["--json"]).objects().try_into().unwrap();
    assert_eq!((object["ok"].as_bool(), object["line"].as_u64()), (Some(false), Some(line as u64)), "{object}");
    assert!(object["column"].as_u64() >= Some(1), "{object}");
    assert_eq!(object["problem"]["code"], code);
}

#[test]
fn the_demos_recipe_is_right_and_checking_it_writes_nothing() {
    let folder = product(RECIPE);
    let before = tree(folder.path());
    let answer = check(folder.path(), &["--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stdout);
    let [object] = answer.objects().try_into().unwrap();
    assert_eq!((&object["ok"], &object["name"]), (&true.into(), &"demo-nvs".into()));
    assert_eq!(object["images"].as_array().unwrap().len(), 3);
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn each_mistake_in_the_text_is_told_with_its_place() {
    let folder = product(RECIPE);
    let wrong = |change, code, words| wrong(folder.path(), change, code, words);
    wrong(("name = \"demo-nvs\"", "nam = \"demo-nvs\""), "recipe_invalid", &["unknown field `nam`"]);
    wrong(("baud = 921600", "baud = \"fast\""), "recipe_invalid", &["invalid type", "expected a baud rate"]);
    wrong(("chip = \"esp32c3\"", "chip = \"esp33\""), "recipe_value", &["esp33", "esp32c6"]);
    wrong(("[provision]\n", "[provision]\nurl = \"htp:/x\"\n"), "recipe_url", &["htp:/x", "is no URL"]);
    wrong(("[nvs]\n", "[nvs]\nnamespace = \"sixteen_chars_16\"\n"), "nvs_key", &["16 characters", "at most 15"]);
    let extra = "[nvs]\nextra.sixteen_chars_16 = { type = \"u8\", value = 1 }\n";
    let text = RECIPE.replacen("[nvs]\n", extra, 1);
    fs::write(folder.path().join("recipe.toml"), text).unwrap();
    check(folder.path(), &[]).refused(&["[nvs_key]", "line 20, column 7", "at most 15"]);
}

#[test]
fn a_value_that_is_longer_than_the_units_buffer_is_told_with_its_place() {
    let long = format!("wifi_ssid = \"{}\"", "x".repeat(33));
    wrong(product(RECIPE).path(), ("wifi_ssid = \"factory-line\"", &long), "value_too_long", &["takes 32"]);
}

#[test]
fn a_missing_and_an_unfit_image_are_told_with_their_place() {
    let folder = product(RECIPE);
    let whole = app(APP_BYTES, "1.0.0", "");
    fs::write(folder.path().join("cut.bin"), &whole[..APP_BYTES / 2]).unwrap();
    fs::write(folder.path().join("large.bin"), app(0x20_1000, "1.0.0", "")).unwrap();
    let app_is = |name: &str| format!("app = \"{name}\"");
    let wrong = |change: (&str, &str), code, words| wrong(folder.path(), change, code, words);
    wrong(("app = \"app.bin\"", &app_is("gone.bin")), "file_missing", &["gone.bin"]);
    wrong(("app = \"app.bin\"", &app_is("cut.bin")), "image", &["cut.bin", "cut short"]);
    wrong(
        ("app = \"app.bin\"", &app_is("large.bin")),
        "image",
        &["large.bin", "larger than its space of 2097152 bytes"],
    );

    let other = RECIPE.replacen("esp32c3", "esp32", 1);
    fs::write(folder.path().join("recipe.toml"), other).unwrap();
    check(folder.path(), &[]).refused(&["[image]", "line 15, column 14", "esp32c3", "not for esp32"]);
}

#[test]
fn overlapping_partitions_and_a_table_beyond_the_flash_are_told() {
    let folder = product(RECIPE);
    fs::write(folder.path().join("demo-partitions.csv"), TABLE.replacen("0xf000", "0xe000", 1)).unwrap();
    check(folder.path(), &[]).refused(&["[partition_table]", "line 16, column 19", "phy_init"]);

    fs::write(folder.path().join("demo-partitions.csv"), TABLE).unwrap();
    fs::write(folder.path().join("recipe.toml"), RECIPE.replacen("4MB", "2MB", 1)).unwrap();
    check(folder.path(), &[]).refused(&["[partition_table]", "line 16, column 19", "beyond the flash"]);
}

#[test]
fn every_file_is_checked_also_after_a_wrong_one() {
    let folder = product(RECIPE);
    let answer = station(folder.path(), &["recipe", "check", "gone.toml", "recipe.toml", "--json"]);
    assert_eq!(answer.code, 2);
    let [gone, right] = answer.objects().try_into().unwrap();
    assert_eq!((&gone["ok"], &gone["problem"]["code"]), (&false.into(), &"recipe_unreadable".into()));
    assert_eq!(right["ok"], true);
}
