//! What an environment's life is made of: dated steps, stages, and what a halt remembers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Dated steps of a stop.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// Day from which exposure is closed and access is read only, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub suspend: String,
    /// Day from which workloads are scaled to zero, `YYYY-MM-DD`; of a decommission only, and not of what was never ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub halt: Option<String>,
    /// First day on which it may be removed, once its reconciliation is signed where it was ever ready, `YYYY-MM-DD`; of a decommission only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub remove: Option<String>,
}

/// What of an environment's life is in force.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In use.
    #[default]
    Active,
    /// Exposure is closed, access is read only.
    Suspended,
    /// Suspended, and workloads are scaled to zero.
    Halted,
    /// Its namespaces are being deleted; there is no way back.
    Removing,
    /// Its namespaces are gone and its booking is free; the record stays.
    Removed,
}

/// A step that comes by its date.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NextStep {
    /// The stage that it leads to.
    pub stage: Stage,
    /// Its day, `YYYY-MM-DD`.
    #[schemars(length(max = 10))]
    pub day: String,
}

/// A workload that a halt scaled to zero.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HaltedWorkload {
    /// Namespace of the workload.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
    /// What it is.
    pub kind: WorkloadKind,
    /// Name of the workload.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// UID of the workload: one that was made anew is another.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
    /// Replicas that it had.
    #[schemars(range(min = 1, max = 2_147_483_647))]
    pub replicas: i64,
}

/// Kinds of workload that a halt scales to zero.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// `apps/v1` Deployment.
    #[default]
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` ReplicaSet that no Deployment owns.
    ReplicaSet,
}
