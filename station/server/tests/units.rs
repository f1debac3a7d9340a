//! Units over the server: found, shown, acted upon, certified.

#![expect(clippy::unwrap_used, reason = "a test says with a panic that its claim is wrong")]

mod record;
mod support;

use firstpass_domain::{AuditKind, Role};
use firstpass_store::{Act, AuditSearch, Standing};

use record::{Factory, Made, tamper};
use support::{Answer, Bench};

/// A bench that keeps UART logs.
async fn bench() -> Bench {
    Bench::start_with(|settings, services| {
        services.uart_dir = settings.data_dir.as_ref().map(|folder| folder.join("uart"));
    })
    .await
}

async fn page(bench: &Bench, role: Role, path: &str) -> Answer {
    bench.ask_as(role, "GET", path).await.accept_html().send().await
}

/// Text of a page without its tags.
fn plain(answer: &Answer) -> String {
    let (mut plain, mut inside) = (String::new(), false);
    for character in answer.text.chars() {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            _ if !inside => plain.push(character),
            _ => {}
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace(':', "%3A").replace(' ', "%20").replace('=', "%3D")
}

#[tokio::test]
async fn any_name_of_a_unit_or_a_part_of_it_leads_straight_to_it() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let fingerprint = bench.store.certificate(&made.certificate).await.unwrap().unwrap().certificate.fingerprint;
    let mac = made.mac.to_string();
    let serial = made.serial.clone().unwrap().to_string();
    let texts = [
        mac.clone(),
        mac.replace(':', ""),
        mac.to_uppercase().replace(':', "-"),
        mac[9..].to_owned(),
        serial.clone(),
        serial[4..].to_owned(),
        made.device_id.clone(),
        made.certificate.clone(),
        fingerprint.to_string(),
        fingerprint.to_string()[10..30].to_uppercase(),
        format!("  {mac} "),
    ];
    for text in texts {
        let answer = page(&bench, Role::Operator, &format!("/units?q={}", escaped(&text))).await;
        assert_eq!((answer.status, answer.header("location")), (303, format!("/units/{mac}").as_str()), "{text}");
    }
}

#[tokio::test]
async fn several_hits_are_listed_by_how_they_stand_page_by_page() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    for _ in 0..60 {
        factory.pass().await;
    }
    let failed = factory.fail("Guru Meditation Error").await;
    let first = page(&bench, Role::Auditor, "/units?q=dev-").await;
    assert_eq!(first.text.matches("<th class=\"mono\" scope=\"row\">").count(), 50);
    let next = first.between("href=\"/units?q=dev-&amp;standing=&amp;after=", "\"").unwrap();
    let second = page(&bench, Role::Auditor, &format!("/units?q=dev-&after={next}")).await;
    assert_eq!(second.text.matches("<th class=\"mono\" scope=\"row\">").count(), 11);
    let only = page(&bench, Role::Auditor, "/units?standing=failed").await;
    assert_eq!(only.text.matches("<th class=\"mono\" scope=\"row\">").count(), 1);
    assert!(only.text.contains(&failed.mac.to_string()));
    let none = page(&bench, Role::Auditor, "/units?q=zzzz").await;
    assert!(plain(&none).contains("No unit is found by “zzzz”."), "{}", plain(&none));
}

#[tokio::test]
async fn a_units_page_tells_everything_and_no_secret() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let answer = page(&bench, Role::Auditor, &format!("/units/{}", made.mac)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = plain(&answer);
    let end = end_of(&bench, &made).await;
    let wanted = [
        made.mac.to_string(),
        made.serial.clone().unwrap().to_string(),
        made.run.to_string(),
        factory.batch_name.clone(),
        factory.recipe.to_string(),
        format!("entry {}", end.0),
        end.1,
        "agrees The record's".to_owned(),
        "make the verdict: passed".to_owned(),
        "wrote app: 4096 bytes at 0x10000, the chip's hash agrees".to_owned(),
        format!("was provisioned as broker user user-{}", made.device_id),
        "may log in".to_owned(),
        "broker.test:8883".to_owned(),
        "run.passed".to_owned(),
        "session.issued".to_owned(),
        made.certificate.clone(),
    ];
    for wanted in wanted {
        assert!(text.contains(&wanted), "{wanted:?} is missing in: {text}");
    }
    assert_no_secret(&bench, &made, &answer).await;
}

/// Position and hash of the entry that ended a unit's run.
async fn end_of(bench: &Bench, made: &Made) -> (i64, String) {
    let entries = bench.store.run(made.run).await.unwrap().unwrap().entries;
    let end = entries.last().unwrap();
    (end.seq, end.hash.to_string())
}

async fn assert_no_secret(bench: &Bench, made: &Made, answer: &Answer) {
    let unit = bench.store.unit(made.mac).await.unwrap().unwrap();
    let session = &unit.sessions[0].session;
    let token = session.token.unwrap().to_string();
    assert!(!answer.text.contains(&token), "the token's hash is no one's business");
    assert!(!answer.text.contains("verifier") && !answer.text.contains("correct horse"));
}

#[tokio::test]
async fn what_stands_on_record_is_shown_as_text_and_never_as_markup() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.fail("<script>alert(1)</script> panic'ed").await;
    let reason = "<img src=x onerror=alert(2)>";
    let sent = bench.post(Role::Engineer, &format!("/units/{}/quarantine", made.mac), &[("reason", reason)]).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    Factory::keep_log(&bench.folder.path().join("uart"), made.run, b"<script>alert(3)</script>\n");
    for path in [format!("/units/{}", made.mac), format!("/runs/{}", made.run), "/audit".to_owned()] {
        let answer = page(&bench, Role::Admin, &path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains("<script>alert") && !answer.text.contains("<img src=x"), "{path}");
        assert!(answer.text.contains("&lt;img src=x") || answer.text.contains("&lt;script&gt;"), "{path}");
    }
}

#[tokio::test]
async fn a_record_that_was_changed_no_longer_agrees_and_the_page_says_what_differs() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.fail("abort() was called").await;
    tamper(bench.folder.path(), "UPDATE runs SET state = 'passed', diagnosis = NULL, code = NULL;").await;
    for path in [format!("/units/{}", made.mac), format!("/runs/{}", made.run)] {
        let text = plain(&page(&bench, Role::Auditor, &path).await);
        let words = "policy and evidence make another verdict than the recorded one";
        assert!(text.contains("does not agree") && text.contains(words), "{text}");
        assert!(text.contains("recorded passed , but failed: boot_loop"), "{text}");
    }
}

#[tokio::test]
async fn a_person_sets_a_unit_aside_releases_and_scraps_it_with_name_and_reason() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let acts = [
        (Role::Operator, "quarantine", AuditKind::UnitQuarantined, Standing::Quarantined),
        (Role::Operator, "release", AuditKind::UnitReleased, Standing::Passed),
        (Role::Engineer, "scrap", AuditKind::UnitScrapped, Standing::Scrapped),
    ];
    for (role, act, kind, standing) in acts {
        let path = format!("/units/{}/{act}", made.mac);
        let without = bench.post(role, &path, &[("reason", "  ")]).await;
        assert_eq!((without.status, without.json()["code"].as_str()), (400, Some("act_unexplained")), "{act}");
        let sent = bench.post(role, &path, &[("reason", "a cracked case")]).await;
        assert_eq!((sent.status, sent.header("location")), (303, format!("/units/{}", made.mac).as_str()), "{act}");
        let unit = bench.store.unit(made.mac).await.unwrap().unwrap();
        assert_eq!(unit.summary.standing, Some(standing), "{act}");
        let search = AuditSearch { kinds: vec![kind], limit: 1, ..AuditSearch::default() };
        let entry = bench.store.search_audit(&search).await.unwrap().remove(0);
        assert_eq!((entry.actor.as_str(), entry.subject), (role.name(), made.mac.to_string()));
        assert!(entry.body.contains("a cracked case"));
    }
    let again = bench.post(Role::Engineer, &format!("/units/{}/scrap", made.mac), &[("reason", "again")]).await;
    assert_eq!((again.status, again.json()["code"].as_str()), (409, Some("unit_scrapped")));
}

#[tokio::test]
async fn who_may_not_act_on_a_unit_finds_no_button_and_is_refused() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let path = format!("/units/{}", made.mac);
    assert!(!page(&bench, Role::Auditor, &path).await.text.contains("<form method=\"post\" action=\"/units/"));
    let operator = page(&bench, Role::Operator, &path).await.text;
    assert!(operator.contains("/quarantine\"") && !operator.contains("/scrap\"") && !operator.contains("/export/"));
    let refused = [
        (Role::Auditor, "quarantine"),
        (Role::Auditor, "release"),
        (Role::Auditor, "scrap"),
        (Role::Operator, "scrap"),
    ];
    for (role, act) in refused {
        let answer = bench.post(role, &format!("{path}/{act}"), &[("reason", "because")]).await;
        assert_eq!(answer.status, 403, "{role:?} {act}");
    }
    assert_eq!(bench.store.unit(made.mac).await.unwrap().unwrap().summary.standing, Some(Standing::Passed));
}

#[tokio::test]
async fn the_log_shows_what_decided_the_run_and_every_control_character() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let panic = "Guru Meditation Error: Core  0 panic'ed (Load access fault).";
    let made = factory.fail(panic).await;
    let mut log = b"ESP-ROM:esp32c3\r\nI (9) iotmer_client: MQTT connected\r\n\x1b[31mred\x07 \xff\r\n".to_vec();
    log.extend(format!("{panic}\r\n").as_bytes());
    for n in 0..900 {
        log.extend(format!("line {n}\r\n").as_bytes());
    }
    Factory::keep_log(&bench.folder.path().join("uart"), made.run, &log);
    let answer = page(&bench, Role::Operator, &format!("/runs/{}", made.run)).await;
    let decisive = answer.between("<li class=\"decisive\" id=\"L4\">", "</li>").unwrap();
    assert!(decisive.contains("Guru Meditation Error"), "{decisive}");
    assert!(answer.text.contains("<li class=\"contract\" id=\"L2\">"));
    assert!(answer.text.contains("\u{241b}[31mred\u{2407} \\xff"), "nothing in a line is hidden");
    assert!(answer.text.contains("904 lines") && !answer.text.contains("id=\"L401\""));
    let last = page(&bench, Role::Operator, &format!("/runs/{}?page=99", made.run)).await;
    assert!(last.text.contains("id=\"L904\"") && !last.text.contains("id=\"L800\""));
    let unit = page(&bench, Role::Operator, &format!("/units/{}", made.mac)).await;
    assert!(unit.text.contains(&format!("/runs/{}?page=1#L4", made.run)), "the unit's page names the decisive line");
    let raw = bench.get(Role::Operator, &format!("/runs/{}/log", made.run)).await;
    assert_eq!((raw.status, raw.bytes.as_ref()), (200, &log[..]));
    assert!(raw.header("content-type").starts_with("text/plain"));
    assert!(raw.header("content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn a_run_whose_log_is_elsewhere_says_so() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let shown = plain(&page(&bench, Role::Operator, &format!("/runs/{}", made.run)).await);
    assert!(shown.contains("This station keeps no log of this run."), "{shown}");
    assert_eq!(bench.get(Role::Operator, &format!("/runs/{}/log", made.run)).await.status, 404);
}

#[tokio::test]
async fn a_certificate_states_what_is_on_record_and_its_code_leads_back_to_it() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let path = format!("/units/{}/certificate", made.mac);
    let answer = page(&bench, Role::Operator, &path).await;
    let (seq, hash) = end_of(&bench, &made).await;
    let text = plain(&answer);
    for wanted in
        [made.mac.to_string(), made.device_id.clone(), factory.recipe.to_string(), hash.clone(), seq.to_string()]
    {
        assert!(text.contains(&wanted), "{wanted} is missing in: {text}");
    }
    assert!(text.contains("Lamp &lt;b&gt;&amp; Co&lt;/b&gt;") && text.contains("version 1.0.0"));
    let code = answer.between("data-text=\"", "\"").unwrap();
    assert_eq!(code, format!("firstpass-certificate-1 unit={} run={} audit={seq} sha256={hash}", made.mac, made.run));
    let found = page(&bench, Role::Operator, &format!("/units?q={}", escaped(&code))).await;
    let back = found.header("location").to_owned();
    assert!(plain(&page(&bench, Role::Operator, &back).await).contains("genuine"), "{back}");
    let forged = back.replace(&hash, &"0".repeat(64));
    let forged = plain(&page(&bench, Role::Operator, &forged).await);
    assert!(forged.contains("names another entry of the audit log"), "{forged}");
}

#[tokio::test]
async fn a_unit_that_does_not_stand_as_passed_has_no_certificate_and_is_told_why() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let failed = factory.fail("panic'ed").await;
    let (revoked, held) = (factory.pass().await, factory.pass().await);
    let act = Act { actor: "ada".to_owned(), reason: "dropped".to_owned() };
    bench.store.revoke_certificate(&revoked.certificate, &act, bench.now()).await.unwrap();
    bench.store.quarantine_unit(held.mac, &act, bench.now()).await.unwrap();
    for (made, why) in [
        (&failed, "Its newest test failed."),
        (&revoked, "It has no session that may log in"),
        (&held, "It is in quarantine since"),
    ] {
        let text = plain(&page(&bench, Role::Operator, &format!("/units/{}/certificate", made.mac)).await);
        assert!(text.contains("has no certificate of provisioning") && text.contains(why), "{text}");
        assert!(!text.contains("This unit has proved that it works"), "{text}");
    }
    let tampered = factory.pass().await;
    tamper(bench.folder.path(), "UPDATE evidence SET at = at + 1;").await;
    let text = plain(&page(&bench, Role::Operator, &format!("/units/{}/certificate", tampered.mac)).await);
    assert!(text.contains("does not agree with the record"), "{text}");
}

#[tokio::test]
async fn a_certificate_is_downloaded_only_as_one_of_its_unit() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let (one, other) = (factory.pass().await, factory.pass().await);
    let pem = bench.get(Role::Operator, &format!("/units/{}/certificates/{}", one.mac, one.certificate)).await;
    assert!(pem.status == 200 && pem.text.starts_with("-----BEGIN CERTIFICATE-----"), "{pem:?}");
    let wrong = bench.get(Role::Operator, &format!("/units/{}/certificates/{}", one.mac, other.certificate)).await;
    assert_eq!(wrong.status, 404);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_a_remedy() {
    let bench = bench().await;
    let long = format!("/units?q={}", "x".repeat(600));
    let cases = [
        ("/units/nonsense", 400),
        ("/units/60:55:f9:00:00:0a", 404),
        ("/units/60:55:f9:00:00:0a/certificate", 404),
        ("/units/60:55:f9:00:00:0a/certificates/ab", 404),
        ("/units?standing=well", 400),
        ("/units?after=nonsense", 400),
        ("/units?unknown=1", 400),
        (long.as_str(), 400),
        ("/runs/nonsense", 400),
        ("/runs/00000000-0000-7000-8000-000000000001", 404),
        ("/runs/00000000-0000-7000-8000-000000000001/log", 404),
        ("/runs/00000000-0000-7000-8000-000000000001?page=-1", 400),
    ];
    for (path, status) in cases {
        let answer = bench.get(Role::Admin, path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(!answer.json()["remedy"].as_str().unwrap().is_empty(), "{path}");
    }
    let post = bench.post(Role::Admin, "/units/60:55:f9:00:00:0a/scrap", &[("reason", "gone")]).await;
    assert_eq!((post.status, post.json()["code"].as_str()), (404, Some("unit_unknown")));
}
