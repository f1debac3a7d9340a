//! The `station` program from outside: the commands that need no unit, their words and their exit codes.

mod nvs;
mod program;
mod recipe;
mod record;
