//! What lies on disk: who can read it, what a crash leaves, and what may be moved away.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use firstpass_authority::{Authority, AuthorityError, Settings, UnitKey};
use firstpass_domain::DeviceId;

use crate::support::{DAY, Place, before, openssl, text, today};

const KEYS: [&str; 3] = ["root.key", "intermediate.key", "server.key"];

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn device() -> DeviceId {
    DeviceId::new("dev-1").unwrap()
}

#[test]
fn keys_are_for_their_owner_only_and_nothing_else_is_left_over() {
    let place = Place::new();
    place.open(today()).unwrap().server_certificate(today()).unwrap();
    assert_eq!(mode(&place.dir()), 0o700);
    for key in KEYS {
        assert_eq!(mode(&place.dir().join(key)), 0o600, "{key}");
    }
    let mut names: Vec<_> =
        fs::read_dir(place.dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["intermediate.key", "intermediate.pem", "lock", "root.key", "root.pem", "server.key"]);
}

#[test]
fn a_key_that_others_can_read_stops_the_start_with_a_remedy() {
    for key in KEYS {
        for exposed in [0o640, 0o604, 0o660] {
            let place = Place::new();
            place.open(today()).unwrap().server_certificate(today()).unwrap();
            chmod(&place.dir().join(key), exposed);
            let error = place.open(today()).unwrap_err();
            assert!(matches!(error, AuthorityError::KeyReadableByOthers { mode, .. } if mode == exposed), "{error}");
            let problem = error.problem();
            assert_eq!(problem.code, "ca_key_exposed");
            assert!(problem.remedy.contains("chmod 600") && problem.remedy.contains(key), "{problem}");
        }
    }
}

#[test]
fn a_folder_that_others_can_write_stops_the_start() {
    let place = Place::new();
    place.open(today()).unwrap();
    chmod(&place.dir(), 0o770);
    assert!(matches!(place.open(today()), Err(AuthorityError::FolderWritableByOthers { mode: 0o770, .. })));
}

#[test]
fn without_the_roots_key_everything_works_but_a_new_intermediate() {
    let place = Place::new();
    assert!(place.open(today()).unwrap().root_key_present());
    let away = place.file("root.key.away", "");
    fs::rename(place.dir().join("root.key"), &away).unwrap();

    let authority = place.open(today()).unwrap();
    assert!(!authority.root_key_present());
    authority.issue_unit(&device(), UnitKey::Fresh, today()).unwrap();
    authority.server_certificate(today()).unwrap();
    authority.crl(&[], today()).unwrap();
    let renew = || Authority::renew_intermediate(&place.dir(), Settings::default(), today());
    let error = renew().unwrap_err();
    assert!(matches!(error, AuthorityError::RootKeyAbsent { .. }), "{error}");

    fs::rename(&away, place.dir().join("root.key")).unwrap();
    let renewed = renew().unwrap();
    assert_eq!(renewed.root_pem(), authority.root_pem());
    assert_ne!(renewed.intermediate_pem(), authority.intermediate_pem());
}

#[test]
fn what_the_old_intermediate_signed_still_counts_after_a_new_one_is_made() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let server = authority.server_certificate(today()).unwrap();
    let unit = authority.issue_unit(&device(), UnitKey::Fresh, today()).unwrap();
    let renewed = Authority::renew_intermediate(&place.dir(), Settings::default(), today()).unwrap();
    let chain = place.file("unit.pem", &unit.chain_pem);
    let root = place.dir().join("root.pem");
    let verified = openssl(&["verify", "-CAfile", text(&root), "-untrusted", text(&chain), text(&chain)]);
    assert!(verified.unwrap().contains("OK"));
    let new_server = renewed.server_certificate(today()).unwrap();
    assert_ne!(new_server.info.serial, server.info.serial);
    assert_eq!(&new_server.chain[1], renewed.intermediate_der());
}

#[test]
fn a_creation_that_was_cut_off_is_taken_up_and_makes_nothing_anew() {
    // The files in the order in which they are made; a crash leaves the first few of them.
    let order = ["root.key", "root.pem", "intermediate.key", "intermediate.pem"];
    for kept in 0..=order.len() {
        let place = Place::new();
        place.open(today()).unwrap();
        for lost in &order[kept..] {
            fs::remove_file(place.dir().join(lost)).unwrap();
        }
        let read = || order[..kept].iter().map(|name| fs::read(place.dir().join(name)).unwrap()).collect::<Vec<_>>();
        let before = read();
        // What a write that was cut off leaves beside the file.
        fs::write(place.dir().join("intermediate.key.new"), "half").unwrap();
        let authority = place.open(today()).unwrap();
        assert_eq!(read(), before, "{kept} files kept");
        let unit = authority.issue_unit(&device(), UnitKey::Fresh, today()).unwrap();
        let (leaf, root) = (place.file("unit.pem", &unit.chain_pem), place.dir().join("root.pem"));
        openssl(&["verify", "-CAfile", text(&root), "-untrusted", text(&leaf), text(&leaf)]).unwrap();
    }
}

#[test]
fn a_lost_root_certificate_is_not_replaced_by_another_root() {
    let place = Place::new();
    place.open(today()).unwrap();
    fs::remove_file(place.dir().join("root.pem")).unwrap();
    let error = place.open(today()).unwrap_err();
    assert!(matches!(error, AuthorityError::Damaged { .. }) && error.to_string().contains("root.pem"), "{error}");
}

#[test]
fn files_of_another_authority_or_garbage_are_named() {
    for name in ["root.pem", "root.key", "intermediate.key"] {
        let (place, other) = (Place::new(), Place::new());
        place.open(today()).unwrap();
        other.open(today()).unwrap();
        let path = place.dir().join(name);
        fs::copy(other.dir().join(name), &path).unwrap();
        let error = place.open(today()).unwrap_err();
        assert!(matches!(error, AuthorityError::Damaged { .. }), "{name}: {error}");
        fs::write(&path, "garbage").unwrap();
        let error = place.open(today()).unwrap_err();
        assert!(matches!(&error, AuthorityError::Damaged { path: named, .. } if *named == path), "{name}: {error}");
    }
}

#[test]
fn a_key_that_stands_in_the_wrong_place_of_a_file_is_not_given_away() {
    let place = Place::new();
    let authority = place.open(today()).unwrap();
    let (bundle, root) = (place.dir().join("intermediate.key"), place.dir().join("root.pem"));
    let stored = fs::read_to_string(&bundle).unwrap();
    let (key, certificate) = stored.split_at(stored.find("-----BEGIN CERTIFICATE").unwrap());
    fs::write(&bundle, format!("{certificate}{key}")).unwrap();
    fs::write(&root, format!("{}{key}", authority.root_pem())).unwrap();
    let opened = place.open(today()).unwrap();
    let unit = opened.issue_unit(&device(), UnitKey::Fresh, today()).unwrap();
    let copy = fs::read_to_string(place.dir().join("intermediate.pem")).unwrap();
    for given in [&unit.chain_pem, opened.root_pem(), opened.intermediate_pem(), &copy] {
        assert!(!given.contains("PRIVATE KEY"), "{given}");
    }
    assert_eq!((opened.root_pem(), opened.intermediate_pem()), (authority.root_pem(), authority.intermediate_pem()));
}

#[test]
fn two_that_start_at_once_hold_the_same_authority() {
    let place = Place::new();
    let roots: Vec<_> = std::thread::scope(|scope| {
        let open = || scope.spawn(|| place.open(today()).unwrap().root_pem().to_owned());
        let threads: Vec<_> = (0..4).map(|_| open()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(roots.iter().all(|root| *root == roots[0]));
}

#[test]
fn no_private_key_shows_in_debug_output() {
    let place = Place::new();
    let authority = place.open(before(today(), DAY)).unwrap();
    let server = authority.server_certificate(today()).unwrap();
    let unit = authority.issue_unit(&device(), UnitKey::Fresh, today()).unwrap();
    let printed = format!("{authority:?}{server:?}{unit:?}");
    assert!(!printed.contains("PRIVATE KEY"), "{printed}");
    let stored = fs::read_to_string(place.dir().join("server.key")).unwrap();
    let secret = stored.lines().nth(1).unwrap();
    assert!(!printed.contains(secret));
}
