//! The pages of people.

use crate::routes::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default()
}
