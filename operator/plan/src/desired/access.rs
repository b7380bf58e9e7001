//! Access: one binding per right, to the chart's fixed ClusterRoles. Computed as a set each time, so that whoever left
//! the list has left the namespace.

use std::collections::BTreeMap;

use berth_crds::agency::{Subject, SubjectKind};
use berth_crds::environment::{Access, AccessRole, Stage};
use berth_crds::{Environment, Tenant, labels};
use jiff::civil::Date;
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject as RbacSubject};

use super::{Place, account};
use crate::admit::owner_access;
use crate::{day, life};

const ROLES: [AccessRole; 3] = [AccessRole::Admin, AccessRole::Edit, AccessRole::View];

pub(super) fn build(place: &Place) -> Vec<RoleBinding> {
    ROLES.into_iter().filter_map(|role| binding(place, role)).chain(account::binding(place)).collect()
}

/// What a binding may say on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowed {
    /// The role, which cannot be changed (`roleRef` is immutable).
    pub role: RoleRef,
    /// Who may have it.
    pub subjects: Vec<RbacSubject>,
}

/// Who may be bound on a day, by name of the binding: a function of the environment's list and its tenant's owner alone,
/// so that access can be taken away while nothing else can be planned.
pub fn access_allowed(
    environment: &Environment,
    tenant: Option<&Tenant>,
    today: Date,
) -> BTreeMap<&'static str, Allowed> {
    let people = |role| {
        let subjects = subjects(environment, tenant, role, today).iter().map(rbac_subject).collect();
        let (name, cluster_role) = names(role);
        (name, Allowed { role: role_ref(cluster_role), subjects })
    };
    let deploys = Allowed { role: role_ref(labels::ROLE_EDIT), subjects: account::subjects(environment, today) };
    let all = ROLES.into_iter().map(people).chain([(labels::DEPLOY_ACCOUNT, deploys)]);
    all.filter(|(_, allowed)| !allowed.subjects.is_empty()).collect()
}

/// A ClusterRole, as a binding refers to it.
pub(super) fn role_ref(cluster_role: &str) -> RoleRef {
    RoleRef { api_group: Some(labels::RBAC_GROUP.into()), kind: "ClusterRole".into(), name: cluster_role.into() }
}

/// Who has a role on a day. Of a stopped environment everybody on the list reads, and nobody does more.
fn subjects(environment: &Environment, tenant: Option<&Tenant>, role: AccessRole, today: Date) -> Vec<Subject> {
    let lasting =
        |expires: &Option<String>| expires.as_deref().is_none_or(|e| day::parse(e).is_some_and(|e| today <= e));
    let stage = life::now(environment, today);
    let in_force = |a: &Access| match stage {
        Stage::Active => Some(a.role),
        Stage::Suspended | Stage::Halted => Some(AccessRole::View),
        Stage::Removing | Stage::Removed => None,
    };
    let ends = |a: &Access| a.expires.is_some() || !is_contractor(a);
    // The schema refuses such an entry; one may be older than its rule.
    let somebody = |a: &Access| !a.subject.is_of_system();
    let counts = |a: &&Access| in_force(a) == Some(role) && lasting(&a.expires) && ends(a) && somebody(a);
    let entries = environment.spec.access.iter().filter(counts);
    let mut subjects: Vec<Subject> = entries.map(|a| follows(a, tenant)).collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

/// Whether the entry is for people who were hired: their access ends, or it has no effect.
pub fn is_contractor(entry: &Access) -> bool {
    let name = entry.subject.name.as_str();
    name == labels::CONTRACTORS || name.starts_with(labels::GROUP_PREFIX) && name.ends_with(":contractor")
}

/// The owner's people administer their environments, whoever the owner is: after a transfer the entry that the first
/// paper made speaks of those of today. Every other entry stays as it was written.
fn follows(entry: &Access, tenant: Option<&Tenant>) -> Subject {
    let Some(tenant) = tenant else { return entry.subject.clone() };
    let owner = &tenant.spec.agency_ref.name;
    let former = |agency: &str| agency != owner.as_str() && *entry == owner_access(agency);
    let follows = tenant.spec.owners.iter().any(|o| former(&o.agency_ref.name));
    if follows { owner_access(owner).subject } else { entry.subject.clone() }
}

/// Names of a role's binding and ClusterRole.
fn names(role: AccessRole) -> (&'static str, &'static str) {
    match role {
        AccessRole::Admin => ("berth-admin", labels::ROLE_ADMIN),
        AccessRole::Edit => ("berth-edit", labels::ROLE_EDIT),
        AccessRole::View => ("berth-view", labels::ROLE_VIEW),
    }
}

fn binding(place: &Place, role: AccessRole) -> Option<RoleBinding> {
    let subjects = subjects(place.environment, Some(place.tenant), role, place.today);
    let (name, cluster_role) = names(role);
    (!subjects.is_empty()).then(|| RoleBinding {
        metadata: place.child(name),
        role_ref: role_ref(cluster_role),
        subjects: Some(subjects.iter().map(rbac_subject).collect()),
    })
}

/// A subject as RBAC writes it.
pub fn rbac_subject(subject: &Subject) -> RbacSubject {
    let person = subject.kind != SubjectKind::ServiceAccount;
    RbacSubject {
        kind: format!("{:?}", subject.kind),
        name: subject.name.clone(),
        namespace: subject.namespace.clone(),
        api_group: person.then(|| labels::RBAC_GROUP.to_owned()),
    }
}
