//! What becomes of a pass that the record does not take.

use firstpass_domain::{DeviceId, DiagnosisCode, PasswordVerifier, RunId, Sha256Digest, Timestamp};
use firstpass_store::{Act, NewCertificate, NewSession};

use super::*;
use crate::testing::{Bench, MAC, NOW};

const SERIAL: &str = "c0ffee";

fn session() -> NewSession {
    NewSession {
        device_id: DeviceId::new("device-9").unwrap(),
        device_key: "key-9".to_owned(),
        workspace_slug: "factory".to_owned(),
        mqtt_host: "broker.test".to_owned(),
        mqtt_port: 8883,
        mqtt_username: "user-9".to_owned(),
        verifier: PasswordVerifier::make("correct horse", [7; 16]),
        token: None,
    }
}

fn certificate() -> NewCertificate {
    NewCertificate {
        serial: SERIAL.to_owned(),
        fingerprint: Sha256Digest::of(b"certificate"),
        pem: String::new(),
        subject: "device-9".to_owned(),
        not_before: NOW,
        not_after: Timestamp::from_micros(NOW.as_micros() + 1_000_000),
        mac: Some(MAC),
    }
}

/// A run that lacks nothing but its pass, with a session and a certificate of its own.
async fn proved(bench: &Bench) -> RunId {
    let run = bench.begin().await;
    bench.prove(run).await;
    let issued = Evidence { at: NOW, fact: Fact::TimedOut { step: firstpass_domain::Step::Boot, after_ms: 1 } };
    bench.store.issue_session(run, &session(), Some(&certificate()), &issued, NOW).await.unwrap();
    run
}

#[tokio::test]
async fn a_run_whose_credentials_were_revoked_in_the_last_moment_fails_and_says_so() {
    let bench = Bench::new(None).await;
    let run = proved(&bench).await;
    let detail = async || bench.store.run(run).await.unwrap().unwrap();
    assert_eq!(revoked_meanwhile(bench.store.as_ref(), &detail().await).await.unwrap(), None);
    let reset = Act { actor: "ada".to_owned(), reason: "reset".to_owned() };
    assert!(bench.store.revoke_certificate(SERIAL, &reset, NOW).await.unwrap());
    let refused = bench.store.finish_run(run, &RunEnd::Passed, &[], NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    let fact = revoked_meanwhile(bench.store.as_ref(), &detail().await).await.unwrap().unwrap();
    bench.store.add_evidence(run, &[Evidence { at: NOW, fact }]).await.unwrap();
    let detail = detail().await;
    let Verdict::Fail(diagnosis) = judge(&detail.policy, &detail.evidence) else { panic!("it does not fail") };
    assert_eq!((diagnosis.code, diagnosis.seen.as_str()), (DiagnosisCode::CredentialsRevoked, "broker user user-9"));
    bench.store.finish_run(run, &RunEnd::Failed(diagnosis), &[], NOW).await.unwrap();
}
