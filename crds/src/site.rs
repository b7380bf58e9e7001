//! Site: a data centre and what it has promised.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::class::Runtime;
use crate::common::{Bilingual, Booking, Resources};

/// A data centre.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "Site",
    plural = "sites",
    category = "provincial",
    status = "SiteStatus",
    derive = "PartialEq",
    doc = "A data centre: its capacity, what it may host, and what of it is promised.",
    printcolumn(name = "CPU", type_ = "string", json_path = ".spec.capacity.cpu"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".spec.capacity.memory"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".spec.capacity.storage"),
    printcolumn(name = "Level", type_ = "integer", json_path = ".spec.highestLevel"),
    printcolumn(name = "Country", type_ = "string", json_path = ".spec.country")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SiteSpec {
    /// Name of the data centre.
    pub display_name: Bilingual,
    /// Amounts that exist.
    pub capacity: Resources,
    /// Promised amounts may reach this many percent of the capacity; 100 promises nothing twice.
    #[schemars(range(min = 100, max = 1000))]
    pub overcommit_percent: i64,
    /// Highest security level that the site may host.
    #[schemars(range(min = 1, max = 4))]
    pub highest_level: i64,
    /// What the site can run.
    #[schemars(length(min = 1, max = 4))]
    pub runtimes: Vec<Runtime>,
    /// ISO 3166-1 alpha-2 code; state data stays in VN.
    #[schemars(length(min = 2, max = 2), regex(pattern = r"^[A-Z]{2}$"))]
    pub country: String,
    /// Site digit of the address plan, one hexadecimal digit.
    #[schemars(length(min = 1, max = 1), regex(pattern = r"^[0-9a-f]$"))]
    pub address_digit: String,
}

/// What the site has promised.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct SiteStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Conditions of the site.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// What is promised to whom; the sum never exceeds capacity times overcommit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4096))]
    pub booked: Vec<Booking>,
}
