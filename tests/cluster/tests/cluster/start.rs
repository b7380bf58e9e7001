//! What is there when `Cluster::start` returns.

use std::time::Instant;

use berth_cluster::{Cluster, Options, VERSION};
use k8s_openapi::api::{
    admissionregistration::v1::ValidatingAdmissionPolicy,
    core::v1::{ConfigMap, Service, ServiceAccount},
};
use kube::{Api, api::PostParams};
use serde_json::json;

use crate::shared;

#[tokio::test]
async fn a_cluster_is_a_real_api_server_of_the_named_version() {
    let begin = Instant::now();
    let cluster = Cluster::throw_away(Options { unsafe_no_fsync: true, ..Options::default() }).await.unwrap();
    eprintln!("ready in {:?}", begin.elapsed());
    assert_eq!(cluster.admin().apiserver_version().await.unwrap().git_version, VERSION);
    assert!(!cluster.is_external());
}

#[tokio::test]
async fn the_controller_manager_works_when_start_returns() {
    let cluster = shared().await;
    let accounts: Api<ServiceAccount> = Api::default_namespaced(cluster.admin());
    accounts.get("default").await.unwrap();
    let authorities: Api<ConfigMap> = Api::default_namespaced(cluster.admin());
    let published = berth_cluster::until("the published authority", crate::SOON, async || {
        authorities.get("kube-root-ca.crt").await
    });
    let data = published.await.unwrap().data.unwrap();
    assert_eq!(data["ca.crt"].trim(), cluster.ca_pem().trim());
}

#[tokio::test]
async fn services_are_dual_stack_with_documentation_addresses() {
    let services: Api<Service> = Api::default_namespaced(shared().await.admin());
    let service = serde_json::from_value(json!({
        "metadata": { "name": "dual" },
        "spec": { "ipFamilyPolicy": "RequireDualStack", "ports": [{ "port": 80 }] },
    }));
    let created = services.create(&PostParams::default(), &service.unwrap()).await.unwrap();
    let addresses = created.spec.unwrap().cluster_ips.unwrap();
    assert!(addresses[0].starts_with("10.0.0.") && addresses[1].starts_with("3fff:a10:1000::"), "{addresses:?}");
}

#[tokio::test]
async fn the_admission_policies_that_berth_needs_are_served() {
    let client = shared().await.admin();
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(client.clone());
    policies.list(&Default::default()).await.unwrap();
    let resources = client.list_api_group_resources("admissionregistration.k8s.io/v1").await.unwrap().resources;
    let names: Vec<_> = resources.into_iter().map(|resource| resource.name).collect();
    assert!(names.iter().any(|name| name == "mutatingadmissionpolicies"), "{names:?}");
}

#[tokio::test]
async fn starting_can_run_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Cluster::start(Options::default()));
    is_send(&shared().await.restart(berth_cluster::Component::Etcd));
    is_send(&shared().await.settle(crate::SOON));
    is_send(&shared().await.kubectl(berth_cluster::Login::Admin, &[]));
}
