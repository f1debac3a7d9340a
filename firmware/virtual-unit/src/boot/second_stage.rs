//! The second stage: partition table, choice of the app, verification of its image, in the words of ESP-IDF v6.1 as
//! captured. Knows no terminal, and hands over nothing: it says which image may run.

use super::rom::Header;
use crate::app_seam::RunningImage;
use crate::console::{Console, Level};
use crate::faults::{Fault, Faults};
use crate::flash::{Flash, FlashError, SECTOR};
use crate::image::{self, CHIP_ID, CompiledCode, ImageError, SEGMENTS_MAX, Segment, SegmentUse};
use crate::otadata::{self, Missing, OtaData, Start, State};
use crate::partition::{Partition, PartitionTable, Region, TABLE_LENGTH, TABLE_OFFSET};

/// What the second stage has found fit to run.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) table: PartitionTable,
    pub(super) image: RunningImage,
    pub(super) description: Option<image::AppDescription>,
}

/// What the second stage works with.
pub(super) struct SecondStage<'a> {
    pub(super) console: &'a Console,
    pub(super) flash: &'a Flash,
    pub(super) faults: &'a Faults,
    /// The chip's revision, major and minor.
    pub(super) revision: (u32, u32),
}

impl SecondStage<'_> {
    /// Looks for an app; `None` when there is none that may run.
    pub(super) fn find_app(&self, header: Header) -> Result<Option<Found>, FlashError> {
        let (console, flash) = (self.console, self.flash);
        introduce(console, header, self.revision);
        let Some(table) = read_table(console, flash)? else { return Ok(None) };
        list(console, &table);
        let start = self.start(&table)?;
        match start {
            Start::DefaultFactory => console.log(Level::Info, "boot", "Defaulting to factory image"),
            Start::FirstSlot => console.log(Level::Info, "boot", "No factory image, trying OTA 0"),
            Start::Factory | Start::Slot(_) => {}
        }
        for (name, partition) in self.order(&table, start) {
            if let Some((image, description)) = self.try_image(&partition)? {
                return Ok(Some(Found { table, image, description }));
            }
            console.log(Level::Error, "boot", format_args!("{name} is not bootable"));
        }
        console.log(Level::Error, "boot", "No bootable app partitions in the partition table");
        Ok(None)
    }

    fn start(&self, table: &PartitionTable) -> Result<Start, FlashError> {
        let data = match OtaData::read(self.flash, table) {
            Ok(data) => data,
            Err(Missing::Flash(error)) => return Err(error),
            Err(Missing::Partition) => return Ok(otadata::choose(table, None)),
            Err(Missing::TooSmall(size)) => {
                let problem =
                    format_args!("ota_info partition size {size} is too small (minimum {} bytes)", 2 * SECTOR);
                self.console.log(Level::Error, "boot", problem);
                return Ok(otadata::choose(table, None));
            }
        };
        self.on_trial(table, data)
    }

    /// An app that was just written boots on trial, once; one that was reset during its trial does not boot again.
    fn on_trial(&self, table: &PartitionTable, data: OtaData) -> Result<Start, FlashError> {
        let next = match data.newest().map(|entry| entry.state) {
            Some(State::New) => State::Pending,
            Some(State::Pending) => State::Aborted,
            Some(State::Valid | State::Invalid | State::Aborted | State::Undefined) | None => {
                return Ok(otadata::choose(table, Some(&data)));
            }
        };
        data.mark(self.flash, next)?;
        let data = OtaData::read(self.flash, table).ok();
        Ok(otadata::choose(table, data.as_ref()))
    }

    fn order(&self, table: &PartitionTable, start: Start) -> Vec<(String, Partition)> {
        let mut order = otadata::order(table, start);
        if self.faults.is_on(&Fault::WrongAppSlot) {
            let others = order.len().min(1);
            order.rotate_left(others);
        }
        order
    }

    fn try_image(&self, partition: &Partition) -> Result<Option<Image>, FlashError> {
        let (console, Region { offset, size }) = (self.console, partition.region);
        let bytes = self.flash.read_vec(offset, size)?;
        let found = image::inspect(&bytes);
        for (index, segment) in found.segments.iter().enumerate() {
            console.log(Level::Info, "esp_image", segment_line(index, segment, offset));
        }
        let verified = match found.outcome {
            Ok(verified) => verified,
            Err(error) => {
                complain(console, offset, error);
                return Ok(None);
            }
        };
        if verified.min_revision > self.revision {
            let ((major, minor), (has_major, has_minor)) = (verified.min_revision, self.revision);
            let text =
                format_args!("Image requires chip rev >= v{major}.{minor}, but chip is v{has_major}.{has_minor}");
            console.log(Level::Error, "boot_comm", text);
            return Ok(None);
        }
        console.log(Level::Info, "boot", format_args!("Loaded app from partition at offset {offset:#x}"));
        let description = verified.description;
        let (version, project) =
            description.as_ref().map(|app| (app.version.clone(), app.project.clone())).unwrap_or_default();
        let compiled_code = found.segments.first().and_then(|segment| CompiledCode::find(&bytes[segment.offset..]));
        let image =
            RunningImage { partition: partition.clone(), sha256: verified.sha256, version, project, compiled_code };
        Ok(Some((image, description)))
    }
}

type Image = (RunningImage, Option<image::AppDescription>);

fn introduce(console: &Console, header: Header, (major, minor): (u32, u32)) {
    const TAG: &str = "boot.esp32c3";
    console.log(Level::Info, "boot", "ESP-IDF v6.1-829-g9a97f6c54ec 2nd stage bootloader");
    console.log(Level::Info, "boot", format_args!("chip revision: v{major}.{minor}"));
    console.log(Level::Info, TAG, format_args!("SPI Speed      : {}MHz", header.megahertz()));
    console.log(Level::Info, TAG, "SPI Mode       : SLOW READ");
    console.log(Level::Info, TAG, format_args!("SPI Flash Size : {}MB", header.megabytes()));
}

fn read_table(console: &Console, flash: &Flash) -> Result<Option<PartitionTable>, FlashError> {
    let problem = match PartitionTable::parse(&flash.read_vec(TABLE_OFFSET, TABLE_LENGTH)?) {
        Ok(table) => match beyond(flash, &table) {
            None => return Ok(Some(table)),
            Some(problem) => problem,
        },
        Err(error) => error.to_string(),
    };
    console.log(Level::Error, "flash_parts", problem);
    console.log(Level::Error, "boot", "Failed to verify partition table");
    console.log(Level::Error, "boot", "load partition table error!");
    Ok(None)
}

fn beyond(flash: &Flash, table: &PartitionTable) -> Option<String> {
    let chip = flash.size().bytes();
    table.0.iter().enumerate().find_map(|(index, row)| {
        let Region { offset, size } = row.region;
        let fits = offset.checked_add(size).is_some_and(|end| end <= chip);
        (!fits).then(|| {
            format!("partition {index} invalid - offset {offset:#x} size {size:#x} exceeds flash chip size {chip:#x}")
        })
    })
}

fn list(console: &Console, table: &PartitionTable) {
    console.log(Level::Info, "boot", "Partition Table:");
    console.log(Level::Info, "boot", "## Label            Usage          Type ST Offset   Length");
    for (index, row) in table.0.iter().enumerate() {
        let Partition { label, kind, subtype, region: Region { offset, size }, .. } = row;
        let line = format_args!(
            "{index:2} {label:<16} {:<16} {kind:02x} {subtype:02x} {offset:08x} {size:08x}",
            usage(*kind, *subtype)
        );
        console.log(Level::Info, "boot", line);
    }
}

fn usage(kind: u8, subtype: u8) -> &'static str {
    match (kind, subtype) {
        (Partition::APP, Partition::FACTORY) => "factory app",
        (Partition::APP, 0x10..=0x1f) => "OTA app",
        (Partition::APP, 0x20) => "test app",
        (Partition::APP, _) => "Unknown app",
        (Partition::DATA, Partition::OTADATA) => "OTA data",
        (Partition::DATA, 1) => "RF data",
        (Partition::DATA, Partition::NVS) => "WiFi data",
        (Partition::DATA, 4) => "NVS keys",
        (Partition::DATA, 5) => "efuse",
        (Partition::DATA, _) => "Unknown data",
        (_, _) => "",
    }
}

fn segment_line(index: usize, segment: &Segment, base: u32) -> String {
    let Segment { offset, address, length } = *segment;
    let usage = match segment.usage() {
        SegmentUse::Map => "map",
        SegmentUse::Load => "load",
        SegmentUse::Skip => "",
    };
    let paddr = base as usize + offset;
    format!("segment {index}: paddr={paddr:08x} vaddr={address:08x} size={length:05x}h ({length:6}) {usage}")
}

fn complain(console: &Console, offset: u32, error: ImageError) {
    let (tag, text) = match error {
        ImageError::Magic(_) => {
            ("esp_image", format!("image at {offset:#x} has invalid magic byte (nothing flashed here?)"))
        }
        ImageError::Chip(found) => ("boot_comm", format!("mismatch chip ID, expected {CHIP_ID}, found {found}")),
        ImageError::SegmentCount(count) => {
            ("esp_image", format!("image at {offset:#x} segment count {count} exceeds max {SEGMENTS_MAX}"))
        }
        ImageError::SegmentLength(length) => ("esp_image", format!("invalid segment length {length:#x}")),
        ImageError::Length { needed, available } => {
            ("esp_image", format!("Image length {needed} doesn't fit in partition length {available}"))
        }
        ImageError::Checksum { calculated, read } => {
            ("esp_image", format!("Checksum failed. Calculated {calculated:#x} read {read:#x}"))
        }
        ImageError::Hash => ("esp_image", "Image hash failed - image is corrupt".to_owned()),
    };
    console.log(Level::Error, tag, text);
}
