//! What the registers say of a day: owner, governing body, operator, level and name are dated intervals, so the answer
//! never depends on what is kept of the ledger. Grants and prefixes are states of one object at a time; their past is
//! in the ledger (`ledger::history`).

use berth_crds::common::{Bilingual, DatedAgency};
use berth_crds::tenant::{LevelRecord, LevelStatus};
use berth_crds::{AgencySpec, TenantSpec};
use jiff::civil::Date;

use crate::day;

/// What is known of a system on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Owner.
    pub owner: Option<String>,
    /// Governing body (chủ quản).
    pub governing_body: Option<String>,
    /// Unit that operates it.
    pub operator: Option<String>,
    /// Level in force: of the last approved record, else of the last proposed one.
    pub level: Option<i64>,
}

/// A system on a day; everything is `None` before the system was known.
pub fn system(tenant: &TenantSpec, on: Date) -> System {
    System {
        owner: holder(&tenant.owners, on),
        governing_body: holder(&tenant.governing_bodies, on),
        operator: holder(&tenant.operators, on),
        level: level(&tenant.levels, on),
    }
}

/// The body in a duty on a day. Intervals do not overlap; if they do, the later entry counts.
pub fn holder(duty: &[DatedAgency], on: Date) -> Option<String> {
    let held = duty.iter().rev().find(|entry| day::covers(&entry.from, entry.to.as_deref(), on))?;
    Some(held.agency_ref.name.clone())
}

/// The level on a day.
pub fn level(records: &[LevelRecord], on: Date) -> Option<i64> {
    record(records, on).map(|record| record.level)
}

/// The level record that counts on a day: the last decided one, else the last one.
pub fn record(records: &[LevelRecord], on: Date) -> Option<&LevelRecord> {
    let on_day = || records.iter().rev().filter(|record| day::within(&record.in_force, on));
    on_day().find(|record| is_decided(record)).or_else(|| on_day().next())
}

/// Whether a record was approved. One that was replaced later counted until its last day.
pub fn is_decided(record: &LevelRecord) -> bool {
    matches!(record.status, LevelStatus::Approved | LevelStatus::Replaced)
}

/// The name of a body on a day.
pub fn name(agency: &AgencySpec, on: Date) -> Option<&Bilingual> {
    agency.names.iter().rev().find(|name| day::within(&name.in_force, on)).map(|name| &name.value)
}
