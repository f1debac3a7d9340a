//! `station ports`: the serial ports of this machine, and which slot each one is. Opens none: that would reset units.

use std::path::Path;

use firstpass_device::{PortInfo, ports};
use firstpass_domain::SlotId;
use firstpass_line::Slot;
use rustix::fs::{Access, access};
use serde::Serialize;

use crate::{
    args::Global,
    config::Config,
    exit::{Exit, Failure},
    output::Output,
};

/// Lists the ports that are there, by name.
pub(crate) fn run(global: &Global, output: Output) -> Result<Exit, Failure> {
    let slots = Config::load(global)?.slots();
    let found = list(&slots)?;
    if found.is_empty() && !output.is_json() {
        println_none();
    }
    for info in &found {
        let row = PortRow::of(info, &slots);
        if !output.row(&row, || row.text())? {
            break;
        }
    }
    Ok(Exit::Done)
}

/// The machine's ports, and those of configured slots that are none of them (such as links to pseudo-terminals).
pub(super) fn list(slots: &[Slot]) -> Result<Vec<PortInfo>, Failure> {
    let configured: Vec<_> = slots.iter().map(|slot| slot.port.clone()).collect();
    ports::list(&configured).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        let remedy = "Check that /sys and /dev are mounted and readable.";
        Failure::station("ports_unreadable", "The serial ports cannot be listed.", format!("{error}{cause}."), remedy)
    })
}

/// Whether this user may read and write the port.
pub(super) fn may_open(path: &Path) -> bool {
    access(path, Access::READ_OK | Access::WRITE_OK).is_ok()
}

fn println_none() {
    eprintln!("No serial ports. Plug an adapter in, or name ports in the configuration's [[slot]].");
}

/// What is printed of a port.
#[derive(Debug, Serialize)]
struct PortRow<'a> {
    port: &'a Path,
    /// `vid:pid`, hexadecimal.
    usb: Option<String>,
    usb_serial: Option<&'a str>,
    topology: Option<&'a str>,
    slot: Option<&'a SlotId>,
    accessible: bool,
}

impl<'a> PortRow<'a> {
    fn of(info: &'a PortInfo, slots: &'a [Slot]) -> Self {
        let usb = info.usb.as_ref();
        let slot = slots.iter().find(|slot| slot.port.canonical() == info.port.canonical());
        Self {
            port: info.port.path(),
            usb: usb.map(|usb| format!("{:04x}:{:04x}", usb.vid, usb.pid)),
            usb_serial: usb.and_then(|usb| usb.serial_number.as_deref()),
            topology: info.topology.as_deref(),
            slot: slot.map(|slot| &slot.id),
            accessible: may_open(info.port.path()),
        }
    }

    fn text(&self) -> String {
        let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let rights = if self.accessible { "" } else { "  (this user may not open it)" };
        format!(
            "{:<24} usb {:<9}  place {:<10}  slot {:<8}  serial {}{rights}",
            self.port.display(),
            or_dash(self.usb.as_deref()),
            or_dash(self.topology),
            or_dash(self.slot.map(SlotId::as_str)),
            or_dash(self.usb_serial),
        )
    }
}
