//! Addresses that another authority assigns: recorded with its letter, never chosen (TSLCD: the Central Post Department
//! hands out every address of both families and forbids duplicates, Circular 19/2023/TT-BTTTT as summarised by LawNet [D]).

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::NameRef;

/// A prefix of either family that another authority assigned.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.to) || self.to >= self.from").message("`to` must not lie before `from`"))]
pub struct Assignment {
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
    /// Its letter.
    pub letter: AssignmentLetter,
    /// Who has it.
    pub holder: AssignmentHolder,
    /// What it is for.
    #[schemars(length(min = 1, max = 200))]
    pub purpose: String,
    /// First day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub from: String,
    /// Last day, `YYYY-MM-DD`; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub to: Option<String>,
    /// Certainty mark of the fact: N, S, C, L verified; K common knowledge; A assumption; D draft or digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub mark: Option<String>,
}

/// The letter of an assignment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssignmentLetter {
    /// Number and symbol.
    #[schemars(length(min = 1, max = 100))]
    pub number: String,
    /// Date of the letter, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub date: String,
}

/// Who has an assigned prefix: an agency, a system, one environment of a system, or a part of the infrastructure.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("[has(self.agencyRef), has(self.tenantRef), has(self.environmentRef), has(self.infrastructure)].filter(h, h).size() == 1").message("`holder` must be exactly one of `agencyRef`, `tenantRef`, `environmentRef` and `infrastructure`"))]
pub struct AssignmentHolder {
    /// An agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency_ref: Option<NameRef>,
    /// A system; it keeps the prefix when it passes to another agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_ref: Option<NameRef>,
    /// One environment of a system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_ref: Option<NameRef>,
    /// Part of the infrastructure, for example `edge routers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100))]
    pub infrastructure: Option<String>,
}
