//! A benchmark, run by name: eight units, each a process, take a 1 MiB app at once. It prints how long that took against
//! the wire, and how much of the processor the units needed for it.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use espflash::connection::{Connection, ResetAfterOperation, ResetBeforeOperation};
use espflash::flasher::Flasher;
use espflash::image_format::Segment;
use espflash::target::DefaultProgressCallback;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serialport::UsbPortInfo;

const UNITS: usize = 8;
const BAUD: u32 = 921_600;
/// What the kernel counts processor time in (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

fn start(dir: &Path, index: usize) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_virtual-unit"));
    command
        .arg("--flash")
        .arg(dir.join(format!("{index}.bin")))
        .arg("--mac")
        .arg(format!("02:00:00:00:00:{index:02x}"));
    let mut unit = command.stdout(Stdio::piped()).spawn().expect("a unit");
    let mut line = String::new();
    BufReader::new(unit.stdout.take().expect("piped")).read_line(&mut line).expect("a first line");
    (unit, line.trim_end().to_owned())
}

fn processor_time(unit: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", unit.id())).expect("a living unit");
    let after_name = stat.rsplit_once(") ").expect("a name in brackets").1;
    let ticks = |field: usize| after_name.split(' ').nth(field).and_then(|text| text.parse().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

fn flash(port: &str, bytes: &[u8]) -> Duration {
    let usb = UsbPortInfo { vid: 0, pid: 0, serial_number: None, manufacturer: None, product: None, location: None };
    let port = serialport::new(port, 115_200).open_native().expect("the port");
    let (after, before) = (ResetAfterOperation::NoResetNoStub, ResetBeforeOperation::NoReset);
    let connection = Connection::new(port, usb, after, before, 115_200);
    let mut flasher = Flasher::connect(connection, true, true, false, None, Some(BAUD)).expect("a unit that answers");
    let started = Instant::now();
    let segment = Segment { addr: 0x1_0000, data: bytes.into() };
    flasher.write_bins_to_flash(&[segment], &mut DefaultProgressCallback).expect("a sound write");
    started.elapsed()
}

#[test]
#[ignore = "a benchmark of ten seconds that wants the machine for itself"]
fn eight_units_take_the_time_of_one_wire() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = support::app_image(1 << 20);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes).unwrap();
    let wire = encoder.finish().unwrap().len() as f64 * 10.0 / f64::from(BAUD);
    let mut units: Vec<_> = (0..UNITS).map(|index| start(dir.path(), index)).collect();
    let times: Vec<Duration> = std::thread::scope(|scope| {
        let hosts: Vec<_> = units.iter().map(|(_, port)| scope.spawn(|| flash(port, &bytes))).collect();
        hosts.into_iter().map(|host| host.join().unwrap()).collect()
    });
    for ((unit, _), time) in units.iter_mut().zip(times) {
        let processor = processor_time(unit);
        println!(
            "{:.2} s, {:.3} of the wire's {wire:.2} s; unit's processor time {processor:.2} s",
            time.as_secs_f64(),
            time.as_secs_f64() / wire
        );
        assert!(time.as_secs_f64() >= wire);
        unit.kill().unwrap();
        unit.wait().unwrap();
    }
}
