//! Whether prefixes may be given: not before the exported ledger is compared with the cluster, and not while it speaks of
//! prefixes that the cluster has lost.

use std::sync::Mutex;

/// What the comparison says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allocation {
    /// Prefixes are given.
    #[default]
    Open,
    /// The exported ledger is not read yet.
    Unread,
    /// Nothing is given, and why.
    Frozen(String),
}

/// The gate that claims pass.
#[derive(Debug, Default)]
pub struct Gate(Mutex<Allocation>);

impl Gate {
    /// A gate that stands so at first.
    pub fn new(allocation: Allocation) -> Self {
        Self(Mutex::new(allocation))
    }

    /// How the gate stands.
    pub fn now(&self) -> Allocation {
        self.0.lock().expect("no code panics while it holds this lock").clone()
    }

    /// Opens or closes the gate, and tells it once.
    pub fn set(&self, allocation: Allocation) {
        let mut now = self.0.lock().expect("no code panics while it holds this lock");
        if *now == allocation {
            return;
        }
        match (&*now, &allocation) {
            (_, Allocation::Frozen(why)) => tracing::error!(why, "no prefix is given"),
            (Allocation::Frozen(_), Allocation::Open) => tracing::info!("nothing is lost any more; prefixes are given"),
            _ => {}
        }
        *now = allocation;
    }
}
