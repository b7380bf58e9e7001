//! Token buckets, one for each key, in bounded memory. Pure: the time is an input.
//!
//! Kept as the instant at which the bucket is full again (GCRA): one number for each key, and a key whose instant has
//! passed carries no information and may be forgotten.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

use crate::limits::Rate;

/// Buckets that fill at one rate.
pub struct Buckets<K> {
    /// Between two tokens.
    step: Duration,
    /// From empty to one token short of full.
    depth: Duration,
    /// Most keys.
    most: usize,
    full_at: HashMap<K, Instant>,
    /// The one bucket of all keys that find no place.
    others_full_at: Option<Instant>,
}

impl<K: Eq + Hash> Buckets<K> {
    /// Full buckets for at most so many keys; further keys share one bucket.
    pub fn new(rate: Rate, most: usize) -> Self {
        let step = Duration::from_secs(1) / rate.per_second.get();
        Self { step, depth: step * (rate.burst.get() - 1), most, full_at: HashMap::new(), others_full_at: None }
    }

    /// Takes a token at an instant, or says how long to wait for one.
    pub fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        self.wait(&key, now)?;
        if self.full_at.len() >= self.most && !self.full_at.contains_key(&key) {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        let step = self.step;
        let later = |full_at: Option<Instant>| full_at.map_or(now, |at| at.max(now)) + step;
        if self.full_at.len() < self.most || self.full_at.contains_key(&key) {
            let at = later(self.full_at.get(&key).copied());
            self.full_at.insert(key, at);
        } else {
            self.others_full_at = Some(later(self.others_full_at));
        }
        Ok(())
    }

    /// Whether there is a token at an instant, without taking it; else how long to wait.
    pub fn wait(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let crowded = self.full_at.len() >= self.most;
        let full_at = self.full_at.get(key).copied().or(self.others_full_at.filter(|_| crowded));
        let owed = full_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        match owed.checked_sub(self.depth) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(()),
        }
    }

    /// Keys that are remembered.
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    /// Whether no key is remembered.
    pub fn is_empty(&self) -> bool {
        self.full_at.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(most: usize) -> Buckets<&'static str> {
        Buckets::new("10/3".parse().unwrap(), most)
    }

    const STEP: Duration = Duration::from_millis(100);

    #[test]
    fn a_burst_passes_then_one_each_step_and_the_wait_is_told() {
        let (mut buckets, start) = (buckets(9), Instant::now());
        let burst: Vec<_> = (0..5).map(|_| buckets.take("lan", start)).collect();
        assert_eq!(burst, [Ok(()), Ok(()), Ok(()), Err(STEP), Err(STEP)]);
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(buckets.take("lan", after(40)), Err(Duration::from_millis(60)));
        assert_eq!(buckets.take("lan", after(100)), Ok(()));
        assert_eq!(buckets.take("lan", after(100)), Err(STEP));
        let rested: Vec<_> = (0..4).map(|_| buckets.take("lan", after(60_000))).collect();
        assert_eq!(rested, [Ok(()), Ok(()), Ok(()), Err(STEP)], "a rest fills the bucket and no more");
    }

    #[test]
    fn one_key_does_not_drain_another() {
        let (mut buckets, now) = (buckets(9), Instant::now());
        while buckets.take("loud", now).is_ok() {}
        assert_eq!((buckets.take("quiet", now), buckets.take("loud", now)), (Ok(()), Err(STEP)));
    }

    #[test]
    fn looking_takes_nothing() {
        let (mut buckets, now) = (buckets(9), Instant::now());
        assert!((0..9).all(|_| buckets.wait(&"lan", now).is_ok()));
        assert!((0..3).all(|_| buckets.take("lan", now).is_ok()));
        assert_eq!(buckets.wait(&"lan", now), Err(STEP));
    }

    #[test]
    fn memory_is_bounded_and_whoever_finds_no_place_shares_a_bucket() {
        let mut buckets: Buckets<u32> = Buckets::new("10/3".parse().unwrap(), 4);
        let now = Instant::now();
        let taken = (0..100).filter(|key| buckets.take(*key, now).is_ok()).count();
        assert_eq!((taken, buckets.len()), (4 + 3, 4));
        let later = now + STEP;
        assert_eq!(buckets.take(100, later), Ok(()), "buckets that are full again make room");
        assert_eq!(buckets.len(), 1);
    }
}
