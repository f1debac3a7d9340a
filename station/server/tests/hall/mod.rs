//! What stands around a server in the tests of labels and engineering: a printer that speaks like one, and slots that note
//! what is asked of them.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use firstpass_device::PortName;
use firstpass_domain::{Problem, RunId, SlotId};
use firstpass_line::{
    Presence,
    event::LineEvent,
    floor::{Floor, FloorError, GoldenDue, GoldenOutcome, NoFloor, Occupant, SlotPlace, Stop},
};
use firstpass_server::{PrinterAddress, Services, Settings};
use firstpass_store::{Act, BatchId};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{broadcast, mpsc},
};

/// A printer that is ready, as it says itself.
pub(crate) const READY: &str =
    "\x02030,0,0,0245,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";
/// One without labels.
pub(crate) const EMPTY: &str =
    "\x02030,1,0,0245,000,0,0,0,000,0,0,0\x03\r\n\x02001,0,0,0,1,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n";

/// A network printer: a real listener that answers `~HS` and hands over what it was sent.
pub(crate) struct FakePrinter {
    pub(crate) address: PrinterAddress,
    labels: mpsc::UnboundedReceiver<String>,
    says: Arc<Mutex<&'static str>>,
}

impl FakePrinter {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let (sender, labels) = mpsc::unbounded_channel();
        let says = Arc::new(Mutex::new(READY));
        let mood = Arc::clone(&says);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let says = *mood.lock().unwrap();
                if let Some(label) = serve(stream, says).await {
                    let _ = sender.send(label);
                }
            }
        });
        Self { address, labels, says }
    }

    /// What it says of itself from now on.
    pub(crate) fn says(&self, words: &'static str) {
        *self.says.lock().unwrap() = words;
    }

    /// The next label that it is sent.
    pub(crate) async fn label(&mut self) -> String {
        self.labels.recv().await.unwrap()
    }

    /// Whether it was sent none since the last one that was taken.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.labels.try_recv().is_err()
    }
}

/// One connection: the question first, then the label up to its end. Nothing when no label came.
async fn serve(mut stream: TcpStream, says: &str) -> Option<String> {
    let mut got = Vec::new();
    let mut part = [0; 1024];
    loop {
        let len = stream.read(&mut part).await.ok()?;
        if len == 0 {
            break;
        }
        got.extend_from_slice(&part[..len]);
        if let Some(rest) = got.strip_prefix(b"~HS\r\n") {
            got = rest.to_vec();
            stream.write_all(says.as_bytes()).await.ok()?;
        }
    }
    (!got.is_empty()).then(|| String::from_utf8(got).unwrap())
}

thread_local! {
    static PRINTER: RefCell<Option<PrinterAddress>> = const { RefCell::new(None) };
    static FLOOR: RefCell<Option<Arc<FakeFloor>>> = const { RefCell::new(None) };
}

/// Says what [`with_hall`] sets up; a test's server is built on its thread.
pub(crate) fn hall(printer: Option<PrinterAddress>, floor: Option<Arc<FakeFloor>>) {
    PRINTER.set(printer);
    FLOOR.set(floor);
}

/// Gives a server the printer, the floor, and an authority.
pub(crate) fn with_hall(settings: &mut Settings, services: &mut Services) {
    settings.label_printer = PRINTER.take();
    if let Some(floor) = FLOOR.take() {
        services.floor = floor;
    }
    let folder = settings.data_dir.clone().unwrap().join("ca");
    let authority = firstpass_authority::Authority::open_or_create(&folder, Default::default(), (services.clock)());
    services.authority = Some(Arc::new(authority.unwrap()));
}

/// Slots that do what they are told at once, and note it.
pub(crate) struct FakeFloor {
    none: NoFloor,
    slots: Mutex<Vec<SlotPlace>>,
    events: broadcast::Sender<LineEvent>,
    /// What was asked, one line each.
    pub(crate) asked: Mutex<Vec<String>>,
    /// Lets a golden unit's check end; without one it ends at once.
    pub(crate) gate: tokio::sync::Semaphore,
}

impl FakeFloor {
    pub(crate) fn new(slots: &[&str]) -> Arc<Self> {
        let place = |name: &&str| SlotPlace {
            slot: SlotId::new(*name).unwrap(),
            port: PortName::new(format!("/dev/fake-{name}")),
            configured: PortName::new(format!("/dev/fake-{name}")),
            presence: Presence::Probe,
            batch: None,
            stopping: false,
            in_work: None,
            may_retry: false,
            busy: None,
        };
        Arc::new(Self {
            none: NoFloor::default(),
            slots: Mutex::new(slots.iter().map(place).collect()),
            events: broadcast::channel(64).0,
            asked: Mutex::default(),
            gate: tokio::sync::Semaphore::new(1000),
        })
    }

    /// Something happens on the line.
    pub(crate) fn tell(&self, event: LineEvent) {
        let _ = self.events.send(event);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn note(&self, words: String) {
        self.asked.lock().unwrap().push(words);
    }

    fn has(&self, slot: &SlotId) -> Result<(), FloorError> {
        let known = self.slots.lock().unwrap().iter().any(|place| place.slot == *slot);
        if known { Ok(()) } else { Err(FloorError::NoSuchSlot(slot.clone())) }
    }
}

#[async_trait]
impl Floor for FakeFloor {
    fn slots(&self) -> Vec<SlotPlace> {
        self.slots.lock().unwrap().clone()
    }

    fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.events.subscribe()
    }

    async fn start(&self, batch: BatchId, slots: &[SlotId], act: &Act) -> Result<(), FloorError> {
        self.none.start(batch, slots, act).await
    }

    async fn stop(&self, slot: &SlotId, how: Stop, act: &Act) -> Result<(), FloorError> {
        self.none.stop(slot, how, act).await
    }

    async fn retry(&self, slot: &SlotId, act: &Act) -> Result<(), FloorError> {
        self.none.retry(slot, act).await
    }

    async fn identify(&self, slot: &SlotId, act: &Act) -> Result<Occupant, FloorError> {
        self.has(slot)?;
        self.note(format!("identify {slot} by {}", act.actor));
        Ok(Occupant { mac: "7c:df:a1:00:00:01".parse().unwrap(), chip: "ESP32-C3 v0.4".to_owned() })
    }

    async fn check_golden(&self, batch: BatchId, slot: &SlotId, act: &Act) -> Result<GoldenOutcome, FloorError> {
        self.has(slot)?;
        self.note(format!("check {slot} by {} in {}", act.actor, batch.0));
        self.gate.acquire().await.unwrap().forget();
        let what = "This unit is not golden.".to_owned();
        let problem =
            Problem { code: "not_golden".to_owned(), what, why: "fake".to_owned(), remedy: "none".to_owned() };
        if slot.as_str() == "B1" {
            return Err(FloorError::Refused(problem));
        }
        Ok(GoldenOutcome { run: RunId(uuid::Uuid::nil()), mac: None, problem: None })
    }

    async fn map(&self, slot: &SlotId, port: &PortName, act: &Act) -> Result<(), FloorError> {
        self.has(slot)?;
        self.note(format!("map {slot} to {port} by {}: {}", act.actor, act.reason));
        let mut slots = self.slots.lock().unwrap();
        slots.iter_mut().filter(|place| place.slot == *slot).for_each(|place| place.port = port.clone());
        Ok(())
    }

    async fn golden_due(&self) -> Result<Vec<GoldenDue>, FloorError> {
        let due = |place: SlotPlace| GoldenDue { slot: place.slot, recipe: "lamp".to_owned(), passed: None, due: true };
        Ok(self.slots().into_iter().map(due).collect())
    }

    fn cut(&self, usernames: &[String]) {
        self.note(format!("cut {}", usernames.join(" ")));
    }
}
