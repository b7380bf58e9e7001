//! AuditRecord, AuditCheckpoint: the ledger. One record is one segment; segments are chained by their hashes.
//!
//! What a segment's hash is computed over is `berth-plan`'s `ledger::canonical`.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most entries of one segment (design §7).
pub const MAX_ENTRIES: usize = 100;
/// Digits of a segment's name: names sort as numbers do.
pub const NUMBER_DIGITS: usize = 12;
/// Most characters of who acted: a longer name is cut, with a mark.
pub const MAX_WHO: usize = 512;
/// `previous` of the first segment.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Name of the only AuditCheckpoint.
pub const CHECKPOINT: &str = "default";

/// Name of the segment with a number.
pub fn segment_name(number: i64) -> String {
    format!("{number:0NUMBER_DIGITS$}")
}

/// One segment of the ledger.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "AuditRecord", plural = "auditrecords", shortname = "arec",
    category = "provincial", derive = "PartialEq",
    doc = "One segment of the ledger: what happened, chained to the segment before it by hash. Written once by the operator.",
    validation = Rule::new("self.metadata.name.matches('^[0-9]{12}$') && int(self.metadata.name) == self.spec.number")
        .message("`metadata.name` must be `spec.number` with zeros in front, twelve digits"),
    printcolumn(name = "Number", type_ = "integer", json_path = ".spec.number"),
    printcolumn(name = "Hash", type_ = "string", json_path = ".spec.hash"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: what is recorded stays"))]
pub struct AuditRecordSpec {
    /// Place in the chain, from 1 without a gap.
    #[schemars(range(min = 1, max = 999_999_999_999_i64))]
    pub number: i64,
    /// Hash of the segment before this one; 64 zeros for the first.
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub previous: String,
    /// SHA-256 of this segment's canonical form without this field.
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub hash: String,
    /// What happened, in the order in which it was recorded.
    #[schemars(length(min = 1, max = 100))]
    pub entries: Vec<AuditEntry>,
}

/// One act.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditEntry {
    /// Derived from the object's UID, the act and what it led to, so that an act has one entry at most; 32 hexadecimal digits.
    #[schemars(length(max = 32), regex(pattern = r"^[0-9a-f]{32}$"))]
    pub id: String,
    /// What was done.
    pub act: Act,
    /// To which object.
    pub object: AuditObject,
    /// Agency that the object belongs to, where it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub agency: Option<String>,
    /// Who did it, as the API server knew them; the name of a service account has up to 340 characters.
    #[schemars(length(min = 1, max = 512))]
    pub who: String,
    /// As what role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub role: Option<String>,
    /// On whose behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub on_behalf_of: Option<String>,
    /// State before the act as JSON text; large fields are replaced by their SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub before: Option<String>,
    /// State after the act as JSON text; large fields are replaced by their SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub after: Option<String>,
    /// Reason that was given, or the reason of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
    /// Legal basis or signed document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub legal_basis: Option<String>,
    /// Request id of the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub request_id: Option<String>,
    /// From when the act counts: a day `YYYY-MM-DD` that a document names, or an instant, RFC 3339.
    #[schemars(length(max = 40))]
    pub effective_at: String,
    /// When the ledger took the act down, RFC 3339.
    #[schemars(length(max = 40))]
    pub recorded_at: String,
}

/// The object of an act.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditObject {
    /// Kind of the object.
    #[schemars(length(min = 1, max = 63))]
    pub kind: String,
    /// Namespace of the object; absent for cluster-scoped ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// UID of the object: a re-created object is another one.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A request was submitted.
    #[default]
    Submitted,
    /// A decision was made.
    Decided,
    /// A decision took effect.
    TookEffect,
    /// A decision was found void.
    Voided,
    /// A request got its outcome.
    Concluded,
    /// What was granted was handed over.
    HandedOver,
    /// A connection was opened.
    Opened,
    /// A connection was closed for good.
    Closed,
    /// An entry was made in a register, or changed.
    Registered,
    /// A namespace was created.
    NamespaceCreated,
    /// A running namespace was adopted.
    NamespaceAdopted,
    /// A namespace was given back as it is.
    NamespaceReleased,
    /// A prefix was given.
    PrefixGiven,
    /// A prefix was given up and is kept from others.
    PrefixReleased,
    /// An object that had been recorded is gone.
    Removed,
    /// Devices outside the cluster were changed, as somebody who answers for them says.
    OutsideChanged,
    /// Somebody acted on an environment without a paper.
    Intervened,
}

impl Act {
    /// All acts.
    pub const ALL: &[Self] = &[
        Self::Submitted,
        Self::Decided,
        Self::TookEffect,
        Self::Voided,
        Self::Concluded,
        Self::HandedOver,
        Self::Opened,
        Self::Closed,
        Self::Registered,
        Self::NamespaceCreated,
        Self::NamespaceAdopted,
        Self::NamespaceReleased,
        Self::PrefixGiven,
        Self::PrefixReleased,
        Self::Removed,
        Self::OutsideChanged,
        Self::Intervened,
    ];
}

/// How far the ledger is exported.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "AuditCheckpoint", plural = "auditcheckpoints",
    shortname = "acp", category = "provincial", derive = "PartialEq",
    doc = "How far the ledger is exported. Only segments before `number` may be deleted.",
    validation = Rule::new("self.metadata.name == 'default'").message("the only AuditCheckpoint must be named `default`"),
    printcolumn(name = "Number", type_ = "integer", json_path = ".spec.number"),
    printcolumn(name = "Hash", type_ = "string", json_path = ".spec.hash"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.number > oldSelf.number || self == oldSelf").message("`number` must grow: what is exported stays exported"))]
pub struct AuditCheckpointSpec {
    /// Number of the last segment that is exported.
    #[schemars(range(min = 1, max = 999_999_999_999_i64))]
    pub number: i64,
    /// Hash of that segment.
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub hash: String,
}
