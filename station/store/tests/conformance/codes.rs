//! One-time codes.

use std::time::Duration;

use firstpass_domain::{CodeHash, Timestamp};
use firstpass_store::{CodeRecord, IssueError, NewCode, NewSession};

use super::{
    fixture::{Place, assert_conflict, certificate, digest, evidence, later, mac, now, policy, session},
    line::Line,
};

pub(crate) async fn a_code_buys_one_session_with_its_certificate(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let code = line.code(run, true).await;
    let (session, certificate, seen, at) = (session(), certificate(None), evidence(), now());
    let redeemed = line.store.redeem_code(code, Some(unit), &session, Some(&certificate), &seen, at).await;
    assert_eq!(redeemed.unwrap(), run);

    let record = line.store.find_code(code).await.unwrap().unwrap();
    assert_eq!((record.run, record.mac, record.redeemed, record.voided), (run, unit, Some(at), None));
    let issued = line.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert_eq!((issued.mac, issued.run, issued.issued), (unit, run, at));
    assert_eq!(issued.certificate, Some(certificate.fingerprint));
    let issued = line.store.certificate(&certificate.serial).await.unwrap().unwrap();
    assert_eq!((issued.run, issued.certificate.mac), (Some(run), Some(unit)));
    assert_eq!(line.store.run(run).await.unwrap().unwrap().evidence, [seen]);
}

pub(crate) async fn a_code_that_is_unknown_used_expired_or_bound_elsewhere_buys_nothing(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let redeem = async |code, mac, at: Timestamp| {
        let session = session();
        let result = line.store.redeem_code(code, mac, &session, None, &evidence(), at).await;
        let is_issued = line.store.session_by_username(&session.mqtt_username).await.unwrap().is_some();
        assert_eq!(result.is_ok(), is_issued);
        result
    };
    assert!(matches!(redeem(CodeHash(digest()), None, now()).await, Err(IssueError::UnknownCode)));
    let code = line.code(run, false).await;
    assert!(matches!(redeem(code, Some(mac()), now()).await, Err(IssueError::OtherUnit)));
    let too_late = now().plus(Duration::from_secs(7200));
    assert!(matches!(redeem(code, None, too_late).await, Err(IssueError::VoidCode)));
    assert_eq!(redeem(code, None, now()).await.unwrap(), run);
    assert!(matches!(redeem(code, None, now()).await, Err(IssueError::UsedCode)));
    let void = line.code(run, false).await;
    line.fail(run).await;
    assert!(matches!(redeem(void, None, now()).await, Err(IssueError::VoidCode)));
    assert!(matches!(redeem(code, None, now()).await, Err(IssueError::UsedCode)));
}

pub(crate) async fn a_redemption_that_fails_leaves_the_code_unused(place: &dyn Place) {
    let line = Line::start(place).await;
    let first = line.admitted_run("A1").await;
    let (taken, _) = line.provision(first).await;
    let run = line.admitted_run("A2").await;
    let code = line.code(run, true).await;
    let before = line.audit().await;
    let clashing = NewSession { mqtt_username: taken.mqtt_username, ..session() };
    let new = certificate(None);
    let result = line.store.redeem_code(code, None, &clashing, Some(&new), &evidence(), now()).await;
    assert!(matches!(result, Err(IssueError::Store(_))), "{result:?}");
    assert_eq!(line.store.find_code(code).await.unwrap().unwrap().redeemed, None);
    assert_eq!(line.store.certificate(&new.serial).await.unwrap(), None);
    assert_eq!(line.audit().await, before);
    line.store.redeem_code(code, None, &session(), Some(&new), &evidence(), now()).await.unwrap();
}

pub(crate) async fn a_code_buys_a_certificate_only_when_it_says_so(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let (with, without) = (line.code(run, true).await, line.code(run, false).await);
    let extra = certificate(None);
    for (code, certificate) in [(with, None), (without, Some(&extra))] {
        let result = line.store.redeem_code(code, None, &session(), certificate, &evidence(), now()).await;
        assert!(result.unwrap_err().to_string().contains("whether there is a certificate"));
    }
    let foreign = certificate(Some(mac()));
    let result = line.store.redeem_code(with, None, &session(), Some(&foreign), &evidence(), now()).await;
    assert!(result.unwrap_err().to_string().contains("names another unit"));
}

pub(crate) async fn a_batch_issues_no_more_than_its_quota(place: &dyn Place) {
    let line = Line::with_quota(place, Some(3)).await;
    let runs = [line.admitted_run("A1").await, line.admitted_run("A2").await, line.admitted_run("A3").await];
    line.provision(runs[0]).await;
    line.provision(runs[1]).await;
    let code = line.code(runs[2], false).await;
    // Whoever was admitted has a place, unless the batch was made smaller meanwhile.
    place.tamper("UPDATE batches SET quota = 2").await.unwrap();
    let redeem = async || line.store.redeem_code(code, None, &session(), None, &evidence(), now()).await;
    assert!(matches!(redeem().await, Err(IssueError::QuotaReached)));
    let on_behalf = line.store.issue_session(runs[2], &session(), None, &evidence(), now()).await;
    assert!(matches!(on_behalf, Err(IssueError::QuotaReached)));
    // A failed run gives its place back, and the same unit once more is still the same unit.
    line.fail(runs[0]).await;
    redeem().await.unwrap();
    line.provision(runs[1]).await;
}

pub(crate) async fn a_code_needs_a_unit_that_was_admitted(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.begin("A1").await.id;
    let code = NewCode { hash: CodeHash(digest()), run, expires: later(), certificate: false };
    assert_conflict!(line.store.issue_code(&code, now()), "no unit that was admitted");
    let unit = mac();
    line.identify(run, unit).await;
    line.store.issue_code(&code, now()).await.unwrap();
    assert_conflict!(line.store.issue_code(&code, now()), "on record already");
    let NewCode { run, expires, certificate, .. } = code;
    let record = CodeRecord { run, mac: unit, expires, certificate, redeemed: None, voided: None };
    assert_eq!(line.store.find_code(code.hash).await.unwrap(), Some(record));
}
