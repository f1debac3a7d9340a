//! The API under `/api/v1`, for other systems: one module for each topic, each with its handlers and its own wire types.
//!
//! A handler reads, asks the record or the floor once, and converts. What the wire says are promises: fields and values
//! are only ever added within a version.

mod audit;
mod batches;
mod certificates;
pub(crate) mod command;
pub(crate) mod document;
mod events;
pub(crate) mod extract;
mod figures;
mod hooks;
mod page;
mod people;
mod runs;
mod slots;
mod stock;
mod units;
pub(crate) mod wire;

use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    let topics = [
        document::routes(),
        slots::routes(),
        events::routes(),
        batches::routes(),
        units::routes(),
        runs::routes(),
        certificates::routes(),
        audit::routes(),
        stock::routes(),
        people::routes(),
        hooks::routes(),
    ];
    topics.into_iter().fold(Routes::default(), Routes::merge)
}

/// The description of the API: OpenAPI 3.1, JSON.
pub fn openapi() -> String {
    document::text()
}
