//! Notices that start a time limit, as the outbox knows them: the papers that they are about read here when their limits end.
//! Where no channel is configured nothing is ever known, and nothing is read for it.

use std::collections::HashMap;
use std::sync::Mutex;

use berth_crds::Notice;
use berth_plan::dossier::supplement::{Arrival, arrival};
use jiff::Timestamp;

/// What is known of notices, by the UID of their paper.
#[derive(Debug, Default)]
pub struct Arrivals {
    since: Option<Timestamp>,
    known: Mutex<HashMap<String, Arrival>>,
}

impl Arrivals {
    /// Nothing is known yet. `since` is the instant from which on papers are told of, where they are at all.
    pub fn new(since: Option<Timestamp>) -> Self {
        Self { since, ..Self::default() }
    }

    /// Whether what happened at an instant is told to anybody.
    pub fn tells(&self, at: Timestamp) -> bool {
        self.since.is_some_and(|since| since <= at)
    }

    /// What is known of the notice about a paper.
    pub fn of(&self, uid: &str) -> Option<Arrival> {
        self.known.lock().expect("no code panics while it holds this lock").get(uid).copied()
    }

    /// Takes in what a notice shows; whether that is new.
    pub fn take(&self, notice: &Notice) -> bool {
        let Some(arrival) = arrival(notice) else { return false };
        let mut known = self.known.lock().expect("no code panics while it holds this lock");
        known.insert(notice.spec.about.uid.clone(), arrival) != Some(arrival)
    }
}
