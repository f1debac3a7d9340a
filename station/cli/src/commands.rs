//! One command a file: read what it was asked, call the crate that knows, print.

pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod ca;
pub(crate) mod demo;
pub(crate) mod diagnose;
pub(crate) mod doctor;
pub(crate) mod flash;
pub(crate) mod image;
pub(crate) mod nvs;
pub(crate) mod ports;
pub(crate) mod recipe;
pub(crate) mod serials;
pub(crate) mod serve;
pub(crate) mod units;
pub(crate) mod users;
pub(crate) mod virtual_unit;
