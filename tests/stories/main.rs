//! Stories of the whole line, one per file, told through public interfaces only.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod bad_input;
mod bad_neighbours;
mod batches;
mod clones;
mod eight_units_pass;
mod emulator;
mod faults;
mod fixed_adapter;
mod floor;
mod full_and_closed_disks;
mod injections;
mod killed_station;
mod known_units;
mod listed_stories;
mod lwm2m_parameters;
mod no_secret_left_behind;
mod noise_on_the_ports;
mod old_secrets;
mod public_clients;
mod random_kills;
mod repairs;
mod retests;
mod rom_transcript;
mod serial_numbers;
mod set_aside;
mod short_orders;
mod slow_wires;
mod stopped_batch;
mod torn_files;
mod two_stages;
mod two_stations;
mod updates;
mod upstream;
mod walls;
mod work_orders;
