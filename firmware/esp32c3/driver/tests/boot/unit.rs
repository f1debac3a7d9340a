//! A unit with a flash as the line leaves it.

use std::time::Duration;

use firstpass_agent::{NvsRead, NvsValue, SessionWrite};
use firstpass_contract::nvs;
use firstpass_unit_driver::{DeviceNvs, Driver, Exit, Firmware, PartitionTable};
use sha2::{Digest, Sha256};

use crate::support::host::{Host, Stack};
use crate::support::pki::HOST;

pub(crate) const CODE: &str = "one-time-code-0123456789";
pub(crate) const WORKSPACE: &str = "3b1f6c1e-6f0a-4f6e-9a53-0c0ffee0d001";
const FLASH_BYTES: usize = 4 << 20;
const TABLE: usize = 0x8000;
pub(crate) const SLOTS: [u32; 2] = [0x2_0000, 0x1a_0000];
/// kind, subtype, offset, size: as `partitions.csv` has them.
const ROWS: [(u8, u8, u32, u32); 4] =
    [(1, 2, 0x9000, 0x6000), (1, 0, 0xf000, 0x2000), (0, 0x10, SLOTS[0], 0x18_0000), (0, 0x11, SLOTS[1], 0x18_0000)];
/// Longest time that a boot may take in a test.
const PATIENCE: Duration = Duration::from_secs(30);

/// An image with one segment of `length` bytes that differ from seed to seed.
pub(crate) fn image(length: u32, seed: u8) -> Vec<u8> {
    let mut image = vec![0xe9, 1, 0, 0, 0, 0, 0, 0];
    image.resize(24, 0);
    image.extend_from_slice(&0x3c00_0020_u32.to_le_bytes());
    image.extend_from_slice(&length.to_le_bytes());
    image.extend((0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)));
    image.resize((image.len() + 1).next_multiple_of(16), 0);
    let hash = Sha256::digest(&image);
    image.extend_from_slice(&hash);
    image
}

/// The hash that an image carries.
pub(crate) fn hash_of(image: &[u8]) -> String {
    hex(&image[image.len() - 32..])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A flash with a partition table and an app in the first slot.
pub(crate) fn host(app: &[u8]) -> Host {
    let mut flash = vec![0xff; FLASH_BYTES];
    for (number, (kind, subtype, offset, size)) in ROWS.into_iter().enumerate() {
        let row = &mut flash[TABLE + 32 * number..][..32];
        row[..4].copy_from_slice(&[0xaa, 0x50, kind, subtype]);
        row[4..8].copy_from_slice(&offset.to_le_bytes());
        row[8..12].copy_from_slice(&size.to_le_bytes());
    }
    flash[SLOTS[0] as usize..][..app.len()].copy_from_slice(app);
    Host::new(flash)
}

pub(crate) fn table(host: &Host) -> PartitionTable {
    PartitionTable::read(&mut *host.flash.borrow_mut()).unwrap()
}

/// What the line writes into NVS.
pub(crate) fn inject(host: &Host, ca_pem: &str, service_port: u16) {
    let text = |text: &str| NvsValue::Text(text.to_owned());
    let set = vec![
        (nvs::CA_PEM, text(ca_pem)),
        (nvs::AUTH_CODE, text(CODE)),
        (nvs::PROV_URL, text(&format!("https://{HOST}:{service_port}/api/v1"))),
        (nvs::WORKSPACE_ID, text(WORKSPACE)),
    ];
    let mut nvs = DeviceNvs::mount(&host.flash, &table(host)).unwrap();
    nvs.write(&SessionWrite { set, erase: Vec::new() }).unwrap();
}

pub(crate) fn stored(host: &Host, key: &'static str) -> Option<String> {
    DeviceNvs::mount(&host.flash, &table(host)).unwrap().text(key).unwrap()
}

/// Runs a boot until it restarts, or until `enough`.
pub(crate) async fn boot(
    host: &Host,
    firmware: &Firmware,
    stack: &Stack,
    enough: impl Future<Output = ()>,
) -> Option<Exit> {
    let table = table(host);
    host.up.set(false);
    let mut driver = Driver::new(host, firmware, &table, stack.reference());
    let ended = async {
        tokio::select! {
            exit = driver.run() => Some(exit),
            () = enough => None,
        }
    };
    match tokio::time::timeout(PATIENCE, ended).await {
        Ok(exit) => exit,
        Err(_) => panic!("the boot did not end; its log:\n{}", host.log.borrow().join("\n")),
    }
}
