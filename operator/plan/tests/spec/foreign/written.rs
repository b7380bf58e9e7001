//! What is planned for an approved paper, as the operator finds it, and what of it would stray from its agency.

use std::sync::Arc;

use berth_crds::onboarding::{Action, Outcome};
use berth_crds::{Environment, Onboarding, Tenant, labels, names};
use berth_plan::act::{self, Changed};
use berth_plan::admit::{self, Admission};
use berth_plan::desired::{self, Desired, DesiredNamespace};
use berth_plan::fulfil::{Case, Way, way};
use berth_plan::register::Register;
use berth_plan::{address, grant};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::{OTHERS, OWN};
use crate::world::{ADDRESSES, day, of, today};

/// The prefix of whatever system it is.
const SYSTEM: &str = "3fff:a10:1180:8000::/56";

/// Everybody said yes.
pub fn outcome() -> Value {
    json!({
        "result": "Approved", "decisionUIDs": ["uid-approver.1"], "decidedAt": "2026-11-24T09:00:00Z",
        "recordedAt": "2026-11-24T09:00:01.000000Z", "priority": 5,
        "granted": {"classRef": {"name": "xs"}, "quota": {"cpu": "2", "memory": "4Gi", "storage": "50Gi"}}
    })
}

/// The plate of the system that a paper is about: of the register where it is there, derived for a new one.
pub fn plate(paper: &Onboarding, register: &Register) -> Option<String> {
    let uid = paper.metadata.uid.as_deref()?;
    match paper.spec.action {
        Action::New => register.system_of(&paper.spec, OWN, Some(uid)).or_else(|| names::plate(uid, 0)),
        _ => register.tenant_of(&paper.spec),
    }
}

/// The way of an approved paper, and the register entries that it writes now.
pub fn of_paper(paper: &Onboarding, register: &Register, others: &[Arc<Onboarding>]) -> (Way, Changed) {
    let plate = plate(paper, register);
    let name = plate.as_deref().and_then(|plate| admit::environment_name(paper, plate)).unwrap_or_default();
    let found = way(&Case {
        onboarding: paper,
        agency: OWN,
        environment: &name,
        booking: None,
        register,
        open: &|_| false,
        others,
        today: today(),
    });
    let outcome: Outcome = of(outcome());
    let changed = match &found {
        Way::Act => changed(paper, register, &outcome),
        Way::Create | Way::Change => plate.and_then(|plate| admitted(paper, register, &outcome, &plate, &name)),
        Way::Later { .. } | Way::Stands | Way::Never { .. } => None,
    };
    (found, changed.unwrap_or_default())
}

fn changed(paper: &Onboarding, register: &Register, outcome: &Outcome) -> Option<Changed> {
    let profile = register.profile(today())?;
    let input = act::Input {
        onboarding: paper,
        outcome,
        decisions: &[],
        profile,
        register,
        decided: day("2026-11-24"),
        today: today(),
    };
    act::of(paper.spec.action)?.change(&input)
}

fn admitted(paper: &Onboarding, register: &Register, outcome: &Outcome, plate: &str, name: &str) -> Option<Changed> {
    let site = register.site_of_system(Some(plate), OWN)?.name_any();
    let Admission { tenant, environment, .. } = admit::admit(&admit::Input {
        onboarding: paper,
        outcome,
        agency: OWN,
        plate,
        profile: register.profile(today())?,
        site: &site,
        level: register.level_of(&paper.spec)?,
        day: today(),
        existing: register.environments.get(name).map(AsRef::as_ref),
        system: register.tenants.get(plate).map(AsRef::as_ref),
    })?;
    Some(Changed { tenant, environment: Some(environment) })
}

/// What strays: entries of other owners, and of an entry's objects those that lie, point or let in elsewhere.
pub fn strays(paper: &Onboarding, register: &Register, planned: &Changed) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(tenant) = &planned.tenant {
        found.extend(of_tenant(paper, register, tenant));
    }
    if let Some(environment) = &planned.environment {
        found.extend(of_environment(register, planned.tenant.as_ref(), environment));
    }
    found
}

fn of_tenant(paper: &Onboarding, register: &Register, tenant: &Tenant) -> Vec<String> {
    let name = tenant.name_any();
    let derived = names::plate(paper.metadata.uid.as_deref().unwrap_or_default(), 0);
    let before = register.tenants.get(&name).map(|t| t.spec.agency_ref.name.as_str());
    let mine = before.map_or(derived.as_deref() == Some(&name), |owner| owner == OWN);
    let kept = paper.spec.action == Action::Transfer || tenant.spec.agency_ref.name == OWN;
    let ground = tenant.spec.basis.onboarding_ref.as_ref().map(|r| r.namespace.as_str());
    let held = [
        (mine, "is somebody else's"),
        (kept, "becomes somebody else's"),
        (ground == Some(&format!("agency-{OWN}")), "stands on another's paper"),
    ];
    held.into_iter().filter(|(fine, _)| !fine).map(|(_, what)| format!("tenant {name:?} {what}")).collect()
}

fn of_environment(register: &Register, made: Option<&Tenant>, environment: &Environment) -> Vec<String> {
    let (name, plate) = (environment.name_any(), &environment.spec.tenant_ref.name);
    let Some(tenant) = made.or_else(|| register.tenants.get(plate).map(AsRef::as_ref)) else {
        return vec![format!("environment {name:?} is of the system {plate:?}, which nobody has")];
    };
    let existing = register.environments.get(&name);
    let access = existing.map(|e| e.spec.access.clone()).unwrap_or_else(|| vec![admit::owner_access(OWN)]);
    let held = [
        (tenant.spec.agency_ref.name == OWN, "is of somebody else's system"),
        (tenant.name_any() == *plate, "is of another system than was found"),
        (existing.is_none_or(|e| e.spec.tenant_ref.name == *plate), "was another system's"),
        (name == names::environment(plate, environment.spec.kind.suffix()), "has a name of its own choice"),
        (environment.spec.access == access, "lets in whom nobody listed"),
    ];
    let mut found: Vec<String> =
        held.into_iter().filter(|(fine, _)| !fine).map(|(_, what)| format!("environment {name:?} {what}")).collect();
    if let Some(desired) = objects(register, tenant, environment) {
        found.extend(desired.namespaces.iter().flat_map(|n| of_namespace(&name, plate, n)));
        let text = serde_json::to_string(&desired).unwrap();
        found.extend(
            OTHERS.iter().filter(|other| text.contains(**other)).map(|other| format!("{name:?} names {other}")),
        );
    }
    found
}

fn objects(register: &Register, tenant: &Tenant, environment: &Environment) -> Option<Desired> {
    let class = &grant::in_force(&environment.spec, today()).class_ref.name;
    let input = desired::Input {
        environment,
        tenant: Some(tenant),
        class: register.classes.get(class).map(AsRef::as_ref),
        profile: register.profiles.get(&environment.spec.profile_ref.name).map(AsRef::as_ref),
        system_prefix: address::parse(SYSTEM),
        addresses: Some(&ADDRESSES),
        today: today(),
    };
    desired::plan(&input).ok()
}

fn of_namespace(environment: &str, plate: &str, n: &DesiredNamespace) -> Vec<String> {
    let zoned = n.zone.map(|zone| zone.as_str());
    let mut found = Vec::new();
    if n.name != names::namespace(environment, zoned) || n.namespace.metadata.name.as_deref() != Some(&n.name) {
        found.push(format!("namespace {:?}", n.name));
    }
    let inside = |prefix: &str| address::parse(SYSTEM).zip(address::parse(prefix)).is_some_and(|(s, p)| s.contains(&p));
    if !inside(&n.prefix) {
        found.push(format!("prefix {}", n.prefix));
    }
    let children = [&n.limits.metadata, &n.quota.metadata].into_iter();
    let children = children.chain(n.accounts.iter().map(|o| &o.metadata)).chain(n.policies.iter().map(|o| &o.metadata));
    for child in children.chain(n.access.iter().map(|o| &o.metadata)) {
        found.extend((child.namespace.as_deref() != Some(&n.name)).then(|| format!("{child:?} lies elsewhere")));
    }
    for child in [&n.namespace.metadata, &n.limits.metadata, &n.quota.metadata] {
        found.extend((!is_ours(child, environment, plate)).then(|| format!("{child:?} is labelled as another's")));
    }
    let roles = [labels::ROLE_ADMIN, labels::ROLE_EDIT, labels::ROLE_VIEW];
    for binding in &n.access {
        let bound = &binding.role_ref;
        found.extend((!roles.contains(&bound.name.as_str())).then(|| format!("binds {}", bound.name)));
        for subject in binding.subjects.iter().flatten() {
            let people = subject.kind == "Group" && subject.name == labels::agency_group(OWN, "requester");
            let pipeline = subject.kind == "ServiceAccount" && subject.namespace.as_deref() == Some(&n.name);
            found.extend((!people && !pipeline).then(|| format!("lets {subject:?} in")));
        }
    }
    found
}

fn is_ours(metadata: &ObjectMeta, environment: &str, plate: &str) -> bool {
    let label = |key: &str| metadata.labels.as_ref().and_then(|l| l.get(key)).map(String::as_str);
    label(labels::AGENCY) == Some(OWN)
        && label(labels::TENANT) == Some(plate)
        && label(labels::ENVIRONMENT) == Some(environment)
        && metadata.owner_references.is_none()
}
