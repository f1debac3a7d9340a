//! The device crate with a virtual unit on its pseudo-terminal, through public interfaces only.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod faults;
mod link;
mod loader;
mod recover;
mod relay;
mod search;
mod secure_download;
mod session;
mod slot;
mod speed;
