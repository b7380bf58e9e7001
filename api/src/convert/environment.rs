//! Environment → message.

use berth_crds::{
    ConditionType, Environment, condition,
    environment::{Ipv4Exception, NamespaceStatus, Schedule, Stage, TemporaryGrant},
};

use super::{Twin, basis, conditions, create_time, etag, resources, timestamp};
use crate::{
    name,
    proto::v1::{self as pb, environment::State},
};

/// The message.
pub fn message(from: &Environment) -> pb::Environment {
    let spec = &from.spec;
    let status = from.status.clone().unwrap_or_default();
    let state = state(from);
    pb::Environment {
        name: name::environment(from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        etag: etag(&from.metadata),
        create_time: create_time(&from.metadata),
        tenant: name::tenant(&spec.tenant_ref.name),
        agency: status.agency.map(|id| name::agency(&id)).unwrap_or_default(),
        system: status.system.unwrap_or_default(),
        kind: spec.kind.proto() as i32,
        class: name::class(&spec.class_ref.name),
        quota: Some(resources(&spec.quota)),
        effective_quota: status.granted.as_ref().map(resources),
        namespaces: status.namespaces.iter().map(namespace).collect(),
        prefix: status.prefix.unwrap_or_default(),
        exposure: spec.exposure.iter().map(|e| e.proto() as i32).collect(),
        lifecycle: spec.lifecycle.proto() as i32,
        end_date: spec.end_date.clone().unwrap_or_default(),
        basis: Some(basis(&spec.basis)),
        state: state as i32,
        reconciling: reconciling(from),
        conditions: conditions(&status.conditions),
        profile: name::profile(&spec.profile_ref.name),
        assignments: Vec::new(),
        stage: status.stage.map_or(0, |stage| stage_of(stage) as i32),
        next_step: status.next.map(|next| pb::NextStep { stage: stage_of(next.stage) as i32, day: next.day }),
        schedule: spec.schedule.as_ref().map(schedule),
        remove_time: status.removed_at.map(|at| timestamp(at.0)),
        ipv4_only: spec.ipv4_only.as_ref().map(exception),
        temporary: spec.temporary.as_ref().map(temporary),
    }
}

fn temporary(from: &TemporaryGrant) -> pb::TemporaryGrant {
    pb::TemporaryGrant {
        until: from.until.clone(),
        class: name::class(&from.former.class_ref.name),
        quota: Some(resources(&from.former.quota)),
    }
}

/// An exception for IPv4 only.
pub fn exception(from: &Ipv4Exception) -> pb::Ipv4Exception {
    pb::Ipv4Exception { reason: from.reason.clone(), until: from.until.clone().unwrap_or_default() }
}

fn schedule(from: &Schedule) -> pb::Schedule {
    pb::Schedule {
        suspend: from.suspend.clone(),
        halt: from.halt.clone().unwrap_or_default(),
        remove: from.remove.clone().unwrap_or_default(),
    }
}

/// The stage; `Lifecycle` of the same message has taken the nouns' own words (values of one message share their names).
fn stage_of(from: Stage) -> pb::environment::Stage {
    match from {
        Stage::Active => pb::environment::Stage::InUse,
        Stage::Suspended => pb::environment::Stage::Stopped,
        Stage::Halted => pb::environment::Stage::Halted,
        Stage::Removing => pb::environment::Stage::Removing,
        Stage::Removed => pb::environment::Stage::Removed,
    }
}

fn namespace(from: &NamespaceStatus) -> pb::EnvironmentNamespace {
    pb::EnvironmentNamespace {
        name: from.name.clone(),
        uid: from.uid.clone().unwrap_or_default(),
        zone: from.zone.map(|zone| zone.as_str().to_owned()).unwrap_or_default(),
        prefix: from.prefix.clone().unwrap_or_default(),
    }
}

/// Ready only if what is ready is what the spec says today.
fn state(from: &Environment) -> State {
    let Some(status) = &from.status else { return State::Provisioning };
    let is = |type_| condition::is_true(&status.conditions, type_);
    if is(ConditionType::Stalled) {
        State::Stalled
    } else if is(ConditionType::Ready) && !reconciling(from) {
        State::Ready
    } else {
        State::Provisioning
    }
}

fn reconciling(from: &Environment) -> bool {
    let Some(status) = &from.status else { return true };
    let seen = status.observed_generation.is_none_or(|seen| from.metadata.generation.is_none_or(|now| seen >= now));
    !seen || condition::is_true(&status.conditions, ConditionType::Reconciling)
}
