//! A unit that is scrapped by one process loses its connection to the station that works in another.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::{product::product, program::station};

const RECIPE: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
const UNIT: &str = "62:55:f9:00:00:01";

/// A process of this test that ends with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, arguments: &[&str]) -> (Running, BufReader<ChildStdout>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_station"));
    command.args(arguments).current_dir(folder).env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (Running(child), stdout)
}

/// Reads until a line holds `text`.
#[track_caller]
fn await_line(lines: &mut impl BufRead, text: &str) {
    let mut seen = String::new();
    loop {
        let mut line = Vec::new();
        let len = lines.read_until(b'\n', &mut line).unwrap();
        assert!(len > 0, "{text:?} never came: {seen}");
        let line = String::from_utf8_lossy(&line);
        if line.contains(text) {
            return;
        }
        seen.push_str(&line);
    }
}

#[test]
fn a_unit_that_is_scrapped_beside_a_working_station_is_cut_off() {
    let folder = product(RECIPE);
    let config = "station.recipe = \"recipe.toml\"\nserver.listen = \"127.0.0.1:0\"\n\
                  [gateway]\nhttps_listen = \"127.0.0.1:0\"\nmqtt_listen = \"127.0.0.1:0\"\n\
                  [[slot]]\nname = \"A1\"\nport = \"unit\"\nfixture_socket = \"unit.sock\"\n";
    fs::write(folder.path().join("station.toml"), config).unwrap();
    let folder = folder.path();
    let unit = ["virtual-unit", "--flash", "flash", "--link", "unit", "--control", "unit.sock", "--mac", UNIT];
    let (_unit, mut ready) = start(folder, &[&unit[..], &["--no-pacing"]].concat());
    await_line(&mut ready, "/");
    let (_serve, mut events) = start(folder, &["serve", "--config", "station.toml", "--data", "data", "--json"]);
    await_line(&mut events, "\"event\":\"passed\"");

    // The unit leaves the fixture: it runs, and nobody but this test listens to it, at the rate of its log.
    let mut stty = Command::new("stty");
    assert!(stty.args(["-F", "unit", "115200", "raw", "-echo"]).current_dir(folder).status().unwrap().success());
    let mut uart = BufReader::new(File::open(folder.join("unit")).unwrap());
    let mut fixture = UnixStream::connect(folder.join("unit.sock")).unwrap();
    fixture.write_all(b"{\"op\":\"run\"}\n").unwrap();
    await_line(&mut uart, "iotmer_client: MQTT connected");
    let scrap = ["units", "scrap", UNIT, "--reason", "cracked", "--by", "eve", "--data", "data"];
    let answer = station(folder, &scrap);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    await_line(&mut uart, "iotmer_client: MQTT error");
}
