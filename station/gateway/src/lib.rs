//! What units talk to: HTTPS provisioning and the MQTT broker.

mod accounts;
pub mod https;
pub mod mqtt;

pub use accounts::RecordedAccounts;
