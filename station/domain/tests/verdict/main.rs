//! What the verdict promises: nothing passes by accident, and every failure is named by what stands first in the way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod causes;
mod facts;
mod judge;
mod properties;
mod reach;
