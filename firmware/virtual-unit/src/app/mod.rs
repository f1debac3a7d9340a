//! The app of every valid image: the device agent on a virtual unit, over real sockets with real TLS.
//!
//! The agent decides; what is here carries out. It holds no rule of the device contract.

mod broker;
mod driver;
mod esp_tls;
mod https;
mod network;
mod nvs;
mod ota;
mod otadata;
mod stream;
pub mod transcript;
mod trust;

use std::sync::Arc;

use crate::{App, AppContext, AppExit, AppMaker, Fault};
use driver::Driver;

/// Runs the device agent until the unit is stopped or restarts.
#[derive(Debug, Default)]
pub struct DeviceApp;

impl DeviceApp {
    /// Makes a new one for each boot.
    #[must_use]
    pub fn maker() -> AppMaker {
        Arc::new(|| Box::new(Self))
    }
}

impl App for DeviceApp {
    fn run(&mut self, context: AppContext) -> AppExit {
        if context.faults.is_on(Fault::SilentAfterBoot) {
            return idle(&context);
        }
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(unit = %context.mac, %error, "the host has no resources for the unit's app");
                return idle(&context);
            }
        };
        let exit = runtime.block_on(Driver::new(context).run());
        // A name look-up of the host may still be under way on a thread of its own; a reset does not wait for it.
        runtime.shutdown_background();
        exit
    }
}

/// Does nothing until the unit is reset, without polling.
fn idle(context: &AppContext) -> AppExit {
    let (stopped, wait) = std::sync::mpsc::channel::<()>();
    context.stop.on_stop(move || drop(stopped));
    // Nothing is ever sent: the wait ends when the hook drops the sender.
    let _ = wait.recv();
    AppExit::Stopped
}
