//! Stories on the real control plane, under the chart's own RBAC and admission policies.

// `unwrap` in a test is the test failing; clippy knows that of test functions only, not of what they share.
#![allow(clippy::unwrap_used)]

mod attack;
mod world;
mod way;
mod request;
mod four_eyes;
mod isolation;
mod repair;
mod commands;
mod kubectl;
mod connection;
mod networks;
mod night;
mod notices;
mod outside;
mod headroom;
mod counts;
mod door;
mod dossier;
mod inventory;
mod form;
mod ipv4;
mod schema;
mod crash;
mod ledger;
mod abuse;
mod addresses;
mod booking;
mod guards;
mod hosts;
mod registers;
mod release;
mod report;
mod search;
mod life;
mod acceptance;
mod acts;
mod dates;
mod shares;
mod tokens;
mod callers;
mod transfer;
mod load;
mod restore;
mod hijack;
mod matrix;
mod alive;
mod week;
mod rights;
mod seeded;
mod storm;
mod outage;
mod fuzz;
mod demo;
