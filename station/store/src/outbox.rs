//! What the station owes to others: messages to webhooks, and the same answer to a command that is repeated.

use async_trait::async_trait;

use crate::{Record, db::Database};

/// Webhooks with what is still to be sent to them, and the answers that were given to commands.
#[async_trait]
pub trait Outbox: Send + Sync {}

#[async_trait]
impl<D: Database> Outbox for Record<D> {}
