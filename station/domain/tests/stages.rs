//! What the verdict promises of units that do more than one thing: two stages, an update, a kept session, a code in the
//! image.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use firstpass_domain::{
    Chip, DeviceId, DiagnosisCode, Evidence, Fact, FieldPolicy, Injection, KnownUnit, Mac, OtaPolicy, Policy,
    RegionPolicy, SerialNumber, Sha256Digest, Step, Timestamp, Verdict, connection_to_hold,
    evidence::{Identity, NvsReadBack, OwnApp, RegionDigest, Security, UartFact},
    judge,
    policy::AppPolicy,
};

const FACTORY: Sha256Digest = Sha256Digest::new([7; 32]);
const FIELD: Sha256Digest = Sha256Digest::new([9; 32]);
const UPDATE: Sha256Digest = Sha256Digest::new([10; 32]);
const OWN: Sha256Digest = Sha256Digest::new([11; 32]);
const OWN_APP: Sha256Digest = Sha256Digest::new([12; 32]);

fn region(name: &str, offset: u32, sha256: Option<Sha256Digest>) -> RegionPolicy {
    RegionPolicy { name: name.to_owned(), offset, len: 4096, sha256, written_by_unit: name == "nvs" }
}

fn app(version: &str, sha256: Sha256Digest) -> AppPolicy {
    AppPolicy { version: version.to_owned(), sha256 }
}

fn plain() -> Policy {
    Policy {
        regions: vec![region("app", 0x10000, Some(FACTORY)), region("nvs", 0x9000, None)],
        app: Some(app("1.0.0", FACTORY)),
        ..Policy::plain(Injection::Nvs, Chip::Esp32c3, "4MB".parse().unwrap())
    }
}

fn two_stages() -> Policy {
    let field =
        FieldPolicy { regions: vec![region("field/app", 0x10000, Some(FIELD))], app: Some(app("2.0.0", FIELD)) };
    Policy { field: Some(field), search_flash: true, ..plain() }
}

fn with_update() -> Policy {
    Policy { ota: Some(OtaPolicy { sha256: UPDATE, size: 4096, app: app("3.0.0", UPDATE) }), ..plain() }
}

fn keeping() -> Policy {
    Policy { known_unit: KnownUnit::Keep, ..plain() }
}

fn with_own_image() -> Policy {
    Policy {
        regions: vec![region("app", 0x10000, None), region("nvs", 0x9000, None)],
        injection: Injection::Image,
        ..plain()
    }
}

fn mac() -> Mac {
    Mac::new([2, 0, 0, 0, 0, 1])
}

fn device() -> DeviceId {
    DeviceId::new("d-1").unwrap()
}

fn digest(name: &str, offset: u32, sha256: Sha256Digest) -> RegionDigest {
    RegionDigest { name: name.to_owned(), offset, len: 4096, sha256, md5_matches: true }
}

fn identified() -> Fact {
    let security = Security::default();
    let (chip, flash_size) = (Some(Chip::Esp32c3), Some("4MB".parse().unwrap()));
    Fact::Identified(Identity { chip, revision: None, flash_size, flash_id: None, mac: mac(), security })
}

fn prepared(app: Option<OwnApp>) -> Fact {
    Fact::Prepared { serial: SerialNumber::new("FP00000001").unwrap(), nvs_sha256: FACTORY, app }
}

fn written(app: Sha256Digest) -> Vec<Fact> {
    vec![Fact::RegionWritten(digest("app", 0x10000, app)), Fact::RegionWritten(digest("nvs", 0x9000, FACTORY))]
}

fn uart(line: UartFact) -> Fact {
    Fact::Uart(line)
}

fn provisioned() -> Vec<Fact> {
    let username = "u-1".to_owned();
    vec![
        uart(UartFact::AppLoaded { offset: Some(0x10000) }),
        Fact::ProvisionAccepted {
            device_id: device(),
            mqtt_username: username.clone(),
            mac: None,
            certificate: None,
            on_behalf: false,
        },
        uart(UartFact::Provisioned { username }),
    ]
}

fn alive(connection: u64, version: &str, sha256: Sha256Digest) -> Vec<Fact> {
    vec![
        Fact::MqttConnected { connection, username: "u-1".to_owned(), certificate: None },
        Fact::Subscribed { connection, filter: "acme/k-1/cmd/#".to_owned() },
        Fact::Subscribed { connection, filter: "acme/k-1/config/#".to_owned() },
        Fact::PingAnswered { connection, fw_version: version.to_owned(), app_sha256: sha256.to_string() },
    ]
}

fn field_flashed() -> Vec<Fact> {
    vec![Fact::Reconnected { mac: mac() }, Fact::RegionWritten(digest("field/app", 0x10000, FIELD))]
}

fn attested(region: &str, sha256: Sha256Digest) -> Vec<Fact> {
    vec![
        Fact::Reconnected { mac: mac() },
        Fact::RegionAttested(digest(region, 0x10000, sha256)),
        Fact::NvsReadBack(NvsReadBack {
            device_id: Some("d-1".to_owned()),
            device_key: Some("k-1".to_owned()),
            workspace_slug: Some("acme".to_owned()),
            mqtt_username: Some("u-1".to_owned()),
            password_matches: true,
            session_matches: true,
            auth_code_present: false,
            certificate: None,
            sha256: FACTORY,
        }),
    ]
}

fn searched() -> Fact {
    Fact::FlashSearched { known: 4 << 20, searched: 24 << 10, found_at: None }
}

fn good_two_stages() -> Vec<Fact> {
    [
        vec![identified(), prepared(None)],
        written(FACTORY),
        provisioned(),
        alive(1, "1.0.0", FACTORY),
        field_flashed(),
        vec![uart(UartFact::ProvisionSkipped)],
        alive(2, "2.0.0", FIELD),
        attested("field/app", FIELD),
        vec![searched()],
    ]
    .concat()
}

fn good_update() -> Vec<Fact> {
    [
        vec![identified(), prepared(None)],
        written(FACTORY),
        provisioned(),
        vec![
            uart(UartFact::OtaStarted),
            Fact::FirmwareServed { sha256: UPDATE, bytes: 4096, duration_ms: 40 },
            uart(UartFact::OtaFinished),
            uart(UartFact::Restarted { reason: "0xc (RTC_SW_CPU_RST)".to_owned() }),
            uart(UartFact::AppLoaded { offset: Some(0x20_0000) }),
        ],
        alive(1, "3.0.0", UPDATE),
        attested("app", FACTORY),
    ]
    .concat()
}

fn good_kept() -> Vec<Fact> {
    let kept = Fact::SessionKept { device_id: device(), mqtt_username: "u-1".to_owned(), certificate: None };
    [
        vec![identified(), kept, prepared(None), Fact::RegionWritten(digest("app", 0x10000, FACTORY))],
        vec![uart(UartFact::AppLoaded { offset: Some(0x10000) }), uart(UartFact::ProvisionSkipped)],
        alive(1, "1.0.0", FACTORY),
        attested("app", FACTORY),
    ]
    .concat()
}

fn good_own_image() -> Vec<Fact> {
    [
        vec![identified(), prepared(Some(OwnApp { region_sha256: OWN, app_sha256: OWN_APP }))],
        written(OWN),
        provisioned(),
        alive(1, "1.0.0", OWN_APP),
        attested("app", OWN),
    ]
    .concat()
}

/// The facts, each at the time of its place.
fn timed(facts: &[Fact]) -> Vec<Evidence> {
    let at = |index: usize| Timestamp::from_micros(index as i64);
    facts.iter().enumerate().map(|(index, fact)| Evidence { at: at(index), fact: fact.clone() }).collect()
}

fn verdict(policy: &Policy, facts: &[Fact]) -> Verdict {
    judge(policy, &timed(facts))
}

fn place(facts: &[Fact], wanted: impl Fn(&Fact) -> bool) -> usize {
    facts.iter().position(wanted).unwrap()
}

fn holding() -> Policy {
    Policy { hold_ms: 1000, ..plain() }
}

fn good_hold() -> Vec<Fact> {
    [
        vec![identified(), prepared(None)],
        written(FACTORY),
        provisioned(),
        alive(1, "1.0.0", FACTORY),
        vec![Fact::ConnectionHeld { connection: 1, for_ms: 1000 }],
        attested("app", FACTORY),
    ]
    .concat()
}

fn every_kind() -> [(&'static str, Policy, Vec<Fact>); 5] {
    [
        ("hold", holding(), good_hold()),
        ("two stages", two_stages(), good_two_stages()),
        ("update", with_update(), good_update()),
        ("kept session", keeping(), good_kept()),
        ("own image", with_own_image(), good_own_image()),
    ]
}

#[test]
fn a_unit_with_all_its_evidence_passes() {
    for (kind, policy, facts) in every_kind() {
        assert_eq!(verdict(&policy, &facts), Verdict::Pass, "{kind}");
    }
}

#[test]
fn no_piece_of_required_evidence_can_be_missing() {
    // These alone say nothing that the verdict asks for.
    let optional = |fact: &Fact| {
        use UartFact::{AppLoaded, OtaStarted, Restarted};
        matches!(fact, Fact::Uart(AppLoaded { .. } | OtaStarted | Restarted { .. }))
    };
    for (kind, policy, facts) in every_kind() {
        for (index, fact) in facts.iter().enumerate() {
            let mut without = facts.clone();
            without.remove(index);
            assert_eq!(verdict(&policy, &without) == Verdict::Pass, optional(fact), "{kind} without {fact:?}");
        }
    }
}

#[test]
fn no_beginning_of_a_good_run_passes_or_fails_and_none_goes_back() {
    for (kind, policy, facts) in every_kind() {
        let mut last = Step::Identify;
        for len in 0..facts.len() {
            let Verdict::Open { step } = verdict(&policy, &facts[..len]) else {
                panic!("{kind}: a verdict after {len} facts")
            };
            assert!(step >= last, "{kind}: the run went back from {last} to {step}");
            last = step;
        }
    }
}

#[test]
fn a_factory_image_that_answers_in_the_second_stage_does_not_pass() {
    let mut facts = good_two_stages();
    for fact in &mut facts {
        if let Fact::PingAnswered { connection: 2, fw_version, app_sha256 } = fact {
            (*fw_version, *app_sha256) = ("1.0.0".to_owned(), FACTORY.to_string());
        }
    }
    assert_ne!(verdict(&two_stages(), &facts), Verdict::Pass);
}

#[test]
fn a_connection_of_the_factory_image_whose_events_come_late_proves_nothing_of_the_field_image() {
    let field_says_nothing = FieldPolicy { app: None, ..two_stages().field.unwrap() };
    let policy = Policy { app: None, field: Some(field_says_nothing), ..two_stages() };
    let facts = good_two_stages();
    let late = facts.iter().position(|fact| matches!(fact, Fact::MqttConnected { connection: 2, .. })).unwrap();
    let mut evidence: Vec<Evidence> = facts
        .into_iter()
        .filter(|fact| !matches!(fact, Fact::PingAnswered { .. }))
        .enumerate()
        .map(|(index, fact)| Evidence { at: Timestamp::from_micros(index as i64), fact })
        .collect();
    assert_eq!(judge(&policy, &evidence), Verdict::Pass);
    evidence[late - 1].at = Timestamp::from_micros(1);
    assert_eq!(judge(&policy, &evidence), Verdict::Open { step: Step::FieldConnect });
}

#[test]
fn a_field_image_that_provisions_again_does_not_pass() {
    let facts: Vec<Fact> =
        good_two_stages().into_iter().filter(|fact| *fact != uart(UartFact::ProvisionSkipped)).collect();
    assert_ne!(verdict(&two_stages(), &facts), Verdict::Pass);
}

#[test]
fn a_session_is_kept_only_where_the_recipe_says_so() {
    for known_unit in [KnownUnit::Refuse, KnownUnit::Reissue] {
        assert_ne!(verdict(&Policy { known_unit, ..keeping() }, &good_kept()), Verdict::Pass);
    }
}

#[test]
fn an_app_that_answers_before_its_update_is_not_taken_for_the_new_one() {
    let mut facts = good_update();
    let early = facts.iter().position(|fact| *fact == uart(UartFact::OtaStarted)).unwrap();
    facts.splice(early..early, alive(8, "1.0.0", FACTORY));
    assert_eq!(verdict(&with_update(), &facts), Verdict::Pass);
    let old: Vec<Fact> =
        facts.into_iter().filter(|fact| !matches!(fact, Fact::PingAnswered { connection: 1, .. })).collect();
    assert_ne!(verdict(&with_update(), &old), Verdict::Pass);
}

#[test]
fn an_update_counts_also_when_the_log_that_tells_of_it_is_read_after_the_new_apps_answer() {
    let mut facts = good_update();
    let finished = place(&facts, |fact| *fact == uart(UartFact::OtaFinished));
    let lines: Vec<Fact> = facts.drain(finished..finished + 3).collect();
    for late in finished..=finished + alive(1, "3.0.0", UPDATE).len() {
        let mut facts = facts.clone();
        facts.splice(late..late, lines.clone());
        assert_eq!(verdict(&with_update(), &facts), Verdict::Pass, "the log is read {} facts late", late - finished);
    }
    assert_ne!(verdict(&with_update(), &facts), Verdict::Pass, "the log never tells of the update");
}

#[test]
fn what_the_flashed_app_said_before_its_update_counts_against_nobody_when_it_is_delivered_late() {
    let facts = good_update();
    let began = place(&facts, |fact| *fact == uart(UartFact::OtaStarted));
    let finished = place(&facts, |fact| *fact == uart(UartFact::OtaFinished));
    let (mut evidence, at) = (timed(&facts), timed(&facts)[began].at);
    let old = alive(8, "1.0.0", FACTORY).into_iter().map(|fact| Evidence { at, fact });
    evidence.splice(finished + 1..finished + 1, old);
    assert_eq!(judge(&with_update(), &evidence), Verdict::Pass);
}

#[test]
fn an_app_that_goes_back_after_its_update_is_the_wrong_one() {
    let mut facts = good_update();
    let read_back = place(&facts, |fact| matches!(fact, Fact::Reconnected { .. }));
    facts.splice(read_back..read_back, alive(8, "1.0.0", FACTORY));
    let Verdict::Fail(diagnosis) = verdict(&with_update(), &facts) else { panic!("it went back") };
    assert_eq!(diagnosis.code, DiagnosisCode::WrongFirmware);
}

#[test]
fn an_update_to_the_same_release_is_told_by_its_time_alone() {
    let same = Policy { ota: Some(OtaPolicy { sha256: UPDATE, size: 4096, app: app("1.0.0", FACTORY) }), ..plain() };
    let mut facts = good_update();
    let connected = place(&facts, |fact| matches!(fact, Fact::MqttConnected { .. }));
    facts.splice(connected..connected + 4, alive(1, "1.0.0", FACTORY));
    let mut evidence = timed(&facts);
    assert_eq!(judge(&same, &evidence), Verdict::Pass);
    evidence[connected].at = Timestamp::from_micros(1);
    assert_ne!(judge(&same, &evidence), Verdict::Pass, "the connection began before the update");
}

#[test]
fn an_image_of_another_unit_does_not_pass() {
    let facts: Vec<Fact> = good_own_image()
        .into_iter()
        .map(|fact| match fact {
            Fact::RegionWritten(d) if d.name == "app" => Fact::RegionWritten(digest("app", 0x10000, FACTORY)),
            other => other,
        })
        .collect();
    assert_ne!(verdict(&with_own_image(), &facts), Verdict::Pass);
}

#[test]
fn a_connection_that_is_lost_before_it_held_proves_nothing() {
    let lost = Fact::MqttDisconnected { connection: 1, reason: "connection_lost".to_owned() };
    let mut facts = good_hold();
    let held = facts.iter().position(|fact| matches!(fact, Fact::ConnectionHeld { .. })).unwrap();
    facts.insert(held, lost);
    assert_ne!(verdict(&holding(), &facts), Verdict::Pass);
}

#[test]
fn a_connection_that_is_lost_before_it_held_proves_nothing_however_late_that_is_told() {
    let held = place(&good_hold(), |fact| matches!(fact, Fact::ConnectionHeld { .. }));
    let lost = |at| Evidence {
        at: Timestamp::from_micros(at),
        fact: Fact::MqttDisconnected { connection: 1, reason: "connection_lost".to_owned() },
    };
    for told in held + 1..=good_hold().len() {
        for (at, passes) in [(held - 1, false), (held, false), (held + 1, true)] {
            let mut evidence = timed(&good_hold());
            evidence.insert(told, lost(at as i64));
            let verdict = judge(&holding(), &evidence);
            assert_eq!(verdict == Verdict::Pass, passes, "lost at {at}, held at {held}, told at {told}: {verdict:?}");
            assert_eq!(verdict == Verdict::Open { step: Step::Connect }, !passes);
            let time_out = Fact::TimedOut { step: Step::Connect, after_ms: 0 };
            evidence.push(Evidence { at: Timestamp::from_micros(99), fact: time_out });
            let end = judge(&holding(), &evidence);
            let dropped = matches!(&end, Verdict::Fail(diagnosis) if diagnosis.code == DiagnosisCode::MqttDropped);
            assert_eq!(dropped, !passes, "{end:?}");
        }
    }
}

#[test]
fn a_connection_is_to_be_held_once_everything_is_proved_on_it() {
    let facts = good_hold();
    let evidence: Vec<Evidence> =
        facts.into_iter().map(|fact| Evidence { at: Timestamp::from_micros(1), fact }).collect();
    let held = evidence.iter().position(|e| matches!(e.fact, Fact::ConnectionHeld { .. })).unwrap();
    assert_eq!(connection_to_hold(&holding(), &evidence[..held - 1]), None);
    assert_eq!(connection_to_hold(&holding(), &evidence[..held]), Some(1));
    assert_eq!(connection_to_hold(&holding(), &evidence[..=held]), None);
    assert_eq!(connection_to_hold(&plain(), &evidence[..held]), None);
}

#[test]
fn without_a_ping_the_boot_loader_must_name_the_updated_slot_last() {
    let silent = Policy { app: None, ..with_update() };
    let facts: Vec<Fact> =
        good_update().into_iter().filter(|fact| !matches!(fact, Fact::PingAnswered { .. })).collect();
    assert_eq!(verdict(&silent, &facts), Verdict::Pass);
    let update = Fact::Uart(UartFact::AppLoaded { offset: Some(0x20_0000) });
    let unsaid: Vec<Fact> = facts.iter().filter(|fact| **fact != update).cloned().collect();
    assert_ne!(verdict(&silent, &unsaid), Verdict::Pass);
    let rolled_back = Fact::Uart(UartFact::AppLoaded { offset: Some(0x1_0000) });
    let at = facts.iter().position(|fact| *fact == update).unwrap() + 1;
    let mut back = facts;
    back.insert(at, rolled_back);
    assert_ne!(verdict(&silent, &back), Verdict::Pass);
}
