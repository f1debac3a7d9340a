//! The people of a station: users, badges, API tokens and their logins.

use async_trait::async_trait;

use crate::{Record, db::Database};

/// What is on record of people.
#[async_trait]
pub trait People: Send + Sync {}

#[async_trait]
impl<D: Database> People for Record<D> {}
