//! The pages.

mod batches;
pub(crate) mod layout;

use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default().merge(batches::routes())
}
