//! Stories of the whole line, one per file, told through public interfaces only.

mod eight_units_pass;
mod injections;
mod walls;
