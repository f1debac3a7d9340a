use std::path::Path;

use axum::http::HeaderValue;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    file: Vec<Vendored>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vendored {
    name: String,
    version: String,
    sha256: String,
    licence: String,
    licence_file: String,
    origin: String,
    path: String,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/static")
}

#[test]
fn what_others_wrote_is_byte_for_byte_what_they_published() {
    let folder = folder().join("vendor");
    let manifest = std::fs::read_to_string(folder.join("manifest.toml")).unwrap();
    let Manifest { file } = toml::from_str(&manifest).unwrap();
    for vendored in &file {
        let Vendored { name, version, sha256, licence, licence_file, origin, path } = vendored;
        let bytes = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(&hex::encode(Sha256::digest(bytes)), sha256, "{name}");
        assert!(name.contains(&format!("-{version}.min.")), "{name} does not carry its version");
        assert!(origin.contains(version) && !path.is_empty(), "{name}");
        assert!(["0BSD", "MIT"].contains(&licence.as_str()), "{name}");
        assert!(folder.join(licence_file).is_file(), "{name} has no text of its licence");
    }
    let others = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unlisted = others.filter(|name| name.contains(".min.") && !file.iter().any(|known| &known.name == name));
    assert_eq!(unlisted.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_script_and_style_sheet_in_the_folder_is_in_the_program() {
    for area in ["css", "js", "vendor"] {
        for entry in std::fs::read_dir(folder().join(area)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if ![".css", ".js"].iter().any(|kind| name.ends_with(kind)) {
                continue;
            }
            let text = std::fs::read(folder().join(area).join(&name)).unwrap();
            let there = ASSETS.values().any(|asset| asset.plain.windows(text.len()).any(|part| part == text));
            assert!(there, "{area}/{name} is not listed in assets/files.rs");
        }
    }
}

#[test]
fn no_file_of_ours_names_another_place() {
    for (name, asset) in ASSETS.iter().filter(|(name, _)| !name.starts_with("vendor/")) {
        let Ok(text) = std::str::from_utf8(&asset.plain) else { continue };
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("@import"), "{name}");
    }
}

#[test]
fn an_address_with_the_right_hash_is_kept_for_ever_and_any_other_is_asked_for_again() {
    let address = asset("css/firstpass.css");
    let (name, query) = address.strip_prefix("/static/").unwrap().split_once('?').unwrap();
    let sheet = &ASSETS[name];
    for (query, kept) in [(Some(query), true), (Some("v=0123456789abcdef"), false), (None, false)] {
        let answer = sheet.answer(query, &HeaderMap::new());
        let caching = answer.headers()[CACHE_CONTROL].to_str().unwrap();
        assert_eq!(caching.contains("immutable"), kept, "{query:?}");
    }
}

#[test]
fn a_file_is_sent_packed_to_who_takes_it_and_not_again_to_who_has_it() {
    let sheet = &ASSETS["css/firstpass.css"];
    let mut asked = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.8"))]);
    let answer = sheet.answer(None, &asked);
    assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
    assert!(sheet.packed.as_ref().unwrap().len() * 3 < sheet.plain.len());
    asked.insert(IF_NONE_MATCH, answer.headers()[ETAG].clone());
    assert_eq!(sheet.answer(None, &asked).status(), StatusCode::NOT_MODIFIED);
    asked.remove(ACCEPT_ENCODING);
    assert_eq!(sheet.answer(None, &asked).status(), StatusCode::OK);
}
