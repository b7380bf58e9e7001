//! Decision: one act on an Onboarding or a Connection. Immutable, never deleted; creating it is the lock.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Document, Identity, UidRef};
use crate::onboarding::Grant;

/// One act on a paper.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "Decision", plural = "decisions", shortname = "decision",
    namespaced, category = "provincial", status = "DecisionStatus", derive = "PartialEq",
    selectable = ".spec.onboardingRef.name", selectable = ".spec.connectionRef.name",
    doc = "One act on an Onboarding or a Connection. Its spec never changes and it is never deleted.",
    validation = Rule::new("self.metadata.name.matches('^[^.]+[.][^.]+[.][1-9][0-9]{0,3}$') && self.metadata.name.startsWith((has(self.spec.onboardingRef) ? self.spec.onboardingRef.name : has(self.spec.connectionRef) ? self.spec.connectionRef.name : '') + '.' + self.spec.role + '.')")
        .message("`metadata.name` must be `<paper>.<role>.<n>` with n from 1 to 9999"),
    printcolumn(name = "Onboarding", type_ = "string", json_path = ".spec.onboardingRef.name"),
    printcolumn(name = "Connection", type_ = "string", json_path = ".spec.connectionRef.name"),
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.role"),
    printcolumn(name = "Verdict", type_ = "string", json_path = ".spec.verdict"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.by.username"),
    printcolumn(name = "Effect", type_ = "string", json_path = ".status.effect"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: a decision is made once"))]
#[x_kube(validation = Rule::new("self.verdict == 'Reject' ? has(self.reason) && has(self.legalBasis) : true").message("a `Reject` must have `reason` and `legalBasis`"))]
#[x_kube(validation = Rule::new("(self.verdict == 'ApproveWithChanges') == has(self.granted)").message("`ApproveWithChanges` must have `granted`, which no other verdict has"))]
#[x_kube(validation = Rule::new("self.verdict == 'Return' ? has(self.reason) && has(self.defects) && size(self.defects) > 0 : !has(self.defects)").message("a `Return` must have `reason` and all `defects`, which no other verdict has"))]
#[x_kube(validation = Rule::new("self.verdict == 'Correct' ? has(self.reason) && has(self.document) : true").message("a `Correct` must have `reason` and the `document` that replaces the letter's data"))]
#[x_kube(validation = Rule::new("(self.role == 'requester') == (self.verdict in ['Withdraw', 'Correct'])").message("the role `requester` must use `Withdraw` or `Correct`, which no other role may use"))]
#[x_kube(validation = Rule::new("has(self.onboardingRef) != has(self.connectionRef)").message("a Decision must have either `onboardingRef` or `connectionRef`"))]
#[x_kube(validation = Rule::new("has(self.connectionRef) ? self.verdict in ['Approve', 'Reject', 'Consent', 'Close'] : !(self.verdict in ['Consent', 'Close'])").message("a Connection may be decided with `Approve`, `Reject`, `Consent` or `Close`, and only a Connection with the last two"))]
#[x_kube(validation = Rule::new("self.role == 'owner' ? self.verdict in ['Consent', 'Close', 'Reconcile'] : !(self.verdict in ['Consent', 'Reconcile'])").message("the role `owner` must use `Consent`, `Close` or `Reconcile`, and no other role may use `Consent` or `Reconcile`"))]
#[x_kube(validation = Rule::new("self.verdict != 'Reconcile' || has(self.document) && has(self.document.sha256)").message("a `Reconcile` must have the signed `document` with its `sha256`"))]
#[x_kube(validation = Rule::new("(self.verdict == 'Reconcile') == has(self.saved)").message("a `Reconcile` must have `saved`, with the checksums of statistics and backup, which no other verdict has"))]
#[x_kube(validation = Rule::new("self.verdict != 'Close' || has(self.reason)").message("a `Close` must have `reason`"))]
pub struct DecisionSpec {
    /// The Onboarding that is decided, with its UID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onboarding_ref: Option<UidRef>,
    /// The Connection that is decided, with its UID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<UidRef>,
    /// Role in which the signer acts.
    pub role: SignerRole,
    /// What is decided.
    pub verdict: DecisionVerdict,
    /// What is granted, where it differs from what was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Grant>,
    /// Reason; mandatory with `Reject`, `Return`, `Correct` and `Close`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 4000))]
    pub reason: Option<String>,
    /// Legal basis; mandatory with `Reject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub legal_basis: Option<String>,
    /// What must be supplemented, all at once, one defect per entry; mandatory with `Return`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), inner(length(min = 1, max = 500)))]
    pub defects: Vec<String>,
    /// The document that was really signed; with `Correct`, the letter's data as they should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// What was saved before it is given back, in the order in which it is done: statistics, backup, then the reconciliation that the minutes are of; mandatory with `Reconcile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<Saved>,
    /// Place in the queue, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Tells a retry from a second act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[-A-Za-z0-9_.]+$"))]
    pub request_id: Option<String>,
    /// Username of the absent signer for whom a deputy acts; a claim that the operator verifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub on_behalf_of: Option<String>,
    /// Who decided; stamped by admission.
    pub by: Identity,
}

impl DecisionSpec {
    /// The paper that is decided: admission lets exactly one of the two references through.
    pub fn paper(&self) -> &UidRef {
        static NONE: UidRef = UidRef { name: String::new(), uid: String::new() };
        self.onboarding_ref.as_ref().or(self.connection_ref.as_ref()).unwrap_or(&NONE)
    }

    /// Whether an Onboarding of this name is decided.
    pub fn is_about_onboarding(&self, name: &str) -> bool {
        self.onboarding_ref.as_ref().is_some_and(|paper| paper.name == name)
    }

    /// Whether a Connection of this name is decided.
    pub fn is_about_connection(&self, name: &str) -> bool {
        self.connection_ref.as_ref().is_some_and(|paper| paper.name == name)
    }
}

/// What became of the decision; written once.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DecisionStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Effective, Ready.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Whether it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Reason of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub reason: Option<String>,
}

/// Whether a decision counts.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Effect {
    /// It made or helps to make the outcome.
    Effective,
    /// It never has effect.
    Void,
}

/// Roles that sign.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignerRole {
    /// Resource approver (cơ quan phê duyệt tài nguyên).
    #[default]
    #[serde(rename = "approver")]
    Approver,
    /// Security unit (đơn vị chuyên trách an ninh mạng).
    #[serde(rename = "appraiser")]
    Appraiser,
    /// Governing body of the system (chủ quản).
    #[serde(rename = "governing-body")]
    GoverningBody,
    /// Network unit.
    #[serde(rename = "network")]
    Network,
    /// The requester, for `Withdraw` and `Correct` only.
    #[serde(rename = "requester")]
    Requester,
    /// Owner of one end of a Connection, for `Consent` and `Close`, or of an environment, for `Reconcile`; nothing else.
    #[serde(rename = "owner")]
    Owner,
}

impl SignerRole {
    /// All roles.
    pub const ALL: &[Self] =
        &[Self::Approver, Self::Appraiser, Self::GoverningBody, Self::Network, Self::Requester, Self::Owner];

    /// The role's name in papers, RBAC and groups.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::Appraiser => "appraiser",
            Self::GoverningBody => "governing-body",
            Self::Network => "network",
            Self::Requester => "requester",
            Self::Owner => "owner",
        }
    }
}

/// What is decided.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum DecisionVerdict {
    /// As asked.
    #[default]
    Approve,
    /// As stated in `granted`.
    ApproveWithChanges,
    /// Back to the requester for supplements.
    Return,
    /// No.
    Reject,
    /// The requester takes the request back.
    Withdraw,
    /// The requester corrects data of the letter.
    Correct,
    /// The other owner of a Connection says yes.
    Consent,
    /// A Connection ends; an owner may, and the network unit.
    Close,
    /// The owner of an environment that is given back: statistics, backup and reconciliation are done, by signed minutes.
    Reconcile,
}

/// What is saved before an environment is given back (TT 41/2026 Đ14–16 [D]: statistics → backup → reconcile → delete).
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Saved {
    /// SHA-256 of the statistics of what there was (thống kê), 64 hexadecimal digits; of the list of checksums where they are several files.
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub statistics_sha256: String,
    /// SHA-256 of the backup (sao lưu), in the same way.
    #[schemars(length(max = 64), regex(pattern = r"^[0-9a-f]{64}$"))]
    pub backup_sha256: String,
}

/// Place in the queue.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Priority {
    /// Smaller goes first; 5 is usual.
    #[schemars(range(min = 0, max = 9))]
    pub class: i64,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}
