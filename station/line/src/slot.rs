//! A slot: takes a unit that appears, works on it, and waits until it goes away.

use std::{sync::Arc, time::Duration};

use firstpass_device::PortName;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    Goal, RunReport, Slot, StationError,
    batch::BatchCounter,
    event::{LineEvent, LineEventKind},
    run::{Context, Driver},
};

/// How often a slot looks whether its port is there.
const PORT_POLL: Duration = Duration::from_millis(100);

/// Works on one slot until the batch's goal is reached or `token` is cancelled.
pub(crate) async fn work(
    context: Arc<Context>,
    slot: Slot,
    counter: Arc<BatchCounter>,
    token: CancellationToken,
) -> (Vec<RunReport>, Option<StationError>) {
    let mut reports = Vec::new();
    loop {
        publish(&context, &slot, LineEventKind::Waiting);
        let Some(place) = next_unit(&slot, &counter, &token).await else { return (reports, None) };
        match run_once(&context, &slot, &token).await {
            Ok(report) => {
                place.end(report.passed);
                reports.push(report);
            }
            Err(stopped) => {
                drop(place);
                error!(error = &stopped as &dyn std::error::Error, "slot stopped");
                publish(&context, &slot, LineEventKind::SlotStopped { problem: stopped.problem() });
                return (reports, Some(stopped));
            }
        }
        if counter.goal() == Goal::OncePerSlot || !wait_until(&slot, false, &counter, &token).await {
            return (reports, None);
        }
    }
}

async fn run_once(context: &Arc<Context>, slot: &Slot, token: &CancellationToken) -> Result<RunReport, StationError> {
    Driver::begin(Arc::clone(context), slot.clone(), token.clone()).await?.drive().await
}

/// Waits until a unit is there and the batch has room for it; `None` when the slot is no longer needed.
async fn next_unit<'a>(
    slot: &Slot,
    counter: &'a BatchCounter,
    token: &CancellationToken,
) -> Option<crate::batch::Place<'a>> {
    let mut tally = counter.watch();
    loop {
        if !wait_until(slot, true, counter, token).await {
            return None;
        }
        if let Some(place) = counter.try_begin() {
            return Some(place);
        }
        tokio::select! {
            () = token.cancelled() => return None,
            changed = tally.changed() => changed.ok()?,
        }
    }
}

/// Waits until the slot's port is there (or gone); `false` when the slot is no longer needed.
async fn wait_until(slot: &Slot, there: bool, counter: &BatchCounter, token: &CancellationToken) -> bool {
    let mut ticks = interval(PORT_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = token.cancelled() => return false,
            _ = ticks.tick() => {}
        }
        if counter.is_reached() {
            return false;
        }
        if is_there(&slot.port) == there {
            return true;
        }
    }
}

/// Whether the port's device node is there. An unplugged USB adapter's is not.
fn is_there(port: &PortName) -> bool {
    port.path().exists()
}

fn publish(context: &Context, slot: &Slot, kind: LineEventKind) {
    let event = LineEvent { at: (context.clock)(), slot: slot.id.clone(), kind };
    // Nobody listening is no error: events are views.
    let _ = context.events.send(event);
}
