//! Access: one binding per right, to the chart's fixed ClusterRoles. Computed as a set each time, so that whoever left
//! the list has left the namespace.

use berth_crds::agency::{Subject, SubjectKind};
use berth_crds::environment::AccessRole;
use berth_crds::labels;
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject as RbacSubject};

use super::Place;
use crate::day;

pub(super) fn build(place: &Place) -> Vec<RoleBinding> {
    [AccessRole::Admin, AccessRole::Edit, AccessRole::View]
        .into_iter()
        .filter_map(|role| binding(place, role))
        .collect()
}

fn binding(place: &Place, role: AccessRole) -> Option<RoleBinding> {
    let lasting =
        |expires: &Option<String>| expires.as_deref().is_none_or(|e| day::parse(e).is_some_and(|e| place.today <= e));
    let entries = place.environment.spec.access.iter().filter(|a| a.role == role && lasting(&a.expires));
    let mut subjects: Vec<Subject> = entries.map(|a| a.subject.clone()).collect();
    subjects.sort();
    subjects.dedup();
    let (name, cluster_role) = match role {
        AccessRole::Admin => ("berth-admin", labels::ROLE_ADMIN),
        AccessRole::Edit => ("berth-edit", labels::ROLE_EDIT),
        AccessRole::View => ("berth-view", labels::ROLE_VIEW),
    };
    (!subjects.is_empty()).then(|| RoleBinding {
        metadata: place.child(name),
        role_ref: RoleRef {
            api_group: Some(labels::RBAC_GROUP.into()),
            kind: "ClusterRole".into(),
            name: cluster_role.into(),
        },
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
