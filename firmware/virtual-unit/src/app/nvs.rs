//! The session's namespace in ESP-IDF's own format on the unit's flash.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use esp_nvs::error::Error;
use esp_nvs::platform::{Crc, software_crc32};
use esp_nvs::{Get, Key, Nvs};
use firstpass_agent::{EspError, NvsRead, NvsValue, SessionWrite};
use firstpass_contract::nvs;

use crate::flash::{FlashError, SECTOR};
use crate::partition::Region;
use crate::{Fault, Faults, Flash};

use super::misbehaviour::nvs_write_error;

const NAMESPACE: Key = Key::from_str(nvs::NAMESPACE);

/// The mounted NVS partition.
pub(super) struct DeviceNvs {
    nvs: Nvs<RegionFlash>,
    faults: Faults,
}

impl DeviceNvs {
    /// Mounts the partition as `nvs_flash_init` does; an erased one is an empty one.
    pub(super) fn mount(flash: Flash, region: Option<Region>, faults: Faults) -> Result<Self, EspError> {
        if faults.is_on(&Fault::NvsCorrupt) {
            return Err(EspError("ESP_ERR_NVS_INVALID_STATE"));
        }
        Self::open(flash, region, faults)
    }

    /// Erases the whole partition and mounts it, which mends a damaged one.
    pub(super) fn format(flash: Flash, region: Option<Region>, faults: Faults) -> Result<Self, EspError> {
        let Region { offset, size } = region.ok_or(EspError("ESP_ERR_NOT_FOUND"))?;
        flash.erase(offset, size).map_err(|_| EspError("ESP_ERR_FLASH_OP_FAIL"))?;
        Self::open(flash, region, faults)
    }

    fn open(flash: Flash, region: Option<Region>, faults: Faults) -> Result<Self, EspError> {
        let region = region.ok_or(EspError("ESP_ERR_NOT_FOUND"))?;
        let mut nvs = Nvs::new(0, region.size as usize, RegionFlash { flash, region }).map_err(esp_error)?;
        // The auth code must be gone from the flash, not only marked as erased.
        nvs.set_purge_mode(true);
        Ok(Self { nvs, faults })
    }

    /// Sets, then erases, each in order.
    pub(super) fn write(&mut self, write: &SessionWrite) -> Result<(), EspError> {
        if let Some(error) = nvs_write_error(&self.faults) {
            return Err(error);
        }
        for (key, value) in &write.set {
            self.set(&Key::from_str(key), value).map_err(esp_error)?;
        }
        for key in &write.erase {
            self.nvs.delete(&NAMESPACE, &Key::from_str(key)).map_err(esp_error)?;
        }
        Ok(())
    }

    fn set(&mut self, key: &Key, value: &NvsValue) -> Result<(), Error> {
        match value {
            NvsValue::Text(text) => self.nvs.set(&NAMESPACE, key, text.as_str()),
            NvsValue::Secret(secret) => self.nvs.set(&NAMESPACE, key, secret.expose()),
            NvsValue::I32(number) => self.nvs.set(&NAMESPACE, key, *number),
            NvsValue::I8(number) => self.nvs.set(&NAMESPACE, key, *number),
            NvsValue::U32(number) => self.nvs.set(&NAMESPACE, key, *number),
        }
    }

    fn get<T>(&mut self, key: &'static str) -> Result<Option<T>, EspError>
    where
        Nvs<RegionFlash>: Get<T>,
    {
        match self.nvs.get(&NAMESPACE, &Key::from_str(key)) {
            Ok(value) => Ok(Some(value)),
            Err(Error::KeyNotFound | Error::NamespaceNotFound) => Ok(None),
            Err(error) => Err(esp_error(error)),
        }
    }
}

impl NvsRead for DeviceNvs {
    fn text(&mut self, key: &'static str) -> Result<Option<String>, EspError> {
        self.get(key)
    }

    fn i32(&mut self, key: &'static str) -> Result<Option<i32>, EspError> {
        self.get(key)
    }

    fn i8(&mut self, key: &'static str) -> Result<Option<i8>, EspError> {
        self.get(key)
    }

    fn u32(&mut self, key: &'static str) -> Result<Option<u32>, EspError> {
        self.get(key)
    }
}

/// The ESP-IDF name of an error (ESP-IDF's `nvs.h`).
fn esp_error(error: Error) -> EspError {
    EspError(match error {
        Error::FlashError => "ESP_ERR_FLASH_OP_FAIL",
        Error::FlashFull | Error::PageFull => "ESP_ERR_NVS_NOT_ENOUGH_SPACE",
        Error::ValueTooLong => "ESP_ERR_NVS_VALUE_TOO_LONG",
        Error::KeyTooLong => "ESP_ERR_NVS_KEY_TOO_LONG",
        Error::KeyMalformed | Error::NamespaceMalformed | Error::NamespaceTooLong => "ESP_ERR_NVS_INVALID_NAME",
        Error::KeyNotFound | Error::NamespaceNotFound => "ESP_ERR_NVS_NOT_FOUND",
        Error::ItemTypeMismatch(_) => "ESP_ERR_NVS_TYPE_MISMATCH",
        Error::TooManyNamespaces => "ESP_ERR_NVS_NOT_ENOUGH_SPACE",
        Error::InvalidPartitionOffset | Error::InvalidPartitionSize => "ESP_ERR_INVALID_SIZE",
        // `CorruptedData`, and what a later version of the crate may add.
        _ => "ESP_ERR_NVS_INVALID_STATE",
    })
}

/// One partition of the unit's flash, addressed from its own first byte.
struct RegionFlash {
    flash: Flash,
    region: Region,
}

impl RegionFlash {
    fn absolute(&self, offset: u32, length: usize) -> Result<u32, RegionError> {
        let end = u64::from(offset) + length as u64;
        (end <= u64::from(self.region.size)).then(|| self.region.offset + offset).ok_or(RegionError::Range)
    }
}

/// An access that the partition or the flash refuses.
#[derive(Debug)]
#[expect(dead_code, reason = "the NVS crate shows the cause only through Debug")]
enum RegionError {
    Range,
    Flash(FlashError),
}

impl NorFlashError for RegionError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Range => NorFlashErrorKind::OutOfBounds,
            Self::Flash(_) => NorFlashErrorKind::Other,
        }
    }
}

impl ErrorType for RegionFlash {
    type Error = RegionError;
}

impl ReadNorFlash for RegionFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), RegionError> {
        self.flash.read(self.absolute(offset, bytes.len())?, bytes).map_err(RegionError::Flash)
    }

    fn capacity(&self) -> usize {
        self.region.size as usize
    }
}

impl NorFlash for RegionFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), RegionError> {
        let length = to.checked_sub(from).ok_or(RegionError::Range)?;
        self.flash.erase(self.absolute(from, length as usize)?, length).map_err(RegionError::Flash)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), RegionError> {
        self.flash.write(self.absolute(offset, bytes.len())?, bytes).map_err(RegionError::Flash)
    }
}

impl Crc for RegionFlash {
    fn crc32(init: u32, data: &[u8]) -> u32 {
        software_crc32(init, data)
    }
}
