//! Ways out to the last namespace, booking and prefix, under a rule set whose steps have no days: what is given back and comes
//! again, who is out (S13), and what becomes of a system of which an environment is a record only.

use std::sync::Arc;

use berth_cluster::until;
use berth_crds::address::BlockState;
use berth_crds::decision::Saved;
use berth_crds::environment::{Lifecycle, Stage};
use berth_crds::onboarding::State;
use berth_crds::{ConditionType, PrefixBlock, Tenant, condition, names};
use berth_tests::error::Result;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::acts::about;
use crate::life::{act, booked, bound, dayless, leave, now, reaches, reconciliation, replicas, tells, workloads};
use crate::night::{edit, enters, gets};
use crate::transfer::by_the_list;
use crate::world::{Common, Manned, PATIENCE, addition, code};

/// The world of these stories: each has its own systems.
static WORLD: Common<Manned> = Common::of(3);

async fn world() -> Result<Arc<Manned>> {
    WORLD.enter(dayless).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a16_a30_a_system_leaves_halted_reversed_and_removed_with_prefix_and_booking_given_back() -> Result<()> {
    let world = world().await?;
    let environment = world.onboard("ag-62", "leaver", |_| {}).await?;
    let (name, plate) = (environment.name_any(), environment.spec.tenant_ref.name.clone());
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());
    let prefix = tenants.get(&plate).await?.status.and_then(|s| s.prefix).ok_or("no prefix")?;
    workloads(&world, &name).await?;
    let deployments: Api<Deployment> = Api::namespaced(world.client("lead-62"), &name);
    assert!(booked(&world, &name).await?);

    // Halted: nothing runs, everybody reads, and what ran is remembered.
    let paper = act(&world, "Decommission", "out-1", &name, json!({})).await?;
    let halted = reaches(&world, &name, Stage::Halted).await?;
    assert_eq!(replicas(&world, &name).await?, [Some(0); 3]);
    let remembered = halted.status.clone().unwrap_or_default().halted;
    assert_eq!(
        remembered.iter().map(|w| (w.name.as_str(), w.replicas)).collect::<Vec<_>>(),
        [("web", 3), ("db", 2), ("rs", 1)]
    );
    assert_eq!(bound(&world, &name).await?, ["berth-tenant-view"]);
    assert_eq!(deployments.get("web").await?.name_any(), "web");
    assert_eq!(code(deployments.delete("web", &Default::default()).await), 403);
    let told = world.onboarding("ag-62", &paper.name_any()).await?.status.and_then(|s| s.summary);
    assert_eq!(told.map(|s| s.state), Some(State::Decommissioning));
    tells(&world, "leaver", State::Decommissioning).await?;

    // Reversed: exactly as it was.
    act(&world, "Resume", "back", &name, json!({})).await?;
    let back = reaches(&world, &name, Stage::Active).await?;
    assert_eq!(replicas(&world, &name).await?, [Some(3), Some(2), Some(1)]);
    assert_eq!(bound(&world, &name).await?, ["berth-tenant-admin"]);
    assert_eq!(
        (back.spec.lifecycle, back.spec.schedule, back.status.unwrap_or_default().halted),
        (Lifecycle::Active, None, vec![])
    );
    for paper in ["leaver", "out-1"] {
        tells(&world, paper, State::HandedOver).await?;
    }

    // Given back again; who asked for it does not sign that everything is saved.
    let paper = act(&world, "Decommission", "out-2", &name, json!({})).await?;
    let halted = reaches(&world, &name, Stage::Halted).await?;
    let unsigned = until("it says what it waits for", PATIENCE, async || {
        let conditions = now(&world, &name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        condition::get(&conditions, ConditionType::Reconciled)
            .map(|c| c.reason.clone())
            .ok_or(format!("{conditions:?}"))
    })
    .await?;
    assert_eq!(unsigned, "AwaitingReconciliation");
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    assert_eq!(code(namespaces.delete(&name, &Default::default()).await), 403, "by nobody's hand either");
    // The minutes alone say nothing of the steps before them.
    let mut unsaved = reconciliation(&paper, 1);
    unsaved["spec"].as_object_mut().expect("the body above has a spec").remove("saved");
    assert_eq!(code(world.create("both", unsaved).await), 422);
    assert_eq!(code(world.create("lead-62", reconciliation(&paper, 1)).await), 403);
    assert_eq!(code(world.create("lead-61", reconciliation(&paper, 1)).await), 403);
    assert_eq!(namespaces.get(&name).await?.uid(), halted.status.and_then(|s| s.namespaces[0].uid.clone()));
    let word = world.sign("both", reconciliation(&paper, 1)).await?;
    let saved = Saved { statistics_sha256: "1".repeat(64), backup_sha256: "2".repeat(64) };
    let hash = word.spec.document.and_then(|minutes| minutes.sha256);
    assert_eq!((word.spec.saved, hash), (Some(saved), Some("0".repeat(64))), "a checksum of every step");
    let gone = reaches(&world, &name, Stage::Removed).await?;
    let status = gone.status.clone().unwrap_or_default();
    assert_eq!((status.namespaces.len(), status.prefix, status.granted), (0, None, None));
    assert_eq!(code(namespaces.get(&name).await), 404);
    assert!(!booked(&world, &name).await?);
    let blocks: Api<PrefixBlock> = Api::all(world.cluster.admin());
    until("the system's block is in quarantine", PATIENCE, async || {
        let block = blocks.get(&names::block(&prefix)).await.map_err(|e| e.to_string())?;
        if block.spec.state == BlockState::Quarantined { Ok(()) } else { Err(format!("{block:?}")) }
    })
    .await?;
    let left = tenants.get(&plate).await?.status.unwrap_or_default();
    assert!(left.left.is_some() && left.prefix.is_none(), "{left:?}");
    for paper in ["leaver", "out-2"] {
        tells(&world, paper, State::Closed).await?;
    }

    // A16: the next system is numbered elsewhere. The one that left gets its own back when it comes again.
    let next = world.onboard("ag-62", "next", |_| {}).await?;
    assert_ne!(tenants.get(&next.spec.tenant_ref.name).await?.status.and_then(|s| s.prefix).as_ref(), Some(&prefix));
    let again = addition("ag-62", "again", &plate, json!({"kind": "Prod", "classRef": {"name": "xs"}}));
    world.create("lead-62", again).await?;
    let again = world.onboarding("ag-62", "again").await?;
    world.decide("approver", &again, "Approve").await?;
    world.until(&again, ConditionType::Ready).await?;
    let again = now(&world, &name).await?;
    assert_eq!((again.uid(), again.status.and_then(|s| s.stage)), (gone.uid(), Some(Stage::Active)));
    assert_eq!(tenants.get(&plate).await?.status.and_then(|s| s.prefix), Some(prefix));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_in_a_removed_environment_is_out_and_not_in_again_with_what_takes_its_name() -> Result<()> {
    let world = world().await?;
    let deploys = |spec: &mut Value| spec["environment"]["deployAccount"] = json!("PerNamespace");
    let environment = world.onboard("ag-62", "removed", deploys).await?;
    let (name, plate) = (environment.name_any(), environment.spec.tenant_ref.name.clone());
    let owner = json!({"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Admin"});
    let guest = json!({"subject": {"kind": "User", "name": "nobody"}, "role": "View"});
    edit(&world, &name, json!({"access": [owner, guest]})).await?;
    let token = world.cluster.service_account_token(&name, "berth-deploy", &[]).await?;
    let [lead, guest, pipeline] = [world.client("lead-62"), world.client("nobody"), world.cluster.client_for(&token)];
    for client in [&lead, &guest, &pipeline] {
        gets(client, &name, 200).await?;
    }

    leave(&world, "removed-out", &name).await?;
    for (client, code) in [(&lead, 403), (&guest, 403), (&pipeline, 401)] {
        gets(client, &name, code).await?;
    }
    assert_eq!(world.within::<RoleBinding>(&name).await?.len(), 0);

    // The same name, and an account of the same name in it: who was let in then is not let in now.
    let asked = json!({"kind": "Prod", "classRef": {"name": "xs"}, "deployAccount": "PerNamespace"});
    world.create("lead-62", addition("ag-62", "removed-again", &plate, asked)).await?;
    let again = world.onboarding("ag-62", "removed-again").await?;
    world.decide("approver", &again, "Approve").await?;
    let again = world.until(&again, ConditionType::Ready).await?;
    assert_eq!(again.status.and_then(|s| s.environment_ref).map(|e| e.name), Some(name.clone()));
    gets(&lead, &name, 200).await?;
    let accounts: Api<ServiceAccount> = Api::namespaced(world.cluster.admin(), &name);
    accounts.get("berth-deploy").await?;
    assert_eq!((enters(&guest, &name).await, enters(&pipeline, &name).await), (403, 401));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_passes_although_one_of_its_environments_is_a_record_only() -> Result<()> {
    let world = world().await?;
    let plate = world.onboard("ag-62", "thinned", |_| {}).await?.spec.tenant_ref.name;
    let staging = addition("ag-62", "thinned-more", &plate, json!({"kind": "Staging", "classRef": {"name": "xs"}}));
    world.create("lead-62", staging).await?;
    let paper = world.onboarding("ag-62", "thinned-more").await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    let staging = format!("{plate}-staging");
    leave(&world, "thinned-out", &staging).await?;
    let to_66 = json!({
        "action": "Transfer", "tenantRef": {"name": plate}, "transfer": {"from": {"name": "ag-62"}, "to": {"name": "ag-66"}}
    });
    let give = about(&world, "lead-62", "ag-62", "thinned-give", to_66.clone()).await?;
    let take = about(&world, "lead-66", "ag-66", "thinned-take", to_66).await?;
    for paper in [&give, &take] {
        by_the_list(&world, paper).await?;
    }
    // Both papers end, so that nothing after them waits; and nobody pays for what is gone.
    for paper in [&give, &take] {
        world.until(paper, ConditionType::Ready).await?;
    }
    assert!(!booked(&world, &staging).await?);
    Ok(())
}
