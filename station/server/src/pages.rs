//! The pages.

mod api;
pub(crate) mod audit;
mod batches;
mod certificate;
pub(crate) mod engineering;
pub(crate) mod layout;
pub(crate) mod line;
mod login;
pub(crate) mod people;
pub(crate) mod units;
mod webhooks;
pub(crate) mod when;

use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    let record = Routes::default()
        .merge(line::routes())
        .merge(login::routes())
        .merge(people::routes())
        .merge(webhooks::routes())
        .merge(api::routes())
        .merge(units::routes())
        .merge(certificate::routes())
        .merge(audit::routes());
    Routes::default().merge(batches::routes()).merge(record).merge(crate::export::routes()).merge(engineering::routes())
}
