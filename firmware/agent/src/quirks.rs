//! What a faulty firmware does otherwise than the device contract asks. Off by default; a test or a virtual unit sets it.

/// The deviations of one firmware. [`Quirks::default`] is the firmware by the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    /// The auth code stays in NVS after a provisioning.
    pub keeps_code: bool,
    /// The password that is sent to the broker is not the one that was issued.
    pub wrong_password: bool,
    /// The client certificate is not presented.
    pub no_certificate: bool,
    /// What is subscribed to.
    pub subscribes: Subscribes,
    /// What is published as presence after a connect.
    pub presence: PresenceSaid,
    /// Commands are acknowledged, but a ping is not answered.
    pub no_ping_answer: bool,
    /// The wait before every next attempt, at HTTPS and at the broker, in milliseconds, whatever the answer was.
    pub hammers_ms: Option<u32>,
}

/// What a firmware subscribes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subscribes {
    /// `…/cmd/#` and `…/config/#`.
    #[default]
    AsContracted,
    /// `…/commands`, the classic mistake.
    Commands,
    /// The contract's filters below the user name in place of the device key.
    BelowUserName,
    /// Nothing.
    Nothing,
}

/// What a firmware says as its presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PresenceSaid {
    /// `ONLINE`, retained.
    #[default]
    Online,
    /// `OFFLINE`, retained.
    Offline,
    /// `ONLINE`, but not retained.
    NotRetained,
    /// Nothing.
    Nothing,
}
