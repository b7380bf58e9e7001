//! `berth-plan` against its specification: design §2–§5, reference/domain.md §6, reference/ipv6.md §2.
//!
//! One module per part of the thinking; `world` makes the objects that they talk about. `golden` compares
//! `examples/` (which are documentation, too); `UPDATE=1 cargo test --workspace --test spec` rewrites them.

// Helpers of tests are tests: a broken fixture should stop them at once.
#![allow(clippy::unwrap_used)]

mod address;
mod address_plan;
mod adoption;
mod asked;
mod backend;
mod booking;
mod checks;
mod claim;
mod connection;
mod day;
mod decide;
mod decoding;
mod desired;
mod dossier;
mod foreign;
mod fulfil;
mod golden;
mod grant;
mod growth;
mod intervention;
mod inventory;
mod ipv4;
mod ledger;
mod life;
mod netpol;
mod network;
mod notice;
mod purity;
mod release;
mod report;
mod search;
mod status;
mod system;
mod tenants;
mod unready;
mod whole;
mod world;
