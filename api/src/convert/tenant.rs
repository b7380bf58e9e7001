//! Tenant → message.

use berth_crds::{
    Tenant,
    tenant::{InventoriedAddress, Inventory, LevelRecord, OperatingPermission},
};
use berth_plan::as_of;
use jiff::civil::Date;

use super::{Twin, basis, bilingual, conditions, create_time, dated_agency, document, etag, small, timestamp};
use crate::{name, proto::v1 as pb};

/// The message.
pub fn message(from: &Tenant) -> pb::Tenant {
    let spec = &from.spec;
    let status = from.status.clone().unwrap_or_default();
    pb::Tenant {
        name: name::tenant(from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        etag: etag(&from.metadata),
        create_time: create_time(&from.metadata),
        code: spec.code.clone(),
        display_name: Some(bilingual(&spec.display_name)),
        agency: name::agency(&spec.agency_ref.name),
        level: small(spec.level),
        site: spec.site_ref.name.clone(),
        owners: spec.owners.iter().map(dated_agency).collect(),
        governing_bodies: spec.governing_bodies.iter().map(dated_agency).collect(),
        operators: spec.operators.iter().map(dated_agency).collect(),
        data_kinds: spec.data_kinds.iter().map(|kind| kind.proto() as i32).collect(),
        migration_stage: spec.migration_stage.proto() as i32,
        basis: Some(basis(&spec.basis)),
        prefix: status.prefix.unwrap_or_default(),
        conditions: conditions(&status.conditions),
        levels: spec.levels.iter().map(level).collect(),
        permissions: spec.permissions.iter().map(permission).collect(),
        leave_time: status.left.map(|left| timestamp(left.0)),
        inventory: spec.inventory.as_ref().map(inventory),
    }
}

fn inventory(from: &Inventory) -> pb::Inventory {
    let address = |address: &InventoriedAddress| {
        let letter = address.letter.clone().unwrap_or_default();
        pb::InventoriedAddress {
            cidr: address.cidr.clone(),
            network: address.network.clone(),
            authority: address.authority.clone(),
            letter_number: letter.number,
            letter_date: letter.date,
        }
    };
    pb::Inventory {
        effective_date: from.effective_on.clone(),
        record_date: from.recorded_on.clone(),
        source: from.source.clone().unwrap_or_default(),
        hosting: from.hosting.clone().unwrap_or_default(),
        ipv6_stage: from.ipv6_stage.proto() as i32,
        addresses: from.addresses.iter().map(address).collect(),
        domains: from.domains.clone(),
    }
}

/// The message with owner and level as of a day: what was true then, not what is true now.
pub fn message_as_of(from: &Tenant, day: Date) -> pb::Tenant {
    let then = as_of::system(&from.spec, day);
    let agency = then.owner.as_deref().map(name::agency).unwrap_or_default();
    pb::Tenant { agency, level: then.level.map(small).unwrap_or_default(), ..message(from) }
}

fn level(from: &LevelRecord) -> pb::LevelRecord {
    pb::LevelRecord {
        level: small(from.level),
        status: from.status.proto() as i32,
        from: from.in_force.from.clone(),
        to: from.in_force.to.clone().unwrap_or_default(),
        decision: from.decision.as_ref().map(document),
        regulation: from.regulation.clone().unwrap_or_default(),
        measures: from.measures.map_or(0, |measures| measures.proto() as i32),
        review_date: from.review_on.clone().unwrap_or_default(),
        decision_uids: from.decision_uids.clone(),
        measures_date: from.measures_by.clone().unwrap_or_default(),
    }
}

fn permission(from: &OperatingPermission) -> pb::OperatingPermission {
    pb::OperatingPermission {
        from: from.from.clone(),
        level: small(from.level),
        readiness: from.readiness.as_ref().map(document),
        document: from.document.as_ref().map(document),
        decision_uids: from.decision_uids.clone(),
    }
}
