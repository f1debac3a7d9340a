//! The second stage of a recipe: what goes over the factory image once the unit has proved its session.

use std::sync::Arc;

use firstpass_device::{AppInfo, PreparedImage, Region, image};
use firstpass_domain::{
    FieldPolicy, Injection,
    policy::{APP_REGION, AppPolicy, FIELD_PREFIX},
};
use firstpass_store::ImageRecord;
use toml::Spanned;

use super::{
    FieldStage, PatchPlan, RecipeError,
    error::Source,
    files::LoadedFile,
    literal, patch,
    product::{self, BOOTLOADER_REGION, ERASED, Product},
    raw::{RawField, RawRecipe},
};

/// A second stage that was checked.
pub(super) struct Field {
    pub(super) stage: FieldStage,
    pub(super) policy: FieldPolicy,
    pub(super) images: Vec<ImageRecord>,
    pub(super) min_revision: firstpass_domain::Revision,
}

/// Checks the section `[field]`.
pub(super) fn plan(
    source: Source<'_>,
    raw: &RawRecipe,
    field: &Spanned<RawField>,
    product: &Product,
    factory: Option<&PatchPlan>,
) -> Result<Field, RecipeError> {
    check_conflicts(source, raw, field)?;
    let field = field.get_ref();
    let (app, info) = product::load_app(source, &field.app, product.chip, &product.app_place)?;
    let mut writer = Writer { product, stage: FieldStage { regions: Vec::new() }, images: Vec::new() };
    if let Some(path) = &field.bootloader {
        let file = product::load_bootloader(source, path, product.chip)?;
        check_no_code(source, path, &file, factory)?;
        writer.add(BOOTLOADER_REGION, image::bootloader_offset(product.chip), &file, None);
    }
    check_no_code(source, &field.app, &app, factory)?;
    writer.add(APP_REGION, product.app_place.offset, &app, Some(&info));
    for data in &field.data {
        let (file, place) = writer.load_data(source, data)?;
        check_no_code(source, &data.file, &file, factory)?;
        writer.add(&place.name, place.offset, &file, None);
    }
    writer.erase_ota_data();
    let app = raw.proof.ping.then(|| AppPolicy { version: info.version.clone(), sha256: info.sha256 });
    let policy = FieldPolicy { regions: product.policies(&writer.stage.regions), app };
    Ok(Field { stage: writer.stage, policy, images: writer.images, min_revision: info.min_revision })
}

fn check_conflicts(source: Source<'_>, raw: &RawRecipe, field: &Spanned<RawField>) -> Result<(), RecipeError> {
    if *raw.injection.get_ref() == Injection::Session {
        let what = "with injection \"session\" there is no factory image that a field image could follow";
        return Err(source.conflict(field.span(), what, "Take [field] out, or choose injection \"nvs\" or \"image\"."));
    }
    if let Some(span) = raw.provision.keeps_code() {
        let what = "after the second stage the code must be nowhere in flash, so it cannot be kept";
        return Err(source.conflict(span, what, "Take keep_auth_code out."));
    }
    Ok(())
}

/// A field image never carries a factory's code, nor the place for one.
fn check_no_code(
    source: Source<'_>,
    path: &Spanned<String>,
    file: &LoadedFile,
    factory: Option<&PatchPlan>,
) -> Result<(), RecipeError> {
    let placeholder = factory.is_some_and(|plan| patch::count(&file.bytes, plan.placeholder.as_bytes()) > 0);
    let found = if placeholder {
        Some("it holds the placeholder of the factory image's code")
    } else {
        literal::known_form_in(&file.bytes)
    };
    let Some(found) = found else { return Ok(()) };
    let what = format!("{} must not go to the field: {found}", path.get_ref());
    let remedy = "Build the field image with an empty auth code and without secrets.";
    Err(source.error(path.span(), "code_in_field_image", what, remedy))
}

struct Writer<'a> {
    product: &'a Product,
    stage: FieldStage,
    images: Vec<ImageRecord>,
}

impl Writer<'_> {
    /// Adds a region that also erases what the first stage wrote beyond it.
    fn add(&mut self, name: &str, offset: u32, file: &LoadedFile, app: Option<&AppInfo>) {
        let name = format!("{FIELD_PREFIX}{name}");
        self.images.push(product::image_record(&name, file, app));
        let before = self.product.regions.iter().find(|region| region.offset == offset);
        let mut bytes = file.bytes.clone();
        bytes.resize(bytes.len().max(before.map_or(0, |region| region.image.len() as usize)), ERASED);
        self.stage.regions.push(Region { name, offset, image: Arc::new(PreparedImage::new(&bytes)) });
    }

    /// Partitions of the first stage may be written again; those of this stage, NVS and the app's may not.
    fn load_data(
        &self,
        source: Source<'_>,
        data: &super::raw::RawData,
    ) -> Result<(LoadedFile, firstpass_device::partition::PartitionInfo), RecipeError> {
        let is_taken = |place: &firstpass_device::partition::PartitionInfo| {
            self.stage.regions.iter().any(|region| region.offset == place.offset)
        };
        self.product.load_data(source, data, is_taken)
    }

    /// The field image must be what runs, also after an update in the first stage.
    fn erase_ota_data(&mut self) {
        let Some(place) = self.product.layout.ota_data() else { return };
        if !self.stage.regions.iter().any(|region| region.offset == place.offset) {
            self.stage.regions.push(product::erased(&format!("{FIELD_PREFIX}{}", place.name), &place));
        }
    }
}
