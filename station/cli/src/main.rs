//! The `station` program.
fn main() {}
