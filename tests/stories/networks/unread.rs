//! A cluster whose network does not answer.

use berth_cluster::{CILIUM, until};
use berth_crds::{Environment, Tenant};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::{Api, ResourceExt};

use super::install;
use crate::world::{PATIENCE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_cannot_be_read_holds_environments_back_and_nothing_else() -> Result<()> {
    let world = World::start().await?;
    install(&world.cluster, CILIUM).await?;
    let bindings: Api<ClusterRoleBinding> = Api::all(world.cluster.admin());
    let mut binding = bindings.get("berth-operator-networks").await?;
    bindings.delete("berth-operator-networks", &Default::default()).await?;
    let operator = world.operator().await?;
    berth_tests::install::agencies_ready(&world.cluster).await?;
    let paper = world.ask("lead-62", "ag-62", "unread", |_| {}).await?;
    world.decide("approver", &paper, "Approve").await?;
    // Papers, registers and addresses go on.
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    let plate = until("the system has its prefix", PATIENCE, async || {
        let all = tenants.list(&Default::default()).await.map_err(|e| e.to_string())?.items;
        let own = all.into_iter().find(|t| t.spec.code == "unread").ok_or_else(|| "no tenant".to_owned())?;
        own.status.as_ref().and_then(|s| s.prefix.as_ref()).map(|_| own.name_any()).ok_or_else(|| "none".to_owned())
    })
    .await?;
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    let waits = until("the environment is registered", PATIENCE, async || {
        environments.get(&format!("{plate}-prod")).await.map_err(|e| e.to_string())
    })
    .await?;
    assert_eq!(Api::<Namespace>::all(world.cluster.admin()).get_opt(&waits.name_any()).await?, None);
    binding.metadata.resource_version = None;
    bindings.create(&Default::default(), &binding).await?;
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    until("the namespace is there, with its network's keys", PATIENCE, async || {
        let namespace = namespaces.get(&waits.name_any()).await.map_err(|e| e.to_string())?;
        let keyed = namespace.annotations().keys().any(|key| key.starts_with("ipam.cilium.io/"));
        if keyed { Ok(()) } else { Err(format!("{:?}", namespace.annotations())) }
    })
    .await?;
    // What is watched of the network keeps nobody from stopping.
    operator.stop().await?;
    Ok(())
}
