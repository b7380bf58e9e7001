//! How roots are cut: lengths of the levels, digits of environments and leaves. Data of the plan, with the defaults of
//! reference plan A (a /32 or /36 is granted).

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::environment::{EnvironmentKind, Zone};

/// Prefix lengths of the levels, in bits. A pool, an environment and a leaf are one hexadecimal digit each.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LevelLengths {
    /// Part of a root that a site has; a root of this length is one site.
    #[schemars(range(min = 20, max = 64))]
    pub site: i64,
    /// Pool of a site: agencies of one kind are numbered in it.
    #[schemars(range(min = 20, max = 64))]
    pub pool: i64,
    /// Block of a department.
    #[schemars(range(min = 20, max = 64))]
    pub agency: i64,
    /// Block of a commune or lower unit.
    #[schemars(range(min = 20, max = 64))]
    pub commune: i64,
    /// Block of an information system.
    #[schemars(range(min = 20, max = 64))]
    pub system: i64,
    /// Prefix of an environment.
    #[schemars(range(min = 20, max = 64))]
    pub environment: i64,
    /// Leaf: what one pool of a network back end gets; no longer than a /64 (RFC 4291 §2.5.1).
    #[schemars(range(min = 20, max = 64))]
    pub leaf: i64,
}

impl Default for LevelLengths {
    fn default() -> Self {
        Self { site: 36, pool: 40, agency: 48, commune: 52, system: 56, environment: 60, leaf: 64 }
    }
}

/// Digit of a kind of environment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentDigit {
    /// The kind.
    pub kind: EnvironmentKind,
    /// Hexadecimal digit in the system's block.
    #[schemars(length(min = 1, max = 1), regex(pattern = r"^[0-9a-f]$"))]
    pub digit: String,
}

impl EnvironmentDigit {
    /// The digits of a plan that names none.
    pub fn usual() -> Vec<Self> {
        let digits = [
            (EnvironmentKind::Prod, "0"),
            (EnvironmentKind::Staging, "1"),
            (EnvironmentKind::Acceptance, "2"),
            (EnvironmentKind::Dev, "3"),
            (EnvironmentKind::Training, "4"),
            (EnvironmentKind::Recovery, "8"),
        ];
        digits.into_iter().map(|(kind, digit)| Self { kind, digit: digit.to_owned() }).collect()
    }
}

/// Digit of a role in an environment's prefix.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.zone) || (self.role == 'Pods' && self.zone != 'app')").message("`zone` must stand with role Pods only, and never be `app`: its pods have the digit of pods without a zone"))]
pub struct LeafDigit {
    /// What is addressed from the leaf.
    pub role: LeafRole,
    /// Zone of the pods; absent for environments without zones and for zone `app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Hexadecimal digit in the environment's prefix.
    #[schemars(length(min = 1, max = 1), regex(pattern = r"^[0-9a-f]$"))]
    pub digit: String,
}

impl LeafDigit {
    /// The digits of a plan that names none.
    pub fn usual() -> Vec<Self> {
        let digits = [
            (LeafRole::Pods, None, "0"),
            (LeafRole::LoadBalancers, None, "1"),
            (LeafRole::VirtualMachines, None, "2"),
            (LeafRole::Storage, None, "3"),
            (LeafRole::Egress, None, "4"),
            (LeafRole::Pods, Some(Zone::Mgmt), "5"),
            (LeafRole::Probes, None, "6"),
            (LeafRole::Pods, Some(Zone::Dmz), "7"),
            (LeafRole::Pods, Some(Zone::Db), "8"),
        ];
        digits.into_iter().map(|(role, zone, digit)| Self { role, zone, digit: digit.to_owned() }).collect()
    }
}

/// What is addressed from a leaf.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeafRole {
    /// Pods.
    #[default]
    Pods,
    /// Services and Gateways that are reached from outside.
    LoadBalancers,
    /// Virtual machines in a flat network.
    VirtualMachines,
    /// Storage and data.
    Storage,
    /// Egress and translation.
    Egress,
    /// Probes.
    Probes,
}
