//! Recipes that cannot hold: each is refused at its place, before a unit is there.

use std::{fs, path::Path};

use crate::{
    product::{APP_BYTES, PLACEHOLDER, app, change, product},
    program::station,
};

const NVS: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
const SESSION: &str = include_str!("../../../../configs/recipes/demo-session.toml");
const STOCK: &str = include_str!("../../../../configs/recipes/stock-image.toml");
const STAGES: &str = include_str!("../../../../configs/recipes/two-stage.toml");
const UPDATE: &str = include_str!("../../../../configs/recipes/ota-newer.toml");
const UPSTREAM: &str = include_str!("../../../../configs/recipes/upstream.toml");

/// Asserts that the recipe in the folder is refused with this code, at a place, with these words and a remedy.
#[track_caller]
fn refused(folder: &Path, code: &str, words: &str) {
    let answer = station(folder, &["recipe", "check", "recipe.toml", "--json"]);
    let [object] = answer.objects().try_into().unwrap();
    let problem = &object["problem"];
    assert_eq!((answer.code, problem["code"].as_str()), (2, Some(code)), "{object}");
    assert!(problem["what"].as_str().unwrap().contains(words), "{words:?} is missing in {object}");
    assert!(object["line"].as_u64() >= Some(1) && !problem["remedy"].as_str().unwrap().is_empty(), "{object}");
}

/// Changes one text of a recipe, and asserts what is said.
#[track_caller]
fn wrong(recipe: &str, from_to: (&str, &str), code: &str, words: &str) {
    let folder = product(recipe);
    change(folder.path(), recipe, from_to);
    refused(folder.path(), code, words);
}

#[test]
fn rules_for_units_that_contradict_themselves_are_refused() {
    let attempts = "max_attempts = 3";
    let both = "known_unit = \"keep\"\nrepeat_passed = true";
    wrong(NVS, (attempts, both), "recipe_conflict", "twice");
    wrong(NVS, (attempts, "known_unit = \"again\""), "recipe_invalid", "`refuse`, `reissue`, `keep`");
    wrong(STOCK, ("\"reissue\"", "\"keep\""), "recipe_conflict", "provisions whenever it starts");
    wrong(UPSTREAM, ("max = 2", "max = 11"), "recipe_value", "11 retries");
    wrong(UPSTREAM, ("\"provision_throttled\"", "\"nonsense\""), "recipe_value", "is no diagnosis");
    wrong(UPSTREAM, ("\"provision_throttled\"", "\"flash_changed\""), "recipe_conflict", "quarantine");
}

#[test]
fn rates_that_do_not_fall_and_patterns_without_a_number_are_refused() {
    let list = "[921600, 460800, 115200]";
    wrong(STAGES, (list, "[115200, 921600]"), "recipe_value", "do not fall");
    wrong(STAGES, (list, "[]"), "recipe_value", "do not fall");
    wrong(STAGES, (list, "[921600, 1]"), "recipe_value", "1 is no baud rate");
    wrong(STOCK, ("-{number:05}", ""), "recipe_serial", "all serial numbers would be the same");
    wrong(STOCK, ("{luhn}", "{lun}"), "recipe_serial", "character 23");
    wrong(STOCK, ("serial = ", "serial_prefix = \"FP\"\nserial = "), "recipe_conflict", "twice");
}

#[test]
fn a_placeholder_that_takes_no_code_is_refused() {
    let patch = format!("placeholder = \"{PLACEHOLDER}\"");
    wrong(STOCK, (&patch, "placeholder = \"short\""), "placeholder_missing", "does not stand in the image");
    let other = patch.replace('0', "9");
    wrong(STOCK, (&patch, &other), "placeholder_missing", "does not stand in the image");
    wrong(STOCK, ("injection = \"image\"", "injection = \"nvs\""), "recipe_conflict", "only injection \"image\"");
    wrong(NVS, ("injection = \"nvs\"", "injection = \"image\""), "recipe_conflict", "nothing says where");

    let folder = product(&STOCK.replace(PLACEHOLDER, &PLACEHOLDER[..40]));
    fs::write(folder.path().join("stock-app.bin"), app(APP_BYTES, "1.0.0", &PLACEHOLDER[..40])).unwrap();
    refused(folder.path(), "placeholder_unusable", "40 bytes long, a code 64");
}

#[test]
fn a_field_image_with_a_place_for_a_code_or_a_secret_is_refused() {
    wrong(STAGES, ("field-app.bin", "stock-app.bin"), "code_in_field_image", "placeholder");
    let folder = product(STAGES);
    fs::write(folder.path().join("field-app.bin"), app(APP_BYTES, "2", "dht_0123456789abcdefghij")).unwrap();
    refused(folder.path(), "code_in_field_image", "device token");

    let data = "[field]\ndata = [{ partition = \"nvs\", file = \"app.bin\" }]";
    wrong(STAGES, ("[field]", data), "recipe_partition", "holds the unit's session");
    let session = SESSION.replace("[nvs]", "[field]\napp = \"field-app.bin\"\n\n[nvs]");
    refused(product(&session).path(), "recipe_conflict", "there is no factory image");
    wrong(STAGES, ("[provision]", "[provision]\nkeep_auth_code = true"), "recipe_conflict", "nowhere in flash");
}

#[test]
fn an_update_that_would_never_end_or_never_begin_is_refused() {
    let offer = "offer = \"newer\"\nimage = \"app-newer.bin\"";
    wrong(UPDATE, ("app-newer.bin", "app.bin"), "ota_same_version", "\"1.0.0\"");
    wrong(UPDATE, (offer, "offer = \"newer\""), "recipe_conflict", "no image is named");
    wrong(UPDATE, ("\"newer\"", "\"same\""), "recipe_conflict", "this offer needs none");
    wrong(UPDATE, ("ota-partitions.csv", "demo-partitions.csv"), "recipe_conflict", "no OTA slot");
    wrong(
        UPDATE,
        ("known_unit = \"reissue\"", "known_unit = \"keep\""),
        "recipe_conflict",
        "is not told of the newer release",
    );
    wrong(UPDATE, ("[provision]", "[provision]\nkeep_auth_code = true"), "recipe_conflict", "its code is used up");
    let session = UPDATE.replace("injection = \"nvs\"", "injection = \"session\"");
    refused(product(&session).path(), "recipe_conflict", "no provisioning answer");

    let patched = STOCK.replace("demo-partitions.csv", "ota-partitions.csv");
    let with = |ota: &str| patched.replace("[nvs]", &format!("[ota]\n{ota}\n\n[nvs]"));
    refused(product(&with("offer = \"same\"")).path(), "recipe_conflict", "for ever");
    let folder = product(&with(offer));
    fs::write(folder.path().join("app-newer.bin"), app(APP_BYTES, "1.1.0", PLACEHOLDER)).unwrap();
    refused(folder.path(), "code_in_field_image", "for ever");
}

#[test]
fn factory_parameters_are_refused_part_by_part() {
    let uri = "coaps://bootstrap.example.com:5684?aid=0168b2f70c1a02420a010c0e";
    for (changed, part) in [
        ("coap://bootstrap.example.com:5684?aid=a", "the scheme of the URI"),
        ("coaps://bootstrap_example:5684?aid=a", "the host of the URI"),
        ("coaps://bootstrap.example.com?aid=a", "the port of the URI"),
        ("coaps://bootstrap.example.com:5684", "the query of the URI"),
        ("coaps://bootstrap.example.com:5684?aid=", "the account id (aid) of the URI"),
    ] {
        wrong(UPSTREAM, (uri, changed), "lwm2m_uri", part);
    }
    wrong(UPSTREAM, ("lamp-{mac}", "lamp"), "lwm2m_name", "the same endpoint name");
    let long = format!("{}-{{mac}}", "x".repeat(52));
    wrong(UPSTREAM, ("lamp-{mac}", &long), "lwm2m_name", "65 characters");
    let account = "account_id = { key = \"aid\", value = \"other\" }\nendpoint = ";
    wrong(UPSTREAM, ("endpoint = ", account), "lwm2m_uri", "is not the account_id");
    wrong(UPSTREAM, ("\"endpoint\"", "\"bootstrap_uri\""), "nvs_key", "something else");
    wrong(UPSTREAM, ("\"endpoint\"", "\"sixteen_chars_16\""), "nvs_key", "at most 15");
}
