//! The thinking of Berth.
//!
//! Law of this crate: no I/O, no clock, no randomness, and no order left to chance. Everything that is decided is a
//! value that can be printed. The modules stand in the order in which a request meets them.

pub mod amounts; // quantities as numbers: sums, comparisons, shares
pub mod day; // dates, intervals, working days
pub mod register; // what is known: agencies, sites, classes, profiles, tenants, environments
pub mod text; // rules for text that people type
pub mod checks; // Onboarding + register → what is in order and what is not
pub mod decide; // Decisions → which count, and the outcome
pub mod dossier; // papers → state, holder, clocks, letter, differences
pub mod booking; // who may have how much of what is left, and in which order
pub mod admit; // outcome → Tenant and Environment
pub mod address; // prefixes: order, derivation, names
pub mod claim; // one claim's next call (the checked protocol)
pub mod desired; // Environment → the objects it should have
pub mod same; // is an observed object what was desired?
pub mod status; // what happened → conditions
