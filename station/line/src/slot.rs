//! A slot: takes a unit that appears, works on it, and waits until it goes away.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    Goal, RunReport, Slot, StationError,
    batch::BatchCounter,
    event::{LineEvent, LineEventKind},
    presence::{wait_for_unit, wait_until_gone},
    run::{Context, Driver},
};

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
        let Some(place) = next_unit(&context, &slot, &counter, &token).await else { return (reports, None) };
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
        let finished = reports.last().and_then(|report: &RunReport| report.mac);
        if counter.goal() == Goal::OncePerSlot
            || !wait_until_gone(&slot, finished, &context.leases, &counter, &token).await
        {
            return (reports, None);
        }
    }
}

async fn run_once(context: &Arc<Context>, slot: &Slot, token: &CancellationToken) -> Result<RunReport, StationError> {
    Driver::begin(Arc::clone(context), slot.clone(), token.clone()).await?.drive().await
}

/// Waits until a unit is there and the batch has room for it; `None` when the slot is no longer needed.
async fn next_unit<'a>(
    context: &Context,
    slot: &Slot,
    counter: &'a BatchCounter,
    token: &CancellationToken,
) -> Option<crate::batch::Place<'a>> {
    let mut tally = counter.watch();
    loop {
        if !wait_for_unit(slot, &context.leases, counter, token).await {
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

fn publish(context: &Context, slot: &Slot, kind: LineEventKind) {
    let event = LineEvent { at: (context.clock)(), slot: slot.id.clone(), kind };
    // Nobody listening is no error: events are views.
    let _ = context.events.send(event);
}
