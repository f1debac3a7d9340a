//! The authority, through its public interface and with Debian's openssl.
// Says to the lints that helpers are tests as well.
#![cfg(test)]

mod files;
mod public_clients;
mod servers_and_lists;
mod support;
mod time_and_names;
