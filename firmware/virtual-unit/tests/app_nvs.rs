//! The unit reads what Espressif's public NVS tool writes.

mod app_support;

use std::path::{Path, PathBuf};
use std::process::Command;

use app_support::peer::Broker;
use app_support::pki::Authority;
use app_support::session;
use app_support::unit::{NVS, Unit, Value};

/// The Python of the virtual environment that `./test` makes.
fn python() -> PathBuf {
    let set = std::env::var_os("FIRSTPASS_VENV").map(PathBuf::from);
    let folder = set.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv"));
    let python = folder.join("bin/python");
    assert!(python.exists(), "{} is missing: run ./test, which installs esp-idf-nvs-partition-gen", python.display());
    python
}

/// Has the public tool make an NVS image of these values.
fn generate(values: &[(&'static str, Value)], folder: &Path) -> Vec<u8> {
    let rows = values.iter().map(|(key, value)| match value {
        Value::Text(text) => {
            let file = folder.join(key);
            std::fs::write(&file, text).expect("a temporary file");
            format!("{key},file,string,{}\n", file.display())
        }
        Value::I32(number) => format!("{key},data,i32,{number}\n"),
        Value::I8(number) => format!("{key},data,i8,{number}\n"),
        Value::U32(number) => format!("{key},data,u32,{number}\n"),
    });
    let csv: String =
        std::iter::once("key,type,encoding,value\niotmer_creds,namespace,,\n".to_owned()).chain(rows).collect();
    let (table, image) = (folder.join("nvs.csv"), folder.join("nvs.bin"));
    std::fs::write(&table, csv).expect("a temporary file");
    let size = format!("{:#x}", NVS.size);
    let mut tool = Command::new(python());
    tool.args(["-m", "esp_idf_nvs_partition_gen", "generate"]).arg(&table).arg(&image).arg(size);
    let output = tool.output().expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(image).expect("the tool has written the image")
}

#[test]
fn a_session_written_by_the_public_tool_connects() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let mut values = session(broker.port);
    values.push(("ca_pem", Value::Text(authority.pem())));
    let folder = tempfile::tempdir().unwrap();
    let unit = Unit::with_nvs_image(&generate(&values, folder.path())).run();
    unit.says("iotmer_provision: provision skipped (no auth code; using stored session)");
    unit.says("iotmer_client: MQTT connected");
}
