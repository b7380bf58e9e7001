//! EnvironmentClass: an item of the catalogue.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Bilingual, Resources};

/// An item of the catalogue.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "EnvironmentClass",
    plural = "environmentclasses",
    shortname = "pclass",
    category = "provincial",
    derive = "PartialEq",
    doc = "An item of the catalogue: the size of an environment and what runs in it.",
    printcolumn(name = "CPU", type_ = "string", json_path = ".spec.resources.cpu"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".spec.resources.memory"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".spec.resources.storage"),
    printcolumn(name = "Object", type_ = "string", json_path = ".spec.resources.objectStorage"),
    printcolumn(name = "GPUs", type_ = "integer", json_path = ".spec.resources.gpus"),
    printcolumn(name = "Runtime", type_ = "string", json_path = ".spec.runtime")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentClassSpec {
    /// Name in the catalogue.
    pub display_name: Bilingual,
    /// Largest amounts of an environment of this class.
    pub resources: Resources,
    /// What runs in it.
    pub runtime: Runtime,
    /// Largest number of pods.
    #[schemars(range(min = 1, max = 100_000))]
    pub pods: i64,
    /// Default and largest request of one container.
    pub container: ContainerLimits,
    /// Price per month in VND, where the province charges one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000_000_000_i64))]
    pub monthly_price_vnd: Option<i64>,
}

/// Defaults for containers that say nothing.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerLimits {
    /// CPU of a container that names none, request and limit alike.
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{1,12}m?$"))]
    pub default_cpu: String,
    /// Memory of a container that names none, request and limit alike.
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{1,15}(Ki|Mi|Gi|Ti|Pi)?$"))]
    pub default_memory: String,
}

/// What runs in an environment.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runtime {
    /// Containers.
    #[default]
    Containers,
    /// Virtual machines beside containers.
    VirtualMachines,
}
