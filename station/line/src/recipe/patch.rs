//! The place in an app's image that takes each unit's code (injection `image`).

use std::sync::Arc;

use firstpass_device::image::Placeholder;
use firstpass_domain::{Injection, Sha256Digest};
use toml::Spanned;

use super::{
    PatchPlan, RecipeError,
    error::Source,
    product::Product,
    raw::{RawFlash, RawRecipe},
};
use crate::secret::SECRET_LEN;

/// Finds the placeholder of a recipe with injection `image`, which must have one; no other may.
pub(super) fn plan(source: Source<'_>, raw: &RawRecipe, product: &Product) -> Result<Option<PatchPlan>, RecipeError> {
    match (raw.injection.get_ref(), &raw.flash.patch) {
        (Injection::Image, Some(patch)) => check(source, &raw.flash, &patch.placeholder, product).map(Some),
        (Injection::Image, None) => {
            let what = "injection \"image\" writes the code into the app, and nothing says where";
            let remedy = "Add [flash.patch] with the placeholder that the app was built with as its auth code.";
            Err(source.conflict(raw.injection.span(), what, remedy))
        }
        (Injection::Nvs | Injection::Session, Some(patch)) => {
            let what = "only injection \"image\" writes a code into the app";
            Err(source.conflict(patch.placeholder.span(), what, "Take [flash.patch] out, or choose that injection."))
        }
        (Injection::Nvs | Injection::Session, None) => Ok(None),
    }
}

fn check(
    source: Source<'_>,
    flash: &RawFlash,
    placeholder: &Spanned<String>,
    product: &Product,
) -> Result<PatchPlan, RecipeError> {
    let text = placeholder.get_ref();
    let app = Placeholder::prepare(&product.app_bytes, text.as_bytes()).map_err(|error| {
        let what = format!("{}: {error}", flash.app.get_ref());
        source.error(placeholder.span(), error.code(), what, error.remedy())
    })?;
    if app.max_len() < SECRET_LEN {
        let what = format!("the placeholder is {} bytes long, a code {SECRET_LEN}", app.max_len());
        let remedy = format!("Build the app with an auth code of at least {SECRET_LEN} characters to stand in for it.");
        return Err(source.error(placeholder.span(), "placeholder_unusable", what, remedy));
    }
    let (template, offset) = (Sha256Digest::of(&product.app_bytes), product.app_place.offset);
    Ok(PatchPlan { placeholder: text.clone(), app: Arc::new(app), template, offset })
}

/// How often `needle` is in `bytes`, overlaps counted.
pub(super) fn count(bytes: &[u8], needle: &[u8]) -> usize {
    let Some((first, rest)) = needle.split_first() else { return 0 };
    let starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first).map(|(at, _)| at + 1);
    starts.filter(|at| bytes[*at..].starts_with(rest)).count()
}
