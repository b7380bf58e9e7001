//! What time it is. Time limits, holidays and end dates are read from here, so that a test can live on another day; leases
//! and the deadlines of the address protocol are not: what they are compared with is the API server's time.

use std::sync::Arc;

use jiff::Timestamp;

/// A clock that a test can set.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that shows `begun` now and goes on from there as this machine's does; `None` where no calendar reaches it.
    pub fn starting_at(begun: Timestamp) -> Option<Self> {
        let ahead = begun.duration_since(Timestamp::now());
        Timestamp::now().checked_add(ahead).ok()?;
        // Past the end of the calendar it stands still.
        Some(Self(Arc::new(move || Timestamp::now().checked_add(ahead).unwrap_or(Timestamp::MAX))))
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
