//! Agency: a body with an opaque permanent id; everything else about it is dated.

mod contact;

pub use contact::*;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Bilingual, Booking, Document, NameRef, Resources};
use crate::decision::SignerRole;
use crate::host::EVERY_IS_HOST_NAME;

/// What the register says about one body.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev",
    version = "v1alpha1",
    kind = "Agency",
    plural = "agencies",
    shortname = "agency",
    category = "provincial",
    status = "AgencyStatus",
    derive = "PartialEq",
    validation = Rule::new("self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$')")
        .message("`metadata.name` must be a short id of lower-case letters, digits and hyphens, such as ag-62"),
    doc = "A body that may ask for environments. The name is an opaque, permanent id such as ag-62; names and codes are dated.",
    printcolumn(name = "Title", type_ = "string", json_path = ".spec.names[-1:].value.vi"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Until", type_ = "string", json_path = ".spec.inForce.to"),
    printcolumn(name = "Prefix", type_ = "string", json_path = ".status.prefix"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#)
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgencySpec {
    /// What the body is; a commune gets a smaller address block than a department.
    #[serde(rename = "type")]
    pub type_: AgencyType,
    /// Days on which the body exists.
    pub in_force: DayRange,
    /// Names, oldest first; the last one whose interval covers a day is the name on that day.
    #[schemars(length(min = 1, max = 16))]
    pub names: Vec<DatedName>,
    /// Short names that people type, such as so-y-te; resolved on input, never an identity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub aliases: Vec<DatedText>,
    /// Official codes, each in its scheme.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub codes: Vec<DatedCode>,
    /// Bodies above this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub parents: Vec<crate::common::DatedAgency>,
    /// Bodies that this one was formed from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub predecessors: Vec<Predecessor>,
    /// Amounts that the agency may use without asking for headroom each time; absent: every grant is checked against the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Resources>,
    /// Site on which the budget lies; the only site when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_ref: Option<NameRef>,
    /// Groups and service accounts that act for the agency, and in which role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub members: Vec<Member>,
    /// Who signs for an absent signer of the agency, from when until when, and by which document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub delegations: Vec<Delegation>,
    /// Whom notices to the agency go to, by duty. Who answers for the dossiers with title and telephone stands in their form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub contacts: Vec<AgencyContact>,
    /// Domains for the agency's host names: it is granted none elsewhere, and nobody else one under them; of two, the longer counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = Rule::new(EVERY_IS_HOST_NAME).message("`domains` must be whole DNS names in lower case, such as soyte.tinh.example: no wildcard, no final dot"))]
    pub domains: Vec<String>,
    /// Certainty mark of the entry: N, S, C verified; K common knowledge; A assumption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub mark: Option<String>,
}

/// What the operator saw.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AgencyStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// NamespaceReady, Ready, Reconciling, Stalled.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Prefix of the agency's block, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    pub prefix: Option<String>,
    /// Prefixes of the blocks that the agency took when those before were full, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 43)))]
    pub further_prefixes: Vec<String>,
    /// UID of the namespace of the agency's papers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub namespace_uid: Option<String>,
    /// What of the budget is promised to which environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1024))]
    pub booked: Vec<Booking>,
}

/// What a body is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum AgencyType {
    /// Provincial department or equivalent body (sở, ban, ngành).
    #[default]
    Department,
    /// People's Committee of the province or city.
    PeoplesCommittee,
    /// People's Committee of a former district.
    District,
    /// Commune-level People's Committee (UBND cấp xã).
    Commune,
    /// Public service unit (đơn vị sự nghiệp công lập).
    ServiceUnit,
    /// Party body or mass organisation.
    PartyBody,
    /// Enterprise: provider, never an owner of a tenant by itself.
    Enterprise,
}

/// An interval of days; open when `to` is absent.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DayRange {
    /// First day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub from: String,
    /// Last day, `YYYY-MM-DD`; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub to: Option<String>,
}

/// A name during an interval.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatedName {
    /// The name.
    pub value: Bilingual,
    /// When it was or is the name.
    pub in_force: DayRange,
}

/// A text during an interval.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatedText {
    /// The text.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub value: String,
    /// When it was or is in use.
    pub in_force: DayRange,
}

/// An official code during an interval. Codes are re-used by other bodies later, so a look-up needs a date.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatedCode {
    /// Scheme of the code, for example GSO, QD20, seed.
    #[schemars(length(min = 1, max = 20))]
    pub scheme: String,
    /// The code.
    #[schemars(length(min = 1, max = 40))]
    pub value: String,
    /// When it was or is the body's code.
    pub in_force: DayRange,
}

/// A body that this one was formed from.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Predecessor {
    /// The earlier body.
    pub agency_ref: NameRef,
    /// First day of the new body, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub effective_on: String,
    /// Legal basis, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub legal_basis: Option<String>,
}

/// Somebody who acts for the agency.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Group or ServiceAccount.
    pub subject: Subject,
    /// Role in which the subject acts.
    pub role: MemberRole,
}

/// A delegation during absence (ủy quyền). It says when a deputy's decisions count; it makes nobody a signer of the province.
#[derive(Clone, Debug, Deserialize, Serialize, KubeSchema, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("self.to != self.absent").message("`to` must be somebody else than `absent`"))]
#[x_kube(validation = Rule::new("!self.to.startsWith('system:')").message("`to` must be a person, not a subject that begins `system:`"))]
#[x_kube(validation = Rule::new("self.from <= self.until").message("`until` must not be before `from`"))]
#[x_kube(validation = Rule::new("!(self.role in ['requester', 'owner'])").message("`role` must be a role that signs: approver, appraiser, governing-body or network"))]
pub struct Delegation {
    /// Username of the signer who is absent.
    #[schemars(length(min = 1, max = 253))]
    pub absent: String,
    /// Username of the deputy.
    #[schemars(length(min = 1, max = 253))]
    pub to: String,
    /// Role in which the deputy signs.
    pub role: SignerRole,
    /// First day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub from: String,
    /// Last day, `YYYY-MM-DD`.
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub until: String,
    /// The document that delegates.
    pub document: Document,
    /// When it was taken back, RFC 3339; absent while it was not. Decisions made before it count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Time>,
}

/// Whom a binding is for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("(self.kind == 'ServiceAccount') == has(self.__namespace__)").message("a `ServiceAccount` must have a `namespace`, no other kind may have one"))]
#[x_kube(validation = Rule::new("!self.name.startsWith('system:')").message("`name` must not begin `system:`, which is everybody, nobody or the cluster itself; name people, or a `ServiceAccount` by its own name"))]
pub struct Subject {
    /// What the subject is.
    pub kind: SubjectKind,
    /// Name of the user, group or service account.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Namespace of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
}

impl Subject {
    /// Whether it stands for everybody, for nobody or for the cluster itself: a binding to it would let anybody in.
    pub fn is_of_system(&self) -> bool {
        self.name.starts_with(crate::labels::SYSTEM_SUBJECT)
    }
}

/// Kinds of subjects, as in rbac.authorization.k8s.io.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKind {
    /// A group of people.
    #[default]
    Group,
    /// One person.
    User,
    /// A pipeline.
    ServiceAccount,
}

/// Role in which somebody acts for an agency.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum MemberRole {
    /// Submits, withdraws, corrects.
    #[default]
    Requester,
    /// Reads only.
    Reader,
    /// Signs as the governing body of the agency's systems.
    GoverningBody,
}
