//! The hands of Berth: what `berth-plan` decides is read and written here.
//!
//! Every controller has the same five steps: observe (from caches), plan (pure), apply (children), record (status),
//! next. Safety never rests on the cache, the lease or the process staying alive: it rests on creates, on
//! compare-and-swap and on UID preconditions.

pub mod args;
pub mod error;
pub mod backoff;
pub mod intents;
pub mod rests;
pub mod allocation;
pub mod arrivals;
pub mod cache;
pub mod clock;
pub mod context;
pub mod observe;
pub mod drift;
pub mod glass;
pub mod apply;
pub mod booking;
pub mod record;
pub mod host_names;
pub mod backends;
pub mod controllers;
pub mod pump;
pub mod triggers;
pub mod wiring;
pub mod ledger;
pub mod notices;
pub mod restore;
pub mod lease;
pub mod admin;
pub mod run;
