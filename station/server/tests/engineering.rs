//! The engineer's pages over the socket: recipes, ports, golden units and certificates.

#![expect(clippy::unwrap_used, reason = "tests")]

mod hall;
mod record;
mod support;

use std::{process::Command, sync::Arc};

use firstpass_domain::{AuditKind, Role, SlotId};
use firstpass_line::recipe::Shelf;
use firstpass_store::{AuditSearch, GoldenCheck, GoldenUnit};

use hall::{FakeFloor, hall, with_hall};
use record::Factory;
use support::{Answer, Bench};

const TABS: [&str; 7] = ["recipes", "images", "ports", "golden", "labels", "certificates", "status"];

#[tokio::test]
async fn every_tab_answers_on_an_empty_record_and_says_what_to_do() {
    let bench = Bench::start().await;
    assert_eq!(bench.get(Role::Engineer, "/engineering").await.header("location"), "/engineering/recipes");
    for tab in TABS {
        let page = bench.get(Role::Engineer, &format!("/engineering/{tab}")).await;
        assert_eq!(page.status, 200, "{tab}: {page:?}");
        assert!(page.text.contains("aria-current=\"page\""), "{tab}");
        assert_eq!(bench.get(Role::Operator, &format!("/engineering/{tab}")).await.status, 403, "{tab}");
    }
}

#[tokio::test]
async fn an_auditor_sees_every_tab_and_no_way_to_change_anything() {
    hall(None, Some(FakeFloor::new(&["A1"])));
    let bench = Bench::start_with(with_hall).await;
    Factory::on(Arc::clone(&bench.store)).await.pass().await;
    for tab in TABS {
        let page = bench.get(Role::Auditor, &format!("/engineering/{tab}")).await;
        assert_eq!(page.status, 200, "{tab}");
        let main = page.text.split("<main").nth(1).unwrap();
        assert!(!main.contains("method=\"post\""), "{tab}: {main}");
    }
}

/// A recipe that cannot be used because of line 2, beside one on record.
fn with_broken_recipe(settings: &mut firstpass_server::Settings, services: &mut firstpass_server::Services) {
    let folder = settings.data_dir.clone().unwrap().join("recipes");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("broken.toml"), "name = \"lamp\"\ninjection = \"air\"\n").unwrap();
    services.shelf = Arc::new(Shelf::open(&folder));
}

#[tokio::test]
async fn what_is_wrong_with_a_recipe_stands_at_its_line() {
    let bench = Bench::start_with(with_broken_recipe).await;
    let list = bench.get(Role::Engineer, "/engineering/recipes").await;
    assert!(list.text.contains("Cannot be used") && list.text.contains("file:broken.toml"), "{list:?}");
    let page = bench.get(Role::Engineer, "/engineering/recipes/view?recipe=file:broken.toml").await;
    assert_eq!(page.status, 200);
    let line = page.between("class=\"wrong\" id=\"L2\"", "</tr>").unwrap();
    assert!(line.contains("Column 13: unknown variant"), "{line}");
    for gone in ["file:../broken.toml", "sha256:00", "", "file:none.toml"] {
        let page = bench.get(Role::Engineer, &format!("/engineering/recipes/view?recipe={gone}")).await;
        assert_eq!(page.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn two_versions_are_compared_line_by_line() {
    let bench = Bench::start_with(with_broken_recipe).await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let path = format!("/engineering/recipes/compare?old=sha256:{}&new=file:broken.toml", factory.recipe);
    let page = bench.get(Role::Engineer, &path).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains("only the texts can be compared"));
    let added = page.between("<tr class=\"new\">", "</tr>").unwrap();
    assert!(added.contains("injection = &quot;air&quot;"), "{added}");
    let path = format!("/engineering/recipes/compare?old=sha256:{0}&new=sha256:{0}", factory.recipe);
    assert!(bench.get(Role::Engineer, &path).await.text.contains("both demand the same"));
}

#[tokio::test]
async fn a_slot_is_asked_and_mapped_by_an_engineer_with_a_reason() {
    let floor = FakeFloor::new(&["A1", "B1"]);
    hall(None, Some(Arc::clone(&floor)));
    let bench = Bench::start_with(with_hall).await;
    let page = bench.get(Role::Engineer, "/engineering/ports").await;
    assert!(page.text.contains("/dev/fake-A1") && page.text.contains("not there"), "{page:?}");
    let answer = bench.post(Role::Engineer, "/engineering/slots/A1/identify", &[]).await;
    assert!(answer.text.contains("7c:df:a1:00:00:01") && answer.text.contains("not on record"), "{answer:?}");
    let fields = [("port", "/dev/fake-new"), ("reason", "adapter changed")];
    assert_eq!(bench.post(Role::Engineer, "/engineering/slots/A1/port", &fields).await.status, 303);
    assert_eq!(
        bench.post(Role::Engineer, "/engineering/slots/A1/port", &[("port", "/dev/x"), ("reason", " ")]).await.status,
        400
    );
    assert_eq!(bench.post(Role::Engineer, "/engineering/slots/C9/identify", &[]).await.status, 404);
    assert_eq!(bench.post(Role::Operator, "/engineering/slots/A1/port", &fields).await.status, 403);
    assert_eq!(floor.asked(), ["identify A1 by engineer", "map A1 to /dev/fake-new by engineer: adapter changed"]);
    assert!(bench.get(Role::Engineer, "/engineering/ports").await.text.contains("Mapped"));
}

#[tokio::test]
async fn a_golden_unit_is_named_checked_and_shown_as_due() {
    let floor = FakeFloor::new(&["A1", "B1"]);
    hall(None, Some(Arc::clone(&floor)));
    let bench = Bench::start_with(with_hall).await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let unit = factory.pass().await;
    let mac = unit.mac.to_string();
    let fields = [("mac", mac.as_str()), ("recipe", "lamp"), ("reason", "measured")];
    assert_eq!(bench.post(Role::Operator, "/engineering/golden/name", &fields).await.status, 403);
    assert_eq!(bench.post(Role::Engineer, "/engineering/golden/name", &fields).await.status, 303);
    let unknown = [("mac", "00:00:00:00:00:01"), ("recipe", "lamp"), ("reason", "x")];
    assert_eq!(bench.post(Role::Engineer, "/engineering/golden/name", &unknown).await.status, 404);
    let other_recipe = [("mac", mac.as_str()), ("recipe", "plug"), ("reason", "x")];
    let refused = bench.post(Role::Engineer, "/engineering/golden/name", &other_recipe).await;
    assert!(refused.status == 409 && refused.text.contains("golden_unit_unproved"), "{refused:?}");
    let failed = factory.fail("assert failed").await.mac.to_string();
    let bad = [("mac", failed.as_str()), ("recipe", "lamp"), ("reason", "x")];
    assert_eq!(bench.post(Role::Engineer, "/engineering/golden/name", &bad).await.status, 409, "it never passed");
    let page = bench.get(Role::Engineer, "/engineering/golden").await;
    assert!(page.text.contains("due, not checked") && page.text.contains(&mac), "{page:?}");
    assert!(page.text.contains("This shift, since") && page.text.contains("not checked yet"), "{page:?}");
    let batch = factory.batch.0.to_string();
    // While a check is under way, no second one begins there.
    floor.gate.forget_permits(1000);
    let check = [("slot", "A1"), ("batch", batch.as_str())];
    assert_eq!(bench.post(Role::Operator, "/engineering/golden/check", &check).await.status, 303);
    assert_eq!(bench.post(Role::Engineer, "/engineering/golden/check", &check).await.status, 409);
    assert!(bench.get(Role::Engineer, "/engineering/golden").await.text.contains("Check under way"));
    floor.gate.add_permits(2);
    let other = [("slot", "B1"), ("batch", batch.as_str())];
    assert_eq!(bench.post(Role::Operator, "/engineering/golden/check", &other).await.status, 303);
    let done =
        |page: &Answer| page.text.contains("Golden unit passed") && page.text.contains("This unit is not golden.");
    while !done(&bench.get(Role::Engineer, "/engineering/golden").await) {}
    assert_eq!(bench.post(Role::Engineer, "/engineering/golden/unname", &fields).await.status, 303);
    assert!(bench.get(Role::Engineer, "/engineering/golden").await.text.contains("No golden units yet"));
}

#[tokio::test]
async fn each_slot_and_recipe_shows_the_worst_check_of_each_shift() {
    hall(None, Some(FakeFloor::new(&["A1", "B1"])));
    let bench = Bench::start_with(with_hall).await;
    let factory = Factory::on(Arc::clone(&bench.store)).await;
    let act = support::act();
    let unit = |mac, recipe: &str| GoldenUnit { mac, recipe: recipe.to_owned() };
    let (good, bad) = (factory.pass().await, factory.fail("assert failed").await);
    for unit in [unit(good.mac, "lamp"), unit(good.mac, "plug")] {
        bench.store.name_golden(&unit, &act, bench.now()).await.unwrap();
    }
    for (made, recipe, passed) in [(&bad, "lamp", false), (&good, "lamp", true), (&factory.pass().await, "plug", true)]
    {
        let check =
            GoldenCheck { slot: SlotId::new("A1").unwrap(), unit: unit(made.mac, recipe), run: made.run, passed };
        bench.store.note_golden_check(&check, &act, bench.now()).await.unwrap();
    }
    let page = bench.get(Role::Engineer, "/engineering/golden").await;
    let row = |slot: &str, recipe: &str| {
        let row = page.between(&format!("<th scope=\"row\">{slot}</th><td>{recipe}</td>"), "</tr>").unwrap();
        row.split("</td>").next().unwrap().to_owned()
    };
    let lamp = row("A1", "lamp");
    assert!(lamp.contains("failed") && lamp.contains("1 of 2"), "{lamp}");
    assert!(row("A1", "plug").contains("passed"), "{}", row("A1", "plug"));
    assert!(row("B1", "lamp").contains("not checked yet"), "{}", row("B1", "lamp"));
}

fn openssl(folder: &std::path::Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_certificate_is_issued_for_a_request_shown_with_its_chain_and_revoked() {
    hall(None, None);
    let bench = Bench::start_with(with_hall).await;
    let folder = bench.folder.path();
    openssl(folder, &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem"]);
    let request = openssl(folder, &["req", "-new", "-key", "key.pem", "-subj", "/CN=whoever"]);
    let fields = [
        ("kind", "server"),
        ("name", "broker.line, 10.0.0.5"),
        ("key", "own"),
        ("csr", &request),
        ("reason", "new broker"),
    ];
    assert_eq!(bench.post(Role::Operator, "/engineering/certificates/new", &fields).await.status, 403);
    let issued = bench.post(Role::Engineer, "/engineering/certificates/new", &fields).await;
    assert_eq!(issued.status, 303, "{issued:?}");
    let at = issued.header("location").to_owned();
    let serial = at.rsplit('/').next().unwrap();
    let page = bench.get(Role::Auditor, &at).await;
    assert!(page.text.contains("signed by it") && page.text.contains("10.0.0.5") && page.text.contains("broker.line"));
    assert!(!page.text.contains("PRIVATE"));
    std::fs::write(folder.join("chain.pem"), bench.get(Role::Auditor, &format!("{at}/chain")).await.text).unwrap();
    std::fs::write(folder.join("root.pem"), bench.ask("GET", "/ca/root.pem").send().await.text).unwrap();
    let verified =
        ["verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "-verify_hostname", "broker.line", "chain.pem"];
    assert!(openssl(folder, &verified).contains("OK"));
    // Found by its number as OpenSSL writes it, and by a part of its name.
    for text in [serial.to_uppercase(), "broker".to_owned()] {
        let found = bench.get(Role::Engineer, &format!("/engineering/certificates?q={text}")).await;
        assert!(found.text.contains(serial), "{text}");
    }
    let before = bench.ask("GET", "/ca/crl.pem").send().await;
    std::fs::write(folder.join("before.pem"), &before.text).unwrap();
    assert!(!openssl(folder, &["crl", "-in", "before.pem", "-noout", "-text"]).to_lowercase().contains(serial));
    let why = [("cause", "replaced by another"), ("reason", "moved to hall 3")];
    assert_eq!(bench.post(Role::Auditor, &format!("{at}/revoke"), &why).await.status, 403);
    assert_eq!(bench.post(Role::Engineer, &format!("{at}/revoke"), &why).await.status, 303);
    assert!(bench.get(Role::Engineer, &at).await.text.contains("replaced by another: moved to hall 3"));
    let list = bench.ask("GET", "/ca/crl.pem").send().await;
    std::fs::write(folder.join("list.pem"), &list.text).unwrap();
    assert!(openssl(folder, &["crl", "-in", "list.pem", "-noout", "-text"]).to_lowercase().contains(serial));
    let published = std::fs::read_to_string(folder.join("ca/crl.pem")).unwrap();
    assert_eq!(published, list.text, "servers read the same list from the folder");
}

#[tokio::test]
async fn a_key_is_not_made_for_a_page_without_tls() {
    hall(None, None);
    let bench = Bench::start_with(with_hall).await;
    let fields = [("kind", "client"), ("name", "ada"), ("key", "here"), ("reason", "her laptop")];
    let refused = bench.post(Role::Engineer, "/engineering/certificates/new", &fields).await;
    assert!(refused.status == 409 && refused.text.contains("key_in_the_open"), "{refused:?}");
    let search = AuditSearch { kinds: vec![AuditKind::CertificateIssued], limit: 10, ..AuditSearch::default() };
    assert!(bench.store.search_audit(&search).await.unwrap().is_empty(), "nothing was issued");
    let form = bench.get(Role::Engineer, "/engineering/certificates/new").await;
    assert!(form.text.contains("Keys are made here only over TLS"));
}

/// A connection as of a browser that trusts the station's root.
async fn over_tls(bench: &Bench) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
    let pem = std::fs::read(bench.folder.path().join("ca/root.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let socket = tokio::net::TcpStream::connect(bench.url.trim_start_matches("https://")).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
}

#[tokio::test]
async fn a_key_that_is_made_here_comes_once_over_tls_and_is_kept_nowhere() {
    hall(None, None);
    let bench = Bench::start_with(|settings, services| {
        with_hall(settings, services);
        settings.tls = true;
    })
    .await;
    let login = [("login", "engineer"), ("password", support::PASSWORD)];
    let entered = bench.ask("POST", "/login").form(&login).send_over(over_tls(&bench).await).await;
    let session = entered.cookie().unwrap();
    let page = bench.ask("GET", "/engineering/certificates/new").header("cookie", &session);
    let page = page.send_over(over_tls(&bench).await).await;
    assert!(!page.text.contains("Keys are made here only over TLS"), "{page:?}");
    let token = page.between("name=\"csrf-token\" content=\"", "\"").unwrap();
    let fields = [("kind", "client"), ("name", "ada"), ("key", "here"), ("reason", "her laptop"), ("csrf", &token)];
    let ask = bench.ask("POST", "/engineering/certificates/new").header("cookie", &session).form(&fields);
    let file = ask.send_over(over_tls(&bench).await).await;
    assert_eq!((file.status, file.header("cache-control")), (200, "no-store"), "{:?}", file.headers);
    assert!(file.header("content-disposition").contains("ada.pem"));
    let key = file.between("-----BEGIN PRIVATE KEY-----", "-----END").unwrap();
    let folder = bench.folder.path();
    std::fs::write(folder.join("ada.pem"), &file.text).unwrap();
    let of_key = openssl(folder, &["pkey", "-in", "ada.pem", "-pubout"]);
    assert_eq!(
        of_key,
        openssl(folder, &["x509", "-in", "ada.pem", "-noout", "-pubkey"]),
        "the key is the certificate's"
    );
    std::fs::remove_file(folder.join("ada.pem")).unwrap();
    // Neither the record nor any other file of the station holds a line of it.
    let line = key.trim().lines().next().unwrap().as_bytes();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                assert!(!bytes.windows(line.len()).any(|part| part == line), "{}", path.display());
            }
        }
    }
    let at = file.header("content-location").to_owned();
    let shown = bench.ask("GET", &at).header("cookie", &session).send_over(over_tls(&bench).await).await;
    assert!(shown.status == 200 && !shown.text.contains("PRIVATE KEY"), "{shown:?}");
}

#[tokio::test]
async fn wrong_wishes_for_a_certificate_are_told_and_leave_nothing_on_record() {
    hall(None, None);
    let bench = Bench::start_with(with_hall).await;
    for (kind, name, key, csr, status) in [
        ("client", "with space", "own", "", 400),
        ("server", "http://x", "own", "", 400),
        ("other", "ada", "own", "", 400),
        ("client", "ada", "own", "no request", 422),
        ("client", "ada", "stolen", "", 400),
    ] {
        let fields = [("kind", kind), ("name", name), ("key", key), ("csr", csr), ("reason", "x")];
        let refused = bench.post(Role::Admin, "/engineering/certificates/new", &fields).await;
        assert_eq!(refused.status, status, "{kind} {name} {key}: {refused:?}");
    }
    assert_eq!(bench.get(Role::Admin, "/engineering/certificates/00ff").await.status, 404);
}

#[tokio::test]
async fn revoking_a_units_certificate_cuts_its_session() {
    let floor = FakeFloor::new(&[]);
    hall(None, Some(Arc::clone(&floor)));
    let bench = Bench::start_with(with_hall).await;
    let unit = Factory::on(Arc::clone(&bench.store)).await.pass().await;
    let path = format!("/engineering/certificates/{}/revoke", unit.certificate);
    assert_eq!(bench.post(Role::Engineer, &path, &[("cause", "other")]).await.status, 303);
    assert_eq!(floor.asked(), [format!("cut user-{}", unit.device_id)]);
    // By anything that the unit is called.
    for text in [unit.mac.to_string(), unit.device_id] {
        let found = bench.get(Role::Engineer, &format!("/engineering/certificates?q={text}")).await;
        assert!(found.text.contains(&unit.certificate) && found.text.contains("revoked"), "{text}");
    }
}

#[tokio::test]
async fn the_station_says_how_it_is() {
    hall(None, None);
    let bench = Bench::start_with(with_hall).await;
    let page = bench.get(Role::Engineer, "/engineering/status").await;
    for check in ["clock", "free space", "record&#39;s file", "audit chain", "root certificate", "server certificate"] {
        assert!(page.text.contains(check) || page.text.contains(&check.replace("&#39;", "'")), "{check}: {page:?}");
    }
    assert!(page.text.contains("this one") && !page.text.contains("badge bad"), "{page:?}");
}

/// Both areas use a part of the factory and of the hall; all of it is used here.
const _: () = {
    let _ = |made: record::Made| (made.mac, made.run, made.serial, made.device_id, made.certificate);
    let _ = |factory: &Factory| (factory.batch, factory.batch_name.clone(), factory.recipe);
    let _ = (Factory::on, Factory::pass, Factory::keep_log as fn(&_, _, &_));
    let _ = |factory: &'static Factory| factory.fail("");
    let _ = (hall::READY, hall::EMPTY, FakeFloor::tell, FakeFloor::asked, hall::FakePrinter::start);
    let _ = (hall::FakePrinter::says, hall::FakePrinter::is_idle, hall::with_hall);
    let _ = |printer: &'static mut hall::FakePrinter| printer.label();
    let _ = |printer: hall::FakePrinter| printer.address;
};
