//! Nouns to messages: what the API server stores, as `berth.v1` shows it. Reading input is in [`crate::read`].

pub mod address;
pub mod audit;
pub mod catalog;
pub mod connection;
pub mod decision;
pub mod environment;
pub mod form;
pub mod onboarding;
pub mod report;
pub mod tenant;
mod twin;

use berth_crds::common as crd;
use berth_plan::search;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};

pub use twin::Twin;

use crate::{name, proto::v1 as pb};

/// An instant.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    // A protobuf timestamp counts nanoseconds forward, jiff towards zero.
    let nanos = i128::from(1_000_000_000);
    let all = at.as_nanosecond();
    prost_types::Timestamp {
        seconds: i64::try_from(all.div_euclid(nanos)).unwrap_or_default(),
        nanos: i32::try_from(all.rem_euclid(nanos)).unwrap_or_default(),
    }
}

/// An RFC 3339 text; `None` when it is none.
pub fn timestamp_of(text: &str) -> Option<prost_types::Timestamp> {
    text.parse::<Timestamp>().ok().map(timestamp)
}

/// When an object was created.
pub fn create_time(meta: &ObjectMeta) -> Option<prost_types::Timestamp> {
    meta.creation_timestamp.as_ref().map(|time| timestamp(time.0))
}

/// The etag of an object (AIP-154).
pub fn etag(meta: &ObjectMeta) -> String {
    format!("\"{}\"", meta.resource_version.as_deref().unwrap_or_default())
}

/// Counts and levels fit 32 bits by their schema; JSON keeps such numbers as numbers.
pub fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// Amounts.
pub fn resources(from: &crd::Resources) -> pb::Resources {
    pb::Resources {
        cpu: from.cpu.clone(),
        memory: from.memory.clone(),
        storage: from.storage.clone(),
        object_storage: from.object_storage.clone().unwrap_or_default(),
        gpus: from.gpus.map(small),
    }
}

/// A text in two languages.
pub fn bilingual(from: &crd::Bilingual) -> pb::Bilingual {
    pb::Bilingual { vi: from.vi.clone(), en: from.en.clone() }
}

/// What was looked for, by Vietnamese name and then by resource name.
pub fn in_order<T>(mut found: Vec<T>, by: impl Fn(&T) -> (Option<&pb::Bilingual>, &String)) -> Vec<T> {
    let text = |name: Option<&pb::Bilingual>| name.map(|name| name.vi.clone()).unwrap_or_default();
    found.sort_by(|a, b| {
        let ((name, id), (other_name, other_id)) = (by(a), by(b));
        search::order(&text(name), &text(other_name)).then_with(|| id.cmp(other_id))
    });
    found
}

/// Who did something.
pub fn identity(from: &crd::Identity) -> pb::Identity {
    pb::Identity { username: from.username.clone(), groups: from.groups.clone() }
}

/// An official document.
pub fn document(from: &crd::Document) -> pb::Document {
    pb::Document {
        issuer: from.issuer.clone(),
        number: from.number.clone(),
        date: from.date.clone(),
        signer: from.signer.clone(),
        capacity: from.capacity.clone().unwrap_or_default(),
        sha256: from.sha256.clone().unwrap_or_default(),
    }
}

/// A body in a duty.
pub fn dated_agency(from: &crd::DatedAgency) -> pb::DatedAgency {
    pb::DatedAgency {
        agency: name::agency(&from.agency_ref.name),
        from: from.from.clone(),
        to: from.to.clone().unwrap_or_default(),
        mark: from.mark.clone().unwrap_or_default(),
    }
}

/// What is granted.
pub fn grant(from: &berth_crds::onboarding::Grant) -> pb::Grant {
    pb::Grant { class: name::class(&from.class_ref.name), quota: Some(resources(&from.quota)) }
}

/// Why a register says what it says.
pub fn basis(from: &crd::Basis) -> pb::Basis {
    let paper = from.onboarding_ref.as_ref();
    pb::Basis {
        r#type: from.type_.proto() as i32,
        onboarding: paper.map(|p| name::onboarding(&p.namespace, &p.name)).unwrap_or_default(),
        onboarding_uid: paper.map(|p| p.uid.clone()).unwrap_or_default(),
        decision_uids: from.decision_uids.clone(),
        revision: small(from.revision.unwrap_or_default()),
        reason: from.reason.clone().unwrap_or_default(),
    }
}

/// Conditions, in their order.
pub fn conditions(from: &[Condition]) -> Vec<pb::Condition> {
    let condition = |c: &Condition| pb::Condition {
        r#type: c.type_.clone(),
        status: c.status.clone(),
        reason: c.reason.clone(),
        message: c.message.clone(),
        last_transition_time: Some(timestamp(c.last_transition_time.0)),
    };
    from.iter().map(condition).collect()
}

#[cfg(test)]
mod tests;
