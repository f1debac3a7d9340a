//! A disk that is full or cannot be written stops the station with a reason, and what was on record stays.

use tests::{Injection, Process, Product, Station, VirtualUnit, small_disk::SmallDisk};

const FIRST: &str = "62:55:f9:00:a0:01";
const SECOND: &str = "62:55:f9:00:a0:02";

/// Room for the record, the CA and a log, in mebibytes.
const DISK_MIB: u32 = 8;

#[test]
fn a_full_disk_passes_nobody_and_loses_nothing() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let (station, product) = (Station::at(disk.path()), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let first = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    station.flash(&recipe, &[&first], &[]).expect_code(0).expect_counts(1, 0);
    first.unplug();

    // The disk fills up while a batch waits.
    let second = VirtualUnit::start(product.folder(), "A2", SECOND, &[]);
    let slot = second.slot();
    second.unplug();
    let mut batch = Process::start(&mut station.flash_command(&recipe, &[], &["--ports", &slot]));
    batch.wait_for_event("waiting", |_| true);
    disk.fill();
    let second = VirtualUnit::start(product.folder(), "A2", SECOND, &[]);
    let outcome = batch.finish().expect_code(3);
    assert!(outcome.stdout.contains("record_disk_full") && outcome.stdout.contains("Free space"), "{outcome:?}");
    assert!(outcome.events("passed").is_empty());

    disk.make_room();
    station.flash(&recipe, &[&second], &[]).expect_code(0).expect_counts(1, 0);
    assert_eq!(station.unit(FIRST).states(), ["passed"]);
    assert_eq!(station.unit(SECOND).states().last(), Some(&"passed"));
    station.audit();
}

#[test]
fn a_disk_that_cannot_be_written_is_named_and_can_still_be_read() {
    let Some(disk) = SmallDisk::mount(DISK_MIB) else { return };
    let (station, product) = (Station::at(disk.path()), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", FIRST, &[]);
    let command = station.flash_command(&recipe, &[&unit], &[]);
    let again = || {
        let mut copy = std::process::Command::new(command.get_program());
        Process::start(copy.args(command.get_args())).finish()
    };
    again().expect_code(0).expect_counts(1, 0);
    disk.make_read_only();
    let outcome = again().expect_code(3);
    let problem = outcome.problem();
    assert!(["data_dir", "record_read_only"].contains(&problem["code"].as_str().unwrap()), "{problem}");
    assert!(problem["remedy"].as_str().unwrap().contains("writable"), "{problem}");
    // An auditor may still look.
    assert_eq!(station.unit(FIRST).states(), ["passed"]);
    station.audit();
}
