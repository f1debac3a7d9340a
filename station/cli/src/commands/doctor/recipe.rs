//! Whether the configured recipe can be used, and whether others may have read its secrets.

use firstpass_line::recipe::Recipe;

use super::Check;
use crate::{config::Config, secrets};

const NAME: &str = "recipe";
const SECRETS: &str = "secrets";

/// No recipe is checked when none is configured.
pub(super) fn check(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut warnings = secrets::of_config(config);
    if let Some(path) = &config.station.recipe {
        match Recipe::load(path) {
            Ok(recipe) => {
                warnings.extend(secrets::of_recipe(&recipe));
                checks.push(Check::ok(NAME, format!("{} is right", recipe.name)));
            }
            Err(error) => checks.push(Check::fail(NAME, error.to_string(), error.remedy)),
        }
    }
    checks.extend(warnings.into_iter().map(|problem| Check::warn(SECRETS, problem.why, problem.remedy)));
    checks
}
