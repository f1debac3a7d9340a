//! Sessions and claims.

use firstpass_store::{ClaimError, IssueError, NewSession, StoreError};

use super::{
    fixture::{Place, act, certificate, digest, evidence, mac, now, policy, session},
    line::Line,
};

pub(crate) async fn a_session_is_found_by_its_broker_user_and_verifies_only_its_password(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let (session, certificate) = line.provision(run).await;
    let found = line.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert!(found.session.verifier.verify("correct horse"));
    assert!(!found.session.verifier.verify("battery staple"));
    assert_eq!(format!("{:?}", found.session), format!("{session:?}"));
    assert_eq!((found.certificate, found.revoked), (Some(certificate.fingerprint), None));
}

pub(crate) async fn a_session_whose_certificate_is_revoked_may_not_log_in(place: &dyn Place) {
    let line = Line::start(place).await;
    let (first, second) = (line.admitted_run("A1").await, line.admitted_run("A2").await);
    let (revoked, untouched) = (line.provision(first).await, line.provision(second).await);
    let at = now();
    line.store.revoke_certificate(&revoked.1.serial, &act(), at).await.unwrap();
    let found = line.store.session_by_username(&revoked.0.mqtt_username).await.unwrap().unwrap();
    assert_eq!((found.revoked, found.certificate_revoked, found.may_log_in()), (None, Some(at), false));
    let found = line.store.session_by_username(&untouched.0.mqtt_username).await.unwrap().unwrap();
    assert_eq!((found.revoked, found.certificate_revoked, found.may_log_in()), (None, None, true));
    line.fail(second).await;
    let found = line.store.session_by_username(&untouched.0.mqtt_username).await.unwrap().unwrap();
    assert!(!found.may_log_in());
    let without = line.admitted_run("A2").await;
    let plain = session();
    line.store.issue_session(without, &plain, None, &evidence(), now()).await.unwrap();
    assert!(line.store.session_by_username(&plain.mqtt_username).await.unwrap().unwrap().may_log_in());
}

pub(crate) async fn a_session_on_behalf_of_a_unit_needs_no_code(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let (session, certificate, seen) = (session(), certificate(Some(unit)), evidence());
    line.store.issue_session(run, &session, Some(&certificate), &seen, now()).await.unwrap();
    let found = line.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert_eq!((found.mac, found.certificate), (unit, Some(certificate.fingerprint)));
    assert_eq!(line.store.run(run).await.unwrap().unwrap().evidence, [seen]);
    let waiting = line.begin("A2").await.id;
    let result = line.store.issue_session(waiting, &self::session(), None, &evidence(), now()).await;
    assert!(matches!(result, Err(IssueError::Store(StoreError::Conflict { .. }))));
}

pub(crate) async fn no_two_sessions_share_identity_topic_key_user_or_token(place: &dyn Place) {
    let line = Line::start(place).await;
    let first = line.admitted_run("A1").await;
    let (taken, certificate) = line.provision(first).await;
    let run = line.admitted_run("A2").await;
    let clashing = [
        NewSession { device_id: taken.device_id.clone(), ..session() },
        NewSession { device_key: taken.device_key.clone(), ..session() },
        NewSession { mqtt_username: taken.mqtt_username.clone(), ..session() },
        NewSession { token: taken.token, ..session() },
    ];
    for session in &clashing {
        let result = line.store.issue_session(run, session, None, &evidence(), now()).await;
        assert!(matches!(result, Err(IssueError::Store(StoreError::Conflict { .. }))), "{session:?}");
    }
    let result = line.store.issue_session(run, &session(), Some(&certificate), &evidence(), now()).await;
    assert!(result.unwrap_err().to_string().contains("serial number or fingerprint is on record"));
    let elsewhere =
        NewSession { device_key: taken.device_key, workspace_slug: "other".to_owned(), token: None, ..session() };
    line.store.issue_session(run, &elsewhere, None, &evidence(), now()).await.unwrap();
}

pub(crate) async fn a_claim_binds_one_code_to_one_unit(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let other_run = line.admitted_run("A2").await;
    let (first, second) = (line.provision(run).await.0, line.provision(other_run).await.0);
    let bind = async |session: &NewSession, claim| line.store.bind_claim(session.token.unwrap(), claim, now()).await;
    let claim = digest();
    assert!(matches!(bind(&session(), claim).await, Err(ClaimError::UnknownToken)));
    bind(&first, claim).await.unwrap();
    bind(&first, claim).await.unwrap();
    assert!(matches!(bind(&first, digest()).await, Err(ClaimError::AlreadyClaimed)));
    assert!(matches!(bind(&second, claim).await, Err(ClaimError::ClaimUsed)));
    line.fail(other_run).await;
    assert!(matches!(bind(&second, digest()).await, Err(ClaimError::UnknownToken)));
    assert_eq!(line.story(unit).await, ["claim.bound"]);
}
