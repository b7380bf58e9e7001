//! Crash after every write, and lose the answer to every write: the same world comes of it, with nothing twice.

use std::collections::BTreeSet;

use berth_crds::{ConditionType, Environment, PrefixBlock, Tenant};
use berth_plan::booking::Ledger;
use berth_tests::error::Result;
use berth_tests::fault::{Fault, Plan};
use berth_tests::stack::Operator;
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::ResourceExt;

use crate::counts::{operator_writes, quiet};
use crate::world::World;

/// Writes that a new system costs once its paper is approved, agency's block apart: see `counts`.
const WRITES: usize = 24;

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_any_write_leaves_nothing_twice_and_nothing_undone() -> Result<()> {
    everywhere(Fault::Crash).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_any_write_leaves_nothing_twice_and_nothing_undone() -> Result<()> {
    everywhere(Fault::LostAnswer).await
}

async fn everywhere(fault: Fault) -> Result<()> {
    let (world, operator) = World::own().await?;
    // The agency's own block is there before the first fault, so that every round has the same writes.
    world.onboard("ag-62", "crash-0", |_| {}).await?;
    operator.stop().await?;
    let mark = world.cluster.mark()?;
    for at in 1..=WRITES {
        let name = format!("crash-{at}");
        let paper = world.ask("lead-62", "ag-62", &name, |_| {}).await?;
        world.decide("approver", &paper, "Approve").await?;
        let plan = Plan::new(fault, at);
        let broken = Operator::start_faulty(&world.cluster, &plan).await?;
        tokio::time::timeout(crate::world::PATIENCE, plan.struck())
            .await
            .map_err(|_| format!("write {at} never came; there were {}", plan.writes()))?;
        if fault == Fault::Crash {
            broken.crash();
            let again = Operator::start_without_lease(&world.cluster).await?;
            world.until(&paper, ConditionType::Ready).await?;
            again.stop().await?;
        } else {
            world.until(&paper, ConditionType::Ready).await?;
            broken.stop().await?;
        }
    }
    quiet(&world).await?;
    let writes = operator_writes(&world.cluster.audit_since(mark)?);
    let created: Vec<&String> = writes.iter().filter(|w| w.starts_with("create ")).collect();
    let once: BTreeSet<&&String> = created.iter().collect();
    assert_eq!(once.len(), created.len(), "every object is created once");
    assert!(writes.iter().all(|w| !w.starts_with("delete")), "nothing is deleted: {writes:#?}");
    nothing_twice(&world, WRITES + 1).await
}

/// Counts of everything that one system yields, where these are all of one agency.
pub async fn nothing_twice(world: &World, systems: usize) -> Result<()> {
    let blocks = world.all::<PrefixBlock>().await?;
    let claims: BTreeSet<_> = blocks.iter().map(|b| b.spec.claim_ref.uid.clone()).collect();
    let ledger = Ledger::of_site(&kube::Api::all(world.cluster.admin()).get("binh-duong-dc1").await?);
    let tenant_namespaces = world.all::<Namespace>().await?;
    let ours =
        |labels: &std::collections::BTreeMap<String, String>| labels.contains_key(berth_crds::labels::ENVIRONMENT);
    let counts = [
        world.all::<Tenant>().await?.len(),
        world.all::<Environment>().await?.len(),
        blocks.len() - 1,
        claims.len() - 1,
        ledger.booked.len() - 1,
        tenant_namespaces.iter().filter(|n| ours(n.labels())).count(),
        world.all::<ResourceQuota>().await?.iter().filter(|q| ours(q.labels())).count(),
        world.all::<NetworkPolicy>().await?.iter().filter(|p| ours(p.labels())).count() / 2,
        world.all::<RoleBinding>().await?.iter().filter(|b| ours(b.labels())).count(),
    ];
    assert_eq!(counts, [systems; 9]);
    Ok(())
}
