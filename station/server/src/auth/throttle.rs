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
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn from(last: u8, way: Way) -> Attempt {
        Attempt::new(way, "grace", Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[test]
    fn each_wrong_login_doubles_the_wait_up_to_half_a_minute() {
        let waits: Vec<u64> = (0..=12).map(|count| wait_after(count).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait_after(u32::MAX), WAIT_MAX);
    }

    /// Tries, and is wrong.
    fn guess(throttle: &Throttle, attempt: &Attempt, now: Timestamp) -> Result<Counted, Duration> {
        throttle.begin(attempt, now).map(|begun| begun.wrong(now))
    }

    /// Tries, and knows.
    fn know(throttle: &Throttle, attempt: &Attempt, now: Timestamp) -> Result<(), Duration> {
        throttle.begin(attempt, now).map(|begun| begun.right(now))
    }

    #[test]
    fn whoever_guesses_waits_and_nobody_else_does() {
        let throttle = Throttle::default();
        let guesser = from(66, Way::Password);
        let mut now = START;
        for _ in 0..50 {
            if let Err(wait) = guess(&throttle, &guesser, now) {
                assert!(wait <= WAIT_MAX);
                now = now.plus(wait);
                assert!(guess(&throttle, &guesser, now).is_ok(), "after its wait everybody may try");
            }
        }
        assert_eq!(guess(&throttle, &guesser, now), Err(WAIT_MAX));
        assert!(guess(&throttle, &from(7, Way::Password), now).is_ok(), "from elsewhere");
        assert!(guess(&throttle, &from(66, Way::Badge), now).is_ok(), "with the badge");
        assert!(know(&throttle, &guesser, now.plus(WAIT_MAX)).is_ok());
        assert!(guess(&throttle, &guesser, now.plus(WAIT_MAX)).is_ok(), "who knew is not held up for what was before");
    }

    #[test]
    fn many_at_the_same_time_get_no_further_than_many_one_after_the_other() {
        let throttle = Throttle::default();
        let guesser = from(66, Way::Password);
        let begun: Vec<_> = (0..100).filter_map(|_| throttle.begin(&guesser, START).ok()).collect();
        assert_eq!(begun.len(), FREE as usize + 1);
        let told = begun.into_iter().map(|begun| begun.wrong(START)).filter(|counted| counted.tell).count();
        assert_eq!(told, 1);
        drop(throttle.begin(&guesser, START.plus(FIRST_WAIT)));
        assert_eq!(guess(&throttle, &guesser, START.plus(FIRST_WAIT)), Err(FIRST_WAIT * 2), "who hangs up was wrong");
    }

    #[test]
    fn what_nobody_has_looked_at_does_not_count() {
        let throttle = Throttle::default();
        for _ in 0..1000 {
            throttle.begin(&from(7, Way::Password), START).unwrap().undone();
        }
        assert_eq!(guess(&throttle, &from(7, Way::Password), START).unwrap().count, 1);
    }

    #[test]
    fn guessing_in_a_wait_does_not_make_it_longer() {
        let throttle = Throttle::default();
        let guesser = from(66, Way::Badge);
        let mut now = START;
        let wait = loop {
            match guess(&throttle, &guesser, now) {
                Err(wait) if wait > FIRST_WAIT => break wait,
                Err(wait) => now = now.plus(wait),
                Ok(_) => {}
            }
        };
        for _ in 0..100 {
            assert_eq!(guess(&throttle, &guesser, now), Err(wait));
        }
        assert!(guess(&throttle, &guesser, now.plus(wait)).is_ok());
    }

    fn named(name: &str) -> Attempt {
        Attempt::new(Way::Password, name, Ipv4Addr::new(192, 0, 2, 66).into())
    }

    #[test]
    fn one_address_that_tries_every_account_is_held_up_and_who_knew_before_is_not() {
        let throttle = Throttle::default();
        know(&throttle, &named("grace"), START).unwrap();
        let wrong = |n: u32| guess(&throttle, &named(&n.to_string()), START);
        assert_eq!((0..1000).filter(|n| wrong(*n).is_ok()).count(), PER_ADDRESS.burst as usize);
        assert!(wrong(1000).unwrap_err() <= PER_ADDRESS.interval);
        assert!(know(&throttle, &named("ada"), START).is_err(), "nobody knows yet who that is");
        for second in 0..100 {
            let now = START.plus(Duration::from_secs(second));
            while guess(&throttle, &named(&format!("{second}")), now).is_ok() {}
            assert!(know(&throttle, &named("grace"), now).is_ok(), "whatever else is tried from there");
        }
        let guessed = (0..100).filter(|_| guess(&throttle, &named("grace"), START).is_ok()).count();
        assert_eq!(guessed, FREE as usize + 1, "her account is no way around");
    }

    #[test]
    fn right_logins_use_up_nothing_of_an_address() {
        let throttle = Throttle::default();
        for n in 0..1000 {
            assert!(know(&throttle, &named(&n.to_string()), START).is_ok());
        }
        assert!(throttle.pairs().known.len() <= KNOWN_MAX);
    }

    #[test]
    fn who_scans_what_is_no_badge_waits_and_who_scans_badges_does_not() {
        let throttle = Throttle::default();
        let (grace, eve) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
        for _ in 0..1000 {
            assert!(throttle.look_up(grace, START).is_ok());
            throttle.found(grace);
        }
        assert_eq!((0..1000).filter(|_| throttle.look_up(eve, START).is_ok()).count(), SCANS.burst as usize);
        assert!(throttle.look_up(eve, START).unwrap_err().wait <= SCANS.interval);
        assert!(throttle.look_up(grace, START).is_ok());
    }

    #[test]
    fn hosts_of_one_ipv6_network_are_one() {
        let attempt = |text: &str| Attempt::new(Way::Password, "grace", text.parse().unwrap());
        assert_eq!(attempt("2001:db8::1"), attempt("2001:db8::2"));
        assert_ne!(attempt("2001:db8::1"), attempt("2001:db8:0:1::1"));
        assert_eq!(attempt("::ffff:192.0.2.1"), attempt("192.0.2.1"));
    }

    #[test]
    fn a_flood_is_told_in_part_and_kept_in_part() {
        let throttle = Throttle::default();
        let mut told = 0;
        for n in 0..20_000_u32 {
            let attempt = Attempt::new(Way::Password, &(n / 5).to_string(), Ipv4Addr::from(n / 50).into());
            // Each from the address of ten accounts only.
            told += u32::from(guess(&throttle, &attempt, START).is_ok_and(|counted| counted.tell));
        }
        assert_eq!(told, TOLD.burst);
        assert!(throttle.pairs().wrong.len() <= PAIRS_MAX);
    }
}
