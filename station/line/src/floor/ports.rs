//! Who is in a slot, and which port it has.

use std::{sync::Arc, time::Duration};

use firstpass_device::{Leases, Link, LinkError, PortName, link::BAUD_DEFAULT};
use firstpass_domain::{
    Chip, Evidence, Fact, FlashSize, Injection, Policy, Problem, SlotId, Step, Verdict,
    evidence::{Identity, LinkFault},
    judge,
};
use firstpass_store::{Act, SlotMove};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{FloorError, Occupant, line_floor::Inner, posts::PostState, refusal};
use crate::{Slot, StationError, blocking::blocking};

/// How long a unit may take to say who it is, the wait for its port included.
const IDENTIFY_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest path of a port, in bytes.
const PORT_PATH_MAX: usize = 255;

impl Inner {
    pub(super) async fn identify(self: &Arc<Self>, slot: &SlotId, act: &Act) -> Result<Occupant, FloorError> {
        if let Some(run) = self.posts.in_work(slot)? {
            return Err(refusal::in_work(slot, run));
        }
        self.line.store.note_question(slot, act, (self.line.clock)()).await.map_err(StationError::from)?;
        self.ask_who(slot).await
    }

    /// Asks the loader; whoever wants to know is on record already.
    pub(super) async fn ask_who(self: &Arc<Self>, slot: &SlotId) -> Result<Occupant, FloorError> {
        let asked = self.posts.with(slot, |post| post.slot.clone())?;
        let token = self.token.child_token();
        let (floor, leases, hands) = (Arc::clone(self), self.line.leases.clone(), token.clone());
        let task = blocking("asking who is in the slot", move || {
            let is_free = || matches!(floor.posts.in_work(&asked.id), Ok(None));
            ask(&asked, &leases, is_free, &hands)
        });
        tokio::pin!(task);
        let answered = tokio::select! {
            answered = &mut task => answered,
            () = sleep(IDENTIFY_TIMEOUT) => {
                token.cancel();
                task.await
            }
        };
        match answered.map_err(StationError::from)? {
            Ok(Some(identity)) => Ok(occupant(&identity)),
            Ok(None) => Err(match self.posts.in_work(slot)? {
                Some(run) => refusal::in_work(slot, run),
                None => refusal::busy(slot, "its port is in use"),
            }),
            Err(error) => Err(FloorError::Refused(unanswered(&error))),
        }
    }

    pub(super) async fn map(&self, slot: &SlotId, port: &PortName, act: &Act) -> Result<(), FloorError> {
        let is_path = port.path().is_absolute() && port.path().as_os_str().len() <= PORT_PATH_MAX;
        let Some(path) = port.path().to_str().filter(|path| is_path && !path.contains(char::is_control)) else {
            return Err(refusal::no_port(port.path()));
        };
        let _desk = self.desk.lock().await;
        let moves = self.moves(slot, port, path)?;
        if moves.is_empty() {
            return Ok(());
        }
        let store = &self.line.store;
        store.map_slots(&moves, act, (self.line.clock)()).await.map_err(StationError::from)?;
        for moved in moves {
            self.posts.with(&moved.slot, |post| post.slot.port = PortName::new(&moved.to))?;
        }
        Ok(())
    }

    /// What is to be moved: the slot, and with it the one that has its port now, so that no port has two.
    fn moves(&self, slot: &SlotId, port: &PortName, path: &str) -> Result<Vec<SlotMove>, FloorError> {
        let posts = self.posts.lock();
        let Some(post) = posts.iter().find(|post| post.slot.id == *slot) else {
            return Err(FloorError::NoSuchSlot(slot.clone()));
        };
        let device = port.canonical();
        let others = posts.iter().filter(|other| other.slot.id != *slot);
        let others: Vec<_> = others.filter(|other| other.slot.port.canonical() == device).collect();
        for moved in std::iter::once(post).chain(others.iter().copied()) {
            match &moved.state {
                PostState::Idle => {}
                PostState::Busy(busy) => return Err(refusal::busy(&moved.slot.id, busy.what)),
                PostState::Working(_) => return Err(refusal::at_work(&moved.slot.id)),
            }
        }
        if post.slot.port == *port {
            return Ok(Vec::new());
        }
        let own = post.slot.port.path().to_string_lossy().into_owned();
        let mut moves = vec![SlotMove { slot: slot.clone(), from: own.clone(), to: path.to_owned() }];
        match others.as_slice() {
            [] => {}
            [other] => {
                let from = other.slot.port.path().to_string_lossy().into_owned();
                moves.push(SlotMove { slot: other.slot.id.clone(), from, to: own });
            }
            [one, other, ..] => return Err(refusal::port_twice(&one.slot.id, &other.slot.id)),
        }
        Ok(moves)
    }
}

/// Asks the loader; `None` when the port did not come free in time, or a run needs it now.
fn ask(
    slot: &Slot,
    leases: &Leases,
    is_free: impl Fn() -> bool,
    token: &CancellationToken,
) -> Result<Option<Identity>, LinkError> {
    let Some(lease) = leases.acquire(&slot.port, token) else { return Ok(None) };
    // A run that has begun meanwhile waits for this very lease, and must find its unit as it was put in.
    if !is_free() {
        return Ok(None);
    }
    let mut link = Link::connect(lease, slot.fixture.clone(), &[BAUD_DEFAULT], token)?;
    link.identify().map(Some)
}

fn occupant(identity: &Identity) -> Occupant {
    let chip = identity.chip.map_or("unknown chip".to_owned(), |chip| chip.to_string());
    let revision = identity.revision.map_or_else(String::new, |revision| format!(" {revision}"));
    Occupant { mac: identity.mac, chip: format!("{chip}{revision}") }
}

/// In the words of the catalogue, as a run would fail.
fn unanswered(error: &LinkError) -> Problem {
    let (fault, detail) = match error {
        LinkError::Failed { fault, .. } => (*fault, error.detail()),
        LinkError::Cancelled { .. } => (LinkFault::NoAnswer, "it did not answer in time".to_owned()),
        LinkError::Log(_) => (LinkFault::PortUnusable, error.to_string()),
    };
    let fact = Fact::LinkFailed { step: Step::Identify, fault, detail };
    let flash_size = FlashSize::from_bytes(4 << 20).expect("4 MB is a flash size");
    let policy = Policy::plain(Injection::Nvs, Chip::Esp32c3, flash_size);
    let evidence = Evidence { at: firstpass_domain::Timestamp::from_micros(0), fact };
    match judge(&policy, &[evidence]) {
        Verdict::Fail(diagnosis) => diagnosis.problem(),
        Verdict::Open { .. } | Verdict::Pass => unreachable!("a link that failed is a failure"),
    }
}
