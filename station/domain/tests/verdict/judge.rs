//! Nothing passes by accident, and every failure is named.

use firstpass_domain::{
    Chip, DeviceId, DiagnosisCode as Code, Evidence, Fact, Mac, Policy, Step, Verdict,
    evidence::{Identity, LinkFault, NvsReadBack, RegionDigest, Rule, Security, UartFact},
};

use crate::facts::*;

#[test]
fn a_unit_with_all_its_evidence_passes() {
    assert_eq!(verdict(good()), Verdict::Pass);
}

#[test]
fn no_piece_of_required_evidence_can_be_missing() {
    // These alone say nothing that the verdict asks for.
    let optional = |fact: &Fact| match fact {
        Fact::Uart(line) => !matches!(line, UartFact::Provisioned { .. }),
        Fact::MqttDisconnected { .. } => true,
        _ => false,
    };
    for (index, fact) in good().iter().enumerate() {
        let mut facts = good();
        facts.remove(index);
        assert_eq!(verdict(facts) == Verdict::Pass, optional(fact), "without {fact:?}");
    }
}

#[test]
fn no_beginning_of_a_good_run_passes_or_fails() {
    let facts = good();
    let mut last = Step::Identify;
    for len in 0..facts.len() {
        let Verdict::Open { step } = verdict(facts[..len].to_vec()) else { panic!("a verdict after {len} facts") };
        assert!(step >= last, "the run went back from {last} to {step}");
        last = step;
    }
}

#[test]
fn a_failure_anywhere_outweighs_all_that_went_well() {
    let link = |fault| Fact::LinkFailed { step: Step::Flash, fault, detail: String::new() };
    let failures = [
        (Fact::Identified(Identity { chip: Some(Chip::Esp32s3), ..identity() }), Code::WrongChip),
        (Fact::Identified(Identity { chip: None, ..identity() }), Code::WrongChip),
        (Fact::Identified(Identity { revision: None, ..identity() }), Code::RevisionTooOld),
        (Fact::Identified(Identity { flash_size: None, ..identity() }), Code::WrongFlashSize),
        (
            Fact::Identified(Identity {
                security: Security { secure_boot: true, ..Security::default() },
                ..identity()
            }),
            Code::SecurityEnabled,
        ),
        (Fact::Reconnected { mac: Mac::new([2, 0, 0, 0, 0, 2]) }, Code::OtherUnit),
        (Fact::RegionWritten(RegionDigest { md5_matches: false, ..digest("app", 0x10000) }), Code::FlashVerifyFailed),
        (Fact::RegionWritten(RegionDigest { sha256: CERTIFICATE, ..digest("app", 0x10000) }), Code::FlashVerifyFailed),
        (Fact::RegionAttested(RegionDigest { md5_matches: false, ..digest("app", 0x10000) }), Code::FlashChanged),
        (Fact::NvsReadBack(NvsReadBack { mqtt_username: None, ..read_back() }), Code::NvsUnreadable),
        (Fact::NvsReadBack(NvsReadBack { session_matches: false, ..read_back() }), Code::SessionMismatch),
        (Fact::NvsReadBack(NvsReadBack { password_matches: false, ..read_back() }), Code::SessionMismatch),
        (Fact::NvsReadBack(NvsReadBack { certificate: None, ..read_back() }), Code::SessionMismatch),
        (Fact::NvsReadBack(NvsReadBack { auth_code_present: true, ..read_back() }), Code::CodeLeftBehind),
        (link(LinkFault::PortGone), Code::PortGone),
        (link(LinkFault::VerifyFailed), Code::FlashVerifyFailed),
        (link(LinkFault::SecureDownload), Code::SecurityEnabled),
        (Fact::Uart(UartFact::BootFailed { text: "invalid header: 0xffffffff".into() }), Code::BootImageInvalid),
        (Fact::Uart(UartFact::Panicked { text: "Guru Meditation Error".into() }), Code::BootLoop),
        (Fact::Uart(UartFact::Restarted { reason: "rst:0xc".into() }), Code::BootLoop),
        (Fact::Uart(UartFact::ProvisionSkipped), Code::ProvisionUnexpected),
        (Fact::Uart(UartFact::Provisioned { username: "u-2".into() }), Code::ProvisionUnexpected),
        (Fact::ProvisionRefused { status: 409, reason: "code_used".into() }, Code::ProvisionRefused),
        (Fact::MqttRefused { code: 4, reason: "wrong_password".into() }, Code::MqttRefused),
        (Fact::MqttConnected { connection: 6, username: "u-1".into(), certificate: None }, Code::CertificateMissing),
        (Fact::TopicDenied { connection: 5, topic: "acme/k-1/commands".into(), subscribe: true }, Code::TopicDenied),
        (
            Fact::PingAnswered { connection: 5, fw_version: "0.9.0".into(), app_sha256: APP.to_string() },
            Code::WrongFirmware,
        ),
        (Fact::ProvisionRefused { status: 403, reason: "quota_reached".into() }, Code::QuotaReached),
        (Fact::RegionWritten(RegionDigest { sha256: CERTIFICATE, ..digest("nvs", 0x9000) }), Code::FlashVerifyFailed),
        (Fact::Uart(UartFact::AppLoaded { offset: Some(0x110000) }), Code::WrongFirmware),
        (Fact::Uart(UartFact::InitComplete { device_id: "d-2".into() }), Code::ProvisionUnexpected),
        (Fact::Flooded, Code::UnitFloods),
        (
            Fact::ProvisionAccepted {
                device_id: DeviceId::new("d-1").unwrap(),
                mqtt_username: "u-1".to_owned(),
                mac: Some(Mac::new([2, 0, 0, 0, 0, 2])),
                certificate: Some(CERTIFICATE),
                on_behalf: false,
            },
            Code::OtherUnit,
        ),
        (Fact::Refused { rule: Rule::PassedBefore }, Code::PassedBefore),
        (Fact::Interrupted { step: Step::Attest, cancelled: false }, Code::Interrupted),
        (Fact::Interrupted { step: Step::Attest, cancelled: true }, Code::Cancelled),
    ];
    for (failure, expected) in failures {
        let mut facts = good();
        facts.push(failure.clone());
        assert_eq!(code(facts), Some(expected), "{failure:?}");
    }
}

#[test]
fn proofs_on_two_connections_do_not_add_up() {
    let mut facts = good();
    for fact in &mut facts {
        if let Fact::Presence { connection, .. } = fact {
            *connection = 6;
        }
    }
    assert_eq!(verdict(facts), Verdict::Open { step: Step::Connect });
}

#[test]
fn a_narrower_filter_is_not_the_one_that_was_asked_for() {
    for narrow in ["acme/k-1/cmd/config/#", "acme/k-1/config/cmd/#", "acme/k-1/config/get"] {
        let mut facts = good();
        for fact in &mut facts {
            match fact {
                Fact::Subscribed { filter, .. } if filter.ends_with("k-1/config/#") => *filter = narrow.to_owned(),
                _ => {}
            }
        }
        assert_eq!(verdict(facts), Verdict::Open { step: Step::Connect }, "{narrow}");
    }
}

#[test]
fn a_finished_update_excuses_one_restart() {
    let restart = || Fact::Uart(UartFact::Restarted { reason: "rst:0xc".into() });
    let mut facts = good();
    facts.splice(10..10, [Fact::Uart(UartFact::OtaFinished), restart()]);
    assert_eq!(verdict(facts.clone()), Verdict::Pass);
    facts.insert(12, restart());
    assert_eq!(code(facts), Some(Code::BootLoop));
}

#[test]
fn a_recipe_is_another_one_when_an_image_changes() {
    let mut rebuilt = policy();
    rebuilt.regions[0].sha256 = Some(CERTIFICATE);
    assert_ne!(policy().recipe_hash("text"), rebuilt.recipe_hash("text"));
    assert_ne!(policy().recipe_hash("text"), policy().recipe_hash("other"));
    assert_eq!(policy().recipe_hash("text"), policy().recipe_hash("text"));
}

#[test]
fn a_proof_after_the_connection_ended_does_not_count() {
    let mut facts = good();
    let end = facts.iter().position(|fact| matches!(fact, Fact::MqttDisconnected { .. })).unwrap();
    let end = facts.remove(end);
    let ping = facts.iter().position(|fact| matches!(fact, Fact::PingAnswered { .. })).unwrap();
    facts.insert(ping, end);
    assert_eq!(verdict(facts), Verdict::Open { step: Step::Connect });
}

#[test]
fn a_read_back_from_before_the_connection_does_not_count() {
    let mut facts = good();
    let read_back = facts.pop().unwrap();
    facts.insert(10, read_back);
    assert_eq!(verdict(facts), Verdict::Open { step: Step::Attest });
}

#[test]
fn a_time_out_is_explained_by_what_was_seen() {
    let until = |wanted: fn(&Fact) -> bool| {
        let facts = good();
        let len = facts.iter().position(wanted).unwrap() + 1;
        facts[..len].to_vec()
    };
    let written = until(|fact| matches!(fact, Fact::RegionWritten(digest) if digest.name == "nvs"));
    let loaded = until(|fact| matches!(fact, Fact::Uart(UartFact::AppLoaded { .. })));
    let provisioned = until(|fact| matches!(fact, Fact::Uart(UartFact::Provisioned { .. })));
    let connected = until(|fact| matches!(fact, Fact::MqttConnected { .. }));
    let no_network = Fact::Uart(UartFact::NetworkFailed { text: "WiFi connect failed after 5".into() });
    let transport = Fact::Uart(UartFact::ProvisionTransport { error: "ESP_ERR_HTTP_CONNECT".into() });
    let dropped = Fact::MqttDisconnected { connection: 5, reason: "connection_lost".into() };
    let cases = [
        (written.clone(), vec![], Step::Boot, Code::BootSilent),
        (written, vec![Fact::Uart(UartFact::FirstByte)], Step::Boot, Code::BootAppMissing),
        (loaded.clone(), vec![], Step::Provision, Code::AppSilent),
        (loaded.clone(), vec![no_network], Step::Provision, Code::NetworkFailed),
        (loaded, vec![transport], Step::Provision, Code::ProvisionTransport),
        (provisioned, vec![], Step::Connect, Code::MqttTimedOut),
        (connected, vec![dropped], Step::Connect, Code::MqttDropped),
    ];
    for (mut facts, more, step, expected) in cases {
        facts.extend(more);
        facts.push(Fact::TimedOut { step, after_ms: 1000 });
        assert_eq!(code(facts), Some(expected), "{step}");
    }
}

#[test]
fn a_temporary_refusal_is_no_verdict() {
    for status in [408, 429, 503] {
        let mut facts = good();
        facts.insert(8, Fact::ProvisionRefused { status, reason: "later".into() });
        facts.insert(9, Fact::Uart(UartFact::ProvisionRefused { status }));
        assert_eq!(verdict(facts), Verdict::Pass, "{status}");
    }
}

#[test]
fn evidence_reads_back_from_the_record_as_it_was() {
    for item in evidence(good()) {
        let text = serde_json::to_string(&item).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), item, "{text}");
    }
    let text = serde_json::to_string(&policy()).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy());
}

#[test]
fn every_diagnosis_has_words_and_its_own_code() {
    let mut names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        let words = code.words(Default::default());
        for text in [words.what, words.why, words.remedy] {
            assert!(text.ends_with('.') && text.len() > 10, "{}: {text:?}", code.name());
        }
    }
}

#[test]
fn what_people_read_is_words_and_ends_with_one_full_stop() {
    let security = Security { secure_boot: true, flash_encryption: true, secure_download: false };
    let locked = Fact::Identified(Identity { security, ..identity() });
    let panicked = Fact::Uart(UartFact::Panicked { text: "Exception was unhandled.".into() });
    for (fact, end) in
        [(locked, "Seen: secure boot, flash encryption: on."), (panicked, "Seen: Exception was unhandled.")]
    {
        let Verdict::Fail(diagnosis) = verdict(vec![fact]) else { panic!("no failure") };
        let why = diagnosis.problem().why;
        assert!(why.ends_with(end), "{why}");
    }
}
