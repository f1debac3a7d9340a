//! The floor of a station: which port a slot has, and how its golden units come out.

use async_trait::async_trait;

use crate::{Record, db::Database};

/// What is on record of the floor.
#[async_trait]
pub trait FloorPlan: Send + Sync {}

#[async_trait]
impl<D: Database> FloorPlan for Record<D> {}
