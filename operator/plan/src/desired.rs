//! An Environment's objects: everything that it should have, in the order in which it is written.

mod access;
mod account;
mod limits;
mod namespace;
mod network;
mod quota;

use std::collections::{BTreeMap, BTreeSet};

use berth_crds::address::LeafRole;
use berth_crds::common::Resources;
use berth_crds::environment::{NamespaceStatus, NextStep, Stage, Zone};
use berth_crds::profile::LevelRule;
use berth_crds::{AddressPlan, AddressPlanSpec, Environment, EnvironmentClass, PolicyProfile, Reason, Tenant, labels};
use ipnet::Ipv6Net;
use jiff::civil::Date;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;

use crate::address;
use crate::amounts::Amounts;
use crate::{grant, life};

pub use access::{Allowed, access_allowed, is_contractor, rbac_subject};
pub use network::isolation;
pub use quota::{NAME as QUOTA_NAME, with_amounts};

/// What an environment is planned from.
pub struct Input<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// Its tenant.
    pub tenant: Option<&'a Tenant>,
    /// Its class, as [`grant::in_force`] has it today.
    pub class: Option<&'a EnvironmentClass>,
    /// Its rule set.
    pub profile: Option<&'a PolicyProfile>,
    /// The system's prefix, once it is bound.
    pub system_prefix: Option<Ipv6Net>,
    /// The address plan: how the system's prefix is cut.
    pub addresses: Option<&'a AddressPlan>,
    /// Today: access that has expired is not bound.
    pub today: Date,
}

/// Everything that an environment should have.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Desired {
    /// What of its life is in force.
    pub stage: Stage,
    /// The next step that comes by its date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStep>,
    /// Amounts that are granted.
    pub granted: Resources,
    /// Prefix of the environment.
    pub prefix: String,
    /// Prefix of its load balancers, when the plan has a digit for them.
    pub services: Option<String>,
    /// One per zone, or one.
    pub namespaces: Vec<DesiredNamespace>,
}

/// One namespace with its children.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DesiredNamespace {
    /// Name.
    pub name: String,
    /// Zone, when zoned.
    pub zone: Option<Zone>,
    /// Prefix of its pods.
    pub prefix: String,
    /// The namespace itself: created, never applied.
    pub namespace: Namespace,
    /// Defaults of containers.
    pub limits: LimitRange,
    /// The one quota.
    pub quota: ResourceQuota,
    /// Accounts: the one that every pod has unless it names another, and one for deployments on request.
    pub accounts: Vec<ServiceAccount>,
    /// Policies.
    pub policies: Vec<NetworkPolicy>,
    /// Bindings: written last, removed first.
    pub access: Vec<RoleBinding>,
}

/// Why nothing can be planned.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Blocked {
    /// Reason of the catalogue.
    #[serde(serialize_with = "as_name")]
    pub reason: Reason,
    /// What is missing.
    pub message: String,
}

fn as_name<S: serde::Serializer>(reason: &Reason, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(reason.as_str())
}

/// Plans an environment. Total: what cannot be planned is a value that says why.
pub fn plan(input: &Input) -> Result<Desired, Blocked> {
    let blocked = |reason, message: String| Blocked { reason, message };
    let spec = &input.environment.spec;
    let missing =
        |what: &str, name: &str| blocked(Reason::MissingReference, format!("The {what} {name:?} does not exist."));
    let tenant = input.tenant.ok_or_else(|| missing("tenant", &spec.tenant_ref.name))?;
    let in_force = grant::in_force(spec, input.today);
    let class = input.class.ok_or_else(|| missing("class", &in_force.class_ref.name))?;
    let profile = input.profile.ok_or_else(|| missing("profile", &spec.profile_ref.name))?;
    let level = spec.enforced_level(tenant.spec.level);
    let rule = profile.spec.levels.iter().find(|r| r.level == level).ok_or_else(|| {
        blocked(Reason::InvalidSpec, format!("The profile {:?} has no rule for level {level}.", profile.name_any()))
    })?;
    let granted =
        Amounts::parse(&in_force.quota).map_err(|bad| blocked(Reason::InvalidSpec, format!("`spec.quota`: {bad}.")))?;
    let named: BTreeSet<Zone> = spec.zones.iter().map(|z| z.zone).collect();
    if named.len() != spec.zones.len() {
        return Err(blocked(Reason::InvalidSpec, "`spec.zones` names a zone twice; name each once.".into()));
    }
    let shares: i64 = spec.zones.iter().map(|z| z.percent).sum();
    if !spec.zones.is_empty() && shares != 100 {
        return Err(blocked(Reason::InvalidSpec, format!("`spec.zones` shares sum to {shares} percent; make it 100.")));
    }
    let system =
        input.system_prefix.ok_or_else(|| blocked(Reason::AddressPending, Reason::AddressPending.en().into()))?;
    let cut = Cut::new(input, system)?;
    let namespaces = zones(input.environment, granted)
        .into_iter()
        .map(|(zone, part)| Ok(namespaced(input, tenant, class, rule, zone, part, cut.pods(zone)?)))
        .collect::<Result<_, Blocked>>()?;
    let services = address::leaf(cut.plan, cut.prefix, LeafRole::LoadBalancers, None).map(|leaf| leaf.to_string());
    let (stage, next) = (life::now(input.environment, input.today), life::next(spec, input.today));
    Ok(Desired { stage, next, granted: granted.to_resources(), prefix: cut.prefix.to_string(), services, namespaces })
}

/// How the plan cuts the environment's prefix.
struct Cut<'a> {
    plan: &'a AddressPlanSpec,
    prefix: Ipv6Net,
}

impl<'a> Cut<'a> {
    fn new(input: &Input<'a>, system: Ipv6Net) -> Result<Self, Blocked> {
        let missing = || Blocked { reason: Reason::MissingReference, message: "There is no address plan.".into() };
        let plan = &input.addresses.ok_or_else(missing)?.spec;
        let kind = input.environment.spec.kind;
        let why = || match plan.environments.iter().any(|e| e.kind == kind) {
            true => format!("{system} is too small for environments."),
            false => format!("The address plan has no digit for environments of kind {kind:?}; append one."),
        };
        let prefix = address::environment(plan, system, kind);
        let prefix = prefix.ok_or_else(|| Blocked { reason: Reason::InvalidSpec, message: why() })?;
        Ok(Self { plan, prefix })
    }

    fn pods(&self, zone: Option<Zone>) -> Result<Ipv6Net, Blocked> {
        let zone_name = zone.map_or("none", Zone::as_str);
        let message = || format!("The address plan has no digit for pods of zone {zone_name}; append one.");
        let leaf = address::leaf(self.plan, self.prefix, LeafRole::Pods, zone);
        leaf.ok_or_else(|| Blocked { reason: Reason::InvalidSpec, message: message() })
    }
}

/// Zones with their parts of the grant; one part without a zone when not zoned.
fn zones(environment: &Environment, granted: Amounts) -> Vec<(Option<Zone>, Amounts)> {
    let zones = &environment.spec.zones;
    if zones.is_empty() {
        return vec![(None, granted)];
    }
    let percents: Vec<i64> = zones.iter().map(|z| z.percent).collect();
    zones.iter().map(|z| Some(z.zone)).zip(granted.split(&percents)).collect()
}

/// What one namespace is built from.
pub(crate) struct Place<'a> {
    pub environment: &'a Environment,
    pub tenant: &'a Tenant,
    pub class: &'a EnvironmentClass,
    pub rule: &'a LevelRule,
    pub zone: Option<Zone>,
    pub part: Amounts,
    pub name: String,
    pub today: Date,
}

impl Place<'_> {
    /// Metadata of a child of the namespace.
    pub fn child(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.into()),
            namespace: Some(self.name.clone()),
            labels: Some(self.labels()),
            ..Default::default()
        }
    }

    /// Labels that everything of the environment carries.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut map: BTreeMap<String, String> = [
            (labels::MANAGED_BY, labels::OPERATOR.to_owned()),
            (labels::PART_OF, labels::BERTH.to_owned()),
            (labels::AGENCY, self.tenant.spec.agency_ref.name.clone()),
            (labels::TENANT, self.tenant.name_any()),
            (labels::ENVIRONMENT, self.environment.name_any()),
            (labels::LEVEL, self.rule.level.to_string()),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v))
        .collect();
        if let Some(zone) = self.zone {
            map.insert(labels::ZONE.into(), zone.as_str().into());
        }
        map
    }
}

fn namespaced(
    input: &Input,
    tenant: &Tenant,
    class: &EnvironmentClass,
    rule: &LevelRule,
    zone: Option<Zone>,
    part: Amounts,
    leaf: Ipv6Net,
) -> DesiredNamespace {
    let environment = input.environment;
    let name = environment.namespace_of(zone);
    let place = Place { environment, tenant, class, rule, zone, part, name: name.clone(), today: input.today };
    DesiredNamespace {
        name,
        zone,
        prefix: leaf.to_string(),
        namespace: namespace::build(&place),
        limits: limits::build(&place),
        quota: quota::build(&place),
        accounts: account::build(&place),
        policies: network::build(&place),
        access: access::build(&place),
    }
}

/// Names of an environment's namespaces: they follow from its own name, zones and what it adopts, before anything else is
/// known.
pub fn intended_names(environment: &Environment) -> Vec<NamespaceStatus> {
    let zones = environment.spec.zones.iter().map(|z| Some(z.zone));
    let zones: Vec<Option<Zone>> = if environment.spec.zones.is_empty() { vec![None] } else { zones.collect() };
    zones
        .into_iter()
        .map(|zone| NamespaceStatus { name: environment.namespace_of(zone), zone, ..Default::default() })
        .collect()
}

impl Desired {
    /// The namespaces as they stand in status before they exist.
    pub fn intended(&self) -> Vec<NamespaceStatus> {
        self.namespaces
            .iter()
            .map(|n| NamespaceStatus { name: n.name.clone(), uid: None, zone: n.zone, prefix: Some(n.prefix.clone()) })
            .collect()
    }
}
