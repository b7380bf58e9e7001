//! NetworkChange: the word of a person that devices outside the cluster were changed.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Identity, UidRef};

/// Most environments of one change.
pub const MAX_ENVIRONMENTS: usize = 256;

/// One change of routers, firewalls or DNS. Made once, never changed, never deleted.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "NetworkChange",
    plural = "networkchanges",
    shortname = "netchange",
    category = "provincial",
    derive = "PartialEq",
    doc = "The word of a person that devices outside the cluster were changed: what they let through now, and by which ticket.",
    printcolumn(name = "Reference", type_ = "string", json_path = ".spec.reference"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.by.username"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: make another NetworkChange"))]
pub struct NetworkChangeSpec {
    /// Ticket or document of the change.
    #[schemars(length(min = 1, max = 200))]
    pub reference: String,
    /// What the devices are set to for each environment.
    #[schemars(length(min = 1, max = 256))]
    pub environments: Vec<Outside>,
    /// Who says so; stamped by admission.
    pub by: Identity,
    /// Request id of the caller, to tell a repeat from a second change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub request_id: Option<String>,
}

/// What devices outside the cluster must know of an environment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outside {
    /// The environment.
    pub environment_ref: UidRef,
    /// Owner in whose firewall set it stands.
    #[schemars(length(min = 1, max = 63))]
    pub agency: String,
    /// Its prefixes, in order of text: of the plan, and those that other authorities assigned to it.
    #[schemars(length(min = 1, max = 32), inner(length(max = 43)))]
    pub prefixes: Vec<String>,
}
