//! How well flashing uses the wire, beside the public esptool with the same image on the same unit: the time of the
//! flashing step as a multiple of what the compressed bytes take at 921 600 baud. Needs the tools that `./test` installs.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on may panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use firstpass_device::Region;
use firstpass_device::image::Placeholder;
use slot::{BAUD, Slot, quiet, region};
use virtual_unit::image::{self, AppImage};

#[path = "../tests/unit/slot.rs"]
#[expect(dead_code, reason = "the tests need more of a slot than the benchmark")]
mod slot;

const APP_LEN: usize = 1024 * 1024;
const APP_AT: u32 = 0x1_0000;
const UNITS: usize = 8;

fn main() {
    let content = image::app(&AppImage { size: APP_LEN, seed: 7, version: "1.0.0".into(), project: "bench".into() });
    let app = region("app", APP_AT, &content);
    let wire_s = app.image.compressed_len() as f64 * 10.0 / f64::from(BAUD);
    println!(
        "{} bytes, {} compressed: {wire_s:.2} s of wire at {BAUD} baud",
        content.len(),
        app.image.compressed_len()
    );
    let slots: Vec<Slot> = (0..UNITS).map(|_| Slot::paced()).collect();
    let together: Vec<f64> = thread::scope(|scope| {
        let writers: Vec<_> = slots.iter().map(|slot| scope.spawn(|| write_s(slot, &app))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap() / wire_s).collect()
    });
    let worst = together.iter().copied().fold(0.0, f64::max);
    println!("firstpass, {UNITS} units in parallel: worst ratio {worst:.3} of {together:.3?}");
    println!("firstpass, one unit:               ratio {:.3}", write_s(&slots[0], &app) / wire_s);
    println!("esptool,   the same unit:          ratio {:.3}", esptool_s(&slots[0], &content) / wire_s);
    let (recipe_ms, unit_ms) = own_ms(&content);
    println!("a unit's own image: {unit_ms:.1} ms, after {recipe_ms:.0} ms for its recipe");
}

/// Milliseconds that a placeholder takes once for a recipe, and then for each unit.
fn own_ms(content: &[u8]) -> (f64, f64) {
    let text = &content[300_000..300_048];
    let ms = |began: Instant| began.elapsed().as_secs_f64() * 1000.0;
    let began = Instant::now();
    let placeholder = Placeholder::prepare(content, text).unwrap();
    let prepared = ms(began);
    let began = Instant::now();
    let code = [b'x'; 43];
    (0..UNITS).for_each(|_| assert!(placeholder.patch(&code).is_ok()));
    (prepared, ms(began) / UNITS as f64)
}

/// Seconds of one write, verification included; connecting is not flashing.
fn write_s(slot: &Slot, app: &Region) -> f64 {
    let mut link = slot.connect().unwrap();
    let began = Instant::now();
    assert!(link.write(std::slice::from_ref(app), &mut quiet).unwrap()[0].md5_matches);
    began.elapsed().as_secs_f64()
}

/// Seconds of the same by esptool's own clock, which leaves connecting and verification out.
fn esptool_s(slot: &Slot, content: &[u8]) -> f64 {
    let file = slot.folder().join("app.bin");
    std::fs::write(&file, content).unwrap();
    slot.unit.reset(virtual_unit::Straps::Download).unwrap();
    slot.unit.release().unwrap();
    let mut tool = Command::new(esptool());
    tool.args(["--before", "no-reset", "--after", "no-reset", "--baud", &BAUD.to_string(), "--port"]);
    tool.arg(slot.port().path()).args(["write-flash", &APP_AT.to_string()]).arg(&file);
    let output = tool.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with("Wrote ")).unwrap_or_else(|| panic!("esptool failed: {text}"));
    let seconds = line.split(" in ").nth(1).and_then(|rest| rest.split(' ').next());
    seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or_else(|| panic!("no time in: {line}"))
}

fn esptool() -> PathBuf {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv");
    let folder = std::env::var_os("FIRSTPASS_VENV").map_or_else(fallback, PathBuf::from);
    let esptool = folder.join("bin/esptool");
    assert!(esptool.exists(), "no esptool at {}: run ./test, which installs it", folder.display());
    esptool
}
