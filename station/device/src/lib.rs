//! Ports, fixtures, flashing, NVS images and UART logs: everything that touches a unit's serial port or its flash.
//!
//! All calls block; the line makes them from `spawn_blocking`. Knows no record, no network and no verdict.

pub mod fixture;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod image;
pub mod lease;
pub mod link;
pub mod nvs;
pub mod partition;
pub mod ports;
pub mod prepared;
pub mod uart;

pub use fixture::{Fixture, FixtureError};
pub use image::{AppInfo, ImageError};
pub use lease::{Leases, PortLease};
pub use link::{FlashSearch, Link, LinkError, ProgressSink};
pub use nvs::{NvsEntry, NvsError, NvsValue};
pub use partition::{FlashLayout, PartitionError};
pub use ports::{PortError, PortInfo, PortName};
pub use prepared::{PreparedImage, Region};
pub use uart::{Clock, Heard, Redactor, UartCapture, UartEvent};
