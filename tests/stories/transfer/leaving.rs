//! A change of owner of a system of which an environment leaves; of one that has left: `crate::leaving`.

use berth_crds::{ConditionType, Tenant, condition};
use berth_tests::error::Result;
use kube::{Api, ResourceExt};
use serde_json::json;

use super::by_the_list;
use crate::acts::about;
use crate::life;
use crate::world::shared;

#[tokio::test(flavor = "multi_thread")]
async fn a_system_with_an_environment_on_its_way_out_passes_once_that_is_taken_back() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "bound", |_| {}).await?;
    let (name, plate) = (environment.name_any(), environment.spec.tenant_ref.name);
    let to_66 = json!({
        "action": "Transfer", "tenantRef": {"name": plate}, "transfer": {"from": {"name": "ag-62"}, "to": {"name": "ag-66"}}
    });
    let take = about(world, "lead-66", "ag-66", "bound-take", to_66.clone()).await?;
    by_the_list(world, &take).await?;
    let give = about(world, "lead-62", "ag-62", "bound-give", to_66.clone()).await?;
    world.checked(&give).await?;
    // Given back between the check and the decision: nothing passes, and who asks now is told why not.
    life::act(world, "Decommission", "bound-out", &name, json!({})).await?;
    by_the_list(world, &give).await?;
    let told = world.until(&give, ConditionType::Stalled).await?.status.unwrap_or_default();
    let told = condition::get(&told.conditions, ConditionType::Stalled).map(|c| c.message.clone()).unwrap_or_default();
    assert!(told.starts_with(&format!("On its way out: {name}.")), "{told}");
    let late = about(world, "lead-62", "ag-62", "bound-late", to_66).await?;
    let late = world.until(&late, ConditionType::Rejected).await?.status.unwrap_or_default();
    assert!(late.checks.iter().any(|c| c.id == "current" && c.message == told), "{:?}", late.checks);
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    assert_eq!(tenants.get(&plate).await?.spec.agency_ref.name, "ag-62");
    // The agency takes it back, and both papers go on by themselves.
    life::act(world, "Resume", "bound-back", &name, json!({})).await?;
    for paper in [&give, &take] {
        world.until(paper, ConditionType::Ready).await?;
    }
    assert_eq!(tenants.get(&plate).await?.spec.agency_ref.name, "ag-66");
    Ok(())
}
