//! Who may enter an environment, and as what.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agency::Subject;

/// One entry of the access list.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.expires) || !(self.subject.name == 'berth:contractor' || self.subject.name.startsWith('berth:') && self.subject.name.endsWith(':contractor'))").message("access of contractors must end: give `expires`"))]
pub struct Access {
    /// Who may enter.
    pub subject: Subject,
    /// As what.
    pub role: AccessRole,
    /// Last day of the access, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub expires: Option<String>,
}

/// Whether there is an account for deployments.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum DeployAccount {
    /// There is none.
    #[default]
    None,
    /// One per namespace, whose tokens are asked for one by one.
    PerNamespace,
}

impl DeployAccount {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Rights in a tenant namespace; each is a fixed ClusterRole of the chart.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessRole {
    /// Everything but our guards.
    Admin,
    /// Workloads and configuration.
    #[default]
    Edit,
    /// Reading, without secrets.
    View,
}
