//! An ESP32-C3 on a pseudo-terminal: ROM loader, flash, boot, agent.
//!
//! Public flashing tools use it unchanged. It is made of a chip (what the ROM and the RAM stub answer), a wire (a
//! pseudo-terminal at the pace of a UART), a boot (what the second stage prints and checks) and an app, behind the
//! seam in [`app_seam`]. The station never links the chip: the wire is all it sees.

pub mod app;
pub mod app_seam;
mod boot;
mod chip;
pub mod cli;
pub mod console;
pub mod control;
pub mod emulator;
pub mod fault_text;
pub mod faults;
pub mod flash;
pub mod flash_size;
pub mod image;
mod jitter;
pub mod mac;
pub mod otadata;
pub mod partition;
pub mod process;
mod random;
pub mod stop;
pub mod surroundings;
pub mod unit;
mod wire;

pub use app::DeviceApp;
pub use app_seam::{App, AppContext, AppExit, AppMaker, BootClock, RunningImage};
pub use chip::slip;
pub use console::{Console, Level};
pub use faults::{Fault, Faults};
pub use flash::Flash;
pub use flash_size::FlashSize;
pub use mac::Mac;
pub use stop::StopToken;
pub use surroundings::{Route, Service, Surroundings};
pub use unit::{Mode, Status, Straps, Unit, UnitError, UnitOptions};
