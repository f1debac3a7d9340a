//! Runs the chip's driver on this machine, on a flash file as the line leaves it, against servers on loopback:
//!
//! `cargo run --example on_host -- FLASH SECONDS MAC [OFFSET]`, where the app that runs starts at OFFSET (hexadecimal)
//!
//! Writes every change of the flash into the file at once, and prints at the end what the unit would have printed.
#![expect(clippy::unwrap_used, reason = "a tool for developers fails by panicking")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, SystemTime};

use firstpass_agent::Mac;
use firstpass_unit_driver::{Driver, Firmware, PartitionTable, WallClock};
use support::host::{Host, block_on, firmware, stack};

/// Where the demo's partition table has its app.
const RUNNING_AT: &str = "10000";
/// Where an app's description has its version, and how long that is (ESP-IDF's `esp_app_desc.h`).
const VERSION: usize = 0x30;
const VERSION_BYTES: usize = 32;
const SECTOR: usize = 4096;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (path, seconds) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
    let mac: Vec<u8> = arguments.next().unwrap().split(':').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    let running_at = u32::from_str_radix(&arguments.next().unwrap_or_else(|| RUNNING_AT.into()), 16).unwrap();
    let stack = stack();
    WallClock::set(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs());
    let flash = std::fs::read(&path).unwrap();
    let version: &[u8] = &flash[running_at as usize + VERSION..][..VERSION_BYTES];
    let version = version.split(|byte| *byte == 0).next().unwrap().to_vec().leak();
    let version = std::str::from_utf8(version).unwrap();
    let host = Host::new(flash);
    let table = PartitionTable::read(&mut *host.flash.borrow_mut()).unwrap();
    let firmware = Firmware { mac: Mac(mac.try_into().unwrap()), version, running_at, ..firmware() };
    let file = File::options().write(true).open(&path).unwrap();
    block_on(async {
        let mut driver = Driver::new(&host, &firmware, &table, stack.reference());
        tokio::select! {
            exit = driver.run() => println!("{exit:?}"),
            () = keep(&host, &file) => {}
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        }
    });
    println!("{}", host.log.borrow().join("\n"));
}

/// Writes what changes in the flash into the file, for ever.
async fn keep(host: &Host, file: &File) {
    let mut kept = host.flash.borrow().0.clone();
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        for (number, (old, new)) in kept.chunks_mut(SECTOR).zip(host.flash.borrow().0.chunks(SECTOR)).enumerate() {
            if old != new {
                file.write_all_at(new, (number * SECTOR) as u64).unwrap();
                old.copy_from_slice(new);
            }
        }
    }
}
