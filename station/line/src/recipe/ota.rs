//! The update that the provisioning answer offers, by the recipe's choice.

use std::sync::Arc;

use firstpass_device::{image, partition::PartitionInfo};
use firstpass_domain::{Injection, KnownUnit, OtaPolicy, Sha256Digest, policy::AppPolicy};
use toml::Spanned;

use super::{
    OtaOffer, PatchPlan, RecipeError,
    error::Source,
    files, patch,
    product::Product,
    raw::{RawOffer, RawOta, RawRecipe},
};

/// Checks the section `[ota]`; `None` when nothing is offered.
pub(super) fn plan(
    source: Source<'_>,
    raw: &RawRecipe,
    ota: &RawOta,
    product: &Product,
    factory: Option<&PatchPlan>,
) -> Result<Option<OtaOffer>, RecipeError> {
    match (ota.offer.get_ref(), &ota.image) {
        (RawOffer::Off, None) => Ok(None),
        (RawOffer::Off | RawOffer::Same, Some(image)) => {
            let what = "an image is named, and this offer needs none";
            Err(source.conflict(image.span(), what, "Take `image` out, or write offer = \"newer\"."))
        }
        (RawOffer::Newer, None) => {
            let what = "a newer release is offered, and no image is named";
            Err(source.conflict(ota.offer.span(), what, "Add image = \"PATH\" to [ota]."))
        }
        (RawOffer::Same, None) => {
            let slots = check_offered(source, raw, ota, product)?;
            check_same(source, ota, product, &slots, factory).map(Some)
        }
        (RawOffer::Newer, Some(image)) => {
            let slots = check_offered(source, raw, ota, product)?;
            check_told(source, raw)?;
            newer(source, image, product, &slots, factory).map(Some)
        }
    }
}

/// What every offer needs: a unit that provisions itself once, and a slot besides the one that runs.
fn check_offered(
    source: Source<'_>,
    raw: &RawRecipe,
    ota: &RawOta,
    product: &Product,
) -> Result<Vec<PartitionInfo>, RecipeError> {
    let wrong = |what: &str, remedy: &str| Err(source.conflict(ota.offer.span(), what, remedy));
    if *raw.injection.get_ref() == Injection::Session {
        return wrong(
            "with injection \"session\" the unit gets no provisioning answer that could offer anything",
            "Write offer = \"off\", or choose injection \"nvs\".",
        );
    }
    if raw.provision.keeps_code().is_some() {
        return wrong(
            "the unit keeps its code, provisions again after the update, and its code is used up",
            "Write offer = \"off\", or take keep_auth_code out.",
        );
    }
    let slots: Vec<_> = product.layout.ota_slots().filter(|slot| *slot != product.app_place).collect();
    if product.layout.ota_data().is_none() || slots.is_empty() {
        return wrong(
            "the partition table has no OTA data, or no OTA slot besides the one that is flashed",
            "Use a table with otadata and two app slots, or write offer = \"off\".",
        );
    }
    Ok(slots)
}

/// A unit that keeps its session does not provision, so it never hears of the newer release: it would end with the older
/// one that the line flashes, also when it had the newer one before.
fn check_told(source: Source<'_>, raw: &RawRecipe) -> Result<(), RecipeError> {
    match raw.unit.known_unit.as_ref().map(|known| (known.span(), *known.get_ref())) {
        Some((place, KnownUnit::Keep)) => {
            let what =
                "a unit that keeps its session is not told of the newer release and would pass with the older one";
            let remedy = "Write known_unit = \"reissue\", or flash the newer release itself with offer = \"same\".";
            Err(source.conflict(place, what, remedy))
        }
        Some((_, KnownUnit::Refuse | KnownUnit::Reissue)) | None => Ok(()),
    }
}

/// The release that was flashed, once more. An app that carries its code would provision for ever.
fn check_same(
    source: Source<'_>,
    ota: &RawOta,
    product: &Product,
    slots: &[PartitionInfo],
    factory: Option<&PatchPlan>,
) -> Result<OtaOffer, RecipeError> {
    if factory.is_some() {
        let what = "with injection \"image\" the same release carries a code again: the unit would provision and update \
                    for ever";
        let remedy = "Write offer = \"off\", or offer a newer image that was built with an empty auth code.";
        return Err(source.conflict(ota.offer.span(), what, remedy));
    }
    check_slots(slots, &product.app_bytes).map_err(|what| {
        source.error(ota.offer.span(), "image_too_large", what, "Make the slots as large as the app's partition.")
    })?;
    Ok(offer(Arc::clone(&product.app_bytes), product.app.clone()))
}

fn newer(
    source: Source<'_>,
    path: &Spanned<String>,
    product: &Product,
    slots: &[PartitionInfo],
    factory: Option<&PatchPlan>,
) -> Result<OtaOffer, RecipeError> {
    let file = files::load(source, path)?;
    let smallest = slots.iter().map(|slot| slot.len).min().unwrap_or_default();
    let info = image::check_app(&file.bytes, product.chip, smallest)
        .map_err(|error| files::unfit(source, path, "image", &error))?;
    if info.version == product.app.version {
        let what = format!("{} is offered as newer and has the flashed version, {:?}", path.get_ref(), info.version);
        let remedy = "Name an image of another version, or write offer = \"same\" without an image.";
        return Err(source.error(path.span(), "ota_same_version", what, remedy));
    }
    if factory.is_some_and(|plan| patch::count(&file.bytes, plan.placeholder.as_bytes()) > 0) {
        let what =
            format!("{} holds the placeholder as its code: the unit would provision with it for ever", path.get_ref());
        return Err(source.error(path.span(), "code_in_field_image", what, "Build it with an empty auth code."));
    }
    Ok(offer(file.bytes.into(), AppPolicy { version: info.version, sha256: info.sha256 }))
}

fn check_slots(slots: &[PartitionInfo], image: &[u8]) -> Result<(), String> {
    let small = slots.iter().find(|slot| (slot.len as usize) < image.len());
    small.map_or(Ok(()), |slot| {
        Err(format!("the app of {} bytes does not fit slot {:?} of {} bytes", image.len(), slot.name, slot.len))
    })
}

fn offer(image: Arc<[u8]>, app: AppPolicy) -> OtaOffer {
    let size = u32::try_from(image.len()).expect("files are bounded");
    OtaOffer { sha256: Sha256Digest::of(&image), size, app, image }
}

impl OtaOffer {
    /// What the verdict demands of it.
    pub(super) fn policy(&self) -> OtaPolicy {
        OtaPolicy { sha256: self.sha256, size: self.size, app: self.app.clone() }
    }
}
