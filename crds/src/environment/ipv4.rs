//! The exception from the rule that what is exposed is reached over IPv6 too.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Why, and until when, what is exposed is reached over IPv4 only.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.until)").message("exposure over IPv4 only must end: give `until`"))]
pub struct Ipv4Exception {
    /// What keeps it from being reached over IPv6 too.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// Last day of the exception, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: Option<String>,
}
