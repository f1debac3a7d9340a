//! What units talk to: HTTPS provisioning and the MQTT broker.

pub mod mqtt;
