//! Tenant: one information system.

mod inventory;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agency::DayRange;
use crate::common::{Basis, Bilingual, DatedAgency, Document, NameRef, PaperRef};
use crate::onboarding::DataKind;

pub use inventory::{InventoriedAddress, Inventory, Ipv6Stage};

/// One information system.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "Tenant",
    plural = "tenants",
    shortname = "tenant",
    category = "provincial",
    status = "TenantStatus",
    derive = "PartialEq",
    selectable = ".spec.agencyRef.name",
    selectable = ".spec.code",
    validation = Rule::new("self.metadata.name.matches('^[a-z][a-z0-9]{5}$') && self.metadata.name != 'agency'")
        .message("`metadata.name` must be a plate: six lower-case letters and digits, the first a letter, and not `agency`"),
    doc = "One information system. The name is its plate: opaque and permanent, whoever owns it.",
    printcolumn(name = "Code", type_ = "string", json_path = ".spec.code"),
    printcolumn(name = "System", type_ = "string", json_path = ".spec.displayName.vi"),
    printcolumn(name = "Agency", type_ = "string", json_path = ".spec.agencyRef.name"),
    printcolumn(name = "Level", type_ = "integer", json_path = ".spec.level"),
    printcolumn(name = "Stage", type_ = "string", json_path = ".spec.migrationStage"),
    printcolumn(name = "Prefix", type_ = "string", json_path = ".status.prefix"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#)
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSpec {
    /// Code of the system in the province's register, for example IS-01.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[A-Za-z0-9][-A-Za-z0-9._/]*$"))]
    pub code: String,
    /// Name of the system.
    pub display_name: Bilingual,
    /// Agency that owns the system today; the history is in `owners`.
    pub agency_ref: NameRef,
    /// Security level in force today; the history is in `levels`.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Site that hosts the system.
    pub site_ref: NameRef,
    /// Owners, oldest first: exactly one at every instant.
    #[schemars(length(min = 1, max = 32))]
    pub owners: Vec<DatedAgency>,
    /// Governing bodies (chủ quản), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub governing_bodies: Vec<DatedAgency>,
    /// Units that operate the system (đơn vị vận hành), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub operators: Vec<DatedAgency>,
    /// Kinds of data that the system processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub data_kinds: Vec<DataKind>,
    /// Level records, oldest first.
    #[schemars(length(min = 1, max = 32))]
    pub levels: Vec<LevelRecord>,
    /// Permissions to operate, oldest first; the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub permissions: Vec<OperatingPermission>,
    /// How far the move to the cloud is.
    pub migration_stage: MigrationStage,
    /// What an inventory said of the system before it came to the cloud; absent for a system that began here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// Ground of the entry.
    pub basis: Basis,
}

/// What the operator saw.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Addressed, LevelEnforced, Operating, Ready, Reconciling, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Prefix of the system's block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    pub prefix: Option<String>,
    /// When the last of its environments was seen removed: its block is given up, and the record stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Time>,
}

/// One level record (hồ sơ đề xuất cấp độ).
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelRecord {
    /// Level of the record.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Where the dossier stands (Mẫu 08).
    pub status: LevelStatus,
    /// Days on which the record counts.
    pub in_force: DayRange,
    /// Decision that approved the level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Document>,
    /// Security regulation (quy chế) of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub regulation: Option<String>,
    /// How far the measures of the protection plan are in place (Mẫu 08).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measures>,
    /// Day by which all of them are to be in place, `YYYY-MM-DD` (Mẫu 08); where they are not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub measures_by: Option<String>,
    /// Day on which the level is reviewed, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub review_on: Option<String>,
    /// The paper that recorded it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding_ref: Option<PaperRef>,
    /// UIDs of the Decisions that made it.
    #[serde(default, rename = "decisionUIDs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub decision_uids: Vec<String>,
}

/// A permission to operate (cho phép vận hành): given after a positive readiness verdict.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperatingPermission {
    /// First day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub from: String,
    /// Level of the system on that day: a readiness verdict is about one level.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Document of the readiness verdict (đánh giá đủ điều kiện), where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Document>,
    /// Document of the permission, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// The paper that asked for it.
    pub onboarding_ref: PaperRef,
    /// UIDs of the Decisions that made it.
    #[serde(default, rename = "decisionUIDs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)))]
    pub decision_uids: Vec<String>,
}

/// How far the measures of a protection plan are in place (Mẫu 08: chưa, một số hạng mục, đầy đủ).
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Measures {
    /// None yet.
    #[default]
    None,
    /// Some of them.
    Some,
    /// All of them.
    Full,
}

/// Where a level dossier stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum LevelStatus {
    /// Proposed by the agency.
    #[default]
    Proposed,
    /// Under appraisal.
    UnderAppraisal,
    /// Approved.
    Approved,
    /// Replaced by a later record.
    Replaced,
}

/// How far the move to the cloud is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum MigrationStage {
    /// Known, not on the cloud.
    Inventoried,
    /// An environment is granted.
    #[default]
    Onboarding,
    /// Runs on the cloud.
    Operating,
    /// Gone.
    Closed,
}
