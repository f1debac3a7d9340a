//! Batches, serial numbers and units by the rules of the factory.

use firstpass_domain::{DiagnosisCode, Mac, SerialNumber, StationId, Timestamp};

use super::{BatchId, NewBatch};

/// Names of an enum's variants, as on record.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$variant_doc])* $variant,)* }

        impl $type {
            /// All of them.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name on record.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

pub(super) use named;

named! {
    /// How a batch stands.
    BatchState {
        /// It takes units.
        Open = "open",
        /// It takes none until it is resumed; what is in work goes on.
        Paused = "paused",
        /// It takes none any more.
        Closed = "closed",
    }
}

named! {
    /// How a unit stands.
    Standing {
        /// Its newest ended run that was admitted and was no repair passed.
        Passed = "passed",
        /// Its newest ended run that was admitted and was no repair failed.
        Failed = "failed",
        /// It is set aside until a person releases it.
        Quarantined = "quarantined",
        /// It is refused for ever.
        Scrapped = "scrapped",
    }
}

named! {
    /// In which way a unit is set aside.
    HoldKind {
        /// Until a person releases it.
        Quarantined = "quarantined",
        /// For ever.
        Scrapped = "scrapped",
    }
}

named! {
    /// What became of the unit that a serial number was given to.
    SerialFate {
        /// It is in a slot, or was never tried to the end.
        InWork = "in_work",
        /// It passed.
        Passed = "passed",
        /// It failed.
        Failed = "failed",
        /// It is set aside until a person releases it.
        Quarantined = "quarantined",
        /// It was scrapped.
        Scrapped = "scrapped",
    }
}

/// A batch on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRecord {
    /// Its id.
    pub id: BatchId,
    /// What it was opened as.
    pub batch: NewBatch,
    /// How it stands.
    pub state: BatchState,
    /// Why it stands so, when that was told.
    pub reason: Option<String>,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// While it is paused only until a station's provisioning service is here again: that station.
    pub waits_for: Option<StationId>,
}

/// What a call did to a batch's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchChange {
    /// It was changed.
    Changed {
        /// How it stood before.
        from: BatchState,
    },
    /// It stood so before; nothing was changed, the reason neither. Only a pause that waits for a service can be changed
    /// to one that does not.
    Unchanged,
}

/// How many units a batch is to make; `None` leaves a number as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSize {
    /// How many units are ordered.
    pub quantity: Option<u32>,
    /// Most units that may have a place in the batch at a time.
    pub quota: Option<u32>,
}

/// How a batch comes out. An attempt is a run that was admitted and came to an end of its own: one that was interrupted
/// or cancelled is none, one that the rules refused neither, and a repair counts nowhere but in `diagnoses`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchYield {
    /// Units that were admitted: the sum of `passed`, `failed`, `quarantined`, `scrapped` and `in_work`.
    pub units: u32,
    /// Units whose first attempt in this batch passed. No later run changes that, in either way.
    pub first_passed: u32,
    /// Units whose newest attempt in this batch passed, and that are neither in work nor on hold.
    pub passed: u32,
    /// Units whose newest attempt in this batch failed, and that are neither in work nor on hold.
    pub failed: u32,
    /// Units that are set aside until a person releases them.
    pub quarantined: u32,
    /// Those of them that keep their place in the batch, because they have passed and may be released.
    pub held_places: u32,
    /// Units that were scrapped.
    pub scrapped: u32,
    /// Units that are in a slot for this batch, or were never tried to the end, and are not on hold.
    pub in_work: u32,
    /// Attempts.
    pub runs: u32,
    /// Attempts after the first of their unit.
    pub retests: u32,
    /// Runs that were admitted, and interrupted or cancelled.
    pub interrupted: u32,
    /// How often each diagnosis ended a run of this batch, be it an attempt or not, most frequent first.
    pub diagnoses: Vec<(DiagnosisCode, u32)>,
}

impl BatchYield {
    /// Units with at least one attempt: what the first-pass yield is a share of.
    #[must_use]
    pub const fn tried(&self) -> u32 {
        self.runs.saturating_sub(self.retests)
    }

    /// Units that are not in work: what the final yield is a share of.
    #[must_use]
    pub const fn ended(&self) -> u32 {
        self.units.saturating_sub(self.in_work)
    }
}

/// Why a unit is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// In which way.
    pub kind: HoldKind,
    /// Why: a person's words, or the code of the diagnosis.
    pub reason: String,
    /// Who did it: a person, or `line`.
    pub actor: String,
    /// Since when.
    pub since: Timestamp,
}

/// A serial number on record. None that was ever given is missing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialRecord {
    /// The number.
    pub serial: SerialNumber,
    /// Unit that it was given to.
    pub mac: Mac,
    /// When it was given.
    pub allocated: Timestamp,
    /// Whether the unit bears it, or was given one of another pattern after it.
    pub is_borne: bool,
    /// What became of the unit.
    pub fate: SerialFate,
}
