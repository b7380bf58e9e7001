//! Calico, under CRDs made from its API types.

use berth_cluster::CALICO;
use berth_crds::Reason;
use berth_tests::error::Result;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{Stage, kind};
use crate::counts::{operator_writes, quiet};

#[tokio::test(flavor = "multi_thread")]
async fn calico_pools_are_accepted_changed_and_removed_in_the_safe_order_while_in_use() -> Result<()> {
    let stage = Stage::new(CALICO, "story-calico").await?;
    let pools = kind(stage.admin(), "projectcalico.org/v3", "IPPool", None);
    let blocks = kind(stage.admin(), "projectcalico.org/v3", "BlockAffinity", None);
    stage.addressed(Reason::AddressesServed).await?;
    stage.ready("True").await?;
    let prefix = stage.environment().await?.status.and_then(|s| s.namespaces[0].prefix.clone()).ok_or("no leaf")?;
    let pool = format!("p6-{}", prefix.replace([':', '/'], "-"));
    // This release has no `namespaceSelector` and no status: neither is written nor waited for.
    let wanted = json!({
        "cidr": prefix, "blockSize": 122, "ipipMode": "Never", "vxlanMode": "Never", "natOutgoing": false,
        "nodeSelector": "all()", "disabled": false, "allowedUses": ["Workload"]
    });
    assert_eq!(pools.get(&pool).await?.data["spec"], wanted);
    let list = json!([pool]).to_string();
    let keys =
        json!({"cni.projectcalico.org/ipFamilies": "[\"IPv4\",\"IPv6\"]", "cni.projectcalico.org/ipv6pools": list});
    assert_eq!(stage.keys().await?, keys);
    let opened = Patch::Merge(json!({"spec": {"natOutgoing": true}}));
    pools.patch(&pool, &PatchParams::default(), &opened).await?;
    stage.until(&pools, &pool, "is as planned again", |p| p["spec"] == wanted).await?;
    stage.pod("busy").await?;
    let block = json!({"apiVersion": "projectcalico.org/v3", "kind": "BlockAffinity", "metadata": {"name": "n1-a"},
        "spec": {"state": "confirmed", "node": "n1", "cidr": prefix.replace("/64", "/122"), "deleted": false}});
    stage.put(&blocks, block).await?;
    quiet(&stage.world).await?;
    let mark = stage.world.cluster.mark()?;
    stage.edit(json!({"lifecycle": "Decommissioned"})).await?;
    stage.until(&pools, &pool, "is disabled", |p| p["spec"]["disabled"] == json!(true)).await?;
    stage.addressed(Reason::PoolInUse).await?;
    // The disabled pool by its name: a new pod waits instead of taking an address of the default pool.
    assert_eq!(stage.keys().await?, json!({"cni.projectcalico.org/ipv6pools": list}));
    stage.end_pod("busy").await?;
    quiet(&stage.world).await?;
    let (_, message) = stage.addressed(Reason::PoolInUse).await?;
    assert!(message.contains("node \"n1\" holds block"), "{message}");
    blocks.delete("n1-a", &Default::default()).await?;
    stage.gone(&pools, &pool).await?;
    let writes = operator_writes(&stage.world.cluster.audit_since(mark)?);
    let theirs: Vec<&String> = writes.iter().filter(|w| w.contains("ippools")).collect();
    assert_eq!(theirs, [&format!("patch ippools {pool}"), &format!("delete ippools {pool}")]);
    Ok(())
}
