//! The `espflash` library, as the line uses it, on a unit: connect, write with verification, read back, checksum.

mod support;

use std::time::{Duration, Instant};

use espflash::connection::{Connection, ResetAfterOperation, ResetBeforeOperation};
use espflash::flasher::Flasher;
use espflash::image_format::Segment;
use espflash::target::{Chip, DefaultProgressCallback};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use md5::{Digest, Md5};
use serialport::UsbPortInfo;
use std::io::Write;
use support::{Bench, app_image};
use virtual_unit::{Fault, FlashSize};

fn connect(bench: &Bench, baud: Option<u32>, stub: bool) -> Result<Flasher, espflash::Error> {
    let usb = UsbPortInfo { vid: 0, pid: 0, serial_number: None, manufacturer: None, product: None, location: None };
    let (after, before) = (ResetAfterOperation::NoResetNoStub, ResetBeforeOperation::NoReset);
    let connection = Connection::new(bench.open(), usb, after, before, 115_200);
    Flasher::connect(connection, stub, true, false, None, baud)
}

fn write(flasher: &mut Flasher, offset: u32, bytes: &[u8]) -> Result<(), espflash::Error> {
    flasher.write_bins_to_flash(&[Segment { addr: offset, data: bytes.into() }], &mut DefaultProgressCallback)
}

#[test]
fn a_session_writes_verifies_and_reads_back() {
    for stub in [true, false] {
        let bench = Bench::new();
        let mut flasher = connect(&bench, None, stub).unwrap();
        let bytes = app_image(0x2_0000);
        assert_eq!(flasher.chip(), Chip::Esp32c3);
        let info = flasher.device_info().unwrap();
        assert_eq!(info.mac_address.as_deref(), Some("02:00:00:00:00:01"));
        assert_eq!(info.revision, Some((0, 3)));
        let written = write(&mut flasher, 0x1_0000, &bytes);
        // Without the stub, FLASH_END makes a C3 leave the loader; the data are there nevertheless.
        assert!(written.is_ok() || !stub, "{written:?}");
        assert!(bench.flash().read_vec(0x1_0000, bytes.len() as u32).unwrap() == bytes);
        if stub {
            reads_back(&bench, &mut flasher, &bytes);
        }
    }
}

fn reads_back(bench: &Bench, flasher: &mut Flasher, bytes: &[u8]) {
    let back = bench.dir.path().join("back.bin");
    flasher.read_flash(0x1_0000, 0x6000, 0x1000, 1, back.clone()).expect("a working unit");
    assert!(std::fs::read(back).expect("a working unit") == bytes[..0x6000]);
    let digest = u128::from_be_bytes(Md5::digest(bytes).into());
    assert_eq!(flasher.checksum_md5(0x1_0000, bytes.len() as u32).expect("a working unit"), digest);
    flasher.erase_region(0x1_0000, 0x1000).expect("a working unit");
    assert!(bench.flash().read_vec(0x1_0000, 0x1000).expect("a working unit").iter().all(|&byte| byte == 0xff));
}

#[test]
fn a_second_session_uploads_its_stub_over_the_running_one() {
    let bench = Bench::new();
    for _ in 0..2 {
        let mut flasher = connect(&bench, None, true).unwrap();
        write(&mut flasher, 0x1_0000, &app_image(0x2000)).unwrap();
    }
}

#[test]
fn a_wrong_md5_fails_the_verification() {
    let bench = Bench::faulty(Fault::BadMd5);
    let mut flasher = connect(&bench, None, true).unwrap();
    let failure = write(&mut flasher, 0x1_0000, &app_image(0x8000)).unwrap_err();
    assert!(matches!(failure, espflash::Error::VerifyFailed), "{failure:?}");
}

#[test]
fn a_unit_that_vanishes_in_the_middle_of_a_write_takes_its_port_along() {
    let bench = Bench::faulty(Fault::Vanish { bytes: 0x1_0000 });
    let mut flasher = connect(&bench, None, true).unwrap();
    assert!(write(&mut flasher, 0x1_0000, &app_image(0x4_0000)).is_err());
    assert!(bench.link().symlink_metadata().is_err());
    assert_eq!(bench.unit.status().port, None);
    bench.reset(virtual_unit::Straps::Download);
    assert!(connect(&bench, None, true).is_ok());
}

#[test]
fn a_corrupted_acknowledgement_is_no_success() {
    let bench = Bench::faulty(Fault::CorruptAck { nth: 2 });
    let mut flasher = connect(&bench, None, true).unwrap();
    assert!(write(&mut flasher, 0x1_0000, &app_image(0x1_0000)).is_err());
}

#[test]
fn another_flash_size_is_detected() {
    let bench = Bench::faulty(Fault::WrongFlashSize { size: FlashSize::Mb16 });
    let info = connect(&bench, None, true).unwrap().device_info().unwrap();
    assert_eq!(info.flash_size.size(), 16 << 20);
}

#[test]
fn a_paced_write_takes_the_time_of_the_wire() {
    const BAUD: u32 = 921_600;
    const MIB: usize = 1 << 20;
    let bench = Bench::with(|options| options.paced = true);
    let bytes = app_image(MIB);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes).unwrap();
    let compressed = encoder.finish().unwrap();
    let wire = Duration::from_secs_f64(compressed.len() as f64 * 10.0 / f64::from(BAUD));
    let mut flasher = connect(&bench, Some(BAUD), true).unwrap();
    let started = Instant::now();
    write(&mut flasher, 0x1_0000, &bytes).unwrap();
    let taken = started.elapsed();
    println!(
        "1 MiB app, {} bytes compressed, at {BAUD} baud: wire {:.2} s, espflash {:.2} s, ratio {:.3}",
        compressed.len(),
        wire.as_secs_f64(),
        taken.as_secs_f64(),
        taken.as_secs_f64() / wire.as_secs_f64()
    );
    assert!(taken >= wire, "faster than the wire: {taken:?} < {wire:?}");
}
