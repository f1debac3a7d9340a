//! How long a unit waits before it tries again. Sources: recovery rules, section 1, and device contract, section 3.

/// Shortest first delay of the recovery schedule, in milliseconds.
const RECOVERY_FIRST_MIN_MS: u64 = 2_000;

/// Longest first delay of the recovery schedule, in milliseconds.
const RECOVERY_FIRST_MAX_MS: u64 = 10_000;

/// Longest delay of the recovery schedule: one week, in milliseconds.
pub const RECOVERY_DELAY_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

/// Silence after HTTP 429, in milliseconds.
pub const TOO_MANY_REQUESTS_SILENCE_MS: u64 = 60_000;

/// First delay after CONNACK 4 or 5: max(6 × 5 s, 30 s), in milliseconds.
const REFUSED_FIRST_MS: u64 = 30_000;

/// Longest delay between two connects to the broker, in milliseconds: the contract's for a refused login. The recovery
/// rules allow up to a week; a unit with good credentials should not stay away longer than one with bad ones.
const BROKER_DELAY_MAX_MS: u64 = 300_000;

/// The schedule of the recovery rules: a random first delay, doubled by each failure up to a longest one.
#[derive(Debug, Clone)]
pub struct RecoverySchedule {
    first_ms: u64,
    next_ms: u64,
    longest_ms: u64,
}

impl RecoverySchedule {
    /// The schedule of provisioning and storing. Draws the first delay, 2 s to 10 s, from `seed`, so that a fleet does
    /// not return at once; the longest delay is one week.
    pub fn new(seed: u64) -> Self {
        Self::bounded(seed, RECOVERY_DELAY_MAX_MS)
    }

    fn bounded(seed: u64, longest_ms: u64) -> Self {
        let span = RECOVERY_FIRST_MAX_MS - RECOVERY_FIRST_MIN_MS + 1;
        let first_ms = RECOVERY_FIRST_MIN_MS + mix(seed) % span;
        Self { first_ms, next_ms: first_ms, longest_ms }
    }

    /// The delay after one more failure, in milliseconds.
    pub fn after_failure(&mut self) -> u64 {
        let delay = self.next_ms;
        self.next_ms = (delay * 2).min(self.longest_ms);
        delay
    }

    /// The delay after HTTP 429, in milliseconds: a minute of silence, or what the server asks for beyond it, and then
    /// the first delay, so that units which were silenced together do not go on together. It is no failure of the
    /// service, so it does not double what follows.
    pub fn after_too_many_requests(&self, retry_after_s: Option<u32>) -> u64 {
        let asked_ms = u64::from(retry_after_s.unwrap_or(0)) * 1000;
        let silence_ms = asked_ms.max(TOO_MANY_REQUESTS_SILENCE_MS);
        (silence_ms + self.first_ms).min(self.longest_ms)
    }

    /// The delay after the network has come back, in milliseconds: a whole site's units have it back at one instant.
    pub fn after_outage(&self) -> u64 {
        self.first_ms
    }

    /// A success: the next failure waits the first delay again.
    pub fn reset(&mut self) {
        self.next_ms = self.first_ms;
    }
}

/// The schedule of broker connects: that of the recovery rules up to 300 s, but 30 s doubling to 300 s while the broker
/// refuses the credentials.
///
/// The contract's 5 s are a default, and in lock-step they would bring a whole fleet back within the same second;
/// the recovery rules ask for 2 s to 10 s at random instead.
#[derive(Debug, Clone)]
pub struct BrokerBackoff {
    lost: RecoverySchedule,
    refused_ms: Option<u64>,
}

impl BrokerBackoff {
    /// Draws the first delay from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { lost: RecoverySchedule::bounded(seed, BROKER_DELAY_MAX_MS), refused_ms: None }
    }

    /// Delay after a failure of the network, of TLS or of the protocol, in milliseconds.
    pub fn after_failure(&mut self) -> u64 {
        self.lost.after_failure()
    }

    /// Delay after the network has come back, in milliseconds.
    pub fn after_outage(&self) -> u64 {
        self.lost.after_outage()
    }

    /// Delay after CONNACK 4 or 5, in milliseconds; brokers ban clients that hammer.
    pub fn after_refusal(&mut self) -> u64 {
        let delay = self.refused_ms.map_or(REFUSED_FIRST_MS, |last| (last * 2).min(BROKER_DELAY_MAX_MS));
        self.refused_ms = Some(delay);
        delay
    }

    /// The broker accepted the credentials.
    pub fn reset(&mut self) {
        self.lost.reset();
        self.refused_ms = None;
    }
}

/// Spreads neighbouring seeds (MACs count up) over all values: the finaliser of SplitMix64 (Steele et al., 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
