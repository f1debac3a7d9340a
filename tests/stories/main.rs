//! Stories of the whole line, one per file, told through public interfaces only.

mod walls;
