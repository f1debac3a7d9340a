//! Who works where and when in the year that is made up. Knows no database: the same number gives the same unit, run and
//! fate.

use firstpass_domain::{DiagnosisCode, Mac, RunId, Sha256Digest, Step, Timestamp};
use uuid::Uuid;

pub(crate) const STATIONS: [&str; 4] = ["hall-1", "hall-2", "hall-3", "annex"];
pub(crate) const SLOTS: usize = 8;
/// Units that are in work at a time.
pub(crate) const WAVE: usize = STATIONS.len() * SLOTS;
/// People, of whom the last does hardly anything.
pub(crate) const PEOPLE: [&str; 6] = ["ada", "ben", "chen", "dora", "emil", "audrey"];
pub(crate) const SECOND: i64 = 1_000_000;
/// 1 May 2026.
const START: i64 = 1_777_593_600 * SECOND;
const WAVE_TAKES: i64 = 500 * SECOND;
/// Batches beside the large one.
pub(crate) const BATCHES: usize = 200;
pub(crate) const STEPS: [Step; 6] =
    [Step::Identify, Step::Flash, Step::Boot, Step::Provision, Step::Connect, Step::Attest];

/// True time of a wave.
pub(crate) fn wave_at(wave: usize) -> i64 {
    START + wave as i64 * WAVE_TAKES
}

/// What a station's clock shows: one is fast, one slow, and one was two hours wrong for a while.
pub(crate) fn clock(station: usize, wave: usize, waves: usize, time: i64) -> Timestamp {
    let is_lost = wave > waves * 6 / 10 && wave < waves * 65 / 100;
    let offset = match station {
        1 => 37,
        2 => -240,
        3 if is_lost => -7200,
        _ => 0,
    };
    Timestamp::from_micros(time + offset * SECOND)
}

/// A number that looks like chance.
pub(crate) fn chance(of: &str, number: u64) -> u64 {
    let digest = digest(of, number);
    let [a, b, c, d, e, f, g, h, ..] = *digest.bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

pub(crate) fn digest(of: &str, number: u64) -> Sha256Digest {
    Sha256Digest::of(format!("{of} {number}").as_bytes())
}

pub(crate) fn mac(unit: usize) -> Mac {
    let [.., a, b, c] = (unit as u32).wrapping_mul(7919).to_be_bytes();
    Mac::new([0x60, 0x55, 0xf9, a, b, c])
}

/// Ids of version 7: in the order of time.
pub(crate) fn run_id(time: i64, run: u64) -> RunId {
    let millis = u128::try_from(time / 1000).expect("this century");
    RunId(Uuid::from_u128(millis << 80 | 7 << 76 | 2 << 62 | u128::from(run)))
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Passed,
    /// In this step.
    Failed(DiagnosisCode, Step),
}

/// The attempts of a unit: nine of ten pass at once.
pub(crate) fn ends(unit: usize) -> Vec<End> {
    use DiagnosisCode::{BootSilent, Interrupted, MqttDropped, ProvisionTimedOut};
    let failed = |code, step| End::Failed(code, step);
    match chance("end", unit as u64) % 1000 {
        0..40 => vec![failed(BootSilent, Step::Boot), End::Passed],
        40..65 => vec![failed(MqttDropped, Step::Connect), End::Passed],
        65..80 => vec![failed(ProvisionTimedOut, Step::Provision), End::Passed],
        80..85 => vec![failed(Interrupted, Step::Flash), End::Passed],
        85..93 => vec![failed(BootSilent, Step::Boot), failed(BootSilent, Step::Boot), End::Passed],
        93..100 => vec![failed(MqttDropped, Step::Connect), failed(BootSilent, Step::Boot)],
        _ => vec![End::Passed],
    }
}

/// The batch of a unit: the large one has two stations to itself for a fifth of the time.
pub(crate) fn batch(unit: usize, units: usize) -> usize {
    let (waves, wave, station) = (units.div_ceil(WAVE), unit / WAVE, unit % WAVE / SLOTS);
    let is_large = wave >= waves * 3 / 10 && wave < waves * 5 / 10 && station >= 2;
    if is_large { BATCHES } else { (unit * BATCHES / units).min(BATCHES - 1) }
}
