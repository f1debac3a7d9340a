//! The `virtual-unit` program.
fn main() {}
