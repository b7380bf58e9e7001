//! PolicyProfile: one dated rule set. Never edited once in force.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agency::DayRange;
use crate::common::NameRef;
use crate::decision::SignerRole;
use crate::environment::{Zone, ZoneShare};
use crate::onboarding::{Action, DataKind, SubjectBand};

/// One dated rule set.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "PolicyProfile",
    plural = "policyprofiles",
    shortname = "profile",
    category = "provincial",
    derive = "PartialEq",
    doc = "One dated rule set: what each security level enforces or refuses, clocks, signers and the automatic rule.",
    printcolumn(name = "From", type_ = "string", json_path = ".spec.inForce.from"),
    printcolumn(name = "To", type_ = "string", json_path = ".spec.inForce.to"),
    printcolumn(name = "Signing", type_ = "string", json_path = ".spec.signing")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyProfileSpec {
    /// Days on which the rule set applies to new submissions.
    pub in_force: DayRange,
    /// Until when what an earlier rule set allowed must meet this one; absent: the rule set says nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<Transition>,
    /// Acts and decrees that it follows, with certainty marks.
    #[schemars(length(min = 1, max = 500))]
    pub legal_basis: String,
    /// One rule per security level, 1 to 5.
    #[schemars(length(min = 5, max = 5))]
    pub levels: Vec<LevelRule>,
    /// Kinds of data that may not be hosted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub refused_data: Vec<RefusedData>,
    /// Levels that kinds of data and numbers of people suggest; a lower one warns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub level_hints: Vec<LevelHint>,
    /// Time limits of the human steps.
    #[schemars(length(max = 16))]
    pub clocks: Vec<Clock>,
    /// Who signs which action.
    #[schemars(length(max = 16))]
    pub signers: Vec<SignerRule>,
    /// When the operator may decide by itself; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<AutomaticRule>,
    /// How a signer's identity is proved.
    pub signing: Signing,
    /// Unit that operates the systems, for the rule that an appraiser is not the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_ref: Option<NameRef>,
    /// Security unit of the province: the unit of an appraiser who has the province's role and is of no other unit. Without it such an appraisal is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appraiser_ref: Option<NameRef>,
}

/// The way from an earlier rule set into this one.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transition {
    /// Day by which systems and requests of an earlier rule set must meet this one, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub met_by: String,
    /// Where the day comes from, with its certainty mark.
    #[schemars(length(min = 1, max = 300))]
    pub legal_basis: String,
}

/// What one security level means.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelRule {
    /// The level.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Whether an environment of this level may be hosted.
    pub hosting: Hosting,
    /// Legal basis of the rule, shown when it refuses.
    #[schemars(length(min = 1, max = 300))]
    pub legal_basis: String,
    /// Pod Security Standard that is enforced.
    pub pod_security: PodSecurity,
    /// Directions that are denied by default.
    pub default_deny: DefaultDeny,
    /// Zones with their shares of the grant in percent; empty: one namespace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub zones: Vec<ZoneShare>,
    /// Allowed flows between zones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub flows: Vec<Flow>,
    /// Days that logs are kept at least.
    #[schemars(range(min = 1, max = 3650))]
    pub log_retention_days: i64,
    /// Months after which the access list must be confirmed again; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 24))]
    pub access_review_months: Option<i64>,
}

/// Whether a level may be hosted.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Hosting {
    /// On every site.
    #[default]
    Shared,
    /// On sites whose highest level reaches it.
    CapableSite,
    /// Nowhere on shared infrastructure.
    Refused,
}

/// Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum PodSecurity {
    /// `baseline`.
    #[default]
    Baseline,
    /// `restricted`.
    Restricted,
}

impl PodSecurity {
    /// Value of the namespace label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// Directions that are denied by default.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum DefaultDeny {
    /// Traffic into the namespace.
    #[default]
    Ingress,
    /// Traffic into and out of the namespace.
    Both,
}

/// One allowed flow between zones.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flow {
    /// Where connections begin.
    pub from: Zone,
    /// Where they go.
    pub to: Zone,
}

/// A kind of data that may not be hosted.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusedData {
    /// The kind.
    pub kind: DataKind,
    /// Legal basis, shown with the refusal.
    #[schemars(length(min = 1, max = 300))]
    pub legal_basis: String,
}

/// The level that a kind of data suggests.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LevelHint {
    /// Kind of data.
    pub data_kind: DataKind,
    /// From this number of people on; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<SubjectBand>,
    /// The level that is suggested.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Where it comes from, with its certainty mark.
    #[schemars(length(min = 1, max = 300))]
    pub legal_basis: String,
}

/// A time limit.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clock {
    /// Step that the limit is for.
    pub step: ClockStep,
    /// Number of days; 0 is the same day.
    #[schemars(range(min = 0, max = 365))]
    pub days: i64,
    /// How days are counted.
    pub unit: DayUnit,
    /// Where the number comes from, with its certainty mark.
    #[schemars(length(min = 1, max = 300))]
    pub source: String,
}

/// Steps that have a time limit.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockStep {
    /// Check for completeness.
    Checking,
    /// Appraisal of levels 1 and 2.
    AppraisalLow,
    /// Appraisal of level 3.
    Appraisal3,
    /// Appraisal of levels 4 and 5.
    AppraisalHigh,
    /// Decision.
    Decision,
    /// Supplements by the requester, after a return.
    Supplement,
    /// A dated answer to a request that waits for headroom.
    Capacity,
    /// Notice before a public service stops.
    StopNotice,
    /// From the suspension of a decommission until its workloads are scaled to zero.
    Halting,
    /// From the halt of a decommission until it may be removed.
    Hold,
    /// Notice before an environment's last day.
    EndNotice,
}

/// How days are counted.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum DayUnit {
    /// Days of the working calendar.
    Working,
    /// Every day.
    Calendar,
}

/// Who signs an action.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignerRule {
    /// The action.
    pub action: Action,
    /// Roles that must all approve.
    #[schemars(length(min = 1, max = 4))]
    pub roles: Vec<SignerRole>,
}

/// When the operator decides by itself.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutomaticRule {
    /// Name of the rule, quoted in the decision.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// Actions that it covers.
    #[schemars(length(min = 1, max = 8))]
    pub actions: Vec<Action>,
    /// Highest level that it covers.
    #[schemars(range(min = 1, max = 5))]
    pub highest_level: i64,
    /// Classes that it covers.
    #[schemars(length(min = 1, max = 16))]
    pub classes: Vec<NameRef>,
    /// Who made the rule and on what ground.
    #[schemars(length(min = 1, max = 300))]
    pub legal_basis: String,
}

/// How a signer's identity is proved.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Signing {
    /// By the account that creates the Decision.
    #[default]
    Authenticated,
    /// By a signed document, whose number, date and signer are kept.
    ByDocument,
}
