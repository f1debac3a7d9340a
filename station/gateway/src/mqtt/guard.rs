//! Slows down who guesses passwords: counts failed logins per user name and per address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::{Sha256Digest, Timestamp};

use super::limits::Limits;

/// Failed logins of late.
#[derive(Debug)]
pub(super) struct LoginGuard {
    limits: Limits,
    failures: Mutex<HashMap<Key, Failures>>,
}

/// User names are kept as digests, since strangers choose them and their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Username(Sha256Digest),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    since: Timestamp,
    count: u32,
}

impl LoginGuard {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), failures: Mutex::new(HashMap::new()) }
    }

    /// Whether a login may be tried. It counts as failed for the user name until [`LoginGuard::succeeded`], so that
    /// many at once do not get more tries than one after the other.
    pub(super) fn begin(&self, username: &str, address: IpAddr, now: Timestamp) -> bool {
        let mut failures = self.lock();
        let name = Key::Username(Sha256Digest::of(username.as_bytes()));
        let address_failed = self.count(&failures, Key::Address(address), now);
        if address_failed >= self.limits.failures_per_address_max
            || self.count(&failures, name, now) >= self.limits.failures_per_username_max
        {
            return false;
        }
        self.add(&mut failures, name, now);
        true
    }

    /// The tried login failed.
    pub(super) fn failed(&self, address: IpAddr, now: Timestamp) {
        self.add(&mut self.lock(), Key::Address(address), now);
    }

    /// The tried login was right.
    pub(super) fn succeeded(&self, username: &str) {
        let name = Key::Username(Sha256Digest::of(username.as_bytes()));
        if let Some(entry) = self.lock().get_mut(&name) {
            entry.count = entry.count.saturating_sub(1);
        }
    }

    fn count(&self, failures: &HashMap<Key, Failures>, key: Key, now: Timestamp) -> u32 {
        let current = failures.get(&key).filter(|entry| now.since(entry.since) < self.limits.failure_window);
        current.map_or(0, |entry| entry.count)
    }

    fn add(&self, failures: &mut HashMap<Key, Failures>, key: Key, now: Timestamp) {
        let window = self.limits.failure_window;
        if !failures.contains_key(&key) && failures.len() >= self.limits.failure_records_max {
            failures.retain(|_, entry| now.since(entry.since) < window);
        }
        if !failures.contains_key(&key) && failures.len() >= self.limits.failure_records_max {
            let oldest = failures.iter().min_by_key(|(_, entry)| entry.since).map(|(key, _)| *key);
            oldest.map(|key| failures.remove(&key));
        }
        let entry = failures.entry(key).or_insert(Failures { since: now, count: 0 });
        if now.since(entry.since) >= window {
            *entry = Failures { since: now, count: 0 };
        }
        entry.count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const START: Timestamp = Timestamp::from_micros(0);

    fn guard(per_username: u32, per_address: u32, records: usize) -> LoginGuard {
        LoginGuard::new(&Limits {
            failures_per_username_max: per_username,
            failures_per_address_max: per_address,
            failure_records_max: records,
            ..Limits::default()
        })
    }

    #[test]
    fn a_user_name_gets_its_tries_back_after_the_window() {
        let guard = guard(2, 100, 100);
        assert!(guard.begin("a", HERE, START) && guard.begin("a", HERE, START));
        assert!(!guard.begin("a", HERE, START));
        assert!(guard.begin("b", HERE, START));
        assert!(guard.begin("a", HERE, START.plus(Duration::from_secs(60))));
    }

    #[test]
    fn a_right_login_costs_no_try() {
        let guard = guard(1, 100, 100);
        for _ in 0..5 {
            assert!(guard.begin("a", HERE, START));
            guard.succeeded("a");
        }
    }

    #[test]
    fn an_address_is_stopped_whatever_names_it_tries() {
        let guard = guard(10, 3, 100);
        for name in ["a", "b", "c"] {
            assert!(guard.begin(name, HERE, START));
            guard.failed(HERE, START);
        }
        assert!(!guard.begin("d", HERE, START));
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let guard = guard(10, 1000, 4);
        for number in 0..100 {
            guard.begin(&number.to_string(), HERE, START);
        }
        assert!(guard.lock().len() <= 4);
    }
}
