//! What a person is told whose wish does not go with what the floor is doing.

use std::path::Path;

use firstpass_domain::{Mac, Problem, RunId, SlotId};
use firstpass_store::BatchId;

use super::FloorError;

fn refused(code: &str, what: String, why: impl Into<String>, remedy: impl Into<String>) -> FloorError {
    FloorError::Refused(Problem { code: code.to_owned(), what, why: why.into(), remedy: remedy.into() })
}

pub(super) fn at_work(slot: &SlotId) -> FloorError {
    refused("slot_at_work", format!("Slot {slot} is at work."), "It works on a batch.", "Stop the slot first.")
}

pub(super) fn on_other_batch(slot: &SlotId, batch: &str) -> FloorError {
    let why = format!("It works on the batch {batch}.");
    refused("slot_on_other_batch", format!("Slot {slot} is at work."), why, "Stop the slot, then start it on this one.")
}

pub(super) fn stopping(slot: &SlotId) -> FloorError {
    let what = format!("Slot {slot} is about to stop.");
    refused("slot_stopping", what, "It ends the unit that is in work first.", "Wait until it has stopped.")
}

pub(super) fn busy(slot: &SlotId, what: &str) -> FloorError {
    let why = format!("It is busy with this: {what}.");
    refused("slot_busy", format!("Slot {slot} is busy."), why, "Wait until that is over, or stop the slot.")
}

pub(super) fn in_work(slot: &SlotId, run: RunId) -> FloorError {
    let what = format!("Slot {slot} has a unit in work.");
    refused("unit_in_work", what, format!("Run {run} is under way."), "Wait for its end, or stop the slot.")
}

pub(super) fn idle(slot: &SlotId) -> FloorError {
    refused("slot_idle", format!("Slot {slot} is stopped."), "It works on no batch.", "Start the slot on a batch.")
}

pub(super) fn nothing_to_retry(slot: &SlotId) -> FloorError {
    let what = format!("There is nothing to try again on slot {slot}.");
    let why = "A unit can be tried again while it is in the slot in which it failed.";
    refused("nothing_to_retry", what, why, "Put the unit in; the slot takes it by itself.")
}

pub(super) fn port_twice(slot: &SlotId, other: &SlotId) -> FloorError {
    let what = format!("Slot {slot} shares its port with slot {other}.");
    let why = "Two slots on one port would work on each other's units.";
    refused("ports_twice", what, why, "Map one of them to another port.")
}

pub(super) fn no_port(port: &Path) -> FloorError {
    let what = format!("{:?} is no port.", port.display().to_string());
    let why = "A port is named by its whole path, such as /dev/serial/by-path/….";
    refused("port_name", what, why, "Choose one of those that are plugged in.")
}

pub(super) fn no_batch(batch: BatchId) -> FloorError {
    let what = format!("There is no batch {}.", batch.0);
    refused("no_such_batch", what, "Nothing on record has this id.", "Choose a batch from the list.")
}

pub(super) fn closed(name: &str, reason: Option<&str>) -> FloorError {
    let why = format!("On record: {}.", reason.unwrap_or("closed"));
    let what = format!("The batch {name} is closed.");
    refused("batch_closed", what, why, "Open one for further units, and start the slots on that.")
}

pub(super) fn not_on_shelf(name: &str, folder: Option<&Path>) -> FloorError {
    let what = format!("The recipe of the batch {name} is not at hand.");
    let why = match folder {
        Some(folder) => {
            format!("No recipe in {}, with its images, is the one that it was opened for.", folder.display())
        }
        None => "This station has no folder of recipes.".to_owned(),
    };
    let remedy = "Put recipe and images back as they were, or open a batch for the recipe as it is now.";
    refused("recipe_not_on_shelf", what, why, remedy)
}

pub(super) fn not_golden(mac: Mac, recipe: &str) -> FloorError {
    let what = format!("Unit {mac} is no golden unit.");
    let why = format!("Nobody has named it one for the recipe {recipe}; nothing was done to it.");
    refused("not_golden", what, why, "Put the golden unit in, or let an engineer name this one.")
}

pub(super) fn other_unit(expected: Mac, seen: &str) -> FloorError {
    let why = format!("It began with {expected}. Seen: {seen}. Nothing is said of the slot.");
    let what = "The unit was changed during the check.".to_owned();
    refused("unit_changed", what, why, "Check again, and leave the golden unit in the slot.")
}

pub(super) fn check_cut(slot: &SlotId) -> FloorError {
    let what = format!("The check on slot {slot} came to no result.");
    refused("check_cut", what, "It was stopped, or the unit was taken out.", "Put the golden unit in and check again.")
}
