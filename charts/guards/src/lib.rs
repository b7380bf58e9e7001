//! The guard table: which keys, fields and objects somebody who works in a tenant's namespace must not write, and who is
//! exempt by exact name. From this one table come the policies (`charts/berth/files/policies`), the hostile manifests of
//! the stories and a page of the book, so that no guard is installed untried and none is tried that is not installed.
//!
//! `cargo run -p berth-guards --bin guardgen` writes policies and page, and the pages that follow from other files of the chart.

pub mod accounts;
pub mod book;
pub mod cases;
pub mod cel;
pub mod children;
pub mod glass;
pub mod hosts;
pub mod namespace;
pub mod page;
pub mod shapes;
pub mod yaml;

use std::path::PathBuf;

pub use berth_crds::back_ends as backends;

/// Username of the operator, the only writer of our own keys.
pub const OPERATOR: &str = "system:serviceaccount:berth-system:berth-operator";
/// The controller that empties namespaces which are being deleted.
pub const NAMESPACE_CONTROLLER: &str = "system:serviceaccount:kube-system:namespace-controller";
/// The controller that deletes dependents and takes its own finalizers off.
pub const GARBAGE_COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
/// The group that RBAC cannot hold: some guards let it through, and the operator repairs what it did.
pub const MASTERS: &str = "system:masters";

/// Every generated file, with its path from the root of the checkout.
pub fn files() -> Vec<(PathBuf, String)> {
    let policies = PathBuf::from("charts/berth/files/policies");
    vec![
        (policies.join("62-namespace-keys.yaml"), namespace::policy()),
        (policies.join("70-tenant-children.yaml"), children::policy()),
        (policies.join("72-pod-keys.yaml"), shapes::policy(shapes::Family::Pods)),
        (policies.join("73-template-keys.yaml"), shapes::policy(shapes::Family::Templates)),
        (policies.join("74-service-keys.yaml"), shapes::policy(shapes::Family::Services)),
        (policies.join("75-account-keys.yaml"), accounts::policy()),
        (policies.join("76-host-names.yaml"), hosts::policy()),
        (policies.join("77-quota-mark.yaml"), children::quota_status()),
        (policies.join("80-break-glass.yaml"), glass::warning()),
        (policies.join("81-stamp-break-glass.yaml"), glass::stamp()),
        (PathBuf::from("docs/src/reference/guards.md"), page::page()),
    ]
}
