//! One unit: its reset line and its power, from outside. Knows neither the control socket nor the command line.

mod body;
mod description;
pub(crate) mod order;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use self::body::Body;
pub use self::description::{Mode, Status, Straps, UnitError, UnitOptions};
use self::order::{Order, Waker};
use crate::faults::Faults;
use crate::flash::Flash;
use crate::surroundings::Surroundings;
use crate::wire::Wire;

/// A running unit. Dropping it ends it.
pub struct Unit {
    orders: Sender<Order>,
    waker: Waker,
    status: Arc<Mutex<Status>>,
    faults: Faults,
    surroundings: Surroundings,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Unit {
    /// Starts a unit; its reset line is held until [`Unit::release`].
    pub fn start(options: UnitOptions, straps: Straps) -> Result<Self, UnitError> {
        let flash = Flash::open(&options.flash, options.flash_size)?.with_faults(options.faults.clone());
        let mut wire = Wire::new(options.link.clone(), options.paced, options.faults.clone());
        wire.plug().map_err(UnitError::Terminal)?;
        let waker = Waker::new().map_err(UnitError::Terminal)?;
        let (orders, incoming) = channel();
        let (faults, surroundings) = (options.faults.clone(), options.surroundings.clone());
        let body = Body::new(options, flash, wire, straps, incoming, waker.clone());
        let status = body.status.clone();
        let thread = std::thread::Builder::new().name("unit".into()).spawn(move || body.run());
        let thread = Mutex::new(Some(thread.map_err(UnitError::Terminal)?));
        Ok(Self { orders, waker, status, faults, surroundings, thread })
    }

    /// Pulls the reset line, with `straps` for its release; does nothing to a unit without power. When this returns,
    /// nothing that the unit sent before can reach the host any more.
    pub fn reset(&self, straps: Straps) -> Result<(), UnitError> {
        let (done, result) = channel();
        self.order(Order::Reset { straps, done })?;
        result.recv().map_err(|_| UnitError::Ended)?.map_err(UnitError::Terminal)
    }

    /// Gives the unit power, with the reset line pulled and run straps; a unit that has power is reset.
    pub fn power_on(&self) -> Result<(), UnitError> {
        let (done, result) = channel();
        self.order(Order::PowerOn { done })?;
        result.recv().map_err(|_| UnitError::Ended)?.map_err(UnitError::Terminal)
    }

    /// Releases the reset line.
    pub fn release(&self) -> Result<(), UnitError> {
        self.order(Order::Release)
    }

    /// Cuts the power. The terminal stays: it belongs to the fixture's adapter.
    pub fn power_off(&self) -> Result<(), UnitError> {
        let (done, result) = channel();
        self.order(Order::PowerOff { done })?;
        result.recv().map_err(|_| UnitError::Ended)?.map_err(UnitError::Terminal)
    }

    /// What the unit is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = self.status.lock().expect("no holder of this lock panics").clone();
        status.faults = self.faults.list();
        status
    }

    /// What goes wrong with the unit.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What lies around the unit.
    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Ends the unit: its terminal closes and its link is removed. Orders fail from then on.
    pub fn end(&self) {
        let thread = self.thread.lock().expect("no holder of this lock panics").take();
        let Some(thread) = thread else { return };
        // It may have ended by itself, when its terminal failed.
        let _ended = self.order(Order::Quit);
        if thread.join().is_err() {
            tracing::error!("the thread of the unit has panicked");
        }
    }

    fn order(&self, order: Order) -> Result<(), UnitError> {
        self.orders.send(order).map_err(|_| UnitError::Ended)?;
        self.waker.wake();
        Ok(())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.end();
    }
}
