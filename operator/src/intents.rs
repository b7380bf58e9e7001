//! Prefixes that this process is about to intend: a hint that spares two claims the same choice. The lock is the block's
//! name.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::Ipv6Net;

/// What all runs of this process are about to intend.
#[derive(Debug, Default)]
pub struct Intents(Mutex<BTreeSet<Ipv6Net>>);

/// What one run is about to intend; forgotten when the run ends, however it does: a run can panic or meet its deadline.
#[derive(Debug)]
pub struct Own<'a> {
    all: &'a Intents,
    own: BTreeSet<Ipv6Net>,
}

impl Intents {
    /// Begins a run.
    pub fn begin(&self) -> Own<'_> {
        Own { all: self, own: BTreeSet::new() }
    }

    /// Each change is one insert or remove: a panic in between leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Ipv6Net>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own<'_> {
    /// Makes a choice while no other run makes one: what all intend goes in; what it gives, and the prefix that it intends
    /// from now on, come out.
    pub fn choose<T>(&mut self, choice: impl FnOnce(&BTreeSet<Ipv6Net>) -> (T, Option<Ipv6Net>)) -> T {
        let mut all = self.all.lock();
        let (made, chosen) = choice(&all);
        all.extend(chosen);
        self.own.extend(chosen);
        made
    }
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        self.all.lock().retain(|prefix| !self.own.contains(prefix));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Ipv6Net {
        text.parse().unwrap()
    }

    #[test]
    fn what_a_run_intends_is_seen_by_others_until_the_run_ends_even_if_it_panics() {
        let (intents, one, two) = (Intents::default(), prefix("3fff:1::/48"), prefix("3fff:2::/48"));
        let seen = |run: &mut Own| run.choose(|all| (all.iter().copied().collect::<Vec<_>>(), None));
        let mut first = intents.begin();
        first.choose(|_| ((), Some(one)));
        let panicked = std::thread::scope(|scope| {
            let run = || {
                let mut run = intents.begin();
                run.choose(|_| ((), Some(two)));
                run.choose(|_| -> ((), Option<Ipv6Net>) { panic!("a choice that cannot be made") });
            };
            scope.spawn(run).join().is_err()
        });
        assert!(panicked);
        assert_eq!(seen(&mut intents.begin()), [one]);
        drop(first);
        assert_eq!(seen(&mut intents.begin()), []);
    }
}
