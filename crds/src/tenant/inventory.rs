//! What an inventory said of a system that ran before it came to the cloud. Written once, by the import, and kept for ever:
//! "effective" is the day on which the facts held, "recorded" the day on which they came into the register.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::AssignmentLetter;

/// The entry of an inventory.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Inventory {
    /// Day on which the inventory's facts held, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub effective_on: String,
    /// Day on which they were put on record here, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub recorded_on: String,
    /// Where the facts come from, for example number and date of the agency's report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub source: Option<String>,
    /// Where and on what the system ran, for example `Máy ảo, phòng máy chủ của Sở`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub hosting: Option<String>,
    /// How far the system's move to IPv6 was.
    pub ipv6_stage: Ipv6Stage,
    /// Addresses of both families that the system had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub addresses: Vec<InventoriedAddress>,
    /// Domain names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 253)))]
    pub domains: Vec<String>,
    /// Certainty mark of the entry: N, S, C, L verified; K common knowledge; A assumption; D draft or digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub mark: Option<String>,
}

/// An address that a system had before it came to the cloud: assigned by another authority, never chosen here.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InventoriedAddress {
    /// The prefix, IPv4 or IPv6, masked and in its one spelling; a single address is a /32 or /128.
    #[schemars(length(min = 1, max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0])").message("`cidr` must be a canonical, masked IPv4 or IPv6 prefix"))]
    pub cidr: String,
    /// Network in which the prefix counts, for example TSLCD or Internet: two networks may use one prefix.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[A-Za-z][-A-Za-z0-9]*$"))]
    pub network: String,
    /// Authority that assigned it.
    #[schemars(length(min = 1, max = 200))]
    pub authority: String,
    /// Its letter, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<AssignmentLetter>,
}

/// How far a system's move to IPv6 is (S0 to S7 of the address plan's explanation).
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Ipv6Stage {
    /// S0: owner and names are listed; it has IPv4 only.
    #[default]
    Ipv4Only,
    /// S1: IPv6 blocks are allocated to it.
    Allocated,
    /// S2: its edge answers over both families, by a shadow name.
    EdgeDualStack,
    /// S3: its real name has an AAAA record.
    PublicAaaa,
    /// S4: it runs on both families inside.
    InsideDualStack,
    /// S5: IPv6 is preferred; IPv4 peers are reached by translation.
    Ipv6Preferred,
    /// S6: IPv6 only inside.
    Ipv6OnlyInside,
    /// S7: IPv6 only.
    Ipv6Only,
}

impl Ipv6Stage {
    /// Every stage, S0 first.
    pub const ALL: [Self; 8] = [
        Self::Ipv4Only,
        Self::Allocated,
        Self::EdgeDualStack,
        Self::PublicAaaa,
        Self::InsideDualStack,
        Self::Ipv6Preferred,
        Self::Ipv6OnlyInside,
        Self::Ipv6Only,
    ];
}
