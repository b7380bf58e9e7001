//! Answers about addresses → messages.

use berth_crds::address::Assignment;
use berth_crds::{AddressPlan, Environment, NetworkChange};
use berth_plan::day;
use berth_plan::network::export::{Change, Line};
use berth_plan::network::justify::Justification;
use berth_plan::network::outside;
use berth_plan::network::tree::Node;
use berth_plan::network::whois::Answer;
use berth_plan::register::Register;
use ipnet::IpNet;
use jiff::civil::Date;
use kube::ResourceExt as _;

use super::{Twin, basis, bilingual, create_time, identity, small, timestamp};
use crate::{name, proto::v1 as pb};

/// An assignment of another authority.
pub fn assignment(from: &Assignment) -> pb::AddressAssignment {
    let holder = &from.holder;
    let named = |reference: &Option<berth_crds::common::NameRef>, of: fn(&str) -> String| {
        reference.as_ref().map(|reference| of(&reference.name)).unwrap_or_default()
    };
    pb::AddressAssignment {
        cidr: from.cidr.clone(),
        network: from.network.clone(),
        authority: from.authority.clone(),
        letter_number: from.letter.number.clone(),
        letter_date: from.letter.date.clone(),
        agency: named(&holder.agency_ref, name::agency),
        tenant: named(&holder.tenant_ref, name::tenant),
        environment: named(&holder.environment_ref, name::environment),
        infrastructure: holder.infrastructure.clone().unwrap_or_default(),
        purpose: from.purpose.clone(),
        from: from.from.clone(),
        to: from.to.clone().unwrap_or_default(),
        mark: from.mark.clone().unwrap_or_default(),
    }
}

/// Who says that devices were changed, and of which environments.
pub fn change(from: &NetworkChange) -> pb::NetworkChange {
    let environments = from.spec.environments.iter().map(|e| name::environment(&e.environment_ref.name));
    pb::NetworkChange {
        name: format!("networkChanges/{}", from.name_any()),
        uid: from.uid().unwrap_or_default(),
        create_time: create_time(&from.metadata),
        reference: from.spec.reference.clone(),
        environments: environments.collect(),
        by: Some(identity(&from.spec.by)),
    }
}

/// What other authorities assigned to an environment, or to its whole system, on a day.
pub fn assigned_to(plan: Option<&AddressPlan>, environment: &Environment, on: Date) -> Vec<pb::AddressAssignment> {
    let all = plan.map(|plan| plan.spec.assignments.as_slice()).unwrap_or_default();
    let has = |a: &&Assignment| outside::has(a, environment) && day::covers(&a.from, a.to.as_deref(), on);
    all.iter().filter(has).map(assignment).collect()
}

/// Whose an address was.
pub fn answer(asked: IpNet, from: &Answer, register: &Register, on: Date) -> pb::AddressAnswer {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let system = from.system.as_ref();
    let agency = |id: &Option<String>| id.as_deref().map(name::agency).unwrap_or_default();
    pb::AddressAnswer {
        address: if asked.prefix_len() == asked.max_prefix_len() {
            asked.addr().to_string()
        } else {
            asked.to_string()
        },
        standing: from.standing.proto() as i32,
        prefix: from.prefix.map(|prefix| prefix.to_string()).unwrap_or_default(),
        block: text(&from.block),
        namespace: text(&from.namespace),
        environment: from.environment.as_deref().map(name::environment).unwrap_or_default(),
        tenant: system.map(|system| name::tenant(&system.tenant)).unwrap_or_default(),
        system: system.map(|system| format!("{} {}", system.code, system.title).trim().to_owned()).unwrap_or_default(),
        agency: agency(&from.agency),
        agency_title: from.agency.as_deref().map(|id| register.title(id, on)).unwrap_or_default(),
        governing_body: agency(&system.and_then(|system| system.governing_body.clone())),
        basis: from.basis.as_ref().map(basis),
        since: from.since.map(timestamp),
        until: from.until.map(timestamp),
        assignment: from.assignment.as_ref().map(assignment),
        systems_inside: number(from.systems_inside),
        reason: from.standing.reason().code(),
    }
}

/// One prefix of the plan.
pub fn node(depth: usize, from: &Node) -> pb::AddressNode {
    pb::AddressNode {
        prefix: from.net.to_string(),
        level: from.level.proto() as i32,
        depth: number(depth),
        holder: from.name.clone(),
        agency: from.agency.as_deref().map(name::agency).unwrap_or_default(),
        capacity_log2: from.capacity_log2.map(i32::from),
        used: number(from.used),
        quarantined: number(from.kept),
        since: from.since.map(timestamp),
        quarantine_until: from.until.map(timestamp),
    }
}

/// One line of a device.
pub fn line(change: Change, from: &Line) -> pb::AddressLine {
    let named = |id: &str, of: fn(&str) -> String| if id.is_empty() { String::new() } else { of(id) };
    pb::AddressLine {
        change: change.proto() as i32,
        table: from.table.proto() as i32,
        set: from.set.clone(),
        prefix: from.prefix.to_string(),
        value: from.value.clone(),
        agency: named(&from.agency, name::agency),
        tenant: named(&from.tenant, name::tenant),
        environment: named(&from.environment, name::environment),
        network: from.network.clone(),
    }
}

/// A request for a larger grant.
pub fn justification(from: &Justification) -> pb::AddressJustification {
    pb::AddressJustification {
        root: from.root.to_string(),
        hd_ratio: format!("{:.3}", from.ratio),
        needed_length: i32::from(from.needed),
        text: Some(bilingual(&from.text)),
    }
}

fn number(count: impl TryInto<i64>) -> i32 {
    small(count.try_into().unwrap_or(i64::MAX))
}
