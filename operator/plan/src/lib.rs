//! The thinking of Berth.
//!
//! Law of this crate: no I/O, no clock, no randomness, and no order left to chance. Everything that is decided is a
//! value that can be printed. The modules stand in the order in which a request meets them.

pub mod amounts; // quantities as numbers: sums, comparisons, shares
pub mod day; // dates, intervals, working days
pub mod register; // what is known: agencies, sites, classes, profiles, tenants, environments
pub mod text; // rules for text that people type
pub mod search; // names as people look for them, and their Vietnamese order
pub mod checks; // Onboarding + register → what is in order and what is not
pub mod inventory; // a spreadsheet + register → bodies and running systems to put on record, or what is wrong with a row
pub mod decide; // Decisions → which count, and the outcome
pub mod dossier; // papers → state, holder, clocks, letter, differences
pub mod act; // other actions: parts of their papers, their way, what they change
pub mod life; // an environment in days: what is in force today, what comes next
pub mod grant; // what of a grant is in force today, where it was raised for a while
pub mod ipv4; // exceptions for IPv4 only: which are open, which are over, how many
pub mod zones; // parts of one grant: which zone is lowered first, which one waits to grow
pub mod halt; // what a halt remembers of workloads, and what it gives back
pub mod fulfil; // approved → what it still needs, before anything is booked
pub mod booking; // who may have how much of what is left, and in which order
pub mod system; // a whole system: its level, its permission to operate, its owner; who signs for whom
pub mod admit; // outcome → Tenant and Environment
pub mod address; // prefixes: order, derivation, names
pub mod claim; // one claim's next call (the checked protocol)
pub mod collect; // one block's next call: what no claim wants, and what leaves quarantine
pub mod intervention; // acts that wait for no paper → what is in force of them
pub mod adoption; // a running namespace + Environment → whether it can be taken over, and what would be violated
pub mod desired; // Environment → the objects it should have
pub mod backend; // leaves + what the cluster offers → pools, annotations, `Addressed`
pub mod netpol; // who reaches whom: what NetworkPolicies come to, and whether they come in pairs
pub mod connection; // opening between two ends → which Decisions count, policies on both sides, what is said
pub mod notice; // papers and what is recorded → who is to be told what, and the words of it
pub mod same; // is an observed object what was desired?
pub mod status; // what happened → conditions
pub mod ledger; // what happened → the record of it, chained and verifiable
pub mod as_of; // whose, at which level, under which name on a day
pub mod report; // registers and papers → numbers that can be traced
pub mod network; // what network people ask: whois, exports, the plan as a tree
