//! Pending blocks of ours that other runs created, and since when nobody has written them: two operators do not take the
//! work out of each other's hands. Counted from our own first look, so no clock is compared with another.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What each claim was last seen to wait for: the claim's UID, the block's resourceVersion, and when that was first seen.
#[derive(Debug, Default)]
pub struct Rests(Mutex<HashMap<String, (String, Instant)>>);

impl Rests {
    /// Notes a block that a claim leaves to another run.
    pub fn leave(&self, claim: &str, version: String) {
        let mut rests = self.lock();
        if rests.get(claim).is_none_or(|(seen, _)| *seen != version) {
            rests.insert(claim.to_owned(), (version, Instant::now()));
        }
    }

    /// The resourceVersion at which the claim's block has been since at least `long`.
    pub fn since(&self, claim: &str, long: Duration) -> Option<String> {
        self.lock().get(claim).filter(|(_, first)| first.elapsed() >= long).map(|(version, _)| version.clone())
    }

    /// Forgets a claim that waits for nobody.
    pub fn forget(&self, claim: &str) {
        self.lock().remove(claim);
    }

    /// Each change is one insert or remove: a panic in between leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (String, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_rests_from_the_first_look_at_its_version_until_it_is_written_or_forgotten() {
        let (rests, now, never) = (Rests::default(), Duration::ZERO, Duration::from_secs(3600));
        assert_eq!(rests.since("a", now), None);
        rests.leave("a", "7".into());
        let first = rests.lock().get("a").map(|(_, first)| *first);
        rests.leave("a", "7".into());
        assert_eq!(rests.lock().get("a").map(|(_, first)| *first), first);
        assert_eq!((rests.since("a", now), rests.since("a", never)), (Some("7".into()), None));
        rests.leave("a", "8".into());
        assert_eq!(rests.since("a", now), Some("8".into()));
        rests.forget("a");
        assert_eq!(rests.since("a", now), None);
    }
}
