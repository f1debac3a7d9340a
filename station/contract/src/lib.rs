//! The device contract: what a unit stores, says and hears.
