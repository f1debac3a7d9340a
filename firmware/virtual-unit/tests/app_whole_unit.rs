//! The app in a whole unit: booted from flash, heard on its terminal, restarted by itself.

mod app_support;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use app_support::peer::{Broker, Https};
use app_support::pki::Authority;
use app_support::unit::{NVS, OTADATA, SLOTS, nvs_image};
use app_support::{SOON, answer, factory};
use md5::{Digest, Md5};
use sha2::Sha256;
use virtual_unit::image::{self, AppImage};
use virtual_unit::otadata::OtaData;
use virtual_unit::partition::PartitionTable;
use virtual_unit::{DeviceApp, Faults, Flash, FlashSize, Mac, Straps, Surroundings, Unit, UnitOptions};

const FACTORY_OFFSET: u32 = 0x2_0000;
const TABLE_OFFSET: u32 = 0x8000;

fn app(version: &str) -> Vec<u8> {
    image::app(&AppImage { size: 64 * 1024, seed: 7, version: version.into(), project: "meter".into() })
}

/// A table of type, subtype, offset and size, in ESP-IDF's format.
fn table() -> Vec<u8> {
    let rows = [
        (1, 2, NVS.offset, NVS.size),
        (1, 0, OTADATA.offset, OTADATA.size),
        (0, 0, FACTORY_OFFSET, 0xf_0000),
        (0, 0x10, SLOTS[0].offset, SLOTS[0].size),
        (0, 0x11, SLOTS[1].offset, SLOTS[1].size),
    ];
    let mut bytes = Vec::new();
    for (kind, subtype, offset, size) in rows {
        bytes.extend([0xaa, 0x50, kind, subtype]);
        bytes.extend([offset.to_le_bytes(), size.to_le_bytes()].concat());
        bytes.extend([0; 20]);
    }
    let digest = Md5::digest(&bytes);
    bytes.extend([0xeb, 0xeb]);
    bytes.extend([0xff; 14]);
    bytes.extend(digest);
    bytes
}

/// Flashes a unit behind its back and switches it on.
fn boot(folder: &Path, nvs: &[u8]) -> Unit {
    let path = folder.join("flash.bin");
    let flash = Flash::open(&path, FlashSize::Mb4).expect("a flash file");
    let parts = [(0, image::bootloader(1)), (TABLE_OFFSET, table()), (FACTORY_OFFSET, app("1.0.0"))];
    for (offset, bytes) in parts {
        flash.write(offset, &bytes).expect("the part fits");
    }
    flash.write(NVS.offset, nvs).expect("the partition fits");
    let options = UnitOptions {
        flash: path,
        flash_size: FlashSize::Mb4,
        mac: Mac([2, 0, 0, 0, 0, 1]),
        link: Some(folder.join("tty")),
        paced: true,
        faults: Faults::default(),
        surroundings: Surroundings::default(),
        app: DeviceApp::maker(),
    };
    Unit::start(options, Straps::Run).expect("a unit")
}

/// Reads the terminal until `last` has been said.
fn read_until(terminal: &mut File, last: &str) -> String {
    let (started, mut text) = (Instant::now(), Vec::new());
    while !String::from_utf8_lossy(&text).contains(last) {
        assert!(started.elapsed() < SOON, "`{last}` is missing in:\n{}", String::from_utf8_lossy(&text));
        let mut buffer = [0; 4096];
        let count = terminal.read(&mut buffer).expect("a living terminal");
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).expect("the log is text")
}

#[test]
fn a_unit_provisions_updates_itself_and_connects_with_the_new_image() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let port = broker.port;
    let https = Https::serve(authority.right_server(), move |own, line| {
        let (update, hash) = (app("2.0.0"), Sha256::digest(app("2.0.0")));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let offer = format!(
            r#","firmware_url":"https://localhost:{own}/fw.bin","firmware_checksum_sha256":"{hash}","firmware_size_bytes":{}"#,
            update.len()
        );
        if line.starts_with("GET ") { (200, update) } else { (200, answer(port, &offer).into()) }
    });
    let folder = tempfile::tempdir().unwrap();
    let unit = boot(folder.path(), &nvs_image(&factory(https.port, &authority.pem())));
    let mut terminal = File::options().read(true).write(true).open(folder.path().join("tty")).unwrap();
    unit.release().unwrap();

    let log = read_until(&mut terminal, "iotmer_client: MQTT connected");
    let expected = [
        "App version:      1.0.0",
        "iotmer_provision: HTTPS POST",
        "iotmer_provision: MQTT (from provision):",
        "iotmer_ota: Starting HTTPS OTA",
        "iotmer_ota: OTA finished, rebooting into new firmware",
        "rst:0xc (RTC_SW_CPU_RST)",
        "App version:      2.0.0",
        "iotmer_provision: provision skipped",
        "iotmer_ota: OTA skipped (same SHA256 as last applied build)",
        "iotmer_client: init complete",
        "iotmer_client: MQTT connected",
    ];
    let places: Vec<_> =
        expected.iter().map(|text| log.find(text).unwrap_or_else(|| panic!("{text}\n{log}"))).collect();
    assert!(places.is_sorted(), "{log}");
    let last = "iotmer_ota: new firmware has connected and stays";
    if !log.contains(last) {
        read_until(&mut terminal, last);
    }
    let flash = Flash::open(&folder.path().join("flash.bin"), FlashSize::Mb4).unwrap();
    let started = Instant::now();
    while flash.read_vec(OTADATA.offset + 24, 4).unwrap() != [2, 0, 0, 0] {
        assert!(started.elapsed() < SOON, "the new firmware is never marked valid");
        std::thread::yield_now();
    }
    unit.end();
}

#[test]
fn an_updated_unit_that_is_reset_before_it_has_connected_goes_back_to_the_old_firmware() {
    let folder = tempfile::tempdir().unwrap();
    let unit = boot(folder.path(), &nvs_image(&[]));
    let flash = Flash::open(&folder.path().join("flash.bin"), FlashSize::Mb4).unwrap();
    flash.write(SLOTS[0].offset, &app("2.0.0")).unwrap();
    let table = PartitionTable::parse(&flash.read_vec(TABLE_OFFSET, 0xc00).unwrap()).unwrap();
    OtaData::read(&flash, &table).unwrap().select(&flash, 0, 2).unwrap();
    let mut terminal = File::options().read(true).write(true).open(folder.path().join("tty")).unwrap();
    for version in ["2.0.0", "1.0.0", "1.0.0"] {
        unit.reset(Straps::Run).unwrap();
        unit.release().unwrap();
        let log = read_until(&mut terminal, "iotmer_provision: provision auth empty");
        assert!(log.contains(&format!("App version:      {version}")), "{log}");
    }
    unit.end();
}
