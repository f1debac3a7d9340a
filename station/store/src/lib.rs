//! The record: what happened to every unit, in SQLite or PostgreSQL.
