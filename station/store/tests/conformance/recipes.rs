//! Recipes and their images.

use firstpass_domain::{Injection, Policy};
use firstpass_store::{ImageRecord, RecipeRecord, StoreError};

use super::{
    fixture::{Place, assert_conflict, digest, now, policy},
    line::Line,
};

fn recipe(text: &str) -> RecipeRecord {
    let (name, text, policy) = ("lamp".to_owned(), text.to_owned(), policy());
    RecipeRecord { hash: policy.recipe_hash(&text), name, text, policy }
}

pub(crate) async fn a_recipe_and_its_images_are_noted_once(place: &dyn Place) {
    let line = Line::start(place).await;
    let recipe = recipe("name = \"lamp\"\n");
    let (region, name) = ("app".to_owned(), "lamp.bin".to_owned());
    let image = ImageRecord { sha256: digest(), region, name, size: 1 << 20, version: Some("1.2.3".to_owned()) };
    for _ in 0..2 {
        line.store.use_recipe(&recipe, std::slice::from_ref(&image), now()).await.unwrap();
    }
    assert_eq!(line.story(recipe.hash).await, ["recipe.used"]);
    assert_eq!(line.story(image.sha256).await, ["image.used"]);
}

pub(crate) async fn a_recipe_is_known_by_the_hash_of_its_text_and_policy_only(place: &dyn Place) {
    let line = Line::start(place).await;
    let good = recipe("one");
    let wrong = [
        RecipeRecord { hash: digest(), ..good.clone() },
        RecipeRecord { text: "two".to_owned(), ..good.clone() },
        RecipeRecord { policy: Policy { injection: Injection::Session, ..policy() }, ..good.clone() },
    ];
    for record in &wrong {
        assert_conflict!(line.store.use_recipe(record, &[], now()), "hash is not that of its text and policy");
    }
    let rebuilt = Policy { app: None, ..policy() };
    let rebuilt = RecipeRecord { hash: rebuilt.recipe_hash("one"), policy: rebuilt, ..good.clone() };
    line.store.use_recipe(&good, &[], now()).await.unwrap();
    line.store.use_recipe(&rebuilt, &[], now()).await.unwrap();
    assert_eq!(line.story(rebuilt.hash).await, ["recipe.used"]);
}

pub(crate) async fn a_recipe_that_was_changed_on_record_is_found_and_not_used(place: &dyn Place) {
    let line = Line::start(place).await;
    let used = recipe("one");
    line.store.use_recipe(&used, &[], now()).await.unwrap();
    for sql in [
        "UPDATE recipes SET text = 'two'",
        "UPDATE recipes SET text = 'one', policy = REPLACE(policy, '\"presence\":true', '\"presence\":false')",
    ] {
        place.tamper(sql).await.unwrap();
        let error = line.store.use_recipe(&used, &[], now()).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{sql}: {error:?}");
        let run = line.begin("A1").await.id;
        let detail = line.store.run(run).await.unwrap().unwrap();
        assert_ne!(detail.policy.recipe_hash(&detail.recipe_text), detail.run.recipe, "{sql}");
        line.fail(run).await;
    }
}
