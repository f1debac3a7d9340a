//! A virtual unit in a slot. Dropping it takes it out.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
};

use firstpass_line::event::{LineEvent, LineEventKind};
use tokio::sync::broadcast;
use virtual_unit::{
    DeviceApp, Fault, Faults, Status, StopToken, Straps, Surroundings, Unit, UnitOptions,
    control::{Control, Held, Order},
};

/// A unit in a slot.
pub(crate) struct InSlot {
    unit: Arc<Unit>,
    faults: Faults,
    // Before the unit ends, nobody can give it orders any more.
    control: Option<Control>,
}

impl InSlot {
    /// Puts the unit `mac` into the slot `name`; its flash is its own.
    pub(crate) fn put(folder: &Path, name: &str, mac: &str, faults: &[&str]) -> Self {
        Self::held(folder, name, mac, faults, |unit, _| unit)
    }

    /// The same, with a turn that it takes.
    pub(crate) fn put_turning(folder: &Path, name: &str, mac: &str, turn: Turn) -> Self {
        Self::held(folder, name, mac, &[], |unit, faults| Arc::new(Turning { unit, faults, turn }))
    }

    fn held(
        folder: &Path,
        name: &str,
        mac: &str,
        faults: &[&str],
        hold: impl FnOnce(Arc<Unit>, Faults) -> Arc<dyn Held>,
    ) -> Self {
        let faults = Faults::new(faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect::<Vec<_>>());
        let options = UnitOptions {
            flash: flash(folder, name, mac),
            flash_size: virtual_unit::FlashSize::default(),
            mac: mac.parse().unwrap(),
            link: Some(folder.join(format!("{name}.tty"))),
            paced: false,
            faults: faults.clone(),
            surroundings: Surroundings::new(None, false),
            app: DeviceApp::maker(),
        };
        let unit = Arc::new(Unit::start(options, Straps::Download).unwrap());
        let socket = folder.join(format!("{name}.sock"));
        let held = hold(Arc::clone(&unit), faults.clone());
        let control = Control::listen(&socket, held, StopToken::new()).unwrap();
        unit.release().unwrap();
        Self { unit, faults, control: Some(control) }
    }

    /// Mends everything that is wrong with it.
    pub(crate) fn mend(&self) {
        self.faults.clear();
    }
}

/// What becomes of a unit when it is next reset after something has happened on its line.
pub(crate) struct Turn {
    pub(crate) events: Mutex<broadcast::Receiver<LineEvent>>,
    pub(crate) wanted: fn(&LineEventKind) -> bool,
    pub(crate) into: Fault,
}

/// A unit that takes a turn.
struct Turning {
    unit: Arc<Unit>,
    faults: Faults,
    turn: Turn,
}

impl Held for Turning {
    fn obey(&self, order: &Order) -> Result<(), String> {
        let mut events = self.turn.events.lock().unwrap();
        while let Ok(event) = events.try_recv() {
            if (self.turn.wanted)(&event.kind) {
                self.faults.set(self.turn.into.clone());
            }
        }
        Held::obey(&*self.unit, order)
    }

    fn release(&self) -> io::Result<()> {
        Held::release(&*self.unit)
    }

    fn status(&self) -> Status {
        Held::status(&*self.unit)
    }
}

impl Drop for InSlot {
    fn drop(&mut self) {
        drop(self.control.take());
        self.unit.end();
    }
}

/// What the unit's flash is kept in.
pub(crate) fn flash(folder: &Path, name: &str, mac: &str) -> std::path::PathBuf {
    folder.join(format!("{name}-{}.flash", mac.replace(':', "")))
}
