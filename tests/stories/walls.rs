//! The walls between the crates: who may know whom, and who may know which library.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;
use tests::repository;

/// Direct dependencies that each crate of ours may have on others of ours. Directions are the architecture.
const ALLOWED: &[(&str, &[&str])] = &[
    ("firstpass-contract", &[]),
    ("firstpass-domain", &[]),
    ("firstpass-store", &["firstpass-domain"]),
    ("firstpass-device", &["firstpass-contract", "firstpass-domain"]),
    ("firstpass-authority", &["firstpass-contract", "firstpass-domain"]),
    ("firstpass-gateway", &["firstpass-contract", "firstpass-domain", "firstpass-store", "firstpass-authority"]),
    (
        "firstpass-line",
        &[
            "firstpass-contract",
            "firstpass-domain",
            "firstpass-store",
            "firstpass-device",
            "firstpass-authority",
            "firstpass-gateway",
        ],
    ),
    (
        "firstpass-server",
        &[
            "firstpass-contract",
            "firstpass-domain",
            "firstpass-store",
            "firstpass-device",
            "firstpass-authority",
            "firstpass-gateway",
            "firstpass-line",
        ],
    ),
    (
        "station",
        &[
            "firstpass-contract",
            "firstpass-domain",
            "firstpass-store",
            "firstpass-device",
            "firstpass-authority",
            "firstpass-gateway",
            "firstpass-line",
            "firstpass-server",
            // Only to start the demo's units; the line never hears of it.
            "virtual-unit",
        ],
    ),
    ("firstpass-agent", &["firstpass-contract"]),
    ("virtual-unit", &["firstpass-contract", "firstpass-agent"]),
];

/// Libraries that only these crates may know.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("sqlx", &["firstpass-store"]),
    ("espflash", &["firstpass-device"]),
    ("serialport", &["firstpass-device"]),
    ("axum", &["firstpass-server", "firstpass-gateway"]),
    // A unit may make its own key and certificate request; the stories' faulty networks show certificates that no
    // authority of ours would issue.
    ("rcgen", &["firstpass-authority", "virtual-unit", "tests"]),
];

/// Normal dependencies of every package of the workspace, by `cargo metadata`.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version=1"];
    let output = Command::new(cargo).current_dir(repository()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let normal = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap();
        all.iter().filter(|dependency| dependency["kind"].is_null()).map(name).collect()
    };
    metadata["packages"].as_array().unwrap().iter().map(|package| (name(package), normal(package))).collect()
}

#[test]
fn no_crate_knows_another_in_the_wrong_direction() {
    let packages = dependencies();
    let ours: Vec<&String> = packages.keys().collect();
    for (package, allowed) in ALLOWED {
        let known = &packages[*package];
        for dependency in known.iter().filter(|dependency| ours.contains(dependency)) {
            assert!(allowed.contains(&dependency.as_str()), "{package} must not know {dependency}");
        }
    }
    let listed: Vec<&str> = ALLOWED.iter().map(|(package, _)| *package).chain(["tests"]).collect();
    for package in ours {
        assert!(listed.contains(&package.as_str()), "{package} has no place in the architecture yet");
    }
}

#[test]
fn a_library_is_known_only_where_it_belongs() {
    for (package, known) in dependencies() {
        for (library, owners) in LIBRARIES {
            let known = known.iter().any(|dependency| dependency == library);
            assert!(!known || owners.contains(&package.as_str()), "{package} must not know {library}");
        }
    }
}
