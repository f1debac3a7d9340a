//! Slots and runs: decide, act, record, publish.
