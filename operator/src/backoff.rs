//! Per-object exponential back-off: one failing object never slows another.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::time::Duration;

/// First delay.
const FIRST: Duration = Duration::from_millis(100);
/// Longest delay.
const LONGEST: Duration = Duration::from_secs(60);

/// Failures in a row, by object.
#[derive(Debug, Default)]
pub struct Backoff(Mutex<HashMap<String, u32>>);

impl Backoff {
    /// Counts a failure and says how long to wait; objects that fail together do not come back together.
    pub fn failed(&self, key: &str) -> Duration {
        let mut counts = self.0.lock().expect("no code panics while it holds this lock");
        let count = counts.entry(key.to_owned()).or_default();
        *count = count.saturating_add(1);
        let delay = FIRST.saturating_mul(1 << (*count - 1).min(12)).min(LONGEST);
        let mut hash = DefaultHasher::new();
        (key, *count).hash(&mut hash);
        let spread = u32::try_from(hash.finish() % 256).unwrap_or(0);
        delay + delay * spread / 1024
    }

    /// Forgets the failures of an object.
    pub fn succeeded(&self, key: &str) {
        self.0.lock().expect("no code panics while it holds this lock").remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_minute_and_success_resets_them() {
        let backoff = Backoff::default();
        let delays: Vec<Duration> = (0..12).map(|_| backoff.failed("a")).collect();
        assert!(delays[0] < Duration::from_millis(126) && delays[3] >= Duration::from_millis(800));
        assert!(delays[11] >= LONGEST && delays[11] <= LONGEST + LONGEST / 4);
        backoff.succeeded("a");
        assert!(backoff.failed("a") < Duration::from_millis(126));
    }
}
