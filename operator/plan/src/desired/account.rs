//! Accounts of a tenant namespace. No pod gets a token unless its manifest asks for one: `default` says so for every pod
//! that names no account. The account for deployments exists on request; its tokens are asked for one by one
//! (TokenRequest), so none lies in the namespace.

use berth_crds::environment::{DeployAccount, Stage};
use berth_crds::{Environment, labels};
use jiff::civil::Date;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{RoleBinding, Subject};

use super::access::role_ref;
use super::{Place, intended_names};
use crate::life;

/// Account that Kubernetes makes in every namespace.
const DEFAULT: &str = "default";

pub(super) fn build(place: &Place) -> Vec<ServiceAccount> {
    let deploy =
        (place.environment.spec.deploy_account == DeployAccount::PerNamespace).then_some(labels::DEPLOY_ACCOUNT);
    let account = |name| ServiceAccount {
        metadata: place.child(name),
        automount_service_account_token: Some(false),
        ..Default::default()
    };
    [DEFAULT].into_iter().chain(deploy).map(account).collect()
}

/// The account edits its own namespace, and no other of the environment.
pub(super) fn binding(place: &Place) -> Option<RoleBinding> {
    deploys(place.environment, place.today).then(|| RoleBinding {
        metadata: place.child(labels::DEPLOY_ACCOUNT),
        role_ref: role_ref(labels::ROLE_EDIT),
        subjects: Some(vec![subject(&place.name)]),
    })
}

/// Every account for deployments of the environment that may deploy on a day.
pub(super) fn subjects(environment: &Environment, today: Date) -> Vec<Subject> {
    let names = if deploys(environment, today) { intended_names(environment) } else { Vec::new() };
    names.iter().map(|n| subject(&n.name)).collect()
}

/// Whether the account may deploy: into what is stopped nobody does. The account itself stays.
fn deploys(environment: &Environment, today: Date) -> bool {
    environment.spec.deploy_account == DeployAccount::PerNamespace && life::now(environment, today) == Stage::Active
}

fn subject(namespace: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".into(),
        name: labels::DEPLOY_ACCOUNT.into(),
        namespace: Some(namespace.into()),
        ..Default::default()
    }
}
