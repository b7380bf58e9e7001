//! Reports: whole numbers, each with what it was counted from. A report reads and never decides.

pub mod demand; // how much of what was asked for was granted, and in time
pub mod reuse; // systems that seem to do the same
pub mod security; // the yearly security report: one row for each system
