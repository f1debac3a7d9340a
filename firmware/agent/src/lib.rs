//! What an ESP32 unit does after boot, without I/O.
//!
//! The agent is a state machine: a driver feeds it [`Event`]s with the time and carries out the [`Action`]s it asks for.
//! Provisioning, the session in NVS, MQTT, back-off, the OTA decision and the log lines of the device contract are here;
//! sockets, TLS, flash, clocks and randomness are the driver's, so that a chip and a test run the same code.
#![no_std]

extern crate alloc;

mod action;
mod agent;
mod backoff;
mod boot;
mod broker;
mod command;
mod event;
mod key;
mod ota;
mod provision;
mod quirks;
mod report;
mod session;
mod setup;

pub use action::{Action, BrokerEndpoint, Header, HttpsRequest, OpaqueBytes, OtaDownload};
pub use agent::Agent;
pub use backoff::{BrokerBackoff, RECOVERY_DELAY_MAX_MS, RecoverySchedule, TOO_MANY_REQUESTS_SILENCE_MS};
pub use boot::{Boot, EspError, Mac};
pub use event::{BrokerFailure, CertificateFault, Event, HttpFailure, HttpResponse};
pub use key::ClientKey;
pub use ota::TRIAL_MS;
pub use quirks::{PresenceSaid, Quirks, Subscribes};
pub use report::{ErrorClass, Report, UpdateResult};
pub use session::{FirmwareOffer, NvsRead, NvsValue, SessionInNvs, SessionWrite};
pub use setup::{CompiledIn, Setup};
