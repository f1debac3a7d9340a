//! `image inspect` and `image patch`, beside the public esptool where it is installed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use virtual_unit::image::{AppImage, app};

use crate::program::{station, station_with};

const PLACEHOLDER: &str = "@@FIRSTPASS-AUTH-CODE-PLACEHOLDER-FOR-ONE-UNIT@@";
const CODE: &str = "k7Zq-one-time-code_0123456789abcdef";

/// A folder with `app.bin`, in which the placeholder stands at each of `offsets`, and which is sound.
fn folder_with(offsets: &[usize]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut image = app(&AppImage { size: 64 * 1024, seed: 7, version: "1.2.3".into(), project: "lamp".into() });
    for at in offsets {
        let text = format!("\0{PLACEHOLDER}\0");
        image[at - 1..at - 1 + text.len()].copy_from_slice(text.as_bytes());
    }
    fs::write(folder.path().join("app.bin"), sealed(image)).unwrap();
    fs::write(folder.path().join("code"), format!("{CODE}\n")).unwrap();
    folder
}

/// Makes checksum and hash of an image right again.
fn sealed(mut image: Vec<u8>) -> Vec<u8> {
    let end = image.len() - 32;
    let report = firstpass_device::image::inspect(&image).unwrap();
    image[end - 1] = report.checksum.computed;
    let hash = firstpass_domain::Sha256Digest::of(&image[..end]);
    image[end..].copy_from_slice(hash.bytes());
    image
}

fn patch(folder: &Path) -> crate::program::Answer {
    station(
        folder,
        &["image", "patch", "app.bin", "--placeholder", PLACEHOLDER, "--code-file", "code", "--out", "u.bin"],
    )
}

#[test]
fn an_image_is_described_for_people_and_for_scripts() {
    let folder = folder_with(&[]);
    let answer = station(folder.path(), &["image", "inspect", "app.bin"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for text in ["esp32c3, revisions v0.3 to v1.99", "lamp 1.2.3", "v6.1", "right", "signature       none"] {
        assert!(answer.stdout.contains(text), "{text} in {}", answer.stdout);
    }
    let answer = station(folder.path(), &["image", "inspect", "app.bin", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!((report["sound"].as_bool(), report["app"]["project"].as_str()), (Some(true), Some("lamp")));
    assert_eq!(report["segments"][0]["address"], 0x3c00_0020);
}

#[test]
fn a_wrong_checksum_is_shown_and_a_file_that_is_no_image_is_refused() {
    let folder = folder_with(&[]);
    let mut image = fs::read(folder.path().join("app.bin")).unwrap();
    image[5000] ^= 1;
    fs::write(folder.path().join("bad.bin"), &image).unwrap();
    let answer = station(folder.path(), &["image", "inspect", "bad.bin"]);
    assert_eq!((answer.code, answer.stdout.matches("WRONG").count()), (1, 2), "{}", answer.stdout);
    let answer = station(folder.path(), &["image", "inspect", "code"]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("image_damaged") || answer.stderr.contains("no ESP image"), "{}", answer.stderr);
}

#[test]
fn a_patched_image_is_sound_holds_the_code_once_and_is_its_owners_only() {
    let folder = folder_with(&[9000]);
    let answer = patch(folder.path());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!format!("{}{}", answer.stdout, answer.stderr).contains(CODE));
    let path = folder.path().join("u.bin");
    let patched = fs::read(&path).unwrap();
    assert_eq!(patched[9000..9000 + CODE.len()], *CODE.as_bytes());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(station(folder.path(), &["image", "inspect", "u.bin"]).code, 0);
}

#[test]
fn the_code_may_come_from_the_environment() {
    let folder = folder_with(&[9000]);
    let args = ["image", "patch", "app.bin", "--placeholder", PLACEHOLDER, "--code-env", "UNIT_CODE", "--out", "u.bin"];
    let answer = station_with(folder.path(), &args, &[("UNIT_CODE", CODE)]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let by_env = fs::read(folder.path().join("u.bin")).unwrap();
    fs::remove_file(folder.path().join("u.bin")).unwrap();
    patch(folder.path());
    assert_eq!(by_env, fs::read(folder.path().join("u.bin")).unwrap());
    let unset = station(folder.path(), &args);
    assert_eq!(unset.code, 2);
    assert!(unset.stderr.contains("UNIT_CODE is not set"), "{}", unset.stderr);
}

#[test]
fn an_image_that_takes_no_code_is_refused_with_the_reason() {
    for (offsets, reason) in [(&[][..], "does not stand in the image"), (&[9000, 9100], "more than once, at 0x2328")] {
        let folder = folder_with(offsets);
        let answer = patch(folder.path());
        assert_eq!(answer.code, 2);
        assert!(answer.stderr.contains(reason), "{}", answer.stderr);
        assert!(!folder.path().join("u.bin").exists());
    }
}

#[test]
fn a_part_of_the_placeholder_is_refused() {
    let folder = folder_with(&[9000]);
    let cut = PLACEHOLDER.len() - 1;
    for (part, words) in [(&PLACEHOLDER[..cut], "goes on behind it"), (&PLACEHOLDER[1..], "begins earlier")] {
        let args = ["image", "patch", "app.bin", "--placeholder", part, "--code-file", "code", "--out", "u.bin"];
        station(folder.path(), &args).refused(&["placeholder_partial", words, "whole text"]);
        assert!(!folder.path().join("u.bin").exists());
    }
}

#[test]
fn a_code_with_white_space_or_control_characters_is_refused_and_not_shown() {
    for code in
        ["one two-of-a-code", " leading-of-a-code", "of-a-code\nof-a-code", "tab\t-of-a-code", "bell\u{7}of-a-code"]
    {
        let folder = folder_with(&[9000]);
        fs::write(folder.path().join("code"), code).unwrap();
        let answer = patch(folder.path());
        answer.refused(&["code_unusable", "white space or a control character"]);
        assert!(!answer.stderr.contains("of-a-code"), "{}", answer.stderr);
    }
}

#[test]
fn no_file_is_written_over_unasked_and_the_built_image_never() {
    let folder = folder_with(&[9000]);
    let built = fs::read(folder.path().join("app.bin")).unwrap();
    fs::write(folder.path().join("u.bin"), "precious").unwrap();
    patch(folder.path()).refused(&["out_exists", "--force"]);
    assert_eq!(fs::read(folder.path().join("u.bin")).unwrap(), b"precious");
    let args = ["image", "patch", "app.bin", "--placeholder", PLACEHOLDER, "--code-file", "code", "--force", "--out"];
    let over = |out: &str| station(folder.path(), &[&args[..], &[out]].concat());
    assert_eq!(over("u.bin").code, 0);
    over("./app.bin").refused(&["out_is_input"]);
    assert_eq!(fs::read(folder.path().join("app.bin")).unwrap(), built);
}

#[test]
fn a_code_has_no_place_on_the_command_line() {
    let folder = folder_with(&[9000]);
    let args = ["image", "patch", "app.bin", "--placeholder", PLACEHOLDER, "--out", "u.bin"];
    assert_eq!(station(folder.path(), &args).code, 2);
    assert_eq!(station(folder.path(), &[&args[..], &["--code", CODE]].concat()).code, 2);
}

fn esptool() -> Option<PathBuf> {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv");
    let venv = std::env::var_os("FIRSTPASS_VENV").map_or_else(fallback, PathBuf::from);
    Some(venv.join("bin/esptool")).filter(|tool| tool.exists())
}

#[test]
fn the_public_tool_agrees_about_a_patched_image() {
    let Some(esptool) = esptool() else {
        println!("skipped: there is no esptool; ./test installs it");
        return;
    };
    let folder = folder_with(&[9000]);
    patch(folder.path());
    let mut image = fs::read(folder.path().join("u.bin")).unwrap();
    image[5000] ^= 1;
    fs::write(folder.path().join("bad.bin"), &image).unwrap();
    let says = |file: &str| {
        let output = Command::new(&esptool).args(["image-info", file]).current_dir(folder.path()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let good = says("u.bin");
    assert!(good.contains("(valid)") && !good.contains("invalid"), "{good}");
    for text in ["lamp", "1.2.3", "v6.1"] {
        assert!(good.contains(text), "{text} in {good}");
    }
    assert!(says("bad.bin").contains("invalid"));
}
