//! The nouns of Berth.
//!
//! | kind | who writes its spec | who writes its status | who reads it |
//! | --- | --- | --- | --- |
//! | Agency, Site, EnvironmentClass, PolicyProfile, WorkingCalendar, AddressPlan | platform operators | operator | everybody through the door |
//! | Tenant, Environment | operator (from papers), platform operators (with a reason) | operator | agencies through the door |
//! | PrefixClaim, PrefixBlock | operator | operator | network engineers |
//! | NetworkChange | network unit, platform operators, once | – | auditors, platform operators, network unit |
//! | AuditRecord, AuditCheckpoint | operator, each segment once | – | auditors, platform operators |
//! | Notice | operator, once | operator | the agency whose namespace it is |
//! | Onboarding, Connection, Decision | people and pipelines, once | operator | the agency whose namespace it is |
//!
//! This crate holds types and names only: no client, no clock, no decisions.

// kube's derive takes `printcolumn`, `selectable` and `validation` once per column, field and rule.
#![allow(clippy::duplicated_attributes)]

pub mod labels;
pub mod common;
pub mod names;
pub mod host;
pub mod back_ends;
pub mod reason;
pub mod condition;
pub mod agency;
pub mod site;
pub mod tenant;
pub mod environment;
pub mod class;
pub mod profile;
pub mod calendar;
pub mod address;
pub mod change;
pub mod intervention;
pub mod onboarding;
pub mod connection;
pub mod decision;
pub mod notice;
pub mod audit;
mod schema;

pub use address::{AddressPlan, AddressPlanSpec, PrefixBlock, PrefixBlockSpec, PrefixClaim, PrefixClaimSpec};
pub use agency::{Agency, AgencySpec};
pub use audit::{AuditCheckpoint, AuditCheckpointSpec, AuditRecord, AuditRecordSpec};
pub use calendar::{WorkingCalendar, WorkingCalendarSpec};
pub use change::{NetworkChange, NetworkChangeSpec};
pub use class::{EnvironmentClass, EnvironmentClassSpec};
pub use condition::ConditionType;
pub use connection::{Connection, ConnectionSpec};
pub use decision::{Decision, DecisionSpec};
pub use environment::{Environment, EnvironmentSpec};
pub use intervention::{Intervention, InterventionSpec};
pub use notice::{Notice, NoticeSpec};
pub use onboarding::{Onboarding, OnboardingSpec};
pub use profile::{PolicyProfile, PolicyProfileSpec};
pub use reason::Reason;
pub use schema::all_crds;
pub use site::{Site, SiteSpec};
pub use tenant::{Tenant, TenantSpec};
