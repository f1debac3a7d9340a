//! How long a unit waits before it tries again. Sources: recovery rules, section 1, and device contract, section 3.

/// Shortest first delay of the recovery schedule, in milliseconds.
const RECOVERY_FIRST_MIN_MS: u64 = 2_000;

/// Longest first delay of the recovery schedule, in milliseconds.
const RECOVERY_FIRST_MAX_MS: u64 = 10_000;

/// Longest delay of the recovery schedule: one week, in milliseconds.
pub const RECOVERY_DELAY_MAX_MS: u64 = 7 * 24 * 3600 * 1000;

/// Silence after HTTP 429, in milliseconds.
pub const TOO_MANY_REQUESTS_SILENCE_MS: u64 = 60_000;

/// Delay before an ordinary reconnect to the broker, in milliseconds.
const RECONNECT_MS: u32 = 5_000;

/// First delay after CONNACK 4 or 5: max(6 × 5 s, 30 s), in milliseconds.
const REFUSED_FIRST_MS: u32 = 30_000;

/// Longest delay after CONNACK 4 or 5, in milliseconds.
const REFUSED_MAX_MS: u32 = 300_000;

/// The schedule of provisioning and storing: a random first delay, doubled by each failure up to one week.
#[derive(Debug, Clone)]
pub struct RecoverySchedule {
    first_ms: u64,
    next_ms: u64,
}

impl RecoverySchedule {
    /// Draws the first delay, 2 s to 10 s, from `seed`, so that a fleet does not return at once.
    pub fn new(seed: u64) -> Self {
        let span = RECOVERY_FIRST_MAX_MS - RECOVERY_FIRST_MIN_MS + 1;
        let first_ms = RECOVERY_FIRST_MIN_MS + mix(seed) % span;
        Self { first_ms, next_ms: first_ms }
    }

    /// The delay after one more failure, in milliseconds.
    pub fn after_failure(&mut self) -> u64 {
        let delay = self.next_ms;
        self.next_ms = (delay * 2).min(RECOVERY_DELAY_MAX_MS);
        delay
    }

    /// A success: the next failure waits the first delay again.
    pub fn reset(&mut self) {
        self.next_ms = self.first_ms;
    }
}

/// The schedule of broker connects: 5 s, but 30 s doubling to 300 s while the broker refuses the credentials.
#[derive(Debug, Clone, Default)]
pub struct BrokerBackoff {
    refused_ms: Option<u32>,
}

impl BrokerBackoff {
    /// Delay after a failure of the network, of TLS or of the protocol, in milliseconds.
    pub fn after_failure(&self) -> u32 {
        RECONNECT_MS
    }

    /// Delay after CONNACK 4 or 5, in milliseconds; brokers ban clients that hammer.
    pub fn after_refusal(&mut self) -> u32 {
        let delay = self.refused_ms.map_or(REFUSED_FIRST_MS, |last| (last * 2).min(REFUSED_MAX_MS));
        self.refused_ms = Some(delay);
        delay
    }

    /// The broker accepted the credentials.
    pub fn reset(&mut self) {
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
