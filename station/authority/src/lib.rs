//! The certificate authority of a station.
