//! The session's namespace in ESP-IDF's own format on the unit's flash.

use alloc::string::String;
use core::cell::RefCell;

use embedded_storage::nor_flash::NorFlash;
use esp_nvs::error::Error;
use esp_nvs::{Get, Key, Nvs};
use firstpass_agent::{EspError, NvsRead, NvsValue, SessionWrite};
use firstpass_contract::nvs;

use crate::flash::{RegionFlash, SECTOR};
use crate::{Partition, PartitionTable, Region};

const NAMESPACE: Key = Key::from_str(nvs::NAMESPACE);

/// The mounted NVS partition.
pub struct DeviceNvs<'a, F: NorFlash> {
    nvs: Nvs<RegionFlash<'a, F>>,
}

impl<'a, F: NorFlash> DeviceNvs<'a, F> {
    /// Mounts the NVS partition of the table as `nvs_flash_init` does; an erased one is an empty one.
    pub fn mount(flash: &'a RefCell<F>, table: &PartitionTable) -> Result<Self, EspError> {
        let region = region(table)?;
        let mut nvs = Nvs::new(0, region.size as usize, RegionFlash { flash, region }).map_err(esp_error)?;
        // The auth code must be gone from the flash, not only marked as erased.
        nvs.set_purge_mode(true);
        Ok(Self { nvs })
    }

    /// Erases the whole partition and mounts it, which mends a damaged one.
    pub fn format(flash: &'a RefCell<F>, table: &PartitionTable) -> Result<Self, EspError> {
        let region = region(table)?;
        let end = region.size / SECTOR * SECTOR;
        let erased = RegionFlash { flash, region }.erase(0, end);
        erased.map_err(|_| EspError("ESP_ERR_FLASH_OP_FAIL"))?;
        Self::mount(flash, table)
    }

    /// Sets, then erases, each in order.
    pub fn write(&mut self, write: &SessionWrite) -> Result<(), EspError> {
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
        Nvs<RegionFlash<'a, F>>: Get<T>,
    {
        match self.nvs.get(&NAMESPACE, &Key::from_str(key)) {
            Ok(value) => Ok(Some(value)),
            Err(Error::KeyNotFound | Error::NamespaceNotFound) => Ok(None),
            Err(error) => Err(esp_error(error)),
        }
    }
}

impl<F: NorFlash> NvsRead for DeviceNvs<'_, F> {
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

fn region(table: &PartitionTable) -> Result<Region, EspError> {
    table.find(Partition::DATA, Partition::NVS).ok_or(EspError("ESP_ERR_NOT_FOUND"))
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
