//! The pages.

mod batches;
pub(crate) mod engineering;
pub(crate) mod layout;
pub(crate) mod when;

use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default().merge(batches::routes())
}
