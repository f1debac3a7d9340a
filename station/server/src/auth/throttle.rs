//! Holds wrong logins up, so that guessing is hopeless and nobody can lock a person out with it: what is held up is one
//! account from one address, for half a minute at most. Knows no clock and no password.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use firstpass_domain::{Sha256Digest, Timestamp};
use firstpass_gateway::{Rate, RateLimit};

/// Wrong logins of one account from one address before the next must wait.
const FREE: u32 = 4;
/// First wait; each further wrong login doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);
/// After so long without a wrong login all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// Accounts with addresses that are remembered.
const PAIRS_MAX: usize = 8 * 1024;
/// Logins from one address, whatever the account: what tries many accounts is held up too, and an honest person at
/// the same address waits for two seconds at most.
const PER_ADDRESS: Rate = Rate { burst: 60, interval: Duration::from_secs(2) };
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 4 * 1024;
/// How often it is told, for all accounts together: the log must not fill up with it.
const TOLD: Rate = Rate { burst: 20, interval: Duration::from_secs(60) };

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

/// The wrong logins of late.
#[derive(Debug)]
pub(crate) struct Throttle {
    pairs: Mutex<HashMap<Attempt, Wrong>>,
    addresses: RateLimit<(Way, IpAddr)>,
    told: RateLimit<()>,
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

impl Default for Throttle {
    fn default() -> Self {
        Self {
            pairs: Mutex::default(),
            addresses: RateLimit::new(PER_ADDRESS, ADDRESSES_MAX),
            told: RateLimit::new(TOLD, 1),
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
    pub(crate) fn check(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Duration> {
        let wait = self.wait(attempt, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.addresses.ask((attempt.way, attempt.address), now).map_err(|often| often.retry_after)
    }

    fn wait(&self, attempt: &Attempt, now: Timestamp) -> Duration {
        let pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.get(attempt).map_or(Duration::ZERO, |wrong| wrong.wait(now))
    }

    /// Counts a wrong login.
    pub(crate) fn wrong(&self, attempt: &Attempt, now: Timestamp) -> Counted {
        let count = self.count(attempt, now);
        let waits_first = count == FREE + 1 || (count > FREE && count.is_multiple_of(50));
        Counted { count, tell: waits_first && self.told.ask((), now).is_ok() }
    }

    /// Forgets the wrong ones of this account from this address: somebody knew.
    pub(crate) fn right(&self, attempt: &Attempt) {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).remove(attempt);
    }

    fn count(&self, attempt: &Attempt, now: Timestamp) -> u32 {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut pairs, attempt, now);
        let wrong = pairs.entry(*attempt).or_insert(Wrong { count: 0, last: now });
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

    #[test]
    fn whoever_guesses_waits_and_nobody_else_does() {
        let throttle = Throttle::default();
        let guesser = from(66, Way::Password);
        let mut now = START;
        for _ in 0..50 {
            if let Err(wait) = throttle.check(&guesser, now) {
                assert!(wait <= WAIT_MAX);
                now = now.plus(wait);
            }
            assert_eq!(throttle.wait(&guesser, now), Duration::ZERO, "after its wait everybody may try");
            throttle.wrong(&guesser, now);
        }
        assert_eq!(throttle.check(&guesser, now), Err(WAIT_MAX));
        assert_eq!(throttle.check(&from(7, Way::Password), now), Ok(()), "from elsewhere");
        assert_eq!(throttle.check(&from(66, Way::Badge), now), Ok(()), "with the badge");
        throttle.right(&guesser);
        assert_eq!(throttle.check(&guesser, now), Ok(()), "who knew is not held up for what was before");
    }

    #[test]
    fn guessing_in_a_wait_does_not_make_it_longer() {
        let throttle = Throttle::default();
        let guesser = from(66, Way::Badge);
        for _ in 0..7 {
            throttle.wrong(&guesser, START);
        }
        let wait = throttle.check(&guesser, START).unwrap_err();
        for _ in 0..100 {
            assert_eq!(throttle.check(&guesser, START), Err(wait));
        }
        assert_eq!(throttle.check(&guesser, START.plus(wait)), Ok(()));
    }

    #[test]
    fn one_address_that_tries_every_account_is_held_up() {
        let throttle = Throttle::default();
        let address = Ipv4Addr::new(192, 0, 2, 66).into();
        let check = |n: u32| throttle.check(&Attempt::new(Way::Password, &n.to_string(), address), START);
        assert_eq!((0..1000).filter(|n| check(*n).is_ok()).count(), PER_ADDRESS.burst as usize);
        assert!(check(1000).unwrap_err() <= PER_ADDRESS.interval);
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
            told += u32::from(throttle.wrong(&attempt, START).tell);
        }
        assert_eq!(told, TOLD.burst);
        assert!(throttle.pairs.lock().unwrap().len() <= PAIRS_MAX);
    }
}
