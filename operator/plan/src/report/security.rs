//! The yearly security report (form 08 of NĐ 331/2026 Đ35 [D]; domain §2.3, A25): one row for each system, as of the last day
//! of its data year, which goes from 15 December to 14 December.
//!
//! What the registers say of that day comes from dated entries; where no level is approved, the newest level dossier says
//! how far it is. When the measures will be complete is its word too.

use std::sync::Arc;

use berth_crds::common::{Bilingual, Document};
use berth_crds::onboarding::{Action, LevelRequest};
use berth_crds::tenant::{LevelRecord, LevelStatus, Measures};
use berth_crds::{Decision, Onboarding, Tenant};
use jiff::civil::{Date, date};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::dossier::chain;
use crate::register::Register;
use crate::{as_of, day};

/// What is reported on.
pub struct Input<'a> {
    /// The day: the last of the data year, or today while that lasts.
    pub on: Date,
    /// Papers that the reader may read.
    pub papers: &'a [Arc<Onboarding>],
    /// Decisions on them.
    pub decisions: &'a [Arc<Decision>],
    /// The registers.
    pub register: &'a Register,
    /// The day of an instant, where the province is.
    pub day_of: &'a dyn Fn(&Time) -> Date,
}

/// How far the approval of the level is (tình trạng phê duyệt).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Đang dự thảo: no dossier was sent.
    Drafting,
    /// Đã gửi thẩm định.
    Sent,
    /// Đã thẩm định.
    Appraised,
    /// Đã được phê duyệt.
    Approved,
}

/// When the system was checked (đã kiểm tra đánh giá).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assessment {
    /// Trước khi sử dụng: before it went live.
    BeforeUse,
    /// Định kỳ: again since.
    Periodic,
}

/// A body by the name that it had on the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Id.
    pub id: String,
    /// Name; empty where the register has none for the day.
    pub name: Bilingual,
}

/// A system in the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Plate.
    pub tenant: String,
    /// Name of the system.
    pub name: Bilingual,
    /// Owner on the day.
    pub owner: String,
    /// Governing body (chủ quản) on the day.
    pub governing_body: Option<Body>,
    /// Unit that operates it (đơn vị vận hành) on the day.
    pub operator: Option<Body>,
    /// Level that is proposed or approved.
    pub level: i64,
    /// How far the approval is.
    pub approval: Approval,
    /// Decision that approved the level.
    pub decision: Option<Document>,
    /// Security regulation (quy chế).
    pub regulation: Option<String>,
    /// When the approval is expected, while a dossier is under way.
    pub expected: Option<Date>,
    /// How far the measures are in place.
    pub measures: Measures,
    /// When all of them are to be, while they are not (dự kiến đủ); absent where nobody said.
    pub complete_by: Option<Date>,
    /// When it was checked, if it was.
    pub assessment: Option<Assessment>,
}

/// Last day of a data year.
pub fn last_day(year: i16) -> Date {
    date(year, 12, 14)
}

/// The data year that a day belongs to.
pub fn data_year(day: Date) -> i16 {
    if day > last_day(day.year()) { day.year() + 1 } else { day.year() }
}

/// The rows, by code of the system. A system is in the report whose entry has an owner on the day, and which has not left.
pub fn rows(input: &Input) -> Vec<Row> {
    let mut tenants: Vec<&Arc<Tenant>> = input.register.tenants.values().collect();
    tenants.sort_by(|a, b| (&a.spec.code, a.name_any()).cmp(&(&b.spec.code, b.name_any())));
    tenants.into_iter().filter_map(|tenant| row(input, tenant)).collect()
}

fn row(input: &Input, tenant: &Tenant) -> Option<Row> {
    let known = as_of::system(&tenant.spec, input.on);
    let left = tenant.status.as_ref().and_then(|status| status.left.as_ref()).map(|left| (input.day_of)(left));
    let owner = known.owner.filter(|_| left.is_none_or(|left| input.on < left))?;
    let record = as_of::record(&tenant.spec.levels, input.on);
    let approved = record.filter(|record| as_of::is_decided(record));
    let dossier = if approved.is_some() { None } else { Dossier::newest(input, tenant) };
    let asked = dossier.as_ref().and_then(|dossier| dossier.asked());
    let regulation = approved.and_then(|record| record.regulation.clone());
    let measures = approved.and_then(|record| record.measures).or_else(|| asked?.measures).unwrap_or_default();
    let by = approved.and_then(|record| record.measures_by.as_ref()).or_else(|| asked?.measures_by.as_ref());
    Some(Row {
        tenant: tenant.name_any(),
        name: tenant.spec.display_name.clone(),
        owner,
        governing_body: known.governing_body.map(|id| body(input, id)),
        operator: known.operator.map(|id| body(input, id)),
        level: asked.map(|asked| asked.level).or(known.level).unwrap_or(tenant.spec.level),
        approval: approval(input, record, dossier.as_ref()),
        decision: approved.and_then(|record| record.decision.clone()),
        regulation: regulation.or_else(|| asked?.regulation.clone()),
        expected: dossier.and_then(|dossier| dossier.expected()),
        measures,
        complete_by: by.filter(|_| measures != Measures::Full).and_then(|text| day::parse(text)),
        assessment: assessment(tenant, input.on),
    })
}

/// What the register says, and before a decision the dossier, which is ahead of it.
fn approval(input: &Input, record: Option<&LevelRecord>, dossier: Option<&Dossier>) -> Approval {
    match (record.map(|record| record.status), dossier) {
        (Some(LevelStatus::Approved | LevelStatus::Replaced), _) => Approval::Approved,
        (_, Some(dossier)) => dossier.approval(input),
        (Some(LevelStatus::UnderAppraisal), None) => Approval::Sent,
        (Some(LevelStatus::Proposed) | None, None) => Approval::Drafting,
    }
}

fn body(input: &Input, id: String) -> Body {
    let name = input.register.agencies.get(&id).and_then(|agency| as_of::name(&agency.spec, input.on).cloned());
    Body { id, name: name.unwrap_or_default() }
}

fn assessment(tenant: &Tenant, on: Date) -> Option<Assessment> {
    let given = tenant.spec.permissions.iter().filter(|given| day::parse(&given.from).is_some_and(|from| from <= on));
    match given.count() {
        0 => None,
        1 => Some(Assessment::BeforeUse),
        _ => Some(Assessment::Periodic),
    }
}

/// A level dossier that was under way on the day.
struct Dossier<'a> {
    paper: &'a Onboarding,
}

impl<'a> Dossier<'a> {
    /// The newest of a system: sent by the day, and without an outcome on it.
    fn newest(input: &Input<'a>, tenant: &Tenant) -> Option<Self> {
        let about = |paper: &&Arc<Onboarding>| {
            let spec = &paper.spec;
            spec.action == Action::RecordLevel && spec.tenant_ref.as_ref().is_some_and(|t| t.name == tenant.name_any())
        };
        let open = |paper: &&Arc<Onboarding>| {
            let sent = paper.metadata.creation_timestamp.as_ref().is_some_and(|at| (input.day_of)(at) <= input.on);
            let outcome = paper.status.as_ref().and_then(|status| status.outcome.as_ref());
            sent && outcome.is_none_or(|outcome| (input.day_of)(&outcome.decided_at) > input.on)
        };
        let newest = input
            .papers
            .iter()
            .filter(about)
            .filter(open)
            .max_by_key(|paper| paper.metadata.creation_timestamp.clone());
        newest.map(|paper| Self { paper })
    }

    fn asked(&self) -> Option<&'a LevelRequest> {
        self.paper.spec.level.as_ref()
    }

    fn approval(&self, input: &Input) -> Approval {
        let about = |decision: &&Arc<Decision>| {
            decision.namespace() == self.paper.namespace() && decision.spec.is_about_onboarding(&self.paper.name_any())
        };
        let decisions = input.decisions.iter().filter(about).map(AsRef::as_ref);
        let appraised = chain::appraised(decisions, |time| (input.day_of)(time));
        if appraised.is_some_and(|day| day <= input.on) { Approval::Appraised } else { Approval::Sent }
    }

    fn expected(&self) -> Option<Date> {
        self.paper.status.as_ref()?.summary.as_ref()?.due.as_deref().and_then(day::parse)
    }
}
