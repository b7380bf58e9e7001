//! What was approved and cannot become ready is given back: at once, and nothing of it is made anew.

use berth_cluster::until;
use berth_crds::environment::{Schedule, Stage};
use berth_crds::onboarding::State;
use berth_crds::{ConditionType, Environment, Tenant, condition, names};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::life::{act, booked, reaches, tells};
use crate::world::{PATIENCE, shared};

#[tokio::test(flavor = "multi_thread")]
async fn what_never_became_ready_is_given_back_at_once_and_who_asked_for_it_ends() -> Result<()> {
    let world = shared().await?;
    // Somebody takes the name of its namespace before it is approved: it can never be ready.
    let asked = world.ask("lead-62", "ag-62", "unready", |_| {}).await?;
    let plate = names::plate(&asked.uid().unwrap_or_default(), 0).ok_or("no plate")?;
    let name = names::environment(&plate, "prod");
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    let body: Value = json!({"metadata": {"name": name}});
    let foreign = namespaces.create(&Default::default(), &serde_json::from_value(body)?).await?;
    world.decide("approver", &asked, "Approve").await?;
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    until("the environment says why it is not ready", PATIENCE, async || {
        let status = environments.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        match condition::get(&status.conditions, ConditionType::Ready) {
            Some(ready) if ready.reason == "NamespaceForeign" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    assert!(booked(world, &name).await?);

    act(world, "Decommission", "unready-back", &name, json!({})).await?;
    let gone = reaches(world, &name, Stage::Removed).await?;
    let days = gone.spec.schedule.ok_or("no days")?;
    assert_eq!(days, Schedule { suspend: days.suspend.clone(), halt: None, remove: Some(days.suspend.clone()) });
    assert!(!booked(world, &name).await?);
    // Who asked for it ends, and says by what; what was not ours stays.
    let ended = world.until(&asked, ConditionType::Withdrawn).await?.status.unwrap_or_default();
    let told = condition::get(&ended.conditions, ConditionType::Withdrawn).map(|c| c.message.clone());
    assert_eq!(told.as_deref(), Some("\"unready-back\" gives the environment back before it was ready."));
    tells(world, "unready", State::Withdrawn).await?;
    tells(world, "unready-back", State::Closed).await?;
    assert_eq!(namespaces.get(&name).await?.uid(), foreign.uid());
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    until("the system has left", PATIENCE, async || {
        let status = tenants.get(&plate).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        if status.left.is_some() && status.prefix.is_none() { Ok(()) } else { Err(format!("{status:?}")) }
    })
    .await?;
    let after = environments.get(&name).await?;
    assert_eq!((after.uid(), after.status.and_then(|s| s.stage)), (gone.metadata.uid, Some(Stage::Removed)));
    Ok(())
}
