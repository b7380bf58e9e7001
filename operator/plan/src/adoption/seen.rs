//! What stands in a namespace that is to be taken over, as whoever asks may read it.

use berth_crds::Connection;
use k8s_openapi::api::core::v1::{
    LimitRange, Namespace, PersistentVolumeClaim, Pod, ResourceQuota, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::rbac::v1::RoleBinding;

/// Everything that a report is made from.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The namespace.
    pub namespace: Namespace,
    /// Its pods.
    pub pods: Vec<Pod>,
    /// Its Services.
    pub services: Vec<Service>,
    /// Its claims for storage.
    pub claims: Vec<PersistentVolumeClaim>,
    /// Its quotas.
    pub quotas: Vec<ResourceQuota>,
    /// Its limits.
    pub limits: Vec<LimitRange>,
    /// Its network policies.
    pub policies: Vec<NetworkPolicy>,
    /// Its bindings.
    pub bindings: Vec<RoleBinding>,
    /// Its accounts.
    pub accounts: Vec<ServiceAccount>,
    /// Its entries from outside.
    pub ingresses: Vec<Ingress>,
    /// Connections of the province; those of the environment count.
    pub connections: Vec<Connection>,
    /// What the API server says of running pods and the environment's level of Pod Security, sentence by sentence.
    pub pod_security: Vec<String>,
}
