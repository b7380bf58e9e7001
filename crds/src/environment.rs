//! Environment: one of a tenant's production, staging, … environments.

mod access;
mod adoption;
mod ipv4;
mod life;
mod temporary;

pub use access::*;
pub use adoption::*;
pub use ipv4::*;
pub use life::*;
pub use temporary::*;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{Basis, NameRef, Resources};

/// One environment of a tenant.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq)]
#[kube(
    group = "berth.dev", version = "v1alpha1", kind = "Environment", plural = "environments", shortname = "penv",
    category = "provincial", status = "EnvironmentStatus", derive = "PartialEq", selectable = ".spec.tenantRef.name",
    selectable = ".spec.classRef.name",
    doc = "One environment of a tenant: what was granted, who has access, and what of it is in force.",
    validation = Rule::new("self.metadata.name == self.spec.tenantRef.name + '-' + self.spec.kind.lowerAscii()")
        .message("`metadata.name` must be `<tenant>-<kind>` in lower case"),
    validation = Rule::new("!has(self.spec.adopt) || (has(self.spec.zones) && size(self.spec.zones) > 0 ? size(self.spec.adopt) == size(self.spec.zones) && self.spec.zones.all(z, self.spec.adopt.exists(a, has(a.zone) && a.zone == z.zone)) : size(self.spec.adopt) == 1 && !has(self.spec.adopt[0].zone))")
        .message("`spec.adopt` must name every namespace of the environment: one per zone of `spec.zones`, or one without `zone`"),
    validation = Rule::new("!has(self.spec.adopt) || self.spec.adopt.all(a, size(self.spec.adopt.filter(b, b.name == a.name)) == 1)")
        .message("`spec.adopt` must name each namespace once"),
    validation = Rule::new("self.spec.lifecycle != 'Released' || has(self.spec.adopt)")
        .message("`spec.lifecycle: Released` must be used only where namespaces are adopted: others are given back by `action: Decommission`"),
    printcolumn(name = "Agency", type_ = "string", json_path = ".status.agency"),
    printcolumn(name = "System", type_ = "string", json_path = ".status.system"),
    printcolumn(name = "Class", type_ = "string", json_path = ".spec.classRef.name"),
    printcolumn(name = "CPU", type_ = "string", json_path = ".status.granted.cpu"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".status.granted.memory"),
    printcolumn(name = "Prefix", type_ = "string", json_path = ".status.prefix"),
    printcolumn(name = "Stage", type_ = "string", json_path = ".status.stage"),
    printcolumn(name = "Next", type_ = "string", json_path = ".status.next.day"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentSpec {
    /// Tenant that the environment belongs to.
    #[x_kube(validation = Rule::new("self == oldSelf").message("`tenantRef` must not change"))]
    pub tenant_ref: NameRef,
    /// What the environment is for.
    #[x_kube(validation = Rule::new("self == oldSelf").message("`kind` must not change"))]
    pub kind: EnvironmentKind,
    /// Class of the catalogue.
    pub class_ref: NameRef,
    /// Rule set under which it was granted.
    pub profile_ref: NameRef,
    /// What is granted.
    pub quota: Resources,
    /// Where `classRef` and `quota` are an increase that ends: until when, and what is granted again afterwards. A paper or a hand sets all three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<TemporaryGrant>,
    /// Zones and their shares of the grant in percent; empty: not zoned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub zones: Vec<ZoneShare>,
    /// Running namespaces that the environment takes over instead of making its own: every one, or none. A platform operator names their UIDs; until then nothing is touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 8))]
    pub adopt: Vec<AdoptedNamespace>,
    /// Security level whose rules the environment enforces; the system's when absent. A level that is decided later changes no running environment by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 5))]
    pub level: Option<i64>,
    /// Who may enter, and as what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub access: Vec<Access>,
    /// Whether each namespace has an account for deployments, `berth-deploy`, with the right to edit.
    #[serde(default, skip_serializing_if = "DeployAccount::is_none")]
    pub deploy_account: DeployAccount,
    /// From where the environment may be reached, once it may operate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4))]
    pub exposure: Vec<Exposure>,
    /// Exception by which what is exposed is reached over IPv4 only for a while; when its day is over nothing is closed, and it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4_only: Option<Ipv4Exception>,
    /// Where the environment is in its life.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Dated steps of a stop, counted when it was decided; absent while in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Last day of the grant, `YYYY-MM-DD`; an environment other than production is suspended after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub end_date: Option<String>,
    /// Ground of the entry.
    pub basis: Basis,
}

/// What is in force.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentStatus {
    /// Generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The steps from Addressed to AccessReady; AccessReviewed, OutsideReady, Held, Isolated, Expiring, Temporary, Ipv4Excepted, Reconciled; Ready.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// Amounts in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Resources>,
    /// Namespaces of the environment; named before they are created, with UID afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub namespaces: Vec<NamespaceStatus>,
    /// Prefix of the environment, derived from the system's block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    pub prefix: Option<String>,
    /// What of its life is in force today: follows from `lifecycle`, `schedule` and `endDate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Since when that is so; absent while it is in use as it was from its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_since: Option<Time>,
    /// The next step that comes by its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStep>,
    /// Workloads that a halt scaled to zero, with what they had; written before any of them is touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 512))]
    pub halted: Vec<HaltedWorkload>,
    /// When the last of its namespaces was seen gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Time>,
    /// Owner today, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub agency: Option<String>,
    /// Code of the system, for lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub system: Option<String>,
}

/// One namespace of an environment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamespaceStatus {
    /// Name of the namespace.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// UID of the namespace that we created or adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub uid: Option<String>,
    /// Zone of the namespace; absent when the environment is not zoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Leaf prefix for the namespace's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 43))]
    pub prefix: Option<String>,
}

/// What an environment is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvironmentKind {
    /// Production.
    #[default]
    Prod,
    /// Staging.
    Staging,
    /// Acceptance test.
    Acceptance,
    /// Development.
    Dev,
    /// Training.
    Training,
    /// Recovery copy of production.
    Recovery,
}

impl EnvironmentSpec {
    /// The level whose rules are enforced, of a system of level `system`.
    pub fn enforced_level(&self, system: i64) -> i64 {
        self.level.unwrap_or(system)
    }
}

impl EnvironmentKind {
    /// All kinds.
    pub const ALL: &[Self] = &[Self::Prod, Self::Staging, Self::Acceptance, Self::Dev, Self::Training, Self::Recovery];

    /// Suffix of names.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Staging => "staging",
            Self::Acceptance => "acceptance",
            Self::Dev => "dev",
            Self::Training => "training",
            Self::Recovery => "recovery",
        }
    }
}

/// A network zone of an environment from level 3.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// Reached from outside; the only zone that may be exposed.
    #[serde(rename = "dmz")]
    Dmz,
    /// Applications.
    #[default]
    #[serde(rename = "app")]
    App,
    /// Databases, reached only from the application zone and administration.
    #[serde(rename = "db")]
    Db,
    /// Administration; reaches all zones.
    #[serde(rename = "mgmt")]
    Mgmt,
}

impl Zone {
    /// All zones.
    pub const ALL: &[Self] = &[Self::Dmz, Self::App, Self::Db, Self::Mgmt];

    /// Suffix of names and value of labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dmz => "dmz",
            Self::App => "app",
            Self::Db => "db",
            Self::Mgmt => "mgmt",
        }
    }
}

/// A zone's share of the grant.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ZoneShare {
    /// The zone.
    pub zone: Zone,
    /// Percent of the grant; the shares of an environment sum to 100.
    #[schemars(range(min = 1, max = 100))]
    pub percent: i64,
}

/// From where an environment may be reached.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exposure {
    /// The Internet.
    Internet,
    /// The state's specialised data network (mạng truyền số liệu chuyên dùng).
    #[serde(rename = "TSLCD")]
    Tslcd,
}

/// Where an environment is in its life.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum Lifecycle {
    /// In use.
    #[default]
    Active,
    /// Exposure is closed, access is read only; workloads and data stay.
    Suspended,
    /// On its way out.
    Decommissioned,
    /// What was adopted is given back as it is: nothing is stopped and nothing deleted.
    Released,
}

impl Lifecycle {
    /// Whether the environment is on its way out, or gone.
    pub fn leaves(self) -> bool {
        matches!(self, Self::Decommissioned | Self::Released)
    }
}
