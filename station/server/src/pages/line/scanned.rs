//! What a scan leads to: looked up on record, and with what is chosen on the page made into something to do. Changes
//! nothing itself; the page then asks for it where it is guarded.

use std::net::IpAddr;

use axum::extract::State;
use firstpass_domain::{Mac, SlotId};
use firstpass_store::{BatchRecord, BatchSearch, BatchState, UnitSearch};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scan::{Command, Scan, ScanError, parse};
use crate::{
    App, AppState,
    access::Principal,
    auth::{
        log_in::tell_held_up,
        peer::From,
        throttle::{ScanWait, Throttle},
    },
    extract::{Form, Json},
    problem::{Answer, whole_seconds},
    words::{LineWords, fill, line, login},
};

/// A scan, and what is chosen on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Scanned {
    /// What was read.
    text: String,
    /// Chosen slots, with commas between them.
    slots: String,
    /// The unit that is open.
    unit: String,
    /// The chosen work order.
    order: String,
}

/// What the page does now.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Heard {
    /// Choose a slot.
    Select { slot: SlotId, what: String },
    /// Open a unit, and choose the slot that it is on.
    Unit { mac: Mac, slot: Option<SlotId>, what: String },
    /// Choose a work order.
    Order { id: Uuid, name: String, what: String, remedy: String },
    /// Ask for the PIN of the badge that was scanned.
    Badge { what: String },
    /// Start slots, all that stand still when none is named.
    Start { slots: Vec<SlotId>, order: Uuid },
    /// Stop slots.
    Stop { slots: Vec<SlotId>, how: &'static str },
    /// Run units again.
    Retry { slots: Vec<SlotId> },
    /// Send the unit to quarantine; `ask` first, when the person may mean another one.
    Quarantine { mac: Mac, reason: String, ask: bool },
    /// Let the unit out of quarantine; `ask` as above.
    Release { mac: Mac, reason: String, ask: bool },
    /// Choose every slot.
    All,
    /// Choose nothing.
    Clear,
    /// Show the help.
    Help,
    /// Say that it led to nothing: what was understood, why it is not enough, what to do.
    Say { what: String, why: String, remedy: String },
}

/// `POST /line/scan`
pub(super) async fn scan(
    State(app): State<AppState>,
    person: Principal,
    From(address): From,
    Form(scanned): Form<Scanned>,
) -> Answer<Json<Heard>> {
    let words = line(person.language);
    let slots: Vec<SlotId> = app.services.floor.slots().into_iter().map(|place| place.slot).collect();
    let heard = match parse(&scanned.text, &slots) {
        Err(error) => unreadable(error, words),
        Ok(Scan::Command(command, slot)) => Chosen::new(&scanned, slot, &slots).order(&app, command, words).await?,
        Ok(Scan::Slot(slot)) => Heard::Select { what: fill(words.slot_chosen, &[slot.as_str()]), slot },
        Ok(Scan::NoSlot(name)) => {
            say(&fill(words.no_such_slot, &[&name]), words.no_such_slot_why, words.no_such_slot_do)
        }
        Ok(Scan::Mac(mac)) => unit(&app, &mac.to_string(), words)
            .await?
            .unwrap_or_else(|| unknown(&mac.to_string(), words.unknown_as_unit, words)),
        Ok(Scan::Unit(name)) => {
            unit(&app, &name, words).await?.unwrap_or_else(|| unknown(&name, words.unknown_as_serial, words))
        }
        Ok(Scan::Order(name)) => {
            order(&app, &name, words).await?.unwrap_or_else(|| unknown(&name, words.unknown_as_order, words))
        }
        // What was meant as a badge is not said aloud.
        Ok(Scan::Badge(number)) => match badge(&app, &person, address, &number).await? {
            Badge::Known => Heard::Badge { what: words.badge_found.to_owned() },
            Badge::Unknown => unknown("…", words.unknown_as_badge, words),
            Badge::Wait(wait) => unknown("…", &wait, words),
        },
        Ok(Scan::Name(name)) => match order(&app, &name, words).await? {
            Some(order) => order,
            None => match unit(&app, &name, words).await? {
                Some(unit) => unit,
                None => match badge(&app, &person, address, &name).await? {
                    Badge::Known => Heard::Badge { what: words.badge_found.to_owned() },
                    Badge::Unknown => unknown(&name, words.unknown_as_text, words),
                    Badge::Wait(wait) => unknown(&name, &wait, words),
                },
            },
        },
    };
    Ok(Json(heard))
}

fn say(what: &str, why: &str, remedy: &str) -> Heard {
    Heard::Say { what: what.to_owned(), why: why.to_owned(), remedy: remedy.to_owned() }
}

fn unknown(text: &str, why: &str, words: &LineWords) -> Heard {
    say(&fill(words.unknown_scan, &[text]), why, words.unknown_do)
}

fn unreadable(error: ScanError, words: &LineWords) -> Heard {
    let why = match error {
        ScanError::Empty => words.scan_empty,
        ScanError::TooLong => words.scan_long,
        ScanError::Garbled => words.scan_garbled,
    };
    say(words.unreadable_scan, why, words.unknown_do)
}

/// The unit that has exactly this name.
async fn unit(app: &App, name: &str, words: &LineWords) -> Answer<Option<Heard>> {
    let search = UnitSearch { text: name.to_owned(), after: None, limit: 1 };
    let hit = app.services.store.search_units(&search).await?.pop();
    let bare = |text: &str| text.replace([':', '-', ' '], "").to_ascii_lowercase();
    Ok(hit.filter(|hit| bare(&hit.matched_text) == bare(name)).map(|hit| {
        let mac = hit.summary.mac;
        let called = hit.summary.serial.map_or_else(|| mac.to_string(), |serial| serial.to_string());
        Heard::Unit { mac, slot: app.line.slot_of(mac), what: fill(words.unit_found, &[&called]) }
    }))
}

/// The newest work order of this name. One that takes no units is not chosen.
async fn order(app: &App, name: &str, words: &LineWords) -> Answer<Option<Heard>> {
    let found = app.services.store.batch_by_name(name).await?;
    Ok(found.map(|BatchRecord { id, batch, state, reason, .. }| {
        let stands = match state {
            BatchState::Open => {
                let what = fill(words.order_chosen, &[&batch.name]);
                return Heard::Order { id: id.0, name: batch.name, what, remedy: words.order_chosen_do.to_owned() };
            }
            BatchState::Paused => words.state_paused,
            BatchState::Closed => words.state_closed,
        };
        let why = fill(words.order_not_open_why, &[stands]);
        let why = reason.map_or_else(|| why.clone(), |reason| format!("{why} {reason}"));
        say(&fill(words.order_not_open, &[&batch.name]), &why, words.order_not_open_do)
    }))
}

/// What a scan is as a badge.
enum Badge {
    /// Somebody has it. Who that is, the PIN tells.
    Known,
    /// Nobody has it, or it is not told.
    Unknown,
    /// Too many that nobody has were scanned: in what words to wait.
    Wait(String),
}

/// Looks a badge up. Whoever scans one number after the other must wait, so that badges are not found by trying; a program has
/// no badge in its hand, and is told of none.
async fn badge(app: &App, person: &Principal, address: IpAddr, number: &str) -> Answer<Badge> {
    let Some(hash) = app.auth.badges.hash(number).filter(|_| person.has_session()) else { return Ok(Badge::Unknown) };
    if let Err(ScanWait { wait, tell }) = app.auth.throttle.look_up(person.user, (app.services.clock)()) {
        if tell {
            tell_held_up(app, Some(&person.login), address, Throttle::scans_free()).await;
        }
        return Ok(Badge::Wait(fill(login(person.language).wait, &[&whole_seconds(wait).to_string()])));
    }
    let known = app.services.store.credentials_by_badge(hash).await?.is_some();
    if known {
        app.auth.throttle.found(person.user);
    }
    Ok(if known { Badge::Known } else { Badge::Unknown })
}

/// What a command can act on.
struct Chosen {
    slots: Vec<SlotId>,
    unit: Option<Mac>,
    order: Option<Uuid>,
}

impl Chosen {
    /// `named`: the slot in the command, which outdoes what is chosen.
    fn new(scanned: &Scanned, named: Option<SlotId>, known: &[SlotId]) -> Self {
        let Scanned { slots, unit, order, .. } = scanned;
        let chosen =
            || known.iter().filter(|slot| slots.split(',').any(|name| name == slot.as_str())).cloned().collect();
        // A command that names a slot is not about the unit that happens to be open.
        let unit = if named.is_some() { None } else { unit.parse().ok() };
        Self { slots: named.map_or_else(chosen, |slot| vec![slot]), unit, order: order.parse().ok() }
    }

    async fn order(self, app: &App, command: Command, words: &LineWords) -> Answer<Heard> {
        Ok(match command {
            Command::Start => return self.start(app, words).await,
            Command::Stop | Command::StopNow | Command::Retry if self.slots.is_empty() => no_slot(command, words),
            Command::Stop => Heard::Stop { slots: self.slots, how: "after_unit" },
            Command::StopNow => Heard::Stop { slots: self.slots, how: "now" },
            Command::Retry => Heard::Retry { slots: self.slots },
            Command::Quarantine => {
                let reason = words.scanned_reason.to_owned();
                self.on_unit(app, words, |mac, ask| Heard::Quarantine { mac, reason, ask })
            }
            Command::Release => {
                let reason = words.scanned_reason.to_owned();
                self.on_unit(app, words, |mac, ask| Heard::Release { mac, reason, ask })
            }
            Command::Open => self.on_unit(app, words, |mac, _| {
                let what = fill(words.unit_found, &[&mac.to_string()]);
                Heard::Unit { mac, slot: app.line.slot_of(mac), what }
            }),
            Command::Scrap => say(words.scrap_elsewhere, words.scrap_elsewhere_why, words.scrap_elsewhere_do),
            Command::All => Heard::All,
            Command::Clear => Heard::Clear,
            Command::Help => Heard::Help,
        })
    }

    /// The chosen work order, or the only one that is open.
    async fn start(self, app: &App, words: &LineWords) -> Answer<Heard> {
        let order = match self.order {
            Some(order) => Some(order),
            None => {
                let search = BatchSearch { state: Some(BatchState::Open), limit: 2, ..BatchSearch::default() };
                let open = app.services.store.batch_page(&search).await?;
                if let [only] = open.as_slice() { Some(only.id.0) } else { None }
            }
        };
        Ok(match order {
            Some(order) => Heard::Start { slots: self.slots, order },
            None => say(words.choose_order, words.choose_order_why, words.choose_order_do),
        })
    }

    /// On the unit in the only slot that is chosen, or else the open one: as the page's buttons do it. Whether the person may
    /// mean another unit, because one is open and slots are chosen in which it is not.
    fn on_unit(&self, app: &App, words: &LineWords, then: impl FnOnce(Mac, bool) -> Heard) -> Heard {
        let on_slot = if let [slot] = self.slots.as_slice() { app.line.unit_on(slot) } else { None };
        let differs = self.unit.is_some() && !self.slots.is_empty() && on_slot != self.unit;
        match on_slot.or(self.unit) {
            Some(mac) => then(mac, differs),
            None => say(words.choose_unit, words.choose_unit_why, words.choose_unit_do),
        }
    }
}

fn no_slot(command: Command, words: &LineWords) -> Heard {
    say(words.choose_slot, &fill(words.choose_slot_why, &[command.word()]), words.choose_slot_do)
}
