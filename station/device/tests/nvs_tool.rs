//! NVS images against the public `esp-idf-nvs-partition-gen`: the same entries make the same bytes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use firstpass_contract::Secret;
use firstpass_device::nvs::{self, NvsEntry, NvsValue};

const LEN: u32 = 0x6000;

/// The Python of the virtual environment that holds the tools.
fn python() -> PathBuf {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv");
    let folder = std::env::var_os("FIRSTPASS_VENV").map_or_else(fallback, PathBuf::from);
    let python = folder.join("bin/python");
    assert!(python.exists(), "no Python tools at {}: run ./test, which installs them", folder.display());
    python
}

/// The image that the public tool makes of `entries`.
fn generate(entries: &[NvsEntry]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (csv, image) = (folder.path().join("in.csv"), folder.path().join("out.bin"));
    std::fs::write(&csv, to_csv(entries)).unwrap();
    let mut tool = Command::new(python());
    tool.args(["-m", "esp_idf_nvs_partition_gen", "generate"]).args([&csv, &image]).arg(LEN.to_string());
    let output = tool.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(image).unwrap()
}

fn to_csv(entries: &[NvsEntry]) -> String {
    let mut csv = "key,type,encoding,value\n".to_owned();
    let mut namespace = "";
    for entry in entries {
        if entry.namespace != namespace {
            namespace = &entry.namespace;
            writeln!(csv, "{namespace},namespace,,").unwrap();
        }
        let (encoding, value) = match &entry.value {
            NvsValue::U8(value) => ("u8", value.to_string()),
            NvsValue::I8(value) => ("i8", value.to_string()),
            NvsValue::U16(value) => ("u16", value.to_string()),
            NvsValue::I16(value) => ("i16", value.to_string()),
            NvsValue::U32(value) => ("u32", value.to_string()),
            NvsValue::I32(value) => ("i32", value.to_string()),
            NvsValue::U64(value) => ("u64", value.to_string()),
            NvsValue::I64(value) => ("i64", value.to_string()),
            NvsValue::Str(value) => ("string", value.expose().to_owned()),
            NvsValue::Blob(value) => ("hex2bin", value.iter().map(|byte| format!("{byte:02x}")).collect()),
        };
        writeln!(csv, "{},data,{encoding},{value}", entry.key).unwrap();
    }
    csv
}

fn numbers_and_texts() -> Vec<NvsEntry> {
    let value = |namespace: &str, key: &str, value| NvsEntry::new(namespace, key, value);
    vec![
        value("iotmer_creds", "auth_code", NvsValue::Str(Secret::new("c0de-".repeat(8)))),
        value("iotmer_creds", "mqtt_port", NvsValue::I32(-8883)),
        value("iotmer_creds", "mqtt_tls", NvsValue::I8(-1)),
        value("iotmer_creds", "fw_size", NvsValue::U32(4_000_000_000)),
        value("iotmer_creds", "ca_pem", NvsValue::Str(Secret::new("x".repeat(1900)))),
        value("iotmer_creds", "cert_pem", NvsValue::Str(Secret::new("y".repeat(2500)))),
        value("other", "a", NvsValue::U8(255)),
        value("other", "b", NvsValue::U16(65_535)),
        value("other", "c", NvsValue::I16(-32_768)),
        value("other", "d", NvsValue::U64(u64::MAX)),
        value("other", "e", NvsValue::I64(i64::MIN)),
    ]
}

fn with_blobs() -> Vec<NvsEntry> {
    let blob = |len: usize| NvsValue::Blob((0_u8..=255).cycle().take(len).collect());
    let mut entries = numbers_and_texts();
    entries.push(NvsEntry::new("blobs", "small", blob(33)));
    entries.push(NvsEntry::new("blobs", "large", blob(6000)));
    entries
}

#[test]
fn numbers_and_texts_make_the_bytes_of_the_public_tool() {
    let entries = with_blobs();
    let (ours, theirs) = (nvs::build(&entries, LEN).unwrap(), generate(&entries));
    let first = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
    assert_eq!(first, None, "the first different byte is at {first:#x?}");
}

#[test]
fn an_image_of_the_public_tool_reads_as_what_it_was_made_of() {
    assert_eq!(nvs::read(&generate(&with_blobs())).unwrap(), with_blobs());
}
