//! From the file's shapes to a recipe that can be used: every value is parsed once, every image is looked at.

use std::path::Path;

use firstpass_domain::{
    Injection, KnownUnit, Policy, RegionPolicy,
    policy::{APP_REGION, NVS_REGION},
};
use toml::Spanned;

use super::{
    NvsPlan, PatchPlan, Recipe, RecipeError, error::Source, field, lwm2m, nvs, ota, patch, product::Product, provision,
    rates, raw::RawRecipe, unit,
};

/// Longest name of a recipe, in bytes.
const NAME_MAX: usize = 64;

/// Checks everything that can be known before a unit is there.
pub(super) fn check(path: &Path, text: String, raw: &RawRecipe) -> Result<Recipe, RecipeError> {
    let source = Source { path, text: &text };
    check_name(source, &raw.name)?;
    let unit = unit::plan(source, &raw.unit)?;
    check_keep(source, raw, unit.known_unit)?;
    let retry = raw.retry.as_ref().map(|retry| unit::retry(source, retry)).transpose()?;
    let bauds = rates::bauds(source, raw.flash.baud.as_ref())?;
    let product = Product::load(source, &raw.flash, unit.chip, unit.flash_size)?;
    let patch = patch::plan(source, raw, &product)?;
    let field = raw.field.as_ref().map(|field| field::plan(source, raw, field, &product, patch.as_ref()));
    let field = field.transpose()?;
    let ota = raw.ota.as_ref().map(|ota| ota::plan(source, raw, ota, &product, patch.as_ref()));
    let ota = ota.transpose()?.flatten();
    let mut nvs = nvs::plan(source, &raw.nvs, &product.nvs)?;
    lwm2m::add(source, raw.lwm2m.as_ref(), &mut nvs)?;
    let provision = provision::plan(source, &raw.provision)?;
    let timeouts = rates::timeouts(source, &raw.timeouts)?;
    let policy = Policy {
        // The images' own demands hold, whatever the recipe says.
        min_revision: unit
            .min_revision
            .max(Some(product.min_revision))
            .max(field.as_ref().map(|field| field.min_revision)),
        max_attempts: raw.unit.max_attempts,
        max_batch_attempts: raw.unit.max_batch_attempts,
        retry,
        known_unit: unit.known_unit,
        refuse_provisioned: raw.unit.refuse_provisioned,
        client_certificate: raw.provision.client_certificate,
        presence: raw.proof.presence,
        hold_ms: check_hold(source, raw.proof.hold_ms.as_ref())?,
        keep_auth_code: raw.provision.keeps_code().is_some(),
        regions: region_policies(&product, patch.as_ref(), &nvs),
        app: raw.proof.ping.then(|| product.app.clone()),
        search_flash: field.is_some(),
        field: field.as_ref().map(|field| field.policy.clone()),
        ota: ota.as_ref().map(super::OtaOffer::policy),
        app_template: patch.as_ref().map(|patch| patch.template),
        ..Policy::plain(*raw.injection.get_ref(), unit.chip, unit.flash_size)
    };
    let (mut regions, mut images) = (product.regions, product.images);
    regions.retain(|region| patch.is_none() || region.name != APP_REGION);
    images.extend(field.iter().flat_map(|field| field.images.clone()));
    Ok(Recipe {
        name: raw.name.get_ref().clone(),
        path: path.to_owned(),
        hash: policy.recipe_hash(&text),
        policy,
        bauds,
        regions,
        layout: None,
        images,
        nvs,
        patch,
        field: field.map(|field| field.stage),
        ota,
        provision,
        timeouts,
        text,
    })
}

/// Everything that is written in the first stage. The unit itself writes to its NVS; an app that takes the unit's code
/// is made per unit.
fn region_policies(product: &Product, patch: Option<&PatchPlan>, nvs: &NvsPlan) -> Vec<RegionPolicy> {
    let mut policies = product.policies(&product.regions);
    if patch.is_some() {
        policies.iter_mut().filter(|region| region.name == APP_REGION).for_each(|region| region.sha256 = None);
    }
    policies.push(RegionPolicy {
        name: NVS_REGION.to_owned(),
        offset: nvs.offset,
        len: nvs.len,
        sha256: None,
        written_by_unit: true,
    });
    policies
}

/// An app that carries its code provisions whenever it starts, so that a session cannot be kept.
fn check_keep(source: Source<'_>, raw: &RawRecipe, known: KnownUnit) -> Result<(), RecipeError> {
    match (known, raw.injection.get_ref(), &raw.unit.known_unit) {
        (KnownUnit::Keep, Injection::Image, Some(key)) => {
            let what = "with injection \"image\" a unit provisions whenever it starts, so it cannot keep its session";
            Err(source.conflict(key.span(), what, "Write known_unit = \"reissue\" or \"refuse\"."))
        }
        (KnownUnit::Keep | KnownUnit::Reissue | KnownUnit::Refuse, _, _) => Ok(()),
    }
}

/// How long a proved connection must hold when the recipe names no time, in milliseconds.
const HOLD_MS: u32 = 1000;
/// Longest hold that makes sense on a line, in milliseconds.
const HOLD_MS_MAX: u32 = 60_000;

fn check_hold(source: Source<'_>, hold: Option<&Spanned<u32>>) -> Result<u32, RecipeError> {
    match hold {
        None => Ok(HOLD_MS),
        Some(hold) if *hold.get_ref() <= HOLD_MS_MAX => Ok(*hold.get_ref()),
        Some(hold) => {
            let what = format!("{} milliseconds make no sense here", hold.get_ref());
            Err(source.error(hold.span(), "recipe_value", what, format!("Write 0 to {HOLD_MS_MAX} milliseconds.")))
        }
    }
}

fn check_name(source: Source<'_>, name: &Spanned<String>) -> Result<(), RecipeError> {
    let len = name.get_ref().len();
    if (1..=NAME_MAX).contains(&len) {
        return Ok(());
    }
    let what = format!("the name is {len} bytes long");
    Err(source.error(name.span(), "recipe_value", what, format!("Give a name of 1 to {NAME_MAX} bytes.")))
}
