//! Slows down whoever asks too often. Knows no clock.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use firstpass_domain::Timestamp;

/// How often something may happen: `burst` times at once, then once per `interval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once, after a quiet time.
    pub burst: u32,
    /// Time after which one more is allowed.
    pub interval: Duration,
}

/// How often each key has asked of late.
///
/// For every key it keeps the time at which the key would have its whole burst again (the "theoretical arrival time"
/// of the generic cell rate algorithm): one number, and no timer.
#[derive(Debug)]
pub struct RateLimit<K> {
    rate: Rate,
    records_max: usize,
    records: Mutex<HashMap<K, Record>>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    /// When the key has its whole burst again.
    whole: Timestamp,
    /// Whether its last request was refused.
    refused: bool,
}

/// A key asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOften {
    /// Until the next request will be let through.
    pub retry_after: Duration,
    /// Whether the request before was let through, so that a flood is noted once.
    pub first: bool,
}

impl<K: Copy + Eq + Hash> RateLimit<K> {
    /// Remembers at most `records_max` keys; the quietest gives way.
    pub fn new(rate: Rate, records_max: usize) -> Self {
        Self { rate, records_max, records: Mutex::new(HashMap::new()) }
    }

    /// Lets a request of `key` through, or says how long it should wait.
    pub fn ask(&self, key: K, now: Timestamp) -> Result<(), TooOften> {
        // Every change below is a single insertion, so a panic elsewhere cannot have left half of one.
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        self.make_room(&mut records, key, now);
        let burst = self.rate.interval.saturating_mul(self.rate.burst);
        let record = records.entry(key).or_insert(Record { whole: now, refused: false });
        // A clock that was set back must not lock anybody out for longer than the whole burst takes.
        let whole = record.whole.max(now).min(now.plus(burst));
        let after = whole.plus(self.rate.interval);
        if after.since(now) > burst {
            let too_often = TooOften { retry_after: after.since(now).saturating_sub(burst), first: !record.refused };
            *record = Record { whole, refused: true };
            return Err(too_often);
        }
        *record = Record { whole: after, refused: false };
        Ok(())
    }

    /// Takes a request of `key` back that was let through: it does not count.
    pub fn take_back(&self, key: K) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = records.get_mut(&key) {
            let interval = i64::try_from(self.rate.interval.as_micros()).unwrap_or(i64::MAX);
            record.whole = Timestamp::from_micros(record.whole.as_micros().saturating_sub(interval));
        }
    }

    fn make_room(&self, records: &mut HashMap<K, Record>, key: K, now: Timestamp) {
        if records.len() < self.records_max || records.contains_key(&key) {
            return;
        }
        records.retain(|_, record| record.whole > now);
        if records.len() >= self.records_max {
            let quietest = records.iter().min_by_key(|(_, record)| record.whole).map(|(key, _)| *key);
            quietest.map(|key| records.remove(&key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000);
    const SECOND: Duration = Duration::from_secs(1);

    fn limit(burst: u32, records_max: usize) -> RateLimit<u32> {
        RateLimit::new(Rate { burst, interval: SECOND }, records_max)
    }

    #[test]
    fn after_the_burst_one_goes_through_per_interval() {
        let limit = limit(2, 10);
        assert!(limit.ask(1, START).is_ok() && limit.ask(1, START).is_ok());
        assert_eq!(limit.ask(1, START), Err(TooOften { retry_after: SECOND, first: true }));
        assert_eq!(limit.ask(1, START), Err(TooOften { retry_after: SECOND, first: false }));
        assert!(limit.ask(2, START).is_ok());
        assert!(limit.ask(1, START.plus(SECOND)).is_ok());
        assert!(limit.ask(1, START.plus(SECOND)).is_err());
    }

    #[test]
    fn what_is_taken_back_does_not_count() {
        let limit = limit(2, 10);
        for _ in 0..100 {
            assert!(limit.ask(1, START).is_ok());
            limit.take_back(1);
        }
        assert!(limit.ask(1, START).is_ok() && limit.ask(1, START).is_ok() && limit.ask(1, START).is_err());
        limit.take_back(2);
        assert!(limit.ask(2, START).is_ok() && limit.ask(2, START).is_ok() && limit.ask(2, START).is_err());
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let limit = limit(2, 10);
        let later = START.plus(Duration::from_secs(1_000_000));
        assert!(limit.ask(1, later).is_ok() && limit.ask(1, later).is_ok());
        assert!(limit.ask(1, START).is_err());
        assert!(limit.ask(1, START.plus(SECOND)).is_ok());
    }

    #[test]
    fn the_memory_is_bounded() {
        let limit = limit(2, 4);
        for key in 0..100 {
            assert!(limit.ask(key, START).is_ok());
        }
        assert!(limit.records.lock().unwrap().len() <= 4);
    }
}
