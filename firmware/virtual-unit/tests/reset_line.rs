//! The reset line: nothing from before a reset reaches the host after it, and nothing of the new start is lost.

mod support;

use std::io::Read;
use std::time::{Duration, Instant};

use support::{APP_OFFSET, Bench, TABLE_OFFSET, app_image, factory_table, read_lines};
use virtual_unit::{Fault, Mode, Straps, image};

/// A unit that prints as much as it can.
fn chatterer(paced: bool) -> Bench {
    let bench = Bench::with(|options| options.paced = paced);
    bench.flash().write(0, &image::bootloader(1)).expect("a working bench");
    bench.flash().write(TABLE_OFFSET, &factory_table()).expect("a working bench");
    bench.flash().write(APP_OFFSET, &app_image(0x8000)).expect("a working bench");
    bench.unit.faults().set(Fault::BootLoop);
    bench
}

#[test]
fn the_first_bytes_after_a_reset_are_the_banner_even_if_nobody_had_listened() {
    let bench = chatterer(false);
    for round in 0..5 {
        let mut port = bench.open();
        bench.reset(Straps::Run);
        // The unit has filled the terminal when a second boot has begun.
        let started = Instant::now();
        while bench.unit.status().boots < 2 * (round + 1) {
            assert!(started.elapsed() < support::PATIENCE);
            std::thread::yield_now();
        }
        bench.reset(Straps::Download);
        let heard = read_lines(&mut port, 4);
        assert_eq!(heard[0], "ESP-ROM:esp32c3-api1-20210207");
        assert_eq!(heard[3], "wait uart0 download");
    }
}

#[test]
fn a_unit_in_reset_is_silent_until_its_release() {
    let bench = chatterer(false);
    let mut port = bench.open();
    bench.reset(Straps::Run);
    read_lines(&mut port, 3);
    bench.unit.reset(Straps::Run).expect("a working bench");
    assert_eq!(bench.unit.status().mode, Mode::Reset);
    assert_eq!(port.read(&mut [0; 64]).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    bench.unit.release().expect("a working bench");
    assert_eq!(read_lines(&mut port, 1), ["ESP-ROM:esp32c3-api1-20210207"]);
}

#[test]
fn a_paced_boot_log_takes_its_time_at_115200_baud() {
    let bench = chatterer(true);
    let mut port = bench.open();
    let started = Instant::now();
    bench.reset(Straps::Run);
    let lines = read_lines(&mut port, 30);
    let bytes: usize = lines.iter().map(|line| line.len() + 2).sum();
    let wire = Duration::from_secs_f64(bytes as f64 * 10.0 / 115_200.0);
    assert!(started.elapsed() >= wire, "{:?} for {bytes} bytes", started.elapsed());
}

#[test]
fn a_host_at_another_baud_rate_reads_garbage() {
    let bench = Bench::new();
    let mut port = bench.open();
    serialport::SerialPort::set_baud_rate(&mut port, 57_600).expect("a working bench");
    bench.reset(Straps::Download);
    let mut heard = [0; 29];
    port.read_exact(&mut heard).expect("a working bench");
    assert_ne!(&heard, b"ESP-ROM:esp32c3-api1-20210207");
}
