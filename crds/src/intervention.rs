//! Intervention: an act on one environment that cannot wait for a paper, and the word that a list was looked at.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Identity, UidRef};
use crate::environment::Access;

/// Longest `Hold`, in hours.
pub const HOLD_HOURS: i64 = 24;
/// Longest `Grant`, in hours.
pub const GRANT_HOURS: i64 = 72;

/// One act. Made once, never changed, never deleted: another act ends it, or its time does.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "Intervention",
    plural = "interventions",
    shortname = "intervention",
    category = "provincial",
    derive = "PartialEq",
    doc = "An act on one environment that cannot wait for a paper: who did what, why, and until when.",
    printcolumn(name = "Environment", type_ = "string", json_path = ".spec.environmentRef.name"),
    printcolumn(name = "Act", type_ = "string", json_path = ".spec.act"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.by.username"),
    printcolumn(name = "Until", type_ = "string", json_path = ".spec.until"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: make another Intervention"))]
#[x_kube(validation = Rule::new("(self.act in ['Hold', 'Grant']) == has(self.until)").message("`Hold` and `Grant` must have `until`, no other act may have it"))]
#[x_kube(validation = Rule::new("(self.act == 'Grant') == has(self.access)").message("`Grant` must have `access`, no other act may have it"))]
pub struct InterventionSpec {
    /// The environment.
    pub environment_ref: UidRef,
    /// What is done.
    pub act: Intervene,
    /// Why; of `ConfirmAccess`, by which letter of the owner.
    #[schemars(length(min = 1, max = 1000))]
    pub reason: String,
    /// When it ends by itself: at most 24 hours (`Hold`) or 72 hours (`Grant`) after it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Who gets in, of a `Grant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Who acts; stamped by admission.
    pub by: Identity,
    /// Request id of the caller, to tell a repeat from a second act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub request_id: Option<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intervene {
    /// Nothing is repaired or changed until the end; whoever has left the access list is out all the same.
    #[default]
    Hold,
    /// The hold is over.
    EndHold,
    /// Nothing gets in or out by the network, in both families, whatever was decided; workloads and data stay as they are.
    Isolate,
    /// The isolation is over.
    EndIsolation,
    /// Somebody gets in until the end; a paper follows.
    Grant,
    /// Every grant is over.
    EndGrants,
    /// The access list was looked at and is right.
    ConfirmAccess,
}
