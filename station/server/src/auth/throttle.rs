//! Holds wrong logins up, so that guessing is hopeless and nobody can lock a person out with it: what is held up is one
//! account from one address, for half a minute at most. Knows no clock and no password.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use firstpass_domain::{Sha256Digest, Timestamp};
use firstpass_gateway::{Rate, RateLimit};
use firstpass_store::UserId;

/// Wrong logins of one account from one address that cost no wait; the one after them does.
const FREE: u32 = 4;
/// First wait; each further wrong login doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);
/// After so long without a wrong login all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// Accounts with addresses that are remembered for what was wrong.
const PAIRS_MAX: usize = 8 * 1024;
/// Wrong logins from one address, whatever the account: what tries many accounts is held up too.
const PER_ADDRESS: Rate = Rate { burst: 60, interval: Duration::from_secs(2) };
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 4 * 1024;
/// Accounts with addresses that are remembered for a right login: what others try from there does not hold them up.
const KNOWN_MAX: usize = 8 * 1024;
/// For how long.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often it is told, for all accounts together: the log must not fill up with it.
const TOLD: Rate = Rate { burst: 20, interval: Duration::from_secs(60) };
/// Numbers that one person scans, and that may be badges but are nobody's. A label that is misread is one of them too.
const SCANS: Rate = Rate { burst: 20, interval: Duration::from_secs(30) };
/// People whose scans are counted.
const SCANNERS_MAX: usize = 4 * 1024;

/// Which way of logging in: to one account they are held up apart, so that a badge works while a password is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Login name and password.
    Password,
    /// Badge and PIN.
    Badge,
    /// The set-up code.
    SetUp,
}

/// What is tried, from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    way: Way,
    /// Hash of the account, so that each takes as much room.
    account: Sha256Digest,
    address: IpAddr,
}

impl Attempt {
    /// `account`: what was typed or scanned, known or not.
    pub(crate) fn new(way: Way, account: &str, address: IpAddr) -> Self {
        Self { way, account: Sha256Digest::of(account.as_bytes()), address: network(address) }
    }
}

/// A host of IPv6 has a whole /64 to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// The logins of late.
#[derive(Debug)]
pub(crate) struct Throttle {
    pairs: Mutex<Pairs>,
    addresses: RateLimit<(Way, IpAddr)>,
    told: RateLimit<()>,
    scans: RateLimit<UserId>,
}

/// What is known of accounts with addresses.
#[derive(Debug, Default)]
struct Pairs {
    wrong: HashMap<Attempt, Wrong>,
    /// When somebody last knew.
    known: HashMap<Attempt, Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Wrong {
    count: u32,
    last: Timestamp,
}

/// What a wrong login has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Wrong logins of this account from this address of late.
    pub(crate) count: u32,
    /// Whether the audit log is to be told: the first time that it must wait, and some times more.
    pub(crate) tell: bool,
}

/// A login that is being tried. It counts as a wrong one until it is said how it ended, so that many at the same time get no
/// further than many one after the other. Dropped without a word, it was wrong.
#[must_use]
#[derive(Debug)]
pub(crate) struct Begun<'a> {
    throttle: &'a Throttle,
    attempt: Attempt,
    /// Which of the wrong ones of late it is, if it is wrong.
    count: u32,
    /// Whether it took a place of its address.
    placed: bool,
}

/// A scan must wait before it may be looked up as a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScanWait {
    /// So long.
    pub(crate) wait: Duration,
    /// Whether the audit log is to be told.
    pub(crate) tell: bool,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            pairs: Mutex::default(),
            addresses: RateLimit::new(PER_ADDRESS, ADDRESSES_MAX),
            told: RateLimit::new(TOLD, 1),
            scans: RateLimit::new(SCANS, SCANNERS_MAX),
        }
    }
}

/// How long the next login must wait after so many wrong ones.
fn wait_after(count: u32) -> Duration {
    match count.checked_sub(FREE) {
        None | Some(0) => Duration::ZERO,
        Some(over) => FIRST_WAIT.saturating_mul(1 << (over - 1).min(16)).min(WAIT_MAX),
    }
}

impl Wrong {
    fn wait(self, now: Timestamp) -> Duration {
        // A clock that was set back must not lock anybody out for longer than the wait.
        let wait = wait_after(self.count);
        self.last.plus(wait).since(now).min(wait)
    }

    fn is_forgotten(self, now: Timestamp) -> bool {
        now.since(self.last) > FORGOTTEN_AFTER
    }
}

impl Throttle {
    /// Lets an attempt through, or says how long to wait. One that must wait is not verified, and does not count.
    pub(crate) fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<Begun<'_>, Duration> {
        let mut pairs = self.pairs();
        let wait = pairs.wrong.get(attempt).map_or(Duration::ZERO, |wrong| wrong.wait(now));
        if !wait.is_zero() {
            return Err(wait);
        }
        let placed = !pairs.knows(attempt, now);
        if placed {
            self.addresses.ask((attempt.way, attempt.address), now).map_err(|often| often.retry_after)?;
        }
        let count = pairs.count(attempt, now);
        Ok(Begun { throttle: self, attempt: *attempt, count, placed })
    }

    /// Lets a person's scan be looked up as a badge, or says how long to wait. It counts unless it is [`Self::found`].
    pub(crate) fn look_up(&self, person: UserId, now: Timestamp) -> Result<(), ScanWait> {
        self.scans
            .ask(person, now)
            .map_err(|often| ScanWait { wait: often.retry_after, tell: often.first && self.told.ask((), now).is_ok() })
    }

    /// A scan was somebody's badge.
    pub(crate) fn found(&self, person: UserId) {
        self.scans.take_back(person);
    }

    /// How many scans that are nobody's badge are let through at once.
    pub(crate) const fn scans_free() -> u32 {
        SCANS.burst
    }

    fn pairs(&self) -> MutexGuard<'_, Pairs> {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Begun<'_> {
    /// It was wrong.
    pub(crate) fn wrong(self, now: Timestamp) -> Counted {
        if let Some(wrong) = self.throttle.pairs().wrong.get_mut(&self.attempt) {
            // The wait begins when it is answered.
            wrong.last = now;
        }
        let waits_first = self.count == FREE + 1 || (self.count > FREE && self.count.is_multiple_of(50));
        Counted { count: self.count, tell: waits_first && self.throttle.told.ask((), now).is_ok() }
    }

    /// Somebody knew: the wrong ones of this account from this address are forgotten.
    pub(crate) fn right(self, now: Timestamp) {
        let mut pairs = self.throttle.pairs();
        pairs.wrong.remove(&self.attempt);
        pairs.note_known(&self.attempt, now);
        self.give_place_back();
    }

    /// Nobody has looked whether it is right.
    pub(crate) fn undone(self) {
        if let Some(wrong) = self.throttle.pairs().wrong.get_mut(&self.attempt) {
            wrong.count = wrong.count.saturating_sub(1);
        }
        self.give_place_back();
    }

    fn give_place_back(&self) {
        if self.placed {
            self.throttle.addresses.take_back((self.attempt.way, self.attempt.address));
        }
    }
}

impl Pairs {
    fn knows(&self, attempt: &Attempt, now: Timestamp) -> bool {
        self.known.get(attempt).is_some_and(|at| now.since(*at) <= KNOWN_FOR)
    }

    fn note_known(&mut self, attempt: &Attempt, now: Timestamp) {
        if self.known.len() >= KNOWN_MAX && !self.known.contains_key(attempt) {
            let oldest = self.known.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key);
            oldest.map(|key| self.known.remove(&key));
        }
        self.known.insert(*attempt, now);
    }

    fn count(&mut self, attempt: &Attempt, now: Timestamp) -> u32 {
        make_room(&mut self.wrong, attempt, now);
        let wrong = self.wrong.entry(*attempt).or_insert(Wrong { count: 0, last: now });
        let before = if wrong.is_forgotten(now) { 0 } else { wrong.count };
        *wrong = Wrong { count: before.saturating_add(1), last: now };
        wrong.count
    }
}

fn make_room<K: Copy + Eq + Hash>(pairs: &mut HashMap<K, Wrong>, key: &K, now: Timestamp) {
    if pairs.len() < PAIRS_MAX || pairs.contains_key(key) {
        return;
    }
    pairs.retain(|_, wrong| !wrong.is_forgotten(now));
    if pairs.len() >= PAIRS_MAX {
        // Whoever was wrong least often, and longest ago.
        let least = pairs.iter().min_by_key(|(_, wrong)| (wrong.count, wrong.last)).map(|(key, _)| *key);
        least.map(|key| pairs.remove(&key));
    }
}

#[cfg(test)]
mod tests;
