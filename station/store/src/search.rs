//! Finding what is on record: units by any of their names, audit entries, and the figures of batches.

use async_trait::async_trait;

use crate::{Record, db::Database};

/// Questions to the record.
#[async_trait]
pub trait Search: Send + Sync {}

#[async_trait]
impl<D: Database> Search for Record<D> {}
