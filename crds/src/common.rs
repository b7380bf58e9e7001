//! Shapes that several kinds share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Amounts of resources as Kubernetes quantities.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// Virtual processors, for example `8` or `500m`.
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{1,12}m?$"))]
    pub cpu: String,
    /// Memory in bytes with a binary suffix, for example `32Gi`.
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{1,15}(Ki|Mi|Gi|Ti|Pi)?$"))]
    pub memory: String,
    /// Block storage in bytes with a binary suffix, for example `500Gi`.
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{1,15}(Ki|Mi|Gi|Ti|Pi)?$"))]
    pub storage: String,
    /// Object storage in bytes with a binary suffix; recorded and booked, not part of a ResourceQuota.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{1,15}(Ki|Mi|Gi|Ti|Pi)?$"))]
    pub object_storage: Option<String>,
    /// Accelerators (GPUs), counted whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 4096))]
    pub gpus: Option<i64>,
}

/// A text in the two languages that agencies read.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bilingual {
    /// Vietnamese.
    #[schemars(length(min = 1, max = 500))]
    pub vi: String,
    /// English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub en: String,
}

/// Who did something, as the API server knew them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    /// Username; stamped by admission.
    #[schemars(length(min = 1, max = 253))]
    pub username: String,
    /// Groups of the person that begin `berth:`; stamped by admission.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(max = 253)))]
    pub groups: Vec<String>,
}

/// Name of a cluster-scoped object of a kind known from the field.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NameRef {
    /// Name of the object.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
}

impl NameRef {
    /// A reference to `name`.
    pub fn to(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// Name and UID of an object: a re-created object of the same name is another one.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UidRef {
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// UID of the object.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// A body in a duty during an interval of days. Intervals of one duty neither overlap nor leave a gap.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatedAgency {
    /// Agency in the duty.
    pub agency_ref: NameRef,
    /// First day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub from: String,
    /// Last day, `YYYY-MM-DD`; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub to: Option<String>,
    /// Certainty mark of the fact: N, S, C, L verified; K common knowledge; A assumption; D draft or digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub mark: Option<String>,
}

/// Why a register says what it says.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum BasisType {
    /// A paper: an Onboarding and the Decisions that made its outcome.
    #[default]
    Paper,
    /// A direct edit by a platform operator, with a reason.
    Direct,
}

/// The ground on which an object was created or changed.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Basis {
    /// `Paper` (only the operator writes it) or `Direct`.
    #[serde(rename = "type")]
    pub type_: BasisType,
    /// The paper, when `type` is `Paper`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding_ref: Option<PaperRef>,
    /// UIDs of the Decisions that made the outcome.
    #[serde(default, rename = "decisionUIDs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub decision_uids: Vec<String>,
    /// Counts the changes, by papers and by hand, from 1; an edit of an environment by hand raises it by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub revision: Option<i64>,
    /// Why, when `type` is `Direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub reason: Option<String>,
}

/// A paper in an agency's namespace.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PaperRef {
    /// Namespace of the paper, `agency-<id>`.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// Name of the Onboarding.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// UID of the Onboarding.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// An official document: who issued it, its number, date and signer.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Issuing body, as written on the document.
    #[schemars(length(min = 1, max = 300))]
    pub issuer: String,
    /// Number and symbol, for example `123/SKHCN-CNTT`.
    #[schemars(length(min = 1, max = 100))]
    pub number: String,
    /// Date of the document, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: String,
    /// Person who signed.
    #[schemars(length(min = 1, max = 200))]
    pub signer: String,
    /// Capacity in which they signed, for example `KT. GIÁM ĐỐC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub capacity: Option<String>,
    /// SHA-256 of the signed file, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub sha256: Option<String>,
}

/// An entry of the booking list of a Site or an Agency: what is promised to whom.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Booking {
    /// Name of the holder: an Environment, or an Agency with a budget.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// What the holder is.
    pub kind: HolderKind,
    /// Amounts that are promised.
    pub resources: Resources,
    /// Onboarding that the promise answers; absent for budgets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding_ref: Option<PaperRef>,
}

/// What holds a booking.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum HolderKind {
    /// One environment's grant.
    Environment,
    /// An agency's budget, which its environments book in turn.
    Agency,
}
