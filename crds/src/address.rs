//! AddressPlan, PrefixClaim, PrefixBlock: how a prefix comes to be somebody's.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{NameRef, UidRef};

mod assignment;
mod layout;
mod plan;

pub use assignment::{Assignment, AssignmentHolder, AssignmentLetter};
pub use layout::*;
pub use plan::*;

/// A claim for one block.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "PrefixClaim",
    plural = "prefixclaims",
    shortname = "pclaim",
    category = "provincial",
    status = "PrefixClaimStatus",
    derive = "PartialEq",
    doc = "A claim for one prefix by an agency or a system.",
    printcolumn(name = "Level", type_ = "string", json_path = ".spec.level"),
    printcolumn(name = "Claimant", type_ = "string", json_path = ".spec.claimant.name"),
    printcolumn(name = "Bound", type_ = "string", json_path = ".status.bound.cidr"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#)
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change"))]
pub struct PrefixClaimSpec {
    /// Which level of the plan is claimed.
    pub level: PrefixLevel,
    /// Who claims.
    pub claimant: Claimant,
    /// Claim of the parent block: for a system the agency's claim; absent for agencies, whose parent is a pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_claim_ref: Option<NameRef>,
    /// Claim for the agency's first block, which is full: this one is to lie beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grows_claim_ref: Option<NameRef>,
    /// Site whose part of the root is used.
    pub site_ref: NameRef,
    /// A wish; it is verified, never trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self).ip().family() == 6 && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0])").message("`requestedCIDR` must be a canonical, masked IPv6 prefix"))]
    #[serde(rename = "requestedCIDR")]
    pub requested_cidr: Option<String>,
}

/// How far the claim is.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PrefixClaimStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Prefix that the claim is about to take (the intent of the protocol).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    pub candidate: Option<String>,
    /// Why this candidate: a sentence for an audit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub choice: Option<String>,
    /// Why the wished prefix is not the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub wish_refused: Option<String>,
    /// Prefix that the claim has; counts only while the block points back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<BoundPrefix>,
}

/// A bound prefix and the block that proves it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoundPrefix {
    /// The prefix.
    #[schemars(length(max = 43))]
    pub cidr: String,
    /// UID of the PrefixBlock.
    #[serde(rename = "blockUID")]
    #[schemars(length(max = 64))]
    pub block_uid: String,
}

/// Who claims a prefix.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claimant {
    /// Agency or Tenant.
    pub kind: ClaimantKind,
    /// Name of the claimant.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// UID of the claimant.
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// What a claimant is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum ClaimantKind {
    /// An agency.
    #[default]
    Agency,
    /// An information system.
    Tenant,
}

/// Level of a block in the plan.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrefixLevel {
    /// Department: a /48 unless the plan says otherwise.
    #[default]
    Agency,
    /// Commune: a /52 unless the plan says otherwise.
    Commune,
    /// Information system: a /56 unless the plan says otherwise.
    System,
}

/// The lock on one prefix: its name is the prefix, so there is one at most.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "PrefixBlock", plural = "prefixblocks", shortname = "pblock",
    category = "provincial", derive = "PartialEq", selectable = ".spec.parent",
    doc = "One prefix that is taken. The name is the prefix with `:` and `/` as `-`, so the API server keeps it unique.",
    validation = Rule::new("self.metadata.name == self.spec.cidr.replace(':', '-').replace('/', '-')")
        .message("`metadata.name` must be `spec.cidr` with colons and slash replaced by hyphens"),
    printcolumn(name = "CIDR", type_ = "string", json_path = ".spec.cidr"),
    printcolumn(name = "Level", type_ = "string", json_path = ".spec.level"),
    printcolumn(name = "Parent", type_ = "string", json_path = ".spec.parent"),
    printcolumn(name = "Claim", type_ = "string", json_path = ".spec.claimRef.name"),
    printcolumn(name = "State", type_ = "string", json_path = ".spec.state"),
    printcolumn(name = "Until", type_ = "string", json_path = ".spec.quarantineUntil")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("cidr(self.parent).containsCIDR(self.cidr) && cidr(self.cidr).prefixLength() > cidr(self.parent).prefixLength()").message("`parent` must contain `cidr`"))]
#[x_kube(validation = Rule::new("self.cidr == oldSelf.cidr && self.parent == oldSelf.parent && self.level == oldSelf.level && self.claimant == oldSelf.claimant").message("only `state`, `quarantineUntil` and, on the way back from quarantine, `claimRef` and `parentUID` may change"))]
#[x_kube(validation = Rule::new("(self.claimRef == oldSelf.claimRef && self.parentUID == oldSelf.parentUID) || (oldSelf.state == 'Quarantined' && self.state == 'Pending')").message("`claimRef` and `parentUID` may change only when a quarantined block is handed back to its claimant"))]
#[x_kube(validation = Rule::new("self.state == oldSelf.state || [oldSelf.state, self.state] in [['Pending', 'Confirmed'], ['Confirmed', 'Releasing'], ['Releasing', 'Quarantined'], ['Quarantined', 'Pending']] || (oldSelf.state == 'Pending' && self.state == 'Quarantined' && has(oldSelf.quarantineUntil))").message("`state` must go from Pending to Confirmed, Releasing, Quarantined, and back to Pending; from there to Quarantined only while `quarantineUntil` stands"))]
#[x_kube(validation = Rule::new("has(self.quarantineUntil) ? self.state in ['Quarantined', 'Pending'] : self.state != 'Quarantined'").message("`quarantineUntil` must be set when `state` is Quarantined, and otherwise only while a block that was handed back is Pending"))]
#[x_kube(validation = Rule::new("!has(oldSelf.quarantineUntil) || self.state == 'Confirmed' || (has(self.quarantineUntil) && timestamp(self.quarantineUntil) >= timestamp(oldSelf.quarantineUntil))").message("`quarantineUntil` may be put off, never brought forward, and stands until the block is Confirmed"))]
pub struct PrefixBlockSpec {
    /// The prefix.
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self).ip().family() == 6 && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0])").message("`cidr` must be a canonical, masked IPv6 prefix"))]
    pub cidr: String,
    /// Prefix that it was numbered in: a system's agency block, an agency's pool /40. It never says who owns it.
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self).ip().family() == 6 && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0])").message("`parent` must be a canonical, masked IPv6 prefix"))]
    pub parent: String,
    /// UID of the parent block, or of the AddressPlan when the parent is a pool.
    #[serde(rename = "parentUID")]
    #[schemars(length(min = 1, max = 64))]
    pub parent_uid: String,
    /// Level of the plan.
    pub level: PrefixLevel,
    /// Claim that took it.
    pub claim_ref: UidRef,
    /// Who claimed: only this one, of the same UID, gets the block back from quarantine.
    pub claimant: Claimant,
    /// Where the block is in the protocol.
    pub state: BlockState,
    /// Instant until which nobody else gets it, RFC 3339, by the API server's clock; it stands until a block that was handed back is Confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 40),
        regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$")
    )]
    pub quarantine_until: Option<String>,
}

/// Where a block is in the protocol.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum BlockState {
    /// Taken; the parent is not yet verified.
    #[default]
    Pending,
    /// Taken under a verified parent.
    Confirmed,
    /// Its children are being counted before it is given up.
    Releasing,
    /// Given up; kept from others for a while.
    Quarantined,
}
