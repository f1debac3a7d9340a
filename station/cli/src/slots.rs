//! The slots that a command line means: configured ones, ports in a list, or all adapters that are plugged in.

use std::path::PathBuf;

use firstpass_device::{Fixture, PortName, ports};
use firstpass_domain::SlotId;
use firstpass_line::Slot;

use crate::{
    config::{Config, PresenceSetting},
    exit::Failure,
};

/// The slots that `--ports` means.
pub(crate) fn of_list(config: &Config, list: &str, presence: Option<PresenceSetting>) -> Result<Vec<Slot>, Failure> {
    if list != "auto" {
        let slots = list.split(',').enumerate().map(|(index, text)| one(index, text, presence));
        return unique(slots.collect::<Result<_, _>>()?);
    }
    if !config.slots.is_empty() {
        return Ok(config.slots());
    }
    let found = ports::list(&[]).map_err(|error| {
        Failure::station("ports", "The serial ports cannot be listed.", format!("{error}."), "Name them with --ports.")
    })?;
    let slots: Vec<Slot> = found
        .into_iter()
        .filter(|port| port.usb.is_some())
        .enumerate()
        .map(|(index, info)| {
            // By its place, so that the slot stays what it is when the adapter is plugged again.
            let port = info.port.by_place().unwrap_or(info.port);
            with_presence(numbered(index), port, Fixture::DtrRts, presence)
        })
        .collect();
    if slots.is_empty() {
        let remedy = "Plug units in, configure slots, or name ports with --ports. `station ports` lists all.";
        return Err(Failure::usage(
            "no_ports",
            "There is no port to work on.",
            "No USB serial adapter was found.",
            remedy,
        ));
    }
    Ok(slots)
}

/// Reads `PORT`, `NAME=PORT`, `PORT@SOCKET` or `NAME=PORT@SOCKET`.
pub(crate) fn one(index: usize, text: &str, presence: Option<PresenceSetting>) -> Result<Slot, Failure> {
    let wrong = |why: String| {
        let remedy = "Write PORT, NAME=PORT or NAME=PORT@SOCKET, separated by commas.";
        Failure::usage("ports_form", format!("{text:?} names no slot."), why, remedy)
    };
    let (name, rest) = text.split_once('=').map_or((None, text), |(name, rest)| (Some(name), rest));
    let (port, socket) = rest.split_once('@').map_or((rest, None), |(port, socket)| (port, Some(socket)));
    if port.is_empty() || socket.is_some_and(str::is_empty) {
        return Err(wrong("A path is empty.".to_owned()));
    }
    let id = match name {
        Some(name) => SlotId::new(name).map_err(|error| wrong(format!("{error}.")))?,
        None => numbered(index),
    };
    let fixture = socket.map_or(Fixture::DtrRts, |socket| Fixture::Socket(PathBuf::from(socket)));
    Ok(with_presence(id, PortName::new(port), fixture, presence))
}

fn with_presence(id: SlotId, port: PortName, fixture: Fixture, setting: Option<PresenceSetting>) -> Slot {
    Slot { id, port, presence: PresenceSetting::or_default(setting, &fixture), fixture }
}

/// Two slots with one name, or on one port, would work on each other's units.
fn unique(slots: Vec<Slot>) -> Result<Vec<Slot>, Failure> {
    for (index, slot) in slots.iter().enumerate() {
        let twin =
            slots[..index].iter().find(|other| other.id == slot.id || other.port.canonical() == slot.port.canonical());
        if let Some(twin) = twin {
            let why = format!("Slots {} and {} share a name or a port.", twin.id, slot.id);
            return Err(Failure::usage("ports_twice", "A slot is named twice.", why, "Name every slot and port once."));
        }
    }
    Ok(slots)
}

fn numbered(index: usize) -> SlotId {
    SlotId::new((index + 1).to_string()).expect("digits make a slot name")
}
