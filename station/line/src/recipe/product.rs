//! The files of a product, loaded, looked at and ready to be written.

use std::sync::Arc;

use firstpass_device::{
    AppInfo, FlashLayout, PreparedImage, Region, image,
    partition::{self, PartitionInfo},
};
use firstpass_domain::{
    Chip, FlashSize, RegionPolicy, Revision,
    policy::{APP_REGION, AppPolicy},
};
use firstpass_store::ImageRecord;
use toml::Spanned;

use super::{
    RecipeError,
    error::Source,
    files::{self, LoadedFile},
    raw::{RawData, RawFlash},
};

/// Name of the partition table's region in the policy.
pub(super) const TABLE_REGION: &str = "partition-table";
/// Name of the boot loader's region in the policy.
pub(super) const BOOTLOADER_REGION: &str = "bootloader";
/// A byte of erased flash.
pub(super) const ERASED: u8 = 0xff;

/// What a product is made of.
pub(super) struct Product {
    pub(super) chip: Chip,
    pub(super) layout: FlashLayout,
    /// Where the session lies.
    pub(super) nvs: PartitionInfo,
    /// Where the app goes.
    pub(super) app_place: PartitionInfo,
    /// The app's file.
    pub(super) app_bytes: Arc<[u8]>,
    pub(super) app: AppPolicy,
    pub(super) min_revision: Revision,
    /// In the order in which they are written.
    pub(super) regions: Vec<Region>,
    pub(super) images: Vec<ImageRecord>,
}

impl Product {
    pub(super) fn load(
        source: Source<'_>,
        raw: &RawFlash,
        chip: Chip,
        flash_size: FlashSize,
    ) -> Result<Self, RecipeError> {
        let unfit_table = |error| files::unfit(source, &raw.partition_table, "partition_table", &error);
        let table = files::load(source, &raw.partition_table)?;
        let layout = FlashLayout::parse(&table.bytes, flash_size).map_err(unfit_table)?;
        let (nvs, app_place) = (layout.nvs().map_err(unfit_table)?, layout.app().map_err(unfit_table)?);
        let bootloader = load_bootloader(source, &raw.bootloader, chip)?;
        let (app, info) = load_app(source, &raw.app, chip, &app_place)?;
        let table = LoadedFile { bytes: layout.to_binary(), ..table };
        let mut product = Self {
            app: AppPolicy { version: info.version.clone(), sha256: info.sha256 },
            min_revision: info.min_revision,
            app_bytes: app.bytes.clone().into(),
            regions: Vec::new(),
            images: Vec::new(),
            chip,
            layout,
            nvs,
            app_place,
        };
        product.add(BOOTLOADER_REGION, image::bootloader_offset(chip), &bootloader, None);
        product.add(TABLE_REGION, partition::TABLE_OFFSET, &table, None);
        product.add(APP_REGION, product.app_place.offset, &app, Some(&info));
        for data in &raw.data {
            let is_taken = |place: &PartitionInfo| product.regions.iter().any(|region| region.offset == place.offset);
            let (file, place) = product.load_data(source, data, is_taken)?;
            product.add(&place.name, place.offset, &file, None);
        }
        product.erase_ota_data();
        Ok(product)
    }

    /// A unit that comes back may have been told by an update to run another slot: what is flashed must be what runs.
    fn erase_ota_data(&mut self) {
        let Some(place) = self.layout.ota_data() else { return };
        if !self.regions.iter().any(|region| region.name == place.name) {
            self.regions.push(erased(&place.name, &place));
        }
    }

    fn add(&mut self, name: &str, offset: u32, file: &LoadedFile, app: Option<&AppInfo>) {
        let image = Arc::new(PreparedImage::new(&file.bytes));
        self.images.push(image_record(name, file, app));
        self.regions.push(Region { name: name.to_owned(), offset, image });
    }

    /// A file for a partition that is not taken, and that partition.
    pub(super) fn load_data(
        &self,
        source: Source<'_>,
        data: &RawData,
        is_taken: impl Fn(&PartitionInfo) -> bool,
    ) -> Result<(LoadedFile, PartitionInfo), RecipeError> {
        let name = data.partition.get_ref();
        let remedy = "Name a partition of the table that nothing else is written to.";
        let no_place = |what: String| source.error(data.partition.span(), "recipe_partition", what, remedy);
        let place = self.layout.find(name).ok_or_else(|| no_place(format!("the table has no partition {name:?}")))?;
        if place == self.nvs {
            return Err(no_place(format!("partition {name:?} holds the unit's session, which the line writes")));
        }
        if place == self.app_place || is_taken(&place) {
            return Err(no_place(format!("partition {name:?} is written twice")));
        }
        let file = files::load(source, &data.file)?;
        if file.bytes.len() > place.len as usize {
            let what = format!("{} bytes do not fit partition {name:?} of {} bytes", file.bytes.len(), place.len);
            return Err(source.error(data.file.span(), "image_too_large", what, "Make the file smaller."));
        }
        Ok((file, place))
    }

    /// What the policy says of `regions`. The unit itself writes to its OTA data.
    pub(super) fn policies(&self, regions: &[Region]) -> Vec<RegionPolicy> {
        let ota_data = self.layout.ota_data().map(|place| place.offset);
        let policy = |region: &Region| RegionPolicy {
            name: region.name.clone(),
            offset: region.offset,
            len: region.image.len(),
            sha256: Some(region.image.sha256()),
            written_by_unit: ota_data == Some(region.offset),
        };
        regions.iter().map(policy).collect()
    }
}

/// A partition with nothing in it.
pub(super) fn erased(name: &str, place: &PartitionInfo) -> Region {
    let image = Arc::new(PreparedImage::new(&vec![ERASED; place.len as usize]));
    Region { name: name.to_owned(), offset: place.offset, image }
}

pub(super) fn image_record(region: &str, file: &LoadedFile, app: Option<&AppInfo>) -> ImageRecord {
    ImageRecord {
        sha256: firstpass_domain::Sha256Digest::of(&file.bytes),
        region: region.to_owned(),
        name: file.name.clone(),
        size: u32::try_from(file.bytes.len()).expect("files are bounded"),
        version: app.map(|app| app.version.clone()),
    }
}

pub(super) fn load_bootloader(
    source: Source<'_>,
    path: &Spanned<String>,
    chip: Chip,
) -> Result<LoadedFile, RecipeError> {
    let file = files::load(source, path)?;
    image::check_bootloader(&file.bytes, chip, partition::TABLE_OFFSET - image::bootloader_offset(chip))
        .map_err(|error| files::unfit(source, path, "image", &error))?;
    Ok(file)
}

pub(super) fn load_app(
    source: Source<'_>,
    path: &Spanned<String>,
    chip: Chip,
    place: &PartitionInfo,
) -> Result<(LoadedFile, AppInfo), RecipeError> {
    let file = files::load(source, path)?;
    let info =
        image::check_app(&file.bytes, chip, place.len).map_err(|error| files::unfit(source, path, "image", &error))?;
    Ok((file, info))
}
