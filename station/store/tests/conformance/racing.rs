//! Many at once.

use std::{collections::HashSet, sync::Arc};

use firstpass_domain::evidence::Rule;
use firstpass_store::{Admission, IssueError};
use tokio::{sync::Barrier, task::JoinSet};

use super::{
    fixture::{Place, evidence, mac, now, pattern, policy, session},
    line::Line,
};

pub(crate) async fn a_code_raced_for_by_16_tasks_is_redeemed_once(place: &dyn Place) {
    const TASKS: usize = 16;
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let code = line.code(run, false).await;
    let start = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (line, start) = (line.clone(), start.clone());
        tasks.spawn(async move {
            start.wait().await;
            line.store.redeem_code(code, None, &session(), None, &evidence(), now()).await
        });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let used = results.iter().filter(|result| matches!(result, Err(IssueError::UsedCode))).count();
    assert_eq!(used, TASKS - 1);
    assert_eq!(line.story(run).await.iter().filter(|kind| **kind == "session.issued").count(), 1);
}

pub(crate) async fn a_unit_raced_for_by_8_slots_goes_to_one(place: &dyn Place) {
    const SLOTS: usize = 8;
    let line = Line::start(place).await;
    let unit = mac();
    let start = Arc::new(Barrier::new(SLOTS));
    let mut tasks = JoinSet::new();
    for slot in 0..SLOTS {
        let (line, start) = (line.clone(), start.clone());
        tasks.spawn(async move {
            let run = line.begin(&format!("A{slot}")).await.id;
            start.wait().await;
            line.identify(run, unit).await
        });
    }
    let admissions = tasks.join_all().await;
    let admitted = Admission::Admitted { attempt: 1 };
    assert_eq!(admissions.iter().filter(|admission| **admission == admitted).count(), 1);
    let refused = Admission::Refused { attempt: 2, rule: Rule::InWorkElsewhere };
    assert_eq!(admissions.iter().filter(|admission| **admission == refused).count(), SLOTS - 1);
}

pub(crate) async fn the_last_places_of_a_batch_raced_for_by_8_slots_are_given_once(place: &dyn Place) {
    const SLOTS: usize = 8;
    const PLACES: usize = 3;
    let line = Line::with_quota(place, Some(3)).await;
    let start = Arc::new(Barrier::new(SLOTS));
    let mut tasks = JoinSet::new();
    for slot in 0..SLOTS {
        let (line, start) = (line.clone(), start.clone());
        tasks.spawn(async move {
            let run = line.begin(&format!("A{slot}")).await.id;
            start.wait().await;
            let admission = line.identify(run, mac()).await;
            if let Admission::Admitted { .. } = admission {
                line.store.issue_session(run, &session(), None, &evidence(), now()).await.unwrap();
            }
            admission
        });
    }
    let admissions = tasks.join_all().await;
    let admitted = Admission::Admitted { attempt: 1 };
    assert_eq!(admissions.iter().filter(|admission| **admission == admitted).count(), PLACES);
    let refused = Admission::Refused { attempt: 1, rule: Rule::QuotaReached };
    assert_eq!(admissions.iter().filter(|admission| **admission == refused).count(), SLOTS - PLACES);
}

pub(crate) async fn eight_slots_never_share_a_serial_a_code_or_a_session(place: &dyn Place) {
    const SLOTS: usize = 8;
    const RUNS: usize = 4;
    let line = Line::start(place).await;
    let mut tasks = JoinSet::new();
    for slot in 0..SLOTS {
        let line = line.clone();
        tasks.spawn(async move {
            let mut serials = Vec::new();
            for _ in 0..RUNS {
                let run = line.admitted_run(&format!("A{slot}")).await;
                serials.push(line.store.allocate_serial(run, &pattern("FP"), now()).await.unwrap());
                line.provision(run).await;
                line.pass(run).await;
            }
            serials
        });
    }
    let serials: HashSet<String> = tasks.join_all().await.concat().iter().map(ToString::to_string).collect();
    let expected: HashSet<String> = (1..=SLOTS * RUNS).map(|number| format!("FP{number:08}")).collect();
    assert_eq!(serials, expected);
    line.verify().await.unwrap();
}

pub(crate) async fn two_stations_write_one_chain(place: &dyn Place) {
    const RUNS: usize = 6;
    let stations = [place.open("s1").await, place.open("s2").await];
    let mut tasks = JoinSet::new();
    for store in stations {
        tasks.spawn(async move {
            let line = Line::on(store, None).await;
            for _ in 0..RUNS {
                let run = line.run_with("A1", mac(), &policy()).await;
                line.provision(run).await;
                line.pass(run).await;
            }
            line
        });
    }
    let lines = tasks.join_all().await;
    let entries = lines[0].verify().await.unwrap();
    assert_eq!(lines[1].verify().await, Ok(entries));
    let writers: HashSet<String> = lines[0].audit().await.into_iter().map(|entry| entry.station.to_string()).collect();
    assert_eq!(writers.len(), 2);
}

pub(crate) async fn slots_with_patterns_that_make_the_same_texts_never_share_a_serial(place: &dyn Place) {
    const SLOTS: usize = 8;
    const RUNS: usize = 6;
    // FP1 with one digit makes some of what FP with two digits makes.
    const PATTERNS: [&str; 2] = ["FP1{number:01}", "FP{number:02}"];
    let line = Line::start(place).await;
    let mut tasks = JoinSet::new();
    for slot in 0..SLOTS {
        let (line, pattern) = (line.clone(), PATTERNS[slot % PATTERNS.len()].parse().unwrap());
        tasks.spawn(async move {
            let mut serials = Vec::new();
            for _ in 0..RUNS {
                let run = line.admitted_run(&format!("A{slot}")).await;
                serials.push(line.store.allocate_serial(run, &pattern, now()).await.unwrap());
                line.fail(run).await;
            }
            serials
        });
    }
    let given = tasks.join_all().await.concat();
    let texts: HashSet<&str> = given.iter().map(|serial| serial.as_str()).collect();
    assert_eq!(texts.len(), SLOTS * RUNS);
    let recorded = line.store.serials(None, 1000).await.unwrap();
    assert_eq!(recorded.iter().map(|record| record.serial.as_str()).collect::<HashSet<_>>(), texts);
}
