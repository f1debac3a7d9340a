//! The `station` program from outside: the commands that need no unit, their words and their exit codes.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod completions;
mod diagnose;
mod factory;
mod image;
mod nvs;
mod product;
mod program;
mod recipe;
mod recipe_docs;
mod recipe_examples;
mod recipe_refusals;
mod record;
mod replay;
mod secrets;
mod serve;
mod usage;
mod users;
mod withdrawal;
