//! Units over the server: found, shown, acted upon, certified.

#![expect(clippy::unwrap_used, reason = "a test says with a panic that its claim is wrong")]

mod record;
mod support;

use firstpass_domain::{
    AuditKind, Diagnosis, DiagnosisCode, Policy, Role, RunId, Sha256Digest, SlotId, Step,
    evidence::Rule,
    policy::{AppPolicy, OtaPolicy},
};
use firstpass_store::{Act, Admission, AuditSearch, NewRun, RunEnd, Standing};

use record::{Factory, Made, UPDATE, tamper};
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

/// What a unit's certificate says, and whether there is one.
async fn certificate(bench: &Bench, made: &Made) -> (bool, String) {
    let text = plain(&page(bench, Role::Operator, &format!("/units/{}/certificate", made.mac)).await);
    (text.contains("This unit has proved that it works"), text)
}

/// A unit's label, without a word that it has not passed.
async fn label(bench: &Bench, made: &Made) -> Answer {
    let fields = [("template", "product"), ("form", "zpl")];
    bench.post(Role::Operator, &format!("/units/{}/label/download", made.mac), &fields).await
}

/// Asserts that neither a certificate nor an unmarked label is given out, for this reason.
async fn assert_doubted(bench: &Bench, made: &Made, why: &str) {
    let (given, text) = certificate(bench, made).await;
    // There it begins a sentence.
    assert!(!given && text.contains(&why[1..]), "{text}");
    let label = label(bench, made).await;
    assert_eq!((label.status, label.json()["code"].as_str()), (409, Some("unit_not_passed")), "{label:?}");
    assert!(label.text.contains(why), "{label:?}");
    let unit = plain(&page(bench, Role::Operator, &format!("/units/{}", made.mac)).await);
    assert!(unit.contains("it may not be good any more") && unit.contains(why), "{unit}");
    let told = bench.get(Role::Operator, &format!("/api/v1/units/{}", made.mac)).await.json();
    assert!(told["standing"] == "passed" && told["doubt"].as_str().is_some_and(|told| told.contains(why)), "{told}");
}

async fn assert_good(bench: &Bench, made: &Made) {
    let (given, text) = certificate(bench, made).await;
    assert!(given, "{text}");
    let label = label(bench, made).await;
    assert!(label.status == 200 && !label.text.contains("NOT PASSED"), "{label:?}");
    let unit = plain(&page(bench, Role::Operator, &format!("/units/{}", made.mac)).await);
    assert!(!unit.contains("it may not be good any more"), "{unit}");
    let told = bench.get(Role::Operator, &format!("/api/v1/units/{}", made.mac)).await.json();
    assert!(told["standing"] == "passed" && told["doubt"].is_null(), "{told}");
}

#[tokio::test]
async fn a_repair_that_failed_leaves_a_passed_unit_without_certificate_and_label_until_one_passes() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let repairs = factory.repairs().await;
    let made = factory.pass().await;
    assert_good(&bench, &made).await;
    let broken = repairs.begin_with(made.mac).await;
    assert_doubted(&bench, &made, &format!("in work: run {} has not ended", broken.run)).await;
    repairs.end_failed(&broken, "abort()").await;
    let unit = bench.store.unit(made.mac).await.unwrap().unwrap();
    assert_eq!(unit.summary.standing, Some(Standing::Passed), "a repair says nothing of the unit");
    assert!(unit.sessions[0].may_log_in(), "and leaves the session that its NVS does not hold any more");
    assert_doubted(&bench, &made, &format!("run {} failed after the pass", broken.run)).await;
    let mended = repairs.begin_with(made.mac).await;
    repairs.end_passed(&mended).await;
    assert_good(&bench, &made).await;
}

#[tokio::test]
async fn credentials_that_a_repair_brought_are_certified_by_the_run_that_proved_them() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let repairs = factory.repairs().await;
    let made = factory.pass().await;
    let repaired = repairs.begin_with(made.mac).await;
    repairs.end_passed(&repaired).await;
    let (given, text) = certificate(&bench, &made).await;
    let detail = bench.store.run(repaired.run).await.unwrap().unwrap();
    let (seq, hash) = end_of(&bench, &repaired).await;
    let proved = format!("Proved in run {} , a repair or check after the pass", repaired.run);
    let (entry, evidence) = (format!("Its audit entry {seq} {hash}"), detail.evidence_digest.to_string());
    for wanted in [&repaired.device_id, &repaired.certificate, &proved, &entry, &evidence, &made.run.to_string()] {
        assert!(given && text.contains(wanted), "{wanted:?} is missing in: {text}");
    }
    assert!(!text.contains(&made.device_id) && !text.contains(&made.certificate), "{text}");
    assert!(text.contains("version 1.0.0"), "the firmware is what the pass proved: {text}");
    let label = label(&bench, &made).await;
    assert!(label.text.contains(&repaired.device_id) && !label.text.contains(&made.device_id), "{label:?}");
}

#[tokio::test]
async fn a_pass_without_a_repair_names_none() {
    let bench = bench().await;
    let made = Factory::on(bench.store.clone()).await.pass().await;
    let (given, text) = certificate(&bench, &made).await;
    assert!(given && text.contains(&made.device_id) && !text.contains("Proved in run"), "{text}");
}

#[tokio::test]
async fn what_a_failed_check_flashed_no_repair_of_credentials_makes_good_again() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let (checks, repairs) = (factory.checks().await, factory.repairs().await);
    let made = factory.pass().await;
    let failed = checks.begin_with(made.mac).await;
    checks.end_failed(&failed, "abort()").await;
    let why = format!("run {} failed after the pass", failed.run);
    assert_doubted(&bench, &made, &why).await;
    let repaired = repairs.begin_with(made.mac).await;
    repairs.end_passed(&repaired).await;
    assert_doubted(&bench, &made, &why).await;
    let checked = checks.begin_with(made.mac).await;
    checks.end_passed(&checked).await;
    assert_good(&bench, &made).await;
}

#[tokio::test]
async fn a_unit_that_a_check_gave_other_firmware_has_no_certificate_of_the_old() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let app = AppPolicy { version: "2.0.0".to_owned(), sha256: Sha256Digest::new([8; 32]) };
    let other = Factory::of(bench.store.clone(), Policy { app: Some(app), ..factory.policy().clone() }).await;
    let checks = other.checks().await;
    let made = factory.pass().await;
    let checked = checks.begin_with(made.mac).await;
    checks.end_passed(&checked).await;
    assert_doubted(&bench, &made, &format!("run {} wrote other firmware than what passed", checked.run)).await;
}

#[tokio::test]
async fn a_run_that_the_rules_refused_leaves_the_certificate_as_it_was() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let run = RunId(uuid::Uuid::from_u128(u128::MAX));
    let slot = SlotId::new("A2").unwrap();
    let new = NewRun { id: run, slot, batch: factory.batch, recipe: factory.recipe };
    bench.store.begin_run(&new, bench.now()).await.unwrap();
    let admission = bench.store.identify_run(run, made.mac, factory.policy(), bench.now()).await.unwrap();
    assert_eq!(admission, Admission::Refused { attempt: 2, rule: Rule::PassedBefore });
    let refused = RunEnd::Failed(Diagnosis::new(DiagnosisCode::PassedBefore, Step::Prepare, ""));
    bench.store.finish_run(run, &refused, &[], bench.now()).await.unwrap();
    assert_good(&bench, &made).await;
    let unit = plain(&page(&bench, Role::Operator, &format!("/units/{}", made.mac)).await);
    let judged = format!("evidence on record of run {}.", made.run);
    assert!(unit.contains(&judged), "{judged:?} is missing in: {unit}");
}

#[tokio::test]
async fn however_many_checks_came_after_it_the_pass_is_found() {
    let bench = bench().await;
    let factory = Factory::on(bench.store.clone()).await;
    let checks = factory.checks().await;
    let made = factory.pass().await;
    for _ in 0..52 {
        let check = checks.begin_with(made.mac).await;
        checks.end_passed(&check).await;
    }
    assert_good(&bench, &made).await;
    let unit = plain(&page(&bench, Role::Operator, &format!("/units/{}", made.mac)).await);
    let judged = format!("evidence on record of run {}.", made.run);
    assert!(unit.contains(&judged), "{judged:?} is missing in: {unit}");
}

#[tokio::test]
async fn a_certificate_names_the_firmware_that_the_unit_was_updated_to() {
    let bench = bench().await;
    let app = AppPolicy { version: "3.1.4".to_owned(), sha256: Sha256Digest::new([5; 32]) };
    let ota = OtaPolicy { sha256: UPDATE, size: 4096, app };
    let flashed = Factory::on(bench.store.clone()).await;
    let policy = Policy { ota: Some(ota.clone()), ..flashed.policy().clone() };
    let made = Factory::of(bench.store.clone(), policy).await.pass().await;
    let (given, text) = certificate(&bench, &made).await;
    let firmware = format!("Firmware version 3.1.4 {}", ota.app.sha256);
    assert!(given && text.contains(&firmware) && text.contains(&format!("update {UPDATE}")), "{text}");
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
