//! The app of every valid image: the device agent on a virtual unit, over real sockets with real TLS.
//!
//! The agent decides; what is here carries out. It holds no rule of the device contract.

mod broker;
mod driver;
mod esp_tls;
mod https;
mod key;
mod misbehaviour;
mod mischief;
mod network;
mod nvs;
mod ota;
mod start;
mod stream;
pub mod transcript;
mod trust;
mod way;

use std::sync::Arc;
use std::time::Duration;

use crate::{App, AppContext, AppExit, AppMaker};
use driver::Driver;

/// How long an idle app sleeps at once; a reset wakes it at once all the same.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

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

/// Does nothing until the unit is reset.
fn idle(context: &AppContext) -> AppExit {
    while !context.stop.wait(LOOK_AGAIN) {}
    AppExit::Stopped
}
