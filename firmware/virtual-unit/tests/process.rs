//! A unit as a program: its first line, its control socket, its end, and its flash after a restart.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

fn start(dir: &Path, extra: &[&str]) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_virtual-unit"));
    command.arg("--flash").arg(dir.join("flash.bin")).args(["--mac", "02:00:00:00:00:07", "--no-pacing"]);
    command.arg("--link").arg(dir.join("tty")).arg("--control").arg(dir.join("control")).args(extra);
    let mut unit = command.stdout(Stdio::piped()).spawn().expect("a working bench");
    let mut line = String::new();
    BufReader::new(unit.stdout.take().expect("a working bench")).read_line(&mut line).expect("a working bench");
    (unit, line.trim_end().to_owned())
}

fn ask(stream: &UnixStream, order: &str) -> Value {
    let mut writer = stream;
    writeln!(writer, "{order}").expect("a working bench");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("a working bench");
    serde_json::from_str(&line).expect("a working bench")
}

#[test]
fn the_first_line_is_the_terminal_and_the_link_leads_there() {
    let dir = tempfile::tempdir().expect("a working bench");
    let (mut unit, line) = start(dir.path(), &[]);
    assert_eq!(std::fs::read_link(dir.path().join("tty")).expect("a working bench"), Path::new(&line));
    ask(&UnixStream::connect(dir.path().join("control")).expect("a working bench"), r#"{"op":"quit"}"#);
    assert!(unit.wait().expect("a working bench").success());
}

#[test]
fn both_signals_end_it_and_remove_link_and_socket() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let dir = tempfile::tempdir().expect("a working bench");
        let (mut unit, line) = start(dir.path(), &["--ready-json"]);
        let ready: Value = serde_json::from_str(&line).expect("a working bench");
        assert_eq!(ready["mac"], "02:00:00:00:00:07");
        kill(Pid::from_raw(unit.id() as i32), signal).expect("a working bench");
        assert!(unit.wait().expect("a working bench").success());
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .expect("a working bench")
            .map(|entry| entry.expect("a working bench").file_name())
            .collect();
        assert_eq!(left, ["flash.bin"]);
    }
}

#[test]
fn the_flash_survives_the_kill_of_the_process_and_so_does_its_place() {
    let dir = tempfile::tempdir().expect("a working bench");
    let (mut unit, _) = start(dir.path(), &[]);
    let flash = virtual_unit::Flash::open(&dir.path().join("flash.bin"), virtual_unit::FlashSize::Mb4)
        .expect("a working bench");
    flash.write(0x1000, b"kept").expect("a working bench");
    unit.kill().expect("a working bench");
    unit.wait().expect("a working bench");
    // The killed unit has left its link and its socket; the next one replaces them.
    let (mut unit, line) = start(dir.path(), &[]);
    assert_eq!(std::fs::read_link(dir.path().join("tty")).expect("a working bench"), Path::new(&line));
    assert_eq!(flash.read_vec(0x1000, 4).expect("a working bench"), b"kept");
    ask(&UnixStream::connect(dir.path().join("control")).expect("a working bench"), r#"{"op":"quit"}"#);
    assert!(unit.wait().expect("a working bench").success());
}

#[test]
fn the_control_socket_holds_the_reset_line_the_power_and_the_faults() {
    let dir = tempfile::tempdir().expect("a working bench");
    let (mut unit, _) = start(dir.path(), &["--fault", "drop-ack=3"]);
    let control = UnixStream::connect(dir.path().join("control")).expect("a working bench");
    assert_eq!(ask(&control, r#"{"op":"status"}"#)["faults"][0]["nth"], 3);
    assert_eq!(ask(&control, r#"{"op":"fault","clear":true}"#)["faults"], Value::Array(Vec::new()));
    let set = ask(&control, r#"{"op":"fault","set":{"fault":"wrong_flash_size","size":"2MB"}}"#);
    assert_eq!(set["faults"][0]["size"], "2MB");
    assert_eq!(ask(&control, r#"{"op":"power","on":false}"#)["mode"], "off");
    assert_eq!(
        ask(&control, r#"{"op":"download"}"#)["mode"],
        "off",
        "the reset line of a unit without power does nothing"
    );
    assert_eq!(ask(&control, r#"{"op":"power","on":true}"#)["mode"], "reset");
    assert_eq!(ask(&control, r#"{"op":"download"}"#)["mode"], "reset");
    assert_eq!(ask(&control, r#"{"op":"run"}"#)["baud"], 115_200);
    let refused = ask(&control, r#"{"op":"explode"}"#);
    assert_eq!(refused["ok"], false);
    assert!(refused["error"].as_str().expect("a working bench").contains("unknown variant `explode`"));
    ask(&control, r#"{"op":"quit"}"#);
    assert!(unit.wait().expect("a working bench").success());
}

#[test]
fn a_file_in_the_place_of_the_link_is_kept_and_said() {
    let dir = tempfile::tempdir().expect("a working bench");
    std::fs::write(dir.path().join("tty"), "precious").expect("a working bench");
    let mut command = Command::new(env!("CARGO_BIN_EXE_virtual-unit"));
    command.arg("--flash").arg(dir.path().join("flash.bin")).args(["--mac", "02:00:00:00:00:07"]);
    let output = command.arg("--link").arg(dir.path().join("tty")).output().expect("a working bench");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("File exists"));
    assert_eq!(std::fs::read(dir.path().join("tty")).expect("a working bench"), b"precious");
}
