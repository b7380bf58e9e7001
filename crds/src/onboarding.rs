//! Onboarding: one submission of a dossier. Immutable, never deleted.

mod act;
mod form;
mod state;
mod status;

pub use act::*;
pub use form::*;
pub use state::State;
pub use status::*;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Document, Identity, NameRef, Resources, UidRef};
use crate::environment::{AdoptionWish, DeployAccount, EnvironmentKind, Exposure, Ipv4Exception};

/// One submission of a dossier.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "Onboarding", plural = "onboardings", shortname = "onb",
    namespaced, category = "provincial", status = "OnboardingStatus", derive = "PartialEq",
    selectable = ".spec.action", selectable = ".spec.requester.username", selectable = ".spec.environment.classRef.name",
    doc = "One submission of a dossier: what an agency asks for. Its spec never changes and it is never deleted.",
    validation = Rule::new("!self.metadata.name.contains('.') && size(self.metadata.name) <= 63")
        .message("`metadata.name` must not contain a dot and must not exceed 63 characters"),
    validation = Rule::new("!self.metadata.name.startsWith('conn-')")
        .message("`metadata.name` must not begin `conn-`: those names are of Connections"),
    printcolumn(name = "Agency", type_ = "string", json_path = ".status.agencyRef.name", priority = 1),
    printcolumn(name = "System", type_ = "string", json_path = ".spec.system.code"),
    printcolumn(name = "Action", type_ = "string", json_path = ".spec.action"),
    printcolumn(name = "Class", type_ = "string", json_path = ".spec.environment.classRef.name"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.summary.state"),
    printcolumn(name = "Holder", type_ = "string", json_path = ".status.summary.holder"),
    printcolumn(name = "Due", type_ = "string", json_path = ".status.summary.due"),
    printcolumn(name = "Approved", type_ = "string", json_path = r#".status.conditions[?(@.type=="Approved")].status"#),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Requester", type_ = "string", json_path = ".spec.requester.username"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self == oldSelf").message("`spec` must not change: submit a new Onboarding that supersedes this one"))]
#[x_kube(validation = Rule::new("self.action == 'New' ? has(self.system) && has(self.environment) : true").message("action `New` must have `system` and `environment`"))]
#[x_kube(validation = Rule::new("self.action in ['AddEnvironment'] ? has(self.tenantRef) && has(self.environment) : true").message("action `AddEnvironment` must have `tenantRef` and `environment`"))]
#[x_kube(validation = Rule::new("self.action in ['Extend', 'Suspend', 'Resume', 'Decommission'] ? has(self.environmentRef) && has(self.revision) : true").message("actions `Extend`, `Suspend`, `Resume` and `Decommission` must have `environmentRef` and `revision`"))]
#[x_kube(validation = Rule::new("self.action == 'Extend' ? has(self.endDate) : true").message("action `Extend` must have `endDate`"))]
#[x_kube(validation = Rule::new("self.action == 'Change' ? has(self.environmentRef) && has(self.environment) && has(self.revision) : true").message("action `Change` must have `environmentRef`, `revision` and `environment`"))]
#[x_kube(validation = Rule::new("has(self.environment) && has(self.environment.until) ? self.action == 'Change' : true").message("`environment.until` must be left out unless the action is `Change`: other amounts have no grant to return to"))]
#[x_kube(validation = Rule::new("self.action == 'RecordLevel' ? has(self.tenantRef) && has(self.level) : !has(self.level)").message("action `RecordLevel` must have `tenantRef` and `level`, which no other action has"))]
#[x_kube(validation = Rule::new("self.action == 'Transfer' ? has(self.tenantRef) && has(self.transfer) : !has(self.transfer)").message("action `Transfer` must have `tenantRef` and `transfer`, which no other action has"))]
#[x_kube(validation = Rule::new("self.action == 'GoLive' ? has(self.tenantRef) : true").message("action `GoLive` must have `tenantRef`"))]
pub struct OnboardingSpec {
    /// What is asked.
    pub action: Action,
    /// The system, for `New`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemRequest>,
    /// The tenant, for an additional environment and for acts on the whole system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_ref: Option<NameRef>,
    /// The environment that is changed, with its UID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_ref: Option<UidRef>,
    /// `basis.revision` of the environment that the change was written against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub revision: Option<i64>,
    /// The environment that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentRequest>,
    /// The level that is to be decided, for `RecordLevel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelRequest>,
    /// From whom to whom, for `Transfer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferRequest>,
    /// New last day, `YYYY-MM-DD`, for `Extend`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub end_date: Option<String>,
    /// Day from which it counts, `YYYY-MM-DD`; absent: the first that the rule set's notice allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub effective_date: Option<String>,
    /// Why the notice is shorter than the rule set's (bất khả kháng).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub force_majeure: Option<String>,
    /// Why it is needed.
    #[schemars(length(min = 1, max = 4000))]
    pub justification: String,
    /// Official letter of the agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<Document>,
    /// Further fields of the official form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<DossierForm>,
    /// Who submitted; stamped by admission.
    pub requester: Identity,
    /// Person or unit that the requester acts for, as the requester says; whoever is named does not decide on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub on_behalf_of: Option<String>,
    /// Earlier submission of the same dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<UidRef>,
    /// Tells a repeat from a second request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[-A-Za-z0-9_.]+$"))]
    pub request_id: Option<String>,
}

/// The information system that is brought to the cloud.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SystemRequest {
    /// Code in the province's register, for example IS-01.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[A-Za-z0-9][-A-Za-z0-9._/]*$"))]
    pub code: String,
    /// Name of the system, NFC.
    #[schemars(length(min = 1, max = 300))]
    pub display_name: String,
    /// Proposed security level.
    #[schemars(range(min = 1, max = 5))]
    pub level: i64,
    /// Kinds of data that it processes.
    #[schemars(length(min = 1, max = 8))]
    pub data_kinds: Vec<DataKind>,
    /// Number of people whose data it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_subjects: Option<SubjectBand>,
    /// Governing body (chủ quản): agency id.
    pub governing_body_ref: NameRef,
    /// Unit that operates the system (đơn vị vận hành): agency id.
    pub operator_ref: NameRef,
    /// Earlier owners, from the register, oldest first; the requesting agency follows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub former_owners: Vec<crate::common::DatedAgency>,
}

/// The environment that is asked for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentRequest {
    /// What it is for.
    pub kind: EnvironmentKind,
    /// Class of the catalogue.
    pub class_ref: NameRef,
    /// Less than the class's amounts, where less is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Resources>,
    /// Last day of the amounts, `YYYY-MM-DD`, where a `Change` raises them for a while: from the day after, what was granted before is granted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: Option<String>,
    /// From where it is to be reached. In a `Change`: from now on; left out, it stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub exposure: Vec<Exposure>,
    /// Where what is exposed is to be reached over IPv4 only for a while: why, and until when. In a `Change`: the environment's from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4_only: Option<Ipv4Exception>,
    /// Whether each namespace gets an account for deployments. In a `Change`, `None`: as it is.
    #[serde(default, skip_serializing_if = "DeployAccount::is_none")]
    pub deploy_account: DeployAccount,
    /// Running namespaces that it is to take over as they are instead of getting its own: every one, by zone, or one. A wish of the agency: after the decision a platform operator names each by its UID, or nothing is touched. Not in a `Change`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub adopt: Vec<AdoptionWish>,
    /// Last day, `YYYY-MM-DD`; environments other than production end. A `Change` leaves it out: `Extend` moves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub end_date: Option<String>,
    /// A wished /56 for a new system; verified, never trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    #[x_kube(validation = Rule::new("isCIDR(self) && isIP(self.split('/')[0]) && self.split('/')[1].matches('^(0|[1-9][0-9]*)$') && cidr(self).ip().family() == 6 && cidr(self) == cidr(self).masked() && ip.isCanonical(self.split('/')[0]) && cidr(self).prefixLength() == 56").message("`requestedPrefix` must be a canonical, masked IPv6 /56"))]
    pub requested_prefix: Option<String>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// A new system with its first environment.
    #[default]
    New,
    /// Another environment of a known system.
    AddEnvironment,
    /// Another size.
    Change,
    /// A later end date.
    Extend,
    /// Stop for a while.
    Suspend,
    /// End a stop.
    Resume,
    /// Give the environment back.
    Decommission,
    /// Another owner.
    Transfer,
    /// A level record.
    RecordLevel,
    /// Permission to operate.
    GoLive,
}

/// Kinds of data.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataKind {
    /// Public information.
    Public,
    /// Private information of the agency.
    Private,
    /// Basic personal data.
    PersonalBasic,
    /// Sensitive personal data.
    PersonalSensitive,
    /// State secrets.
    StateSecret,
}

/// Bands of data subjects.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectBand {
    /// Fewer than 10,000.
    Under10k,
    /// From 10,000 to 99,999.
    From10kTo100k,
    /// 100,000 or more.
    Over100k,
}
