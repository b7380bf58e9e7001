//! S15: a panic in one reconcile leaves the others running, proved by one that is put there.

use berth_crds::environment::EnvironmentKind;
use berth_crds::{ConditionType, condition, names};
use berth_tests::error::Result;
use berth_tests::poison::Poison;
use berth_tests::stack::Operator;
use kube::ResourceExt;

use crate::world::{PATIENCE, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_in_the_work_on_one_environment_leaves_all_others_running() -> Result<()> {
    let world = World::start().await?;
    let paper = world.ask("lead-62", "ag-62", "defect-a", |_| {}).await?;
    world.decide("approver", &paper, "Approve").await?;
    // Where the request leads is known before anybody works on it: names are derived.
    let plate = names::plate(&paper.uid().unwrap_or_default(), 0).ok_or("a UID has a plate")?;
    let namespace = names::namespace(&names::environment(&plate, EnvironmentKind::Prod.suffix()), None);
    let poison = Poison::within(&namespace);
    let operator = Operator::start_poisoned(&world.cluster, &poison).await?;
    let strikes = tokio::time::timeout(PATIENCE, poison.struck(2)).await;
    strikes.map_err(|_| format!("nobody worked on {namespace} twice"))?;
    // The others: another agency's whole way, from the request to the environment, by the same operator.
    world.onboard("ag-61", "defect-b", |_| {}).await?;
    let conditions = world.onboarding("ag-62", "defect-a").await?.status.unwrap_or_default().conditions;
    assert!(!condition::is_true(&conditions, ConditionType::Ready), "{conditions:?}");
    poison.mend();
    world.until(&paper, ConditionType::Ready).await?;
    operator.stop().await
}
