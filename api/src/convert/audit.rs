//! Entries of the ledger → messages.

use berth_crds::AuditRecordSpec;
use berth_crds::audit::{AuditEntry, segment_name};

use super::{Twin, timestamp_of};
use crate::{name, proto::v1 as pb};

/// The name of a segment.
pub fn record_name(id: &str) -> String {
    format!("auditRecords/{id}")
}

/// The entries of a segment with their names, which sort as they were recorded.
pub fn entries(segment: &AuditRecordSpec) -> impl Iterator<Item = (String, &AuditEntry)> {
    let of = segment_name(segment.number);
    segment.entries.iter().enumerate().map(move |(place, entry)| (format!("auditEntries/{of}.{place:03}"), entry))
}

/// The message.
pub fn entry(name: &str, from: &AuditEntry) -> pb::AuditEntry {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    pb::AuditEntry {
        name: name.to_owned(),
        uid: from.id.clone(),
        act: from.act.proto() as i32,
        object_kind: from.object.kind.clone(),
        object_namespace: text(&from.object.namespace),
        object_name: from.object.name.clone(),
        object_uid: from.object.uid.clone(),
        agency: from.agency.as_deref().map(name::agency).unwrap_or_default(),
        who: from.who.clone(),
        role: text(&from.role),
        on_behalf_of: text(&from.on_behalf_of),
        before: text(&from.before),
        after: text(&from.after),
        reason: text(&from.reason),
        legal_basis: text(&from.legal_basis),
        request_id: text(&from.request_id),
        effective_at: from.effective_at.clone(),
        record_time: timestamp_of(&from.recorded_at),
    }
}
