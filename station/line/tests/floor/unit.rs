//! A virtual unit in a slot. Dropping it takes it out.

use std::{path::Path, sync::Arc};

use virtual_unit::{DeviceApp, Fault, Faults, StopToken, Straps, Surroundings, Unit, UnitOptions, control::Control};

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
        let control = Control::listen(&socket, Arc::clone(&unit), StopToken::new()).unwrap();
        unit.release().unwrap();
        Self { unit, faults, control: Some(control) }
    }

    /// Mends everything that is wrong with it.
    pub(crate) fn mend(&self) {
        self.faults.clear();
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
