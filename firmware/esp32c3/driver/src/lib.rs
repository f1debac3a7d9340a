//! Carries out what the device agent asks for, on whatever offers a [`Platform`]: a chip, or a host in tests.
//!
//! Sockets, flash and clock are the platform's; what is made of them is here: the session in NVS, TLS that verifies the
//! server, HTTPS, the broker's stream, updates with roll-back, the unit's own key. It holds no rule of the device contract.
#![no_std]

extern crate alloc;

mod broker;
mod clock;
mod driver;
mod failure;
mod flash;
mod http;
mod image;
mod key;
mod nvs;
mod ota;
mod otadata;
mod partition;
mod platform;
mod sntp;
mod start;
mod stream;
mod tls;

pub use clock::WallClock;
pub use driver::{Driver, Exit};
pub use failure::{Component, LinkFailure};
pub use nvs::DeviceNvs;
pub use otadata::{OtaData, State};
pub use partition::{Partition, PartitionTable, Region};
pub use platform::{Firmware, Platform};
pub use stream::{Connector, Stream};
pub use tls::Trust;
