//! What a unit can be told to do wrong. Knows the list and what is switched on, not how a fault is acted out.

use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

use crate::flash_size::FlashSize;

/// One thing that goes wrong. As JSON, `{"fault":"drop_ack","nth":3}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The acknowledgement of the `nth` data block (from 1, counted from when the fault is set) is never sent.
    DropAck {
        /// Which block.
        nth: u32,
    },
    /// The acknowledgement of the `nth` data block arrives with damaged bytes.
    CorruptAck {
        /// Which block.
        nth: u32,
    },
    /// The terminal disappears when `bytes` bytes of flash have been written since the fault was set.
    Vanish {
        /// How many bytes.
        bytes: u32,
    },
    /// The flash chip says that it has another size.
    WrongFlashSize {
        /// The size in its JEDEC id.
        size: FlashSize,
    },
    /// The ROM says that it is another chip.
    WrongChip {
        /// Which one.
        chip: ForeignChip,
    },
    /// The MD5 of a flash region is answered wrongly.
    BadMd5,
    /// The running app has no network.
    NoNetwork,
    /// The boot loader loads the app, which then neither prints nor does anything.
    SilentAfterBoot,
    /// The app panics at its start, again and again.
    BootLoop,
}

/// A chip that is not the one expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignChip {
    /// ESP32-S3.
    Esp32s3,
    /// ESP32-C6.
    Esp32c6,
    /// ESP32-H2.
    Esp32h2,
}

/// The faults of one unit that are switched on. Clones share them, so a change is seen at once.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Switches on all of `faults`.
    #[must_use]
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let handle = Self::default();
        faults.into_iter().for_each(|fault| handle.set(fault));
        handle
    }

    /// Switches `fault` on; one of the same kind is replaced.
    pub fn set(&self, fault: Fault) {
        let mut faults = self.lock();
        faults.retain(|other| std::mem::discriminant(other) != std::mem::discriminant(&fault));
        faults.push(fault);
    }

    /// Switches everything off.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is switched on.
    #[must_use]
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Whether exactly `fault` is switched on: `faults.is_on(Fault::NoNetwork)`.
    #[must_use]
    pub fn is_on(&self, fault: Fault) -> bool {
        self.lock().contains(&fault)
    }

    /// Looks for a fault with a value: `faults.find(|fault| if let Fault::Vanish { bytes } = fault { … })`.
    pub fn find<T>(&self, pick: impl FnMut(Fault) -> Option<T>) -> Option<T> {
        self.lock().iter().copied().find_map(pick)
    }

    /// Lowers the counter of each fault that waits for `event`, and returns those that fire and are thereby used up.
    pub(crate) fn count(&self, mut step: impl FnMut(&mut Fault) -> bool) -> Vec<Fault> {
        self.lock().extract_if(.., |fault| step(fault)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}
