//! How near the flashing step comes to the wire: eight units at once at 921 600 baud, against the time that the
//! compressed bytes need on the wire, and against the public `esptool` with the same images on a unit of the same kind.
//!
//! `cargo bench -p tests --bench flashing`; the last line is a JSON object.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, ensure};
use flate2::{Compression, write::ZlibEncoder};
use serde_json::{Value, json};
use tests::{Station, station_program, tools::python_tool};

const UNITS: usize = 8;
const BAUD: f64 = 921_600.0;
/// Start bit, eight data bits, stop bit.
const BITS_PER_BYTE: f64 = 10.0;
/// What the flashing step may take, as a multiple of the wire's time.
const LIMIT: f64 = 1.25;
/// What a station with eight slots may need at its peak.
const MEMORY_LIMIT_MB: f64 = 200.0;

fn main() -> anyhow::Result<()> {
    let station = Station::new();
    let (steps, memory_mb) = flash_with_station(&station)?;
    let images = station.data().join("demo");
    let wire_s = wire_time_s(&images)?;
    let esptool_s = flash_with_esptool(&images)?;
    let slowest = steps.iter().copied().fold(0.0, f64::max);
    let (ratio, peer) = (slowest / wire_s, esptool_s / wire_s);
    println!("wire time of the compressed images at {BAUD} baud: {wire_s:.2} s");
    println!(
        "station, {UNITS} units at once, slowest flashing step: {slowest:.2} s = {ratio:.3} x wire (limit {LIMIT})"
    );
    println!("esptool, one unit: {esptool_s:.2} s = {peer:.3} x wire; station / esptool = {:.3}", slowest / esptool_s);
    println!("station, peak resident memory: {memory_mb:.0} MB (limit {MEMORY_LIMIT_MB})");
    let summary = json!({
        "wire_s": wire_s, "station_s": slowest, "station_ratio": ratio, "limit": LIMIT,
        "esptool_s": esptool_s, "esptool_ratio": peer, "memory_mb": memory_mb,
    });
    println!("{summary}");
    ensure!(ratio <= LIMIT, "the flashing step took {ratio:.3} times the wire's time");
    ensure!(memory_mb <= MEMORY_LIMIT_MB, "the station needed {memory_mb:.0} MB");
    Ok(())
}

/// Flashing steps of all units in seconds, and the station's peak memory in MB.
fn flash_with_station(station: &Station) -> anyhow::Result<(Vec<f64>, f64)> {
    let units = UNITS.to_string();
    let mut process = station.command(["demo", "--json", "--units", &units]).stdout(Stdio::piped()).spawn()?;
    let status = format!("/proc/{}/status", process.id());
    let lines = BufReader::new(process.stdout.take().context("standard output is piped")?).lines();
    let (mut steps, mut peak_kb, mut passed) = (Vec::new(), 0_f64, 0);
    for line in lines {
        // Every event is an occasion to look; the high-water mark never falls.
        peak_kb = peak_kb.max(high_water_kb(&status).unwrap_or(0.0));
        let event: Value = serde_json::from_str(&line?)?;
        match (event["event"].as_str(), event["step"].as_str()) {
            (Some("step_ended"), Some("flash")) => {
                steps.push(event["duration_ms"].as_f64().context("a duration")? / 1000.0);
            }
            (Some("summary"), _) => passed = event["passed"].as_u64().unwrap_or(0),
            _ => {}
        }
    }
    process.wait()?;
    ensure!(passed as usize == UNITS && steps.len() == UNITS, "{passed} of {UNITS} units passed");
    Ok((steps, peak_kb / 1024.0))
}

fn high_water_kb(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

/// Seconds that the images need on the wire, compressed as flashers do and without any protocol around them.
fn wire_time_s(images: &Path) -> anyhow::Result<f64> {
    let mut bytes = 0;
    for image in ["bootloader.bin", "app.bin"] {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&fs::read(images.join(image))?)?;
        bytes += encoder.finish()?.len();
    }
    Ok(bytes as f64 * BITS_PER_BYTE / BAUD)
}

/// Seconds that `esptool` says its writes took.
fn flash_with_esptool(images: &Path) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let link = folder.path().join("unit");
    let unit = Unit::start(folder.path(), &link)?;
    let began = Instant::now();
    let output = Command::new(python_tool("esptool"))
        .args(["--chip", "esp32c3", "--baud", "921600", "--before", "no-reset", "--after", "no-reset", "--port"])
        .arg(&link)
        .args(["write-flash", "0x0"])
        .arg(images.join("bootloader.bin"))
        .arg("0x10000")
        .arg(images.join("app.bin"))
        .output()?;
    drop(unit);
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "esptool failed: {text}");
    let total: f64 = text.lines().filter_map(wrote_seconds).sum();
    ensure!(total > 0.0 && total < began.elapsed().as_secs_f64(), "esptool names no times: {text}");
    Ok(total)
}

/// The seconds in `Wrote N bytes (M compressed) at 0x… in S seconds (…)`.
fn wrote_seconds(line: &str) -> Option<f64> {
    let rest = line.strip_prefix("Wrote ")?.split(" in ").nth(1)?;
    rest.split_whitespace().next()?.parse().ok()
}

/// A virtual unit that ends with this value.
struct Unit(Child);

impl Unit {
    fn start(folder: &Path, link: &Path) -> anyhow::Result<Self> {
        let program = station_program().with_file_name("virtual-unit");
        let mut process = Command::new(program)
            .arg("--flash")
            .arg(folder.join("flash"))
            .args(["--mac", "02:00:00:00:00:01", "--link"])
            .arg(link)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = process.stdout.take().context("standard output is piped")?;
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready)?;
        ensure!(!ready.is_empty(), "the unit did not start");
        Ok(Self(process))
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
