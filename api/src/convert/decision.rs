//! Decision → message.

use berth_crds::Decision;

use super::{Twin, create_time, document, grant, identity};
use crate::{name, proto::v1 as pb};

/// The message; `changes` are not known here.
pub fn message(from: &Decision) -> pb::Decision {
    let spec = &from.spec;
    let status = from.status.clone().unwrap_or_default();
    let onboarding = name::onboarding(from.metadata.namespace.as_deref().unwrap_or_default(), &spec.paper().name);
    pb::Decision {
        name: format!("{onboarding}/decisions/{}", from.metadata.name.as_deref().unwrap_or_default()),
        uid: from.metadata.uid.clone().unwrap_or_default(),
        create_time: create_time(&from.metadata),
        role: spec.role.as_str().to_owned(),
        verdict: spec.verdict.proto() as i32,
        by: Some(identity(&spec.by)),
        granted: spec.granted.as_ref().map(grant),
        reason: spec.reason.clone().unwrap_or_default(),
        legal_basis: spec.legal_basis.clone().unwrap_or_default(),
        document: spec.document.as_ref().map(document),
        effect: status.effect.map_or(0, |effect| effect.proto() as i32),
        effect_reason: status.reason.unwrap_or_default(),
        onboarding_uid: spec.paper().uid.clone(),
        defects: spec.defects.clone(),
        changes: Vec::new(),
        on_behalf_of: spec.on_behalf_of.clone().unwrap_or_default(),
        saved: spec.saved.as_ref().map(|saved| pb::Saved {
            statistics_sha256: saved.statistics_sha256.clone(),
            backup_sha256: saved.backup_sha256.clone(),
        }),
    }
}
