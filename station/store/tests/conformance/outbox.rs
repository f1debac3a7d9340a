//! Messages to webhooks, and answers that are kept: nothing is lost, nothing comes twice, everything has an end.

use std::time::Duration;

use firstpass_domain::{KnownUnit, Policy, Sha256Digest, Timestamp};
use firstpass_store::{
    BatchState, Claimed, EventFacts, KeptAnswer, KeyedCommand, MessageFilter, MessageState, OutboxMessage,
    SealedSecret, WEBHOOKS_MAX, WebhookError, WebhookEvent, WebhookId, WebhookSettings,
};
use uuid::Uuid;

use super::{
    fixture::{Place, act, mac, now, policy, unique},
    line::Line,
};

fn settings(events: &[WebhookEvent]) -> WebhookSettings {
    let name = format!("mes {}", unique());
    WebhookSettings { name, url: "https://mes.test/hook".to_owned(), events: events.to_vec(), enabled: true }
}

fn secret() -> SealedSecret {
    SealedSecret(unique().to_be_bytes().to_vec())
}

async fn hook(line: &Line, events: &[WebhookEvent]) -> WebhookId {
    line.store.add_webhook(&settings(events), &secret(), &act(), now()).await.unwrap().id
}

/// Makes messages until there is nothing more to make; returns how many were made.
async fn fill(line: &Line) -> u32 {
    let (mut hint, mut made) = (0, 0);
    loop {
        let filled = line.store.fill_outbox(hint, now()).await.unwrap();
        (hint, made) = (filled.up_to, made + filled.made);
        if !filled.more {
            return made;
        }
    }
}

async fn messages(line: &Line, webhook: WebhookId, state: Option<MessageState>) -> Vec<OutboxMessage> {
    line.store.messages(&MessageFilter { webhook, state, before: None, limit: 100 }).await.unwrap()
}

async fn next(line: &Line, webhook: WebhookId) -> OutboxMessage {
    line.store.next_message(webhook).await.unwrap().unwrap()
}

async fn passed(line: &Line) {
    let run = line.admitted_run("A1").await;
    line.provision(run).await;
    line.pass(run).await;
}

async fn failed(line: &Line) {
    let run = line.admitted_run("A1").await;
    line.fail(run).await;
}

pub(crate) async fn every_end_makes_one_message_for_each_webhook_that_is_told_of_it(place: &dyn Place) {
    let line = Line::start(place).await;
    passed(&line).await;
    let all = hook(&line, &WebhookEvent::ALL).await;
    let failures = hook(&line, &[WebhookEvent::UnitFailed]).await;
    passed(&line).await;
    failed(&line).await;
    line.store.set_batch_state(line.batch, BatchState::Closed, &act(), now()).await.unwrap();
    assert_eq!(fill(&line).await, 4, "what passed before the webhooks were added is not told");
    assert_eq!(fill(&line).await, 0, "and nothing is told twice");
    let told: Vec<_> = messages(&line, all, None).await.iter().rev().map(|message| message.event).collect();
    assert_eq!(told, WebhookEvent::ALL);
    let failure = &messages(&line, failures, None).await[0];
    let EventFacts::Run(facts) = &failure.facts else { panic!("{failure:?}") };
    assert_eq!((facts.batch.batch(), facts.standing.as_deref()), (line.batch, Some("failed")));
    assert!(facts.mac.is_some() && facts.admitted && facts.attempt == 1 && facts.ended > facts.began);
    assert_eq!(facts.diagnosis.as_ref().unwrap().code.name(), "boot_silent");
    let entries = line.audit().await;
    let entry = entries.iter().find(|entry| entry.seq == failure.seq).unwrap();
    assert_eq!((entry.hash, entry.at, &entry.subject), (failure.hash, failure.at, &facts.run.to_string()));
}

pub(crate) async fn a_repair_is_told_to_nobody(place: &dyn Place) {
    let line = Line::start(place).await;
    let webhook = hook(&line, &WebhookEvent::ALL).await;
    let repair = Policy { known_unit: KnownUnit::Reissue, repair: true, ..policy() };
    let repairs = Line::of(line.store.clone(), &repair, None).await;
    let run = repairs.run_with("B1", mac(), &repair).await;
    repairs.provision(run).await;
    repairs.pass(run).await;
    line.store.set_batch_state(repairs.batch, BatchState::Closed, &act(), now()).await.unwrap();
    assert_eq!(fill(&line).await, 0, "neither its end nor that of its batch");
    assert!(line.store.next_message(webhook).await.unwrap().is_none());
    line.store.set_batch_state(line.batch, BatchState::Closed, &act(), now()).await.unwrap();
    assert_eq!(fill(&line).await, 1, "the order's batch is told");
}

pub(crate) async fn a_station_that_starts_again_goes_on_where_it_was(place: &dyn Place) {
    let line = Line::start(place).await;
    let webhook = hook(&line, &WebhookEvent::ALL).await;
    failed(&line).await;
    assert_eq!(fill(&line).await, 1);
    failed(&line).await;
    line.store.close().await;
    let again = Line { store: place.open("s1").await, ..line };
    assert_eq!(fill(&again).await, 1, "the one that was not yet a message");
    assert_eq!(messages(&again, webhook, Some(MessageState::Waiting)).await.len(), 2);
}

pub(crate) async fn a_station_sends_what_it_has_itself_put_on_record(place: &dyn Place) {
    let first = Line::start(place).await;
    let webhook = hook(&first, &WebhookEvent::ALL).await;
    let second = Line::on(place.open("s2").await, None).await;
    failed(&first).await;
    failed(&second).await;
    assert_eq!((fill(&first).await, fill(&second).await), (1, 1));
    assert_eq!(next(&first, webhook).await.station.as_str(), "s1");
    assert_eq!(next(&second, webhook).await.station.as_str(), "s2");
}

pub(crate) async fn messages_come_in_order_and_a_parked_one_holds_up_no_other(place: &dyn Place) {
    let line = Line::start(place).await;
    let webhook = hook(&line, &WebhookEvent::ALL).await;
    for _ in 0..3 {
        failed(&line).await;
    }
    assert_eq!(fill(&line).await, 3);
    let first = next(&line, webhook).await;
    let due = now().plus(Duration::from_secs(60));
    line.store.message_failed(&first, true, "HTTP 500", due, now()).await.unwrap();
    let tried = next(&line, webhook).await;
    assert_eq!((tried.seq, tried.tries, tried.due), (first.seq, 1, due), "it keeps its turn");
    line.store.message_failed(&first, false, "not reached", due, now()).await.unwrap();
    assert_eq!(next(&line, webhook).await.tries, 1, "a receiver that is away says nothing of the message");
    line.store.park_message(&first, "HTTP 400", now()).await.unwrap();
    let second = next(&line, webhook).await;
    assert!(second.seq > first.seq);
    line.store.message_sent(&second, "HTTP 204", now()).await.unwrap();
    let queue = &line.store.webhook_queues().await.unwrap()[0];
    assert_eq!((queue.webhook, queue.waiting, queue.parked), (webhook, 1, 1));
    assert_eq!(line.store.resume_messages(webhook, Some(first.seq), &act(), now()).await.unwrap(), 1);
    assert_eq!(line.store.resume_messages(webhook, None, &act(), now()).await.unwrap(), 0);
    let resumed = next(&line, webhook).await;
    assert_eq!((resumed.seq, resumed.tries), (first.seq, 0));
    assert_eq!(line.story(webhook.0).await, ["webhook.changed", "webhook.parked", "webhook.parked"]);
}

pub(crate) async fn of_the_messages_that_were_taken_the_newest_are_kept(place: &dyn Place) {
    let line = Line::start(place).await;
    let webhook = hook(&line, &WebhookEvent::ALL).await;
    for _ in 0..205 {
        let run = line.begin("A1").await.id;
        line.fail(run).await;
    }
    assert_eq!(fill(&line).await, 205);
    let mut last = 0;
    while let Some(message) = line.store.next_message(webhook).await.unwrap() {
        line.store.message_sent(&message, "HTTP 200", now()).await.unwrap();
        last = message.seq;
    }
    let filter = MessageFilter { webhook, state: Some(MessageState::Sent), before: None, limit: 1000 };
    let kept = line.store.messages(&filter).await.unwrap();
    assert_eq!((kept.len(), kept[0].seq), (200, last));
    let page = MessageFilter { before: Some(kept[99].seq), limit: 5, ..filter };
    assert_eq!(line.store.messages(&page).await.unwrap(), kept[100..105]);
}

pub(crate) async fn what_happens_while_a_webhook_is_off_it_is_never_told(place: &dyn Place) {
    let line = Line::start(place).await;
    let on = settings(&WebhookEvent::ALL);
    let webhook = line.store.add_webhook(&on, &secret(), &act(), now()).await.unwrap().id;
    let off = WebhookSettings { enabled: false, ..on.clone() };
    assert!(line.store.change_webhook(webhook, &off, &act(), now()).await.unwrap());
    failed(&line).await;
    assert_eq!(fill(&line).await, 0);
    assert!(line.store.change_webhook(webhook, &on, &act(), now()).await.unwrap());
    assert!(!line.store.change_webhook(webhook, &on, &act(), now()).await.unwrap(), "it was on");
    failed(&line).await;
    assert_eq!(fill(&line).await, 1);
}

pub(crate) async fn a_webhook_has_a_name_of_its_own_and_its_secret_stays_out_of_the_log(place: &dyn Place) {
    let line = Line::start(place).await;
    let of_line = settings(&WebhookEvent::ALL);
    let first = line.store.add_webhook(&of_line, &secret(), &act(), now()).await.unwrap();
    let again = line.store.add_webhook(&of_line, &secret(), &act(), now()).await;
    assert!(matches!(again, Err(WebhookError::NameTaken)), "{again:?}");
    let (newer, until) = (secret(), now().plus(Duration::from_secs(60)));
    line.store.rotate_webhook_secret(first.id, &newer, until, &act(), now()).await.unwrap();
    let rotated = line.store.webhook(first.id).await.unwrap().unwrap();
    assert_eq!((&rotated.secret, rotated.previous), (&newer, Some((first.secret, until))));
    line.store.remove_webhook(first.id, &act(), now()).await.unwrap();
    let gone = line.store.remove_webhook(first.id, &act(), now()).await;
    assert!(matches!(gone, Err(WebhookError::Unknown)), "{gone:?}");
    assert_eq!(line.story(first.id.0).await, ["webhook.changed"; 3]);
    for entry in line.audit().await.iter().filter(|entry| entry.subject == first.id.0.to_string()) {
        assert!(entry.actor == "ada" && !entry.body.contains("secret\":"), "{}", entry.body);
    }
}

pub(crate) async fn there_are_no_more_webhooks_than_may_be(place: &dyn Place) {
    let line = Line::start(place).await;
    for _ in 0..WEBHOOKS_MAX {
        hook(&line, &WebhookEvent::ALL).await;
    }
    let more = line.store.add_webhook(&settings(&[]), &secret(), &act(), now()).await;
    assert!(matches!(more, Err(WebhookError::TooMany)), "{more:?}");
}

fn command(key: &str, request: u8, life: Uuid) -> KeyedCommand {
    let (asker, key) = ("ada".to_owned(), key.to_owned());
    KeyedCommand { asker, key, request: Sha256Digest::new([request; 32]), life }
}

async fn claim(line: &Line, command: &KeyedCommand, at: Timestamp) -> Claimed {
    line.store.claim_answer(command, at).await.unwrap()
}

pub(crate) async fn a_command_that_comes_again_with_its_key_gets_the_same_answer(place: &dyn Place) {
    let line = Line::start(place).await;
    let (life, start) = (Uuid::from_u128(1), now());
    let first = command("k", 1, life);
    assert_eq!(claim(&line, &first, start).await, Claimed::New);
    assert_eq!(claim(&line, &first, start).await, Claimed::InWork);
    assert_eq!(claim(&line, &command("k", 2, life), start).await, Claimed::OtherRequest);
    assert_eq!(claim(&line, &command("k", 1, Uuid::from_u128(2)), start).await, Claimed::Unknown);
    let (media_type, location) = (Some("application/json".to_owned()), Some("/api/v1/batches/7".to_owned()));
    let answer = KeptAnswer { status: 201, media_type, location, body: Some(b"{}".to_vec()) };
    line.store.keep_answer(&first, &answer).await.unwrap();
    line.store.close().await;
    let line = Line { store: place.open("s1").await, ..line };
    let next_life = command("k", 1, Uuid::from_u128(3));
    assert_eq!(claim(&line, &next_life, start).await, Claimed::Answered(answer));
    line.store.release_answer(&next_life).await.unwrap();
    assert!(matches!(claim(&line, &next_life, start).await, Claimed::Answered(_)), "what was answered stays so");
    let other = KeyedCommand { asker: "bob".to_owned(), ..next_life.clone() };
    assert_eq!(claim(&line, &other, start).await, Claimed::New, "keys are each asker's own");
    line.store.release_answer(&other).await.unwrap();
    assert_eq!(claim(&line, &other, start).await, Claimed::New, "it came to nothing and may be tried again");
    let tomorrow = start.plus(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(claim(&line, &next_life, tomorrow).await, Claimed::New, "answers are kept for a day");
}

fn of_asker(asker: &str, key: u32) -> KeyedCommand {
    KeyedCommand { asker: asker.to_owned(), ..command(&format!("k{key}"), 1, Uuid::from_u128(1)) }
}

/// As many commands of ada, `k10001` and on, as are kept of one asker; all as bob's `k0`, and as old.
const THOUSAND: &str = "INSERT INTO answers (asker, key, request, life, status, media_type, location, body, asked_at)
     WITH RECURSIVE n (i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 11000)
     SELECT 'ada', 'k' || n.i, a.request, a.life, a.status, a.media_type, a.location, a.body, a.asked_at
     FROM n, answers a WHERE a.asker = 'bob' AND a.key = 'k0'";

pub(crate) async fn kept_answers_push_out_only_the_oldest_of_the_same_asker(place: &dyn Place) {
    let line = Line::start(place).await;
    let start = now();
    let answer = KeptAnswer { status: 200, media_type: None, location: None, body: Some(b"{}".to_vec()) };
    let keep = async |command: &KeyedCommand| line.store.keep_answer(command, &answer).await.unwrap();
    let open = of_asker("ada", 1);
    assert_eq!(claim(&line, &open, start).await, Claimed::New);
    let others = of_asker("bob", 0);
    assert_eq!(claim(&line, &others, start).await, Claimed::New);
    keep(&others).await;
    place.tamper(THOUSAND).await.unwrap();
    let later = start.plus(Duration::from_secs(1));
    let newest = of_asker("ada", 5);
    assert_eq!(claim(&line, &newest, later).await, Claimed::New);
    keep(&newest).await;
    let answered = Claimed::Answered(answer.clone());
    assert_eq!(claim(&line, &of_asker("ada", 10_002), later).await, answered, "of as old ones, one gives way");
    assert_eq!(claim(&line, &of_asker("ada", 10_001), later).await, Claimed::New, "the oldest");
    assert_eq!(claim(&line, &open, later).await, Claimed::InWork, "what is in work stays");
    assert_eq!(claim(&line, &newest, later).await, answered);
    assert_eq!(claim(&line, &others, later).await, answered, "and so does what others asked");
}

pub(crate) async fn a_command_that_was_given_up_is_in_doubt_for_a_day_and_there_is_an_end_to_that(place: &dyn Place) {
    let line = Line::start(place).await;
    let start = now();
    let others = of_asker("bob", 0);
    assert_eq!(claim(&line, &others, start).await, Claimed::New);
    place.tamper(THOUSAND).await.unwrap();
    let (first, further) = (of_asker("ada", 10_001), of_asker("ada", 1));
    assert_eq!(claim(&line, &first, start).await, Claimed::InWork);
    line.store.doubt_answer(&first).await.unwrap();
    assert_eq!(claim(&line, &first, start).await, Claimed::Unknown, "also in the same life of the server");
    assert_eq!(claim(&line, &further, start).await, Claimed::TooMany);
    assert_eq!(claim(&line, &of_asker("bob", 1), start).await, Claimed::New, "another asker is not held up");
    line.store.release_answer(&of_asker("ada", 10_002)).await.unwrap();
    assert_eq!(claim(&line, &further, start).await, Claimed::New);
    let answer = KeptAnswer { status: 200, media_type: None, location: None, body: None };
    line.store.keep_answer(&further, &answer).await.unwrap();
    line.store.doubt_answer(&further).await.unwrap();
    assert_eq!(claim(&line, &further, start).await, Claimed::Answered(answer), "what was answered is in no doubt");
    let tomorrow = start.plus(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(claim(&line, &first, tomorrow).await, Claimed::New);
}
