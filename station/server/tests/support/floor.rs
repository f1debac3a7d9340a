//! A floor for tests: its slots and what happens on them are the test's, and what people ask of it is written down.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use firstpass_device::PortName;
use firstpass_domain::{Problem, SlotId, Timestamp};
use firstpass_line::{
    Presence,
    event::{EVENTS_MAX, LineEvent, LineEventKind},
    floor::{Floor, FloorError, GoldenDue, GoldenOutcome, Occupant, SlotPlace, Stop},
};
use firstpass_store::{Act, BatchId};
use tokio::sync::{broadcast, watch};

/// The floor.
pub(crate) struct TestFloor {
    slots: Mutex<Vec<SlotPlace>>,
    events: broadcast::Sender<LineEvent>,
    asked: Mutex<Vec<String>>,
    /// A slot whose stop takes its time.
    held: watch::Sender<Option<SlotId>>,
}

impl TestFloor {
    /// With slots that work on nothing.
    pub(crate) fn new(slots: &[&str]) -> Self {
        let slots = slots.iter().map(|name| place(name)).collect();
        let (events, held) = (broadcast::channel(EVENTS_MAX).0, watch::Sender::new(None));
        Self { slots: Mutex::new(slots), events, asked: Mutex::default(), held }
    }

    /// Something happens on a slot.
    pub(crate) fn happen(&self, at: Timestamp, slot: &str, kind: LineEventKind) {
        // A server that is not there yet, or no more, hears nothing.
        let _ = self.events.send(LineEvent { at, slot: SlotId::new(slot).unwrap(), kind });
    }

    /// Lets a slot be slow to stop; without one, every slot stops at once.
    pub(crate) fn hold(&self, slot: Option<&str>) {
        self.held.send_replace(slot.map(|slot| SlotId::new(slot).unwrap()));
    }

    /// What was asked, in words.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock(&self.asked).clone()
    }

    /// Changes how a slot is set up.
    pub(crate) fn set(&self, slot: &str, change: impl FnOnce(&mut SlotPlace)) {
        let changed = self.lock(&self.slots).iter_mut().find(|place| place.slot.as_str() == slot).map(change);
        // Not while the slots are locked, or nobody could look at them any more.
        changed.unwrap();
    }

    fn note(&self, what: &str, act: &Act) -> Result<(), FloorError> {
        self.lock(&self.asked).push(format!("{what} by {}", act.actor));
        Ok(())
    }

    fn lock<'a, T>(&self, mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
        mutex.lock().unwrap()
    }
}

fn place(name: &str) -> SlotPlace {
    let port = PortName::new(format!("/dev/{name}"));
    SlotPlace {
        slot: SlotId::new(name).unwrap(),
        configured: port.clone(),
        port,
        presence: Presence::Port,
        batch: None,
        stopping: false,
        in_work: None,
        may_retry: false,
        busy: None,
    }
}

#[async_trait]
impl Floor for TestFloor {
    fn slots(&self) -> Vec<SlotPlace> {
        self.lock(&self.slots).clone()
    }

    fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.events.subscribe()
    }

    async fn start(&self, batch: BatchId, slots: &[SlotId], act: &Act) -> Result<(), FloorError> {
        let names: Vec<&str> = slots.iter().map(SlotId::as_str).collect();
        names.iter().for_each(|name| self.set(name, |place| place.batch = Some(batch)));
        self.note(&format!("start {}", names.join("+")), act)
    }

    async fn stop(&self, slot: &SlotId, how: Stop, act: &Act) -> Result<(), FloorError> {
        let _ = self.held.subscribe().wait_for(|held| held.as_ref() != Some(slot)).await;
        self.note(&format!("stop {slot} {how:?}"), act)
    }

    async fn retry(&self, slot: &SlotId, act: &Act) -> Result<(), FloorError> {
        if self.slots().iter().any(|place| place.slot == *slot && place.busy.is_some()) {
            let [code, what, why, remedy] = ["slot_busy", "The slot is busy.", "Why.", "Wait."].map(str::to_owned);
            return Err(FloorError::Refused(Problem { code, what, why, remedy }));
        }
        self.note(&format!("retry {slot}"), act)
    }

    async fn identify(&self, slot: &SlotId, _: &Act) -> Result<Occupant, FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn check_golden(&self, _: BatchId, slot: &SlotId, _: &Act) -> Result<GoldenOutcome, FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn map(&self, slot: &SlotId, _: &PortName, _: &Act) -> Result<(), FloorError> {
        Err(FloorError::NoSuchSlot(slot.clone()))
    }

    async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError> {
        Ok(Vec::new())
    }

    fn cut(&self, usernames: &[String]) {
        self.lock(&self.asked).push(format!("cut {}", usernames.len()));
    }
}

/// Each area's tests use a part of this; all of it is used here, so that no area is told of what it leaves out.
const _: () = {
    let _ = (TestFloor::new, TestFloor::happen, TestFloor::hold, TestFloor::asked);
    let _ = |floor: &TestFloor| floor.set("", |_| {});
};
