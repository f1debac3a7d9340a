//! Stories of the whole line, one per file, told through public interfaces only.

mod eight_units_pass;
mod faults;
mod injections;
mod killed_station;
mod old_secrets;
mod walls;
