//! Cilium 1.20: what was measured on a node, kept by the operator.

use berth_cluster::CILIUM;
use berth_crds::Reason;
use berth_tests::error::Result;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{Stage, kind};
use crate::counts::{operator_writes, quiet};

const POOL: &str = "ipam.cilium.io/ipv6-pool";

/// A node that takes from pools.
pub fn node(allocated: Value) -> Value {
    let pools = json!({"requested": [{"pool": "default", "needed": {"ipv6-addrs": 8}}], "allocated": allocated});
    json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": "n1"}, "spec": {"ipam": {"pools": pools}}})
}

/// The IPv4 pool that tenants share.
pub fn shared_pool() -> Value {
    json!({"apiVersion": "cilium.io/v2alpha1", "kind": "CiliumPodIPPool",
        "metadata": {"name": "shared4", "labels": {"berth.dev/shared-pool": "IPv4"}},
        "spec": {"ipv4": {"cidrs": ["192.0.2.0/24"], "maskSize": 27}}})
}

#[tokio::test(flavor = "multi_thread")]
async fn cilium_pools_are_accepted_changed_and_removed_in_the_safe_order_while_in_use() -> Result<()> {
    let stage = Stage::new(CILIUM, "story-cilium").await?;
    let pools = kind(stage.admin(), "cilium.io/v2alpha1", "CiliumPodIPPool", None);
    let nodes = kind(stage.admin(), "cilium.io/v2", "CiliumNode", None);
    // The cluster has both families and no shared IPv4 pool: nothing is rendered, and pods would wait.
    let (value, message) = stage.addressed(Reason::BackEndUnfit).await?;
    assert_eq!(value, "False", "{message}");
    assert!(message.contains("`berth.dev/shared-pool: IPv4`"), "{message}");
    assert_eq!(pools.list(&Default::default()).await?.items.len(), 0);
    assert_eq!(stage.keys().await?, json!({"ipam.cilium.io/require-pool-match": "true"}));
    stage.put(&pools, shared_pool()).await?;
    // Accepted under Cilium's own schema, and not served before a node takes from pools.
    stage.addressed(Reason::BackEndPending).await?;
    stage.put(&nodes, node(json!([]))).await?;
    stage.addressed(Reason::AddressesServed).await?;
    stage.ready("True").await?;
    let prefix = stage.environment().await?.status.and_then(|s| s.namespaces[0].prefix.clone()).ok_or("no leaf")?;
    let pool = format!("p6-{}", prefix.replace([':', '/'], "-"));
    let wanted = json!({
        "ipv6": {"cidrs": [prefix], "maskSize": 80}, "allowFirstIP": false, "allowLastIP": false,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.name}}
    });
    assert_eq!(pools.get(&pool).await?.data["spec"], wanted);
    let keys =
        json!({(POOL): pool, "ipam.cilium.io/ipv4-pool": "shared4", "ipam.cilium.io/require-pool-match": "true"});
    assert_eq!(stage.keys().await?, keys);
    changed(&stage, &pool, &wanted).await?;
    exposed(&stage).await?;
    removed(&stage, &pool, &prefix).await
}

/// A hand that opens the pool to another namespace; a restart writes nothing.
async fn changed(stage: &Stage, pool: &str, wanted: &Value) -> Result<()> {
    let pools = kind(stage.admin(), "cilium.io/v2alpha1", "CiliumPodIPPool", None);
    let opened = json!({"spec": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}});
    pools.patch(pool, &PatchParams::default(), &Patch::Merge(opened)).await?;
    stage.until(&pools, pool, "is as planned again", |p| &p["spec"] == wanted).await?;
    quiet(&stage.world).await?;
    let mark = stage.world.cluster.mark()?;
    let _second = berth_tests::stack::Operator::start_without_lease(&stage.world.cluster).await?;
    quiet(&stage.world).await?;
    assert_eq!(operator_writes(&stage.world.cluster.audit_since(mark)?), Vec::<String>::new());
    Ok(())
}

/// Exposure adds a pool for load balancers; Cilium's verdict on it is what `Addressed` says.
async fn exposed(stage: &Stage) -> Result<()> {
    let pools = kind(stage.admin(), "cilium.io/v2", "CiliumLoadBalancerIPPool", None);
    stage.edit(json!({"exposure": ["TSLCD"]})).await?;
    stage.addressed(Reason::BackEndPending).await?;
    let list = pools.list(&Default::default()).await?.items;
    let [pool] = list.as_slice() else { return Err(format!("{list:?}").into()) };
    assert_eq!(
        pool.data["spec"]["serviceSelector"]["matchLabels"]["io.kubernetes.service.namespace"],
        json!(stage.name)
    );
    for (status, reason) in [("True", Reason::BackEndFault), ("False", Reason::AddressesServed)] {
        let condition = json!({"type": "cilium.io/PoolConflict", "status": status, "reason": "r", "message": "overlaps",
            "lastTransitionTime": "2026-11-24T08:00:00Z"});
        let patch = Patch::Merge(json!({"status": {"conditions": [condition]}}));
        pools.patch_status(&pool.name_any(), &PatchParams::default(), &patch).await?;
        stage.addressed(reason).await?;
    }
    // Taken back while unused: closed first, then away.
    stage.edit(json!({"exposure": null})).await?;
    stage.gone(&pools, &pool.name_any()).await
}

async fn removed(stage: &Stage, pool: &str, prefix: &str) -> Result<()> {
    let pools = kind(stage.admin(), "cilium.io/v2alpha1", "CiliumPodIPPool", None);
    let nodes = kind(stage.admin(), "cilium.io/v2", "CiliumNode", None);
    stage.pod("busy").await?;
    let holds = json!([{"pool": pool, "cidrs": [prefix.replace("/64", "/80")]}]);
    let allocate = |list: Value| Patch::Merge(json!({"spec": {"ipam": {"pools": {"allocated": list}}}}));
    nodes.patch("n1", &PatchParams::default(), &allocate(holds)).await?;
    quiet(&stage.world).await?;
    let mark = stage.world.cluster.mark()?;
    stage.edit(json!({"lifecycle": "Decommissioned"})).await?;
    // First no new use: the pool selects nobody and the namespace does not name it; the pod keeps what it has.
    let nobody = json!({"matchLabels": {"kubernetes.io/metadata.name": "berth.draining"}});
    stage.until(&pools, pool, "selects nobody", |p| p["spec"]["namespaceSelector"] == nobody).await?;
    let (_, message) = stage.addressed(Reason::PoolInUse).await?;
    assert!(message.contains("CiliumNode \"n1\" holds addresses of it"), "{message}");
    assert_eq!(stage.keys().await?, json!({"ipam.cilium.io/require-pool-match": "true"}));
    // The pod is gone, the node's list is not: still in use.
    stage.end_pod("busy").await?;
    quiet(&stage.world).await?;
    assert!(pools.get_opt(pool).await?.is_some());
    nodes.patch("n1", &PatchParams::default(), &allocate(json!([]))).await?;
    stage.gone(&pools, pool).await?;
    stage.addressed(Reason::NoBackEnd).await?;
    let writes = operator_writes(&stage.world.cluster.audit_since(mark)?);
    let theirs: Vec<&String> = writes.iter().filter(|w| w.contains(" cilium")).collect();
    let environment = &stage.name;
    let order = [
        format!("patch ciliumpodippools {pool}"),
        format!("delete ciliumbgpadvertisements berth-{environment}"),
        format!("delete ciliumpodippools {pool}"),
    ];
    assert_eq!(theirs, order.iter().collect::<Vec<_>>(), "{writes:#?}");
    assert!(pools.get_opt("shared4").await?.is_some(), "what is the platform's stays");
    Ok(())
}
