//! The MQTT broker through its public interface: real TLS on loopback, public clients and a raw one.
// Says to the lints that helpers are tests as well.
#![cfg(test)]

mod bench;
mod broken_clients;
mod ca;
mod certificates;
mod flooding;
mod login;
mod public_clients;
mod raw;
mod session;
mod station;
mod topics;
