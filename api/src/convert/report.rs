//! Reports → messages.

use std::{collections::BTreeMap, sync::Arc};

use berth_crds::{Tenant, names};
use berth_plan::{
    amounts::Amounts,
    report::{
        demand::{Counted, Demand, Fraction, Standing},
        reuse::Pair,
        security::{Body, Row},
    },
};
use jiff::{Timestamp, civil::Date};

use super::{Twin, bilingual, document, resources, timestamp};
use crate::{name, proto::v1 as pb};

/// "Demand met" as of an instant; `agency` is the id of the one that was counted.
pub fn demand(from: &Demand, year: i16, agency: Option<&str>, now: Timestamp) -> pb::DemandReport {
    let count = |standing| number(from.count(standing));
    let amounts = |amounts: Amounts| Some(resources(&amounts.to_resources()));
    pb::DemandReport {
        name: name::demand_report(year),
        agency: agency.map(name::agency).unwrap_or_default(),
        as_of_time: Some(timestamp(now)),
        submitted: number(from.requests.len()),
        withdrawn: count(Standing::Withdrawn),
        refused_by_law: count(Standing::RefusedByLaw),
        refused: count(Standing::Refused),
        granted_in_time: count(Standing::GrantedInTime),
        granted_late: count(Standing::GrantedLate),
        waiting: count(Standing::Waiting),
        open: count(Standing::Open),
        in_time: from.in_time().map(fraction),
        met: from.met().map(fraction),
        asked_resources: amounts(from.amounts.asked),
        approved_resources: amounts(from.amounts.approved),
        granted_resources: amounts(from.amounts.granted),
        requests: from.requests.iter().map(request).collect(),
    }
}

fn request(from: &Counted) -> pb::DemandRequest {
    pb::DemandRequest {
        onboarding: name::onboarding(&names::agency_namespace(&from.agency), &from.name),
        standing: from.standing.proto() as i32,
        submit_date: from.submitted.to_string(),
        due_date: day(from.due),
        grant_date: day(from.granted),
    }
}

/// A day, or nothing.
fn day(from: Option<jiff::civil::Date>) -> String {
    from.map(|day| day.to_string()).unwrap_or_default()
}

fn fraction(from: Fraction) -> pb::Fraction {
    pb::Fraction { numerator: number(from.part), denominator: number(from.whole) }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The security report of a year, as of a day.
pub fn security(rows: &[Row], year: i16, on: Date) -> pb::SecurityReport {
    let entries = rows.iter().map(entry).collect();
    pb::SecurityReport { name: name::security_report(year), as_of_date: on.to_string(), entries }
}

fn entry(from: &Row) -> pb::SecurityEntry {
    let id = |body: &Option<Body>| body.as_ref().map(|body| name::agency(&body.id)).unwrap_or_default();
    let called = |body: &Option<Body>| body.as_ref().map(|body| bilingual(&body.name));
    pb::SecurityEntry {
        tenant: name::tenant(&from.tenant),
        display_name: Some(bilingual(&from.name)),
        agency: name::agency(&from.owner),
        governing_body: id(&from.governing_body),
        governing_body_display_name: called(&from.governing_body),
        operator: id(&from.operator),
        operator_display_name: called(&from.operator),
        level: i32::try_from(from.level).unwrap_or_default(),
        approval: from.approval.proto().into(),
        decision: from.decision.as_ref().map(document),
        regulation: from.regulation.clone().unwrap_or_default(),
        expected_date: day(from.expected),
        measures: from.measures.proto().into(),
        assessment: from.assessment.map(|assessment| assessment.proto().into()).unwrap_or_default(),
        measures_date: day(from.complete_by),
    }
}

/// A pair of systems that sound alike.
pub fn similar(from: &Pair, tenants: &BTreeMap<String, Arc<Tenant>>) -> pb::SimilarSystems {
    let system = |plate: &String| {
        let spec = &tenants.get(plate)?.spec;
        Some(pb::SimilarSystem {
            tenant: name::tenant(plate),
            code: spec.code.clone(),
            display_name: Some(bilingual(&spec.display_name)),
            agency: name::agency(&spec.agency_ref.name),
        })
    };
    let [first, second] = &from.plates;
    pb::SimilarSystems {
        first: system(first),
        second: system(second),
        alike_percent: number(from.percent),
        common_words: from.common.clone(),
    }
}
