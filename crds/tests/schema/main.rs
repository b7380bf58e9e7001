//! What the schemas of Berth promise: fresh files, conventions on every field, rules, names and reasons.

mod cases;
mod conventions;
mod freshness;
mod injective;
mod names;
mod reasons;
mod rules;
