//! AddressPlan: the roots of the province, how they are cut, and what in them is not to be given.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::assignment::Assignment;
use super::layout::{EnvironmentDigit, LeafDigit, LevelLengths};

/// The roots that the province may number from. The name is `default`.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "AddressPlan", plural = "addressplans", shortname = "aplan",
    category = "provincial", derive = "PartialEq", status = "AddressPlanStatus",
    doc = "The IPv6 roots of the province and how they are cut, always on nibble boundaries.",
    validation = Rule::new("self.metadata.name == 'default'").message("the only AddressPlan must be named `default`"),
    printcolumn(name = "Roots", type_ = "string", json_path = ".spec.roots[*].cidr"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Announced", type_ = "string", json_path = r#".status.conditions[?(@.type=="Announced")].reason"#),
    printcolumn(name = "Announce-By", type_ = "string", json_path = ".status.announceBy"),
    printcolumn(name = "Use", type_ = "string", json_path = ".status.use")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.departmentPools.all(d, self.departmentPools.exists_one(e, e == d) && !(d in self.communePools)) && self.communePools.all(d, self.communePools.exists_one(e, e == d))").message("`departmentPools` and `communePools` must not share or repeat a digit: blocks of two lengths would meet in one pool"))]
#[x_kube(validation = Rule::new("oldSelf.departmentPools.all(d, d in self.departmentPools) && oldSelf.communePools.all(d, d in self.communePools)").message("`departmentPools` and `communePools` must keep every digit; new ones may be appended"))]
#[x_kube(validation = Rule::new("self.roots.all(r, cidr(r.cidr).prefixLength() >= 20 && cidr(r.cidr).prefixLength() <= self.lengths.site && cidr(r.cidr).prefixLength() % 4 == 0)").message("`roots` must be a /20 or longer, no longer than `lengths.site` and cut at a hexadecimal digit: a root holds at least one site"))]
#[x_kube(validation = Rule::new("!has(self.assignments) || self.assignments.all(a, self.roots.all(r, !cidr(r.cidr).containsCIDR(a.cidr) && !cidr(a.cidr).containsCIDR(r.cidr)))").message("`assignments` must not overlap a root: what the plan numbers itself is not assigned by others"))]
#[x_kube(validation = Rule::new("!has(oldSelf.assignments) || oldSelf.assignments.size() == 0 || has(self.assignments)").message("`assignments` must keep every entry; one may be ended with `to`, new ones may be appended"))]
pub struct AddressPlanSpec {
    /// Roots, in the order in which they are used; new ones are appended, none is changed.
    #[schemars(length(min = 1, max = 8))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, cidr(a.cidr).containsCIDR(b.cidr)))").message("`roots` must not overlap"))]
    #[x_kube(validation = Rule::new("oldSelf.all(old, self.exists(new, new.cidr == old.cidr))").message("`roots` must keep every root; new ones may be appended"))]
    pub roots: Vec<AddressRoot>,
    /// Pool digits for departments (blocks of `lengths.agency`), one hexadecimal digit each.
    #[schemars(length(min = 1, max = 16), inner(length(max = 1), regex(pattern = r"^[0-9a-f]$")))]
    pub department_pools: Vec<String>,
    /// Pool digits for communes and lower units (blocks of `lengths.commune`), one hexadecimal digit each.
    #[schemars(length(min = 1, max = 16), inner(length(max = 1), regex(pattern = r"^[0-9a-f]$")))]
    pub commune_pools: Vec<String>,
    /// Prefix lengths of the levels, in bits.
    #[serde(default)]
    #[x_kube(validation = Rule::new("[self.site, self.pool, self.agency, self.commune, self.system, self.environment, self.leaf].all(n, n % 4 == 0) && self.site < self.pool && self.pool < self.agency && self.agency <= self.commune && self.commune < self.system && self.system < self.environment && self.environment < self.leaf").message("`lengths` must increase from `site` to `leaf` (`agency` and `commune` may be equal), each a multiple of four: a cut is at a hexadecimal digit"))]
    #[x_kube(validation = Rule::new("self.pool == self.site + 4 && self.environment == self.system + 4 && self.leaf == self.environment + 4").message("`lengths` must leave one hexadecimal digit for the pool, for the environment and for the leaf"))]
    #[x_kube(validation = Rule::new("self.agency - self.pool <= 16 && self.commune - self.pool <= 16 && self.system - self.agency <= 16").message("`lengths` must leave at most 16 bits between pool, agency or commune, and system: more blocks are never looked at"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("`lengths` must not change: blocks of two lengths would meet in one parent; a plan that nothing is numbered from is deleted and created anew"))]
    pub lengths: LevelLengths,
    /// Digit of each kind of environment in its system's block; new kinds are appended, none is changed.
    #[serde(default = "EnvironmentDigit::usual")]
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, b.kind == a.kind) && self.exists_one(b, b.digit == a.digit))").message("`environments` must name each kind and each digit once"))]
    #[x_kube(validation = Rule::new("oldSelf.all(old, self.exists(new, new.kind == old.kind && new.digit == old.digit))").message("`environments` must keep every kind with its digit; new ones may be appended"))]
    pub environments: Vec<EnvironmentDigit>,
    /// Digit of each role in an environment's prefix; new roles are appended, none is changed.
    #[serde(default = "LeafDigit::usual")]
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, b.role == a.role && (has(b.zone) ? b.zone : '') == (has(a.zone) ? a.zone : '')) && self.exists_one(b, b.digit == a.digit)) && self.exists(a, a.role == 'Pods' && !has(a.zone))").message("`leaves` must name each role with its zone and each digit once, pods without a zone among them"))]
    #[x_kube(validation = Rule::new("oldSelf.all(old, self.exists(new, new.role == old.role && (has(new.zone) ? new.zone : '') == (has(old.zone) ? old.zone : '') && new.digit == old.digit))").message("`leaves` must keep every role with its digit; new ones may be appended"))]
    pub leaves: Vec<LeafDigit>,
    /// Ranges of the platform, of either family, that are never given: nodes, pods, Services and what else it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub reservations: Vec<Reservation>,
    /// Prefixes of both families that another authority assigned: appended and ended, never rewritten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, a.network == b.network && (!has(b.to) || a.from <= b.to) && (!has(a.to) || b.from <= a.to) && (cidr(a.cidr).containsCIDR(b.cidr) || cidr(b.cidr).containsCIDR(a.cidr))))").message("`assignments` of one network must not overlap at any time"))]
    #[x_kube(validation = Rule::new("oldSelf.all(o, self.exists(n, n == o || !has(o.to) && has(n.to) && n.cidr == o.cidr && n.network == o.network && n.authority == o.authority && n.letter == o.letter && n.holder == o.holder && n.purpose == o.purpose && n.from == o.from && has(n.mark) == has(o.mark) && (!has(o.mark) || n.mark == o.mark)))").message("`assignments` must keep every entry; one may be ended with `to`, new ones may be appended"))]
    pub assignments: Vec<Assignment>,
}

/// A root of the plan.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("(self.kind == 'Documentation') == (cidr('2001:db8::/32').containsCIDR(self.cidr) || cidr('3fff::/20').containsCIDR(self.cidr))").message("`kind` must be Documentation for documentation space (2001:db8::/32, 3fff::/20), and only for it"))]
#[x_kube(validation = Rule::new("cidr('2000::/3').containsCIDR(self.cidr) && !cidr('2002::/16').containsCIDR(self.cidr) && !cidr('2001::/23').containsCIDR(self.cidr)").message("`cidr` must be global unicast space (2000::/3), not 6to4 (2002::/16) and not special-purpose (2001::/23)"))]
#[x_kube(validation = Rule::new("!has(self.firstAnnouncedOn) || !has(self.registeredOn) || self.firstAnnouncedOn >= self.registeredOn").message("`firstAnnouncedOn` must not be before `registeredOn`"))]
pub struct AddressRoot {
    /// The root: no longer than a site (/36 unless `lengths` says otherwise), at a hexadecimal digit.
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self).ip().family() == 6 && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0])").message("`cidr` must be a canonical, masked IPv6 prefix"))]
    pub cidr: String,
    /// Where the root comes from.
    pub kind: RootKind,
    /// Authority that assigned it, and its letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub authority: Option<String>,
    /// Day of the registration, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub registered_on: Option<String>,
    /// Day of the first announcement, `YYYY-MM-DD`; an unused prefix is revoked after six months (VNNIC [D]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub first_announced_on: Option<String>,
}

/// Where a root comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum RootKind {
    /// Provider-independent, from the registry.
    Independent,
    /// Assigned by a provider.
    ProviderAssigned,
    /// Documentation space (RFC 3849, RFC 9637): demos and tests.
    #[default]
    Documentation,
}

/// A range that the platform uses itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reservation {
    /// The range, IPv4 or IPv6. Inside a root it must lie outside the pools of departments and communes.
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0])").message("`cidr` must be a canonical, masked prefix"))]
    pub cidr: String,
    /// What it is for.
    pub purpose: RangePurpose,
    /// What a network engineer should know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub note: Option<String>,
}

/// What a range of the platform is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum RangePurpose {
    /// Addresses of nodes.
    Nodes,
    /// Pods that no tenant's pool addresses.
    Pods,
    /// Virtual addresses of Services.
    Services,
    /// Routers, translators, resolvers and what else the platform runs.
    #[default]
    Infrastructure,
}

/// What became of the plan.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AddressPlanStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Announced, RangesApart, Reconciling, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Whether blocks are numbered from the plan, in any state; one in use cannot be deleted.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<PlanUse>,
    /// Earliest day, `YYYY-MM-DD`, after which a root that is not announced may be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub announce_by: Option<String>,
    /// Roots that are registered and not announced, with their last day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub unannounced: Vec<UnannouncedRoot>,
    /// Ranges of this cluster as its own objects show them; those that meet the plan come first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub cluster_ranges: Vec<ClusterRange>,
}

/// Whether blocks are numbered from a plan.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum PlanUse {
    /// No block exists.
    #[default]
    Unused,
    /// At least one block exists.
    InUse,
}

/// A root that is registered and not announced.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnannouncedRoot {
    /// The root.
    #[schemars(length(max = 43))]
    pub cidr: String,
    /// Last day, `YYYY-MM-DD`, on which it is safe from revocation; absent while `registeredOn` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub announce_by: Option<String>,
}

/// A range that an object of the cluster uses.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterRange {
    /// The range.
    #[schemars(length(max = 43))]
    pub cidr: String,
    /// What it is for.
    pub purpose: RangePurpose,
}
