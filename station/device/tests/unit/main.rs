//! The device crate with a virtual unit on its pseudo-terminal, through public interfaces only.

mod faults;
mod link;
mod session;
mod slot;
