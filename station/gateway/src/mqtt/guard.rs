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

/// A login that is being tried. Unless it failed, it costs no try: when it was right, and when the station could not
/// decide on it.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    guard: &'a LoginGuard,
    name: Key,
    address: IpAddr,
    failed: bool,
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

    /// Lets a login be tried, unless too many failed. It counts as failed for the user name until it is dropped, so that
    /// many at once do not get more tries than one after the other.
    pub(super) fn begin(&self, username: &str, address: IpAddr, now: Timestamp) -> Option<Attempt<'_>> {
        let mut failures = self.lock();
        let name = Key::Username(Sha256Digest::of(username.as_bytes()));
        let address_failed = self.count(&failures, Key::Address(address), now);
        if address_failed >= self.limits.failures_per_address_max
            || self.count(&failures, name, now) >= self.limits.failures_per_username_max
        {
            return None;
        }
        self.add(&mut failures, name, now);
        Some(Attempt { guard: self, name, address, failed: false })
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

impl Attempt<'_> {
    /// The login was wrong.
    pub(super) fn failed(mut self, now: Timestamp) {
        self.failed = true;
        self.guard.add(&mut self.guard.lock(), Key::Address(self.address), now);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.failed
            && let Some(entry) = self.guard.lock().get_mut(&self.name)
        {
            entry.count = entry.count.saturating_sub(1);
        }
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

    fn fails(guard: &LoginGuard, name: &str, now: Timestamp) -> bool {
        guard.begin(name, HERE, now).map(|attempt| attempt.failed(now)).is_some()
    }

    #[test]
    fn a_user_name_gets_its_tries_back_after_the_window() {
        let guard = guard(2, 100, 100);
        assert!(fails(&guard, "a", START) && fails(&guard, "a", START));
        assert!(guard.begin("a", HERE, START).is_none());
        assert!(guard.begin("b", HERE, START).is_some());
        assert!(guard.begin("a", HERE, START.plus(Duration::from_secs(60))).is_some());
    }

    #[test]
    fn many_at_once_get_no_more_tries_than_one_after_the_other() {
        let guard = guard(1, 100, 100);
        let undecided = guard.begin("a", HERE, START);
        assert!(undecided.is_some() && guard.begin("a", HERE, START).is_none());
    }

    #[test]
    fn a_login_that_did_not_fail_costs_no_try() {
        let guard = guard(1, 100, 100);
        for _ in 0..5 {
            assert!(guard.begin("a", HERE, START).is_some());
        }
    }

    #[test]
    fn an_address_is_stopped_whatever_names_it_tries() {
        let guard = guard(10, 3, 100);
        assert!(["a", "b", "c"].iter().all(|name| fails(&guard, name, START)));
        assert!(guard.begin("d", HERE, START).is_none());
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let guard = guard(10, 1000, 4);
        for number in 0..100 {
            fails(&guard, &number.to_string(), START);
        }
        assert!(guard.lock().len() <= 4);
    }
}
