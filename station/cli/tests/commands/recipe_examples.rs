//! Every recipe of `configs/recipes` is right, and says what it does.

use serde_json::{Value, json};

use crate::{product::product, program::station};

macro_rules! example {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../configs/recipes/", $name, ".toml")))
    };
}

const EXAMPLES: [(&str, &str); 7] = [
    example!("demo-nvs"),
    example!("demo-session"),
    example!("stock-image"),
    example!("two-stage"),
    example!("ota-newer"),
    example!("upstream"),
    example!("demo-qemu"),
];

fn checked(name: &str) -> Value {
    let (_, text) = EXAMPLES.into_iter().find(|(example, _)| *example == name).unwrap();
    let folder = product(text);
    let answer = station(folder.path(), &["recipe", "check", "recipe.toml", "--json"]);
    assert_eq!(answer.code, 0, "{name}: {}", answer.stdout);
    let [object] = answer.objects().try_into().unwrap();
    object
}

#[test]
fn every_example_is_a_file_of_the_folder_and_right() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/recipes");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    assert_eq!(files.len(), EXAMPLES.len(), "{files:?}");
    for (name, _) in EXAMPLES {
        assert_eq!(checked(name)["name"], name);
    }
}

#[test]
fn a_check_tells_of_injection_stages_updates_and_serial_numbers() {
    let stock = checked("stock-image");
    assert_eq!(
        (&stock["injection"], &stock["serial"], &stock["known_unit"]),
        (&json!("image"), &json!("FP{yy}{ww}-{number:05}{luhn}"), &json!("reissue"))
    );
    assert_eq!(stock["bauds"], json!([921_600, 460_800, 115_200]));

    let stages = checked("two-stage");
    let regions: Vec<_> = stages["images"].as_array().unwrap().iter().map(|image| &image["region"]).collect();
    assert_eq!(regions, ["bootloader", "partition-table", "app", "field/app"]);
    assert_eq!(stages["field"], "1.0.0-field");
    assert!(stages["steps"].as_array().unwrap().contains(&json!("field_flash")), "{stages}");

    let update = checked("ota-newer");
    assert_eq!(
        (&update["ota"], &update["field"], &update["known_unit"]),
        (&json!("1.1.0"), &json!(null), &json!("reissue"))
    );
    assert!(!update["steps"].as_array().unwrap().contains(&json!("field_flash")), "{update}");
}

#[test]
fn another_app_of_a_patched_product_is_another_recipe() {
    let (_, text) = EXAMPLES[2];
    let folder = product(text);
    let hash = || station(folder.path(), &["recipe", "check", "recipe.toml", "--json"]).objects()[0]["hash"].clone();
    let before = hash();
    assert_eq!(before, hash());
    let app = crate::product::app(crate::product::APP_BYTES, "1.0.1", crate::product::PLACEHOLDER);
    std::fs::write(folder.path().join("stock-app.bin"), app).unwrap();
    assert_ne!(before, hash());
}
