//! The door of Berth: `berth.v1` over gRPC, gRPC-Web and REST/JSON on one port, and the `berth` command line.
//!
//! Papers are written and read as the caller, by constrained impersonation, so that the door and kubectl obey one rule.
//! Registers are read with the door's own rights and filtered. The door keeps no state.

pub mod access;
pub mod arrival;
pub mod cli;
pub mod client;
pub mod clock;
pub mod convert;
pub mod crowd;
pub mod door;
pub mod identity;
pub mod limits;
pub mod name;
pub mod page;
pub mod problem;
pub mod proto;
pub mod rate;
pub mod read;
pub mod registers;
pub mod rest;
pub mod server;
pub mod services;
pub mod turnstile;

#[cfg(test)]
mod book;
#[cfg(test)]
mod decoding;
#[cfg(test)]
mod descriptor_tests;
