//! From the file's shapes to a recipe that can be used: every value is parsed once, every image is looked at.

use std::{path::Path, str::FromStr, sync::Arc, time::Duration};

use firstpass_contract::{limits, nvs as keys};
use firstpass_device::{AppInfo, FlashLayout, PreparedImage, Region, image, partition};
use firstpass_domain::{
    Chip, FlashSize, IdError, Policy, RegionPolicy, Revision,
    policy::{APP_REGION, AppPolicy, NVS_REGION},
};
use firstpass_store::ImageRecord;
use toml::Spanned;
use uuid::Uuid;

use super::{
    NvsPlan, ProvisionPlan, Recipe, RecipeError, Timeouts,
    error::Source,
    files::{self, LoadedFile},
    nvs,
    raw::{RawProvision, RawRecipe, RawTimeouts},
};

/// Name of the partition table's region in the policy.
const TABLE_REGION: &str = "partition-table";
/// Name of the boot loader's region in the policy.
const BOOTLOADER_REGION: &str = "bootloader";
/// A byte of erased flash.
const ERASED: u8 = 0xff;
/// Longest name of a recipe, in bytes.
const NAME_MAX: usize = 64;
/// Baud rates that the loader and common adapters take.
const BAUD_RANGE: std::ops::RangeInclusive<u32> = 9_600..=4_000_000;
/// Rates that a link falls back to when a faster one does not hold.
const BAUD_STEPS: [u32; 2] = [460_800, 115_200];
/// How long a code is valid by default.
const CODE_LIFETIME: Duration = Duration::from_secs(900);
/// Longest time limit or code lifetime that makes sense on a line, in seconds.
const SECONDS_MAX: u64 = 24 * 60 * 60;

/// Checks everything that can be known before a unit is there.
pub(super) fn check(path: &Path, text: String, raw: RawRecipe) -> Result<Recipe, RecipeError> {
    let source = Source { path, text: &text };
    check_name(source, &raw.name)?;
    let chip = parse::<Chip>(source, &raw.unit.chip)?;
    let flash_size = parse::<FlashSize>(source, &raw.unit.flash_size)?;
    let min_revision =
        raw.unit.min_revision.as_ref().map(|revision| parse::<Revision>(source, revision)).transpose()?;
    let baud = check_baud(source, &raw.flash.baud)?;
    let product = Product::load(source, &raw, chip, flash_size)?;
    let nvs = nvs::plan(source, raw.nvs, &product.layout, &raw.flash.partition_table)?;
    let provision = provision_plan(source, &raw.provision)?;
    let timeouts = timeouts(source, &raw.timeouts)?;
    let policy = Policy {
        // The image's own demand holds, whatever the recipe says.
        min_revision: min_revision.max(Some(product.min_revision)),
        max_attempts: raw.unit.max_attempts,
        known_unit: if raw.unit.repeat_passed {
            firstpass_domain::KnownUnit::Reissue
        } else {
            firstpass_domain::KnownUnit::Refuse
        },
        client_certificate: raw.provision.client_certificate,
        presence: raw.proof.presence,
        keep_auth_code: raw.provision.keep_auth_code,
        regions: region_policies(&product, &nvs),
        app: raw.proof.ping.then_some(product.app),
        ..Policy::plain(raw.injection, chip, flash_size)
    };
    Ok(Recipe {
        name: raw.name.into_inner(),
        path: path.to_owned(),
        hash: policy.recipe_hash(&text),
        policy,
        baud,
        bauds: bauds_from(baud),
        regions: product.regions,
        images: product.images,
        nvs,
        patch: None,
        field: None,
        ota: None,
        provision,
        timeouts,
        text,
    })
}

/// The files of a product, ready to be written.
struct Product {
    layout: FlashLayout,
    regions: Vec<Region>,
    images: Vec<ImageRecord>,
    app: AppPolicy,
    min_revision: Revision,
}

impl Product {
    fn load(source: Source<'_>, raw: &RawRecipe, chip: Chip, flash_size: FlashSize) -> Result<Self, RecipeError> {
        let flash = &raw.flash;
        let table = files::load(source, &flash.partition_table)?;
        let layout = FlashLayout::parse(&table.bytes, flash_size)
            .map_err(|error| files::unfit(source, &flash.partition_table, "partition_table", &error))?;
        let nvs =
            layout.nvs().map_err(|error| files::unfit(source, &flash.partition_table, "partition_table", &error))?;
        let app_place =
            layout.app().map_err(|error| files::unfit(source, &flash.partition_table, "partition_table", &error))?;
        let bootloader = files::load(source, &flash.bootloader)?;
        let boot_offset = image::bootloader_offset(chip);
        image::check_bootloader(&bootloader.bytes, chip, partition::TABLE_OFFSET - boot_offset)
            .map_err(|error| files::unfit(source, &flash.bootloader, "image", &error))?;
        let app = files::load(source, &flash.app)?;
        let info = image::check_app(&app.bytes, chip, app_place.len)
            .map_err(|error| files::unfit(source, &flash.app, "image", &error))?;
        let table = LoadedFile { bytes: layout.to_binary(), ..table };
        let mut product = Self {
            app: AppPolicy { version: info.version.clone(), sha256: info.sha256 },
            min_revision: info.min_revision,
            layout,
            regions: Vec::new(),
            images: Vec::new(),
        };
        product.add(BOOTLOADER_REGION, boot_offset, &bootloader, None);
        product.add(TABLE_REGION, partition::TABLE_OFFSET, &table, None);
        product.add(APP_REGION, app_place.offset, &app, Some(&info));
        for data in &flash.data {
            product.add_data(source, data, &[nvs.name.as_str(), app_place.name.as_str()])?;
        }
        product.erase_ota_data();
        Ok(product)
    }

    /// A unit that comes back may have been told by an update to run another slot: what is flashed must be what runs.
    fn erase_ota_data(&mut self) {
        let Some(place) = self.layout.ota_data() else { return };
        if !self.regions.iter().any(|region| region.name == place.name) {
            let erased = vec![ERASED; place.len as usize];
            let image = Arc::new(PreparedImage::new(&erased));
            self.regions.push(Region { name: place.name.clone(), offset: place.offset, image });
        }
    }

    fn add(&mut self, name: &str, offset: u32, file: &LoadedFile, app: Option<&AppInfo>) {
        let image = Arc::new(PreparedImage::new(&file.bytes));
        self.images.push(ImageRecord {
            sha256: image.sha256(),
            region: name.to_owned(),
            name: file.name.clone(),
            size: image.len(),
            version: app.map(|app| app.version.clone()),
        });
        self.regions.push(Region { name: name.to_owned(), offset, image });
    }

    /// Adds a file for a partition of its own.
    fn add_data(&mut self, source: Source<'_>, data: &super::raw::RawData, taken: &[&str]) -> Result<(), RecipeError> {
        let name = data.partition.get_ref();
        let remedy = "Name a partition of the table that nothing else is written to.";
        let no_place = |what: String| source.error(data.partition.span(), "recipe_partition", what, remedy);
        let place = self.layout.find(name).ok_or_else(|| no_place(format!("the table has no partition {name:?}")))?;
        if taken.contains(&name.as_str()) || self.regions.iter().any(|region| region.name == *name) {
            return Err(no_place(format!("partition {name:?} is written twice")));
        }
        let file = files::load(source, &data.file)?;
        if file.bytes.len() > place.len as usize {
            let what = format!("{} bytes do not fit partition {name:?} of {} bytes", file.bytes.len(), place.len);
            return Err(source.error(data.file.span(), "image_too_large", what, "Make the file smaller."));
        }
        self.add(name, place.offset, &file, None);
        Ok(())
    }
}

/// The unit itself writes to its NVS, and to its OTA data after an update.
fn region_policies(product: &Product, nvs: &NvsPlan) -> Vec<RegionPolicy> {
    let ota_data = product.layout.ota_data().map(|place| place.name);
    let fixed = product.regions.iter().map(|region| RegionPolicy {
        name: region.name.clone(),
        offset: region.offset,
        len: region.image.len(),
        sha256: Some(region.image.sha256()),
        written_by_unit: ota_data.as_ref() == Some(&region.name),
    });
    let own = RegionPolicy {
        name: NVS_REGION.to_owned(),
        offset: nvs.offset,
        len: nvs.len,
        sha256: None,
        written_by_unit: true,
    };
    fixed.chain([own]).collect()
}

/// Parses a text by its type, at its place.
fn parse<T: FromStr<Err = IdError>>(source: Source<'_>, text: &Spanned<String>) -> Result<T, RecipeError> {
    text.get_ref().parse().map_err(|error: IdError| {
        source.error(text.span(), "recipe_value", error.to_string(), format!("Write {}.", error.expected))
    })
}

fn check_name(source: Source<'_>, name: &Spanned<String>) -> Result<(), RecipeError> {
    let len = name.get_ref().len();
    if (1..=NAME_MAX).contains(&len) {
        return Ok(());
    }
    let what = format!("the name is {len} bytes long");
    Err(source.error(name.span(), "recipe_value", what, format!("Give a name of 1 to {NAME_MAX} bytes.")))
}

fn check_baud(source: Source<'_>, baud: &Spanned<u32>) -> Result<u32, RecipeError> {
    if BAUD_RANGE.contains(baud.get_ref()) {
        return Ok(*baud.get_ref());
    }
    let what = format!("{} is no baud rate for flashing", baud.get_ref());
    let remedy = format!("Choose one from {} to {}, such as 921600.", BAUD_RANGE.start(), BAUD_RANGE.end());
    Err(source.error(baud.span(), "recipe_value", what, remedy))
}

/// The rate of the recipe and those that the link falls back to.
fn bauds_from(baud: u32) -> Vec<u32> {
    [baud].into_iter().chain(BAUD_STEPS.into_iter().filter(|step| *step < baud)).collect()
}

fn provision_plan(source: Source<'_>, raw: &RawProvision) -> Result<ProvisionPlan, RecipeError> {
    let workspace_id = Uuid::parse_str(raw.workspace_id.get_ref()).map_err(|_| {
        let what = format!("{:?} is no workspace id", raw.workspace_id.get_ref());
        source.error(raw.workspace_id.span(), "recipe_value", what, "Write a UUID, as the console shows it.")
    })?;
    let slug = &raw.workspace_slug;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if slug.get_ref().is_empty() || !slug.get_ref().chars().all(legal) {
        let what = format!("{:?} is no workspace slug", slug.get_ref());
        let remedy = "Write letters, digits, '-', '_' or '.': it becomes a part of MQTT topics.";
        return Err(source.error(slug.span(), "recipe_value", what, remedy));
    }
    limits::WORKSPACE_SLUG
        .check(slug.get_ref())
        .map_err(|error| source.error(slug.span(), "value_too_long", error.to_string(), "Choose a shorter slug."))?;
    let url = raw.url.as_ref().map(|url| check_url(source, url)).transpose()?;
    let code_lifetime = seconds(source, raw.code_lifetime_s.as_ref(), CODE_LIFETIME)?;
    Ok(ProvisionPlan {
        url,
        workspace_id,
        workspace_slug: slug.get_ref().clone(),
        template_id: raw.template_id.clone(),
        code_lifetime,
    })
}

/// A base URL that the unit can use: `https://host[:port][/path]` without trailing slash, query or user.
fn check_url(source: Source<'_>, url: &Spanned<String>) -> Result<String, RecipeError> {
    let wrong = |what: &str| {
        let remedy =
            "Write https://HOST[:PORT][/PATH] without a slash at the end, such as https://station.local:8443/api/v1.";
        source.error(url.span(), "recipe_url", format!("{:?} {what}", url.get_ref()), remedy)
    };
    let text = url.get_ref();
    let uri: http::Uri = text.parse().map_err(|_| wrong("is no URL"))?;
    let host = uri.host().filter(|host| !host.is_empty());
    if uri.scheme_str() != Some("https") || host.is_none() {
        return Err(wrong("is no https URL with a host"));
    }
    if text.ends_with('/') || uri.query().is_some() || uri.authority().is_some_and(|a| a.as_str().contains('@')) {
        return Err(wrong("has a slash at the end, a query or a user"));
    }
    keys_text_fits(text).then(|| text.clone()).ok_or_else(|| wrong("is too long for NVS"))
}

fn keys_text_fits(text: &str) -> bool {
    text.len() < keys::STRING_MAX
}

fn timeouts(source: Source<'_>, raw: &RawTimeouts) -> Result<Timeouts, RecipeError> {
    let or = |value: &Option<Spanned<u64>>, default_s| seconds(source, value.as_ref(), Duration::from_secs(default_s));
    Ok(Timeouts {
        identify: or(&raw.identify_s, 30)?,
        flash: or(&raw.flash_s, 180)?,
        boot: or(&raw.boot_s, 15)?,
        provision: or(&raw.provision_s, 60)?,
        connect: or(&raw.connect_s, 60)?,
        attest: or(&raw.attest_s, 60)?,
        ota: or(&raw.ota_s, 180)?,
    })
}

fn seconds(source: Source<'_>, value: Option<&Spanned<u64>>, default: Duration) -> Result<Duration, RecipeError> {
    match value {
        None => Ok(default),
        Some(value) if (1..=SECONDS_MAX).contains(value.get_ref()) => Ok(Duration::from_secs(*value.get_ref())),
        Some(value) => {
            let what = format!("{} seconds make no sense here", value.get_ref());
            Err(source.error(value.span(), "recipe_value", what, format!("Write 1 to {SECONDS_MAX} seconds.")))
        }
    }
}
