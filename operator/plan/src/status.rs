//! What happened, as conditions. Every condition of a kind is set on every pass.

pub mod address_plan;
pub mod environment;
pub mod onboarding;
pub mod notice;
