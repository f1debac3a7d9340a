//! What a scanner, or a person at the keyboard, has said: one line of text, made out by what it looks like. Pure: it knows
//! no record, so that a name which could be several things is left to be looked up.

use firstpass_domain::{Mac, SlotId};

use crate::{auth::badge, pages::certificate::paper::Claim, symbology::without_mark};

/// Longest scan that is taken: more than any code in use, less than a QR code that holds a document.
pub(super) const SCAN_MAX: usize = 200;

/// A command of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Start slots on the chosen work order.
    Start,
    /// Stop a slot after its unit.
    Stop,
    /// Stop a slot at once.
    StopNow,
    /// Run the unit in a slot again.
    Retry,
    /// Send the unit to quarantine.
    Quarantine,
    /// Let the unit out of quarantine.
    Release,
    /// Scrap the unit, which is not done here.
    Scrap,
    /// Open the unit.
    Open,
    /// Choose every slot.
    All,
    /// Choose none, close what is open.
    Clear,
    /// Show the help.
    Help,
}

impl Command {
    /// All of them, in the order of the sheet and the help.
    pub(super) const ALL: [Self; 11] = [
        Self::Start,
        Self::Stop,
        Self::StopNow,
        Self::Retry,
        Self::Quarantine,
        Self::Release,
        Self::Open,
        Self::All,
        Self::Clear,
        Self::Help,
        Self::Scrap,
    ];

    /// What is printed and scanned.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Stop => "STOP",
            Self::StopNow => "STOP-NOW",
            Self::Retry => "RETRY",
            Self::Quarantine => "QUARANTINE",
            Self::Release => "RELEASE",
            Self::Scrap => "SCRAP",
            Self::Open => "OPEN",
            Self::All => "ALL",
            Self::Clear => "CLEAR",
            Self::Help => "HELP",
        }
    }

    fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.word().eq_ignore_ascii_case(word))
    }
}

/// What a scan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scan {
    /// A command, perhaps with the slot that it is for.
    Command(Command, Option<SlotId>),
    /// A slot of this station.
    Slot(SlotId),
    /// It is said to be a slot, and there is none of that name.
    NoSlot(String),
    /// The address of a unit.
    Mac(Mac),
    /// A name of a unit: serial number, device id.
    Unit(String),
    /// A work order.
    Order(String),
    /// A person's badge.
    Badge(String),
    /// A name that may be a work order, a unit or a badge.
    Name(String),
}

/// A scan that says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanError {
    /// Nothing is in it.
    Empty,
    /// It is longer than [`SCAN_MAX`].
    TooLong,
    /// It holds what no code here holds, such as control characters: a wrong keyboard layout, a damaged label.
    Garbled,
}

/// What a label may say its text is, before a colon.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Command,
    Slot,
    Unit,
    Order,
    Badge,
}

/// Makes out what was scanned. `slots` are those of the station.
pub(super) fn parse(text: &str, slots: &[SlotId]) -> Result<Scan, ScanError> {
    let text = clean(text)?;
    if let Some(claim) = Claim::parse(text) {
        return Ok(Scan::Mac(claim.mac));
    }
    let (kind, said) = kind(text);
    if said.is_empty() {
        return Err(ScanError::Empty);
    }
    Ok(match kind {
        Some(Kind::Command) => command(said, slots).unwrap_or_else(|| Scan::Name(said.to_owned())),
        Some(Kind::Slot) => slot(said, slots).map_or_else(|| Scan::NoSlot(said.to_owned()), Scan::Slot),
        Some(Kind::Unit) => said.parse().map_or_else(|_| Scan::Unit(said.to_owned()), Scan::Mac),
        Some(Kind::Order) => Scan::Order(said.to_owned()),
        Some(Kind::Badge) => Scan::Badge(said.to_owned()),
        // A slot that is named like a command stays in reach as `SLOT:START`; one named like an address never is an address.
        None => command(said, slots)
            .or_else(|| slot(said, slots).map(Scan::Slot))
            .or_else(|| said.parse().ok().map(Scan::Mac))
            .or_else(|| address(said).map(|name| name.parse().map_or(Scan::Unit(name), Scan::Mac)))
            .unwrap_or_else(|| Scan::Name(said.to_owned())),
    })
}

/// The text without what scanners add to it.
fn clean(text: &str) -> Result<&str, ScanError> {
    if text.len() > SCAN_MAX {
        return Err(ScanError::TooLong);
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_control());
    let text = without_mark(text);
    let garbled = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    match text {
        "" => Err(ScanError::Empty),
        text if text.contains(garbled) => Err(ScanError::Garbled),
        text => Ok(text),
    }
}

/// What the text says it is, and the rest of it.
fn kind(text: &str) -> (Option<Kind>, &str) {
    let Some((word, rest)) = text.split_once(':') else { return (None, text) };
    let kind = match word.trim().to_ascii_uppercase().as_str() {
        "CMD" | "COMMAND" => Kind::Command,
        "SLOT" => Kind::Slot,
        "MAC" | "SN" | "S/N" | "SERIAL" | "UNIT" | "ID" | "DEVICE" => Kind::Unit,
        "WO" | "ORDER" | "BATCH" => Kind::Order,
        word if badge::PREFIXES.contains(&word) => Kind::Badge,
        _ => return (None, text),
    };
    (Some(kind), rest.trim())
}

/// A command, alone or with a slot behind it.
fn command(text: &str, slots: &[SlotId]) -> Option<Scan> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let (second, more) = (words.next(), words.next());
    match (second, more) {
        (None, _) => Command::named(first).map(|command| Scan::Command(command, None)),
        // "STOP NOW" is what people type.
        (Some(second), None) => {
            let both = Command::named(&format!("{first}-{second}")).map(|command| Scan::Command(command, None));
            both.or_else(|| {
                let command = Command::named(first)?;
                Some(
                    slot(second, slots)
                        .map_or_else(|| Scan::NoSlot(second.to_owned()), |slot| Scan::Command(command, Some(slot))),
                )
            })
        }
        (Some(second), Some(third)) => {
            let command = Command::named(&format!("{first}-{second}"))?;
            let slot = slot(third, slots);
            Some(slot.map_or_else(|| Scan::NoSlot(third.to_owned()), |slot| Scan::Command(command, Some(slot))))
        }
    }
}

fn slot(text: &str, slots: &[SlotId]) -> Option<SlotId> {
    let exact = slots.iter().find(|slot| slot.as_str() == text);
    exact.or_else(|| slots.iter().find(|slot| slot.as_str().eq_ignore_ascii_case(text))).cloned()
}

/// The unit's name in a web address: behind `units`, as on the pages of stations, or else at the end.
fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let path = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let (_, path) = path.split_once('/')?;
    let mut behind = path.split('/').skip_while(|part| *part != "units").skip(1);
    let name = behind.next().or_else(|| path.rsplit('/').next())?;
    (is_web && !name.is_empty()).then(|| name.replace("%3A", ":").replace("%3a", ":"))
}

#[cfg(test)]
mod tests;
