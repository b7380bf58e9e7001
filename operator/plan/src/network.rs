//! What network people ask: whose an address is, what goes into routers, firewalls and DNS, how the plan is filled. One
//! file per question; each answers for an instant, so that a log line of last month is attributed to who had the prefix
//! then.
//!
//! A parent block says where a prefix was numbered, never who owns it: owners come from the registers' dated intervals.

pub mod text; // prefixes of both families in their one spelling, reverse zones
mod held; // blocks + ledger → who held which prefix from when to when
mod view; // the registers, prefixes and assignments as of an instant
pub mod whois; // address → whose
pub mod export; // the lines of routers, firewalls and DNS, and their difference
pub mod tree; // the plan with use, headroom and quarantine
pub mod picture; // one root as a drawing
pub mod outside; // whether devices know of an environment, by whose word
pub mod justify; // the numbers behind a request for a larger grant

pub use held::{Holding, holdings};
pub use view::{Moment, View, World};
