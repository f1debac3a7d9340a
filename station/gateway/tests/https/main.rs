//! The provisioning endpoint, as units, public clients and strangers meet it.
// Says to the lints that helpers are tests as well.
#![cfg(test)]

mod bad_requests;
mod claims;
mod confidants;
mod firmware;
mod handshakes;
mod life;
mod lost_answers;
mod on_behalf;
mod provisioning;
mod raw;
mod service;
mod slow_clients;
mod station;
mod tls;
mod upstream;
mod withdrawn;
