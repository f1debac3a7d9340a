//! Firmware that changes what it should leave alone, in its own flash, and tells what it should keep for itself. Knows no
//! network.

use firstpass_agent::{NvsRead, NvsValue, SessionWrite};
use firstpass_contract::{Secret, nvs};

use crate::flash::{FlashError, SECTOR};
use crate::image::HEADER_LENGTH;
use crate::{AppContext, Fault};

use super::nvs::DeviceNvs;

/// Where in its own image the app writes, from the first byte, and how much.
const SPOT: u32 = 0x1000;
const SPOT_BYTES: usize = 64;

/// At the app's start: `code` is what the unit provisions with.
pub(super) fn at_start(context: &AppContext, code: &Secret, store: Option<&mut DeviceNvs>) {
    if context.faults.is_on(&Fault::PrintsSecrets) {
        context.console.print(format_args!("I (300) app: code={}", code.expose()));
        print_stored(context, store, &[nvs::WIFI_PASS, nvs::MQTT_PASSWORD, nvs::DHT]);
    }
    if context.faults.is_on(&Fault::CodeElsewhere) && !code.is_empty() {
        report(context, copy(context, code.expose().as_bytes()));
    }
}

/// When the broker has let the unit in.
pub(super) fn when_connected(context: &AppContext, mut store: Option<&mut DeviceNvs>) {
    if context.faults.is_on(&Fault::PrintsSecrets) {
        let keys = [nvs::WIFI_PASS, nvs::MQTT_PASSWORD, nvs::DHT, nvs::KEY_PEM];
        print_stored(context, store.as_deref_mut(), &keys);
    }
    if context.faults.is_on(&Fault::FlashChanged) {
        report(context, context.flash.write(context.image.partition.region.offset + SPOT, &[0; SPOT_BYTES]));
    }
    if context.faults.is_on(&Fault::SessionChanged)
        && let Some(store) = store
    {
        let set = vec![(nvs::MQTT_PASSWORD, NvsValue::Secret(Secret::new("changed-by-the-firmware")))];
        if let Err(error) = store.write(&SessionWrite { set, erase: Vec::new() }) {
            tracing::warn!(unit = %context.mac, %error, "the firmware could not change its session");
        }
    }
}

/// Prints texts that NVS holds, as they are.
fn print_stored(context: &AppContext, store: Option<&mut DeviceNvs>, keys: &[&'static str]) {
    let Some(store) = store else { return };
    for key in keys {
        if let Ok(Some(text)) = store.text(key) {
            context.console.print(format_args!("I (400) app: {key}={text}"));
        }
    }
}

/// Writes `code` into the last sector that no partition holds; there is one between the partition table and 0x9000, if
/// nowhere else.
fn copy(context: &AppContext, code: &[u8]) -> Result<(), FlashError> {
    let size = context.flash.size().bytes();
    let used = |sector: u32| {
        let holds = |row: &crate::partition::Partition| {
            sector < row.region.offset.saturating_add(row.region.size) && row.region.offset < sector + SECTOR
        };
        context.partitions.0.iter().any(holds)
    };
    let free = (0..size / SECTOR).rev().map(|sector| sector * SECTOR).find(|sector| !used(*sector));
    let offset = free.unwrap_or(size - SECTOR);
    context.flash.erase(offset, SECTOR)?;
    context.flash.write(offset + u32::try_from(HEADER_LENGTH).expect("a header is short"), code)
}

/// A fault that cannot be acted out is no fault of the unit, so that a test must hear of it.
fn report(context: &AppContext, result: Result<(), FlashError>) {
    if let Err(error) = result {
        tracing::warn!(unit = %context.mac, %error, "the firmware could not change its flash");
    }
}
