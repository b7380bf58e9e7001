//! MetalLB: load balancers of an exposed environment, beside a network that takes no prefixes.

use berth_cluster::METALLB;
use berth_crds::Reason;
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Stage, kind};
use crate::counts::{operator_writes, quiet};

const HOME: &str = "metallb-system";

#[tokio::test(flavor = "multi_thread")]
async fn metallb_pools_are_accepted_changed_and_removed_in_the_safe_order_while_in_use() -> Result<()> {
    let stage = Stage::new(METALLB, "story-metallb").await?;
    let pools = kind(stage.admin(), "metallb.io/v1beta1", "IPAddressPool", Some(HOME));
    let routes = kind(stage.admin(), "metallb.io/v1beta1", "BGPAdvertisement", Some(HOME));
    stage.addressed(Reason::NoBackEnd).await?;
    let home: Namespace = serde_json::from_value(json!({"metadata": {"name": HOME}}))?;
    Api::all(stage.admin()).create(&PostParams::default(), &home).await?;
    stage.ready("True").await?;
    stage.edit(json!({"exposure": ["Internet"]})).await?;
    stage.addressed(Reason::BackEndPending).await?;
    let prefix = stage.environment().await?.status.and_then(|s| s.prefix).ok_or("no prefix")?;
    let second = berth_plan::address::parse(&prefix).and_then(|p| p.subnets(64).ok()?.nth(1));
    let leaf = second.ok_or("no second leaf")?.to_string();
    let pool = format!("l6-{}", leaf.replace([':', '/'], "-"));
    let wanted = json!({
        "addresses": [leaf], "autoAssign": true, "avoidBuggyIPs": false,
        "serviceAllocation": {"priority": 50, "namespaces": [stage.name]}
    });
    assert_eq!(pools.get(&pool).await?.data["spec"], wanted);
    let announced = json!({"ipAddressPools": [pool], "aggregationLength": 32, "aggregationLengthV6": 64});
    stage.until(&routes, &pool, "is announced", |r| r["spec"] == announced).await?;
    let counters = |assigned: i64| -> Patch<Value> {
        Patch::Merge(
            json!({"status": {"assignedIPv4": 0, "assignedIPv6": assigned, "availableIPv4": 0, "availableIPv6": i64::MAX}}),
        )
    };
    pools.patch_status(&pool, &PatchParams::default(), &counters(1)).await?;
    let (_, message) = stage.addressed(Reason::NoBackEnd).await?;
    assert!(message.contains(&format!("those of Services are served: MetalLB {leaf}")), "{message}");
    let opened = Patch::Merge(json!({"spec": {"serviceAllocation": {"namespaces": ["default"]}}}));
    pools.patch(&pool, &PatchParams::default(), &opened).await?;
    stage.until(&pools, &pool, "is as planned again", |p| p["spec"] == wanted).await?;
    quiet(&stage.world).await?;
    let mark = stage.world.cluster.mark()?;
    stage.edit(json!({"exposure": null})).await?;
    // One Service has an address: no new one gets any, and the pool is not narrowed under it.
    let closed = stage.until(&pools, &pool, "gives nothing more", |p| p["spec"]["autoAssign"] == json!(false)).await?;
    assert_eq!(closed["spec"]["serviceAllocation"], wanted["serviceAllocation"]);
    let (_, message) = stage.addressed(Reason::PoolInUse).await?;
    assert!(message.contains("MetalLB has given 1 addresses of it"), "{message}");
    assert!(routes.get_opt(&pool).await?.is_some());
    pools.patch_status(&pool, &PatchParams::default(), &counters(0)).await?;
    stage.gone(&pools, &pool).await?;
    let writes = operator_writes(&stage.world.cluster.audit_since(mark)?);
    let theirs: Vec<&String> = writes.iter().filter(|w| w.contains("ipaddresspools") || w.contains("bgp")).collect();
    let order =
        ["patch ipaddresspools", "delete bgpadvertisements", "delete ipaddresspools"].map(|w| format!("{w} {pool}"));
    assert_eq!(theirs, order.iter().collect::<Vec<_>>());
    Ok(())
}
