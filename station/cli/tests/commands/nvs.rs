//! `nvs build` beside the public generator, `nvs dump`, and what bad CSV is told.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::program::station;

/// Every type, encoding and row that the format has.
const CSV: &str = "# what a unit gets
key,type,encoding,value
iotmer_creds,namespace,,
auth_code,data,string,hush-hush-code
mqtt_port,data,i32,8883
small,data,i8,-128
large,data,u64,18446744073709551615
lowest,data,i64,-9223372036854775808
hex,data,hex2bin,00ff10
packed,data,base64,AAECAwQ=
raw,data,binary,\"raw, text\"
other,namespace,,
short,data,u16, 7
text_file,file,string,text.txt
raw_file,file,binary,text.txt
hex_file,file,hex2bin,hex.txt
packed_file,file,base64,packed.txt
";

fn folder_with(csv: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files =
        [("in.csv", csv), ("text.txt", "zwei\nZeilen äöü"), ("hex.txt", "deadbeef\n"), ("packed.txt", "AAEC\n")];
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// The image that the public tool makes.
fn generate(folder: &Path) -> Vec<u8> {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv");
    let venv = std::env::var_os("FIRSTPASS_VENV").map_or_else(fallback, PathBuf::from);
    let python = venv.join("bin/python");
    assert!(python.exists(), "no Python tools at {}: run ./test, which installs them", venv.display());
    let mut tool = Command::new(python);
    tool.args(["-m", "esp_idf_nvs_partition_gen", "generate", "in.csv", "public.bin", "0x6000"]).current_dir(folder);
    let output = tool.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(folder.join("public.bin")).unwrap()
}

#[test]
fn an_image_equals_the_public_generators_byte_for_byte() {
    let folder = folder_with(CSV);
    let answer = station(folder.path(), &["nvs", "build", "in.csv", "--out", "ours.bin", "--size", "0x6000"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(fs::read(folder.path().join("ours.bin")).unwrap(), generate(folder.path()));
}

#[test]
fn an_image_is_its_owners_only() {
    let folder = folder_with(CSV);
    station(folder.path(), &["nvs", "build", "in.csv", "--out", "ours.bin"]);
    let mode = fs::metadata(folder.path().join("ours.bin")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_public_generators_image_is_shown_without_its_secrets_unless_asked() {
    let folder = folder_with(CSV);
    generate(folder.path());
    let answer = station(folder.path(), &["nvs", "dump", "public.bin"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.contains("(secret, 14 bytes)") && answer.stdout.contains("18446744073709551615"));
    assert!(!answer.stdout.contains("hush"), "{}", answer.stdout);
    let open = station(folder.path(), &["nvs", "dump", "public.bin", "--secrets"]);
    assert!(open.stdout.contains("\"hush-hush-code\""));

    let objects = station(folder.path(), &["nvs", "dump", "public.bin", "--json"]).objects();
    assert_eq!(objects.len(), 13);
    assert_eq!(objects[0]["value"], serde_json::Value::Null);
    assert_eq!(objects[2]["value"], -128);
    assert_eq!(objects[5]["value"], "00ff10");
    assert_eq!(objects[9]["value"], "zwei\nZeilen äöü");
}

#[test]
fn wrong_rows_are_told_with_line_key_and_limit_and_never_with_a_value() {
    let long = "x".repeat(4000);
    for (rows, words) in [
        ("sixteen_chars_16,data,u8,1", vec!["[nvs_key]", "line 3", "sixteen_chars_16", "at most 15"]),
        ("sixteen_chars_16,namespace,,", vec!["[nvs_key]", "line 3", "at most 15"]),
        ("ok,data,u8,1\nk,data,u8,300", vec!["[nvs_value]", "line 4", "\"k\"", "0 to 255"]),
        (&format!("k,data,string,{long}"), vec!["[value_too_long]", "line 3", "ns/k", "at most 3999"]),
        (&format!("wifi_ssid,data,string,{}", &long[..33]), vec!["[value_too_long]", "line 3", "takes 32"]),
        ("k,data,u8,1\nl,data,u8,1\nk,data,u8,1", vec!["[nvs_twice]", "line 5", "ns/k"]),
        ("k,data,string,a,b", vec!["[csv_row]", "line 3", "double quotes"]),
        ("k,data,hex2bin,abc", vec!["[nvs_value]", "line 3", "\"k\"", "hexadecimal"]),
        ("k,data,base64,@@", vec!["[nvs_value]", "line 3", "Base64"]),
        ("k,data,nope,1", vec!["[nvs_encoding]", "line 3", "nope"]),
        ("k,dota,u8,1", vec!["[nvs_type]", "line 3", "dota"]),
        ("k,file,string,gone.txt", vec!["[file_missing]", "line 3", "gone.txt"]),
    ] {
        let folder = folder_with(&format!("key,type,encoding,value\nns,namespace,,\n{rows}\n"));
        let answer = station(folder.path(), &["nvs", "build", "in.csv", "--out", "ours.bin"]);
        answer.refused(&words);
        assert!(!answer.stderr.contains("xxx"), "{}", answer.stderr);
        assert!(!folder.path().join("ours.bin").exists());
    }
}

#[test]
fn a_file_without_header_or_namespace_and_a_size_that_is_none_are_refused() {
    let build = |csv: &str, size: &str| {
        let folder = folder_with(csv);
        station(folder.path(), &["nvs", "build", "in.csv", "--out", "ours.bin", "--size", size])
    };
    build("k,data,u8,1\n", "0x6000").refused(&["[csv_header]", "line 1", "\"key\""]);
    build("key,type,encoding,value\nk,data,u8,1\n", "0x6000").refused(&["[nvs_namespace]", "line 2"]);
    for size in ["lots", "0x1000", "24577", "0xfffff000"] {
        build(CSV, size).refused(&["[nvs_size]"]);
    }
    let many: String = (0..9).map(|n| format!("k{n},data,string,{}\n", "y".repeat(3900))).collect();
    build(&format!("key,type,encoding,value\nns,namespace,,\n{many}"), "0x6000").refused(&["[nvs_full]", "line 8"]);
}

#[test]
fn what_is_no_partition_is_refused_and_an_erased_one_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    for (content, words) in [
        (vec![0x55; 0x1234], ["[image_not_nvs]", "0x1234"]),
        (vec![0x55; 0x6000], ["[image_not_nvs]", "no entry"]),
        (Vec::new(), ["[image_not_nvs]", "0x0"]),
    ] {
        fs::write(folder.path().join("image.bin"), content).unwrap();
        station(folder.path(), &["nvs", "dump", "image.bin"]).refused(&words);
    }
    station(folder.path(), &["nvs", "dump", "gone.bin"]).refused(&["[image_unreadable]", "gone.bin"]);
    station(folder.path(), &["nvs", "dump", "/dev/zero"]).refused(&["[image_unreadable]", "longer"]);
    fs::write(folder.path().join("image.bin"), vec![0xff; 0x6000]).unwrap();
    let erased = station(folder.path(), &["nvs", "dump", "image.bin"]);
    assert_eq!((erased.code, erased.stdout.as_str()), (0, ""));
}

#[test]
fn an_image_is_not_put_in_the_place_of_a_device() {
    let folder = folder_with(CSV);
    let answer = station(folder.path(), &["nvs", "build", "in.csv", "--out", "/dev/null"]);
    answer.refused(&["[out_unwritable]", "no regular file"]);
}
