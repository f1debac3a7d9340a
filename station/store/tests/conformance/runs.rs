//! Runs, steps and evidence.

use firstpass_domain::{Evidence, Mac, RunState, Step, StepOutcome};
use firstpass_store::{BatchId, NewBatch, NewRun, StepRecord};
use uuid::Uuid;

use super::{
    fixture::{Place, assert_conflict, digest, evidence, mac, now, pattern, policy, session, slot},
    line::Line,
    proof,
};

pub(crate) async fn a_restarted_station_is_told_its_own_open_runs_oldest_first(place: &dyn Place) {
    let line = Line::start(place).await;
    let first = line.begin("A1").await;
    let ended = line.begin("A2").await.id;
    let second = line.begin("A3").await;
    line.fail(ended).await;
    let other = place.open("s2").await;
    assert_eq!(other.start_station(now()).await.unwrap(), []);
    other.begin_run(&line.new_run("A1"), now()).await.unwrap();
    assert_eq!(line.store.start_station(now()).await.unwrap(), [first, second]);
}

pub(crate) async fn a_run_needs_a_started_station_a_batch_and_a_recipe(place: &dyn Place) {
    let line = Line::start(place).await;
    let stranger = place.open("s9").await;
    assert_conflict!(stranger.begin_run(&line.new_run("A1"), now()), "not been started");
    let run = NewRun { batch: BatchId(Uuid::from_u128(9)), ..line.new_run("A1") };
    assert_conflict!(line.store.begin_run(&run, now()), "batch is not on record");
    let run = NewRun { recipe: digest(), ..line.new_run("A1") };
    assert_conflict!(line.store.begin_run(&run, now()), "recipe is not on record");
    let (name, product) = ("order 8".to_owned(), String::new());
    let batch = NewBatch { name, product, recipe: digest(), quantity: None, quota: None };
    assert_conflict!(line.store.open_batch(&batch, now()), "recipe is not on record");
}

pub(crate) async fn a_slot_holds_one_open_run(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.begin("A1").await.id;
    assert_conflict!(line.store.begin_run(&line.new_run("A1"), now()), "slot A1 holds the open run");
    line.fail(run).await;
    let again = NewRun { id: run, ..line.new_run("A1") };
    assert_conflict!(line.store.begin_run(&again, now()), "a run of this id is on record");
    line.begin("A1").await;
}

pub(crate) async fn a_run_comes_back_as_it_was_recorded(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let (began, ended) = (now(), now());
    line.store.begin_step(run, Step::Identify, began).await.unwrap();
    line.store.end_step(run, Step::Identify, StepOutcome::Done, ended).await.unwrap();
    line.store.begin_step(run, Step::Prepare, ended).await.unwrap();
    let seen = [identified(unit), evidence(), identified(unit)];
    line.store.add_evidence(run, &seen[..2]).await.unwrap();
    line.store.add_evidence(run, &seen[2..]).await.unwrap();

    let detail = line.store.run(run).await.unwrap().unwrap();
    assert_eq!(detail.evidence, seen);
    assert_eq!((detail.run.mac, detail.run.attempt), (Some(unit), 1));
    assert_eq!((detail.run.slot, detail.run.state), (slot("A1"), RunState::Open));
    assert_eq!((detail.recipe_name.as_str(), &detail.policy), ("lamp", &policy()));
    assert_eq!((detail.run.recipe, detail.diagnosis), (line.recipe, None));
    assert_eq!(detail.policy.recipe_hash(&detail.recipe_text), line.recipe);
    let identify = StepRecord { step: Step::Identify, began, ended: Some((ended, StepOutcome::Done)) };
    assert_eq!(detail.steps, [identify, StepRecord { step: Step::Prepare, began: ended, ended: None }]);
}

fn identified(mac: Mac) -> Evidence {
    Evidence { at: now(), fact: proof::identified(mac) }
}

pub(crate) async fn a_step_begins_once_and_ends_once(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.begin("A1").await.id;
    assert_conflict!(line.store.end_step(run, Step::Flash, StepOutcome::Done, now()), "not under way");
    line.store.begin_step(run, Step::Flash, now()).await.unwrap();
    assert_conflict!(line.store.begin_step(run, Step::Flash, now()), "has begun already");
    line.store.end_step(run, Step::Flash, StepOutcome::Failed, now()).await.unwrap();
    assert_conflict!(line.store.end_step(run, Step::Flash, StepOutcome::Done, now()), "not under way");
    // A recipe of two stages flashes twice.
    line.step(run, Step::Flash).await;
    let steps = line.store.run(run).await.unwrap().unwrap().steps;
    let outcomes: Vec<_> = steps.iter().map(|step| step.ended.unwrap().1).collect();
    assert_eq!(outcomes, [StepOutcome::Failed, StepOutcome::Done]);
}

pub(crate) async fn an_ended_run_takes_nothing_more(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    line.store.begin_step(run, Step::Boot, now()).await.unwrap();
    line.fail(run).await;
    let before = line.audit().await;
    assert_conflict!(line.store.begin_step(run, Step::Flash, now()), "has ended");
    assert_conflict!(line.store.end_step(run, Step::Boot, StepOutcome::Done, now()), "has ended");
    assert_conflict!(line.store.add_evidence(run, &[evidence()]), "has ended");
    assert_conflict!(line.store.identify_run(run, mac(), &policy(), now()), "has ended");
    assert_conflict!(line.store.allocate_serial(run, &pattern("FP"), now()), "has ended");
    let issued = line.store.issue_session(run, &session(), None, &evidence(), now()).await;
    assert!(issued.unwrap_err().to_string().contains("has ended"));
    assert_eq!(line.store.run(run).await.unwrap().unwrap().evidence.len(), 1);
    assert_eq!(line.audit().await, before);
}

pub(crate) async fn all_runs_are_listed_page_by_page_each_with_its_batch(place: &dyn Place) {
    let line = Line::start(place).await;
    let mut begun = Vec::new();
    for slot in ["A1", "A2", "A3"] {
        begun.push(line.begin(slot).await.id);
    }
    begun.sort();
    let mut after = begun.first().copied();
    for expected in &begun[1..] {
        let page = line.store.run_page(after, 1).await.unwrap();
        assert_eq!(page.iter().map(|(run, batch)| (run.id, *batch)).collect::<Vec<_>>(), [(*expected, line.batch)]);
        after = Some(*expected);
    }
    assert!(line.store.run_page(None, 1).await.unwrap()[0].0.id <= begun[0]);
}
