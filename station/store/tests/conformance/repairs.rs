//! A repair of a unit's credentials: it proves them, and says nothing of the unit.

use firstpass_domain::{KnownUnit, Mac, Policy, RunId, evidence::Rule};
use firstpass_store::{Admission, BatchYield, SerialFate, Standing};

use super::{
    fixture::{Place, mac, now, pattern, policy},
    line::Line,
};

/// A repair on the record of `line`, in a batch of its own.
async fn repairs_of(line: &Line) -> (Line, Policy) {
    let repair = Policy { known_unit: KnownUnit::Reissue, repair: true, ..policy() };
    (Line::of(line.store.clone(), &repair, None).await, repair)
}

/// Repairs a unit; its new session works.
async fn repair(line: &Line, unit: Mac) -> Line {
    let (repairs, policy) = repairs_of(line).await;
    let run = repairs.run_with("B1", unit, &policy).await;
    let (session, _) = repairs.provision(run).await;
    repairs.pass(run).await;
    let live = line.store.live_session(unit).await.unwrap().unwrap();
    assert_eq!(live.session.mqtt_username, session.mqtt_username);
    repairs
}

async fn standing(line: &Line, unit: Mac) -> Option<Standing> {
    line.store.unit(unit).await.unwrap().unwrap().summary.standing
}

async fn fate(line: &Line, unit: Mac) -> SerialFate {
    let serials = line.store.serials(None, 1000).await.unwrap();
    serials.into_iter().find(|serial| serial.mac == unit).unwrap().fate
}

async fn with_serial(line: &Line, unit: Mac) -> RunId {
    let run = line.run_with("A1", unit, &policy()).await;
    line.store.allocate_serial(run, &pattern("RP"), now()).await.unwrap();
    line.provision(run).await;
    run
}

pub(crate) async fn a_repair_passes_no_unit_that_never_passed(place: &dyn Place) {
    let line = Line::start(place).await;
    let (unit, stranger) = (mac(), mac());
    let failed = with_serial(&line, unit).await;
    line.fail(failed).await;
    repair(&line, unit).await;
    assert_eq!((standing(&line, unit).await, fate(&line, unit).await), (Some(Standing::Failed), SerialFate::Failed));
    repair(&line, stranger).await;
    assert_eq!(standing(&line, stranger).await, None, "nobody has tested it");
    for unit in [unit, stranger] {
        let detail = line.store.unit(unit).await.unwrap().unwrap();
        assert!(detail.summary.last_run.unwrap().repair);
        // It has not passed before, so the line takes it.
        let run = line.run_with("A1", unit, &policy()).await;
        line.pass(run).await;
        assert_eq!(standing(&line, unit).await, Some(Standing::Passed));
    }
}

pub(crate) async fn a_repair_leaves_a_passed_unit_passed_and_in_its_place(place: &dyn Place) {
    let line = Line::with_quota(place, Some(1)).await;
    let unit = mac();
    let run = with_serial(&line, unit).await;
    line.pass(run).await;
    let before = line.store.batch_yield(line.batch).await.unwrap();
    let repairs = repair(&line, unit).await;
    let (_, policy) = repairs_of(&line).await;
    let spoilt = repairs.run_with("B1", unit, &policy).await;
    line.fail(spoilt).await;
    assert_eq!((standing(&line, unit).await, fate(&line, unit).await), (Some(Standing::Passed), SerialFate::Passed));
    assert_eq!(line.store.batch_yield(line.batch).await.unwrap(), before);
    let other = line.begin("A1").await.id;
    assert_eq!(line.identify(other, mac()).await, Admission::Refused { attempt: 1, rule: Rule::QuotaReached });
    line.fail(other).await;
    let again = line.begin("A1").await.id;
    assert_eq!(line.identify(again, unit).await, Admission::Refused { attempt: 2, rule: Rule::PassedBefore });
}

pub(crate) async fn a_repair_is_no_attempt_and_counts_in_no_yield(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let two = Policy { max_attempts: 2, ..policy() };
    let run = line.run_with("A1", unit, &two).await;
    line.fail(run).await;
    for _ in 0..2 {
        let repairs = repair(&line, unit).await;
        assert_eq!(line.store.batch_yield(repairs.batch).await.unwrap(), BatchYield::default());
    }
    let shown = line.store.unit(unit).await.unwrap().unwrap();
    let attempts: Vec<u32> = shown.runs.iter().map(|run| run.attempt).collect();
    assert_eq!((shown.summary.attempts, attempts), (1, vec![1, 0, 0]));
    line.run_with("A1", unit, &two).await;
}
