//! Nobody gets what somebody else has, and nobody loses a place.

use std::collections::BTreeSet;

use berth_cluster::until;
use berth_crds::common::HolderKind;
use berth_crds::environment::Zone;
use berth_crds::{ConditionType, Environment, PrefixBlock, Site, condition};
use berth_plan::amounts::{Amounts, parse_bytes};
use berth_plan::booking::Ledger;
use berth_tests::error::Result;
use berth_tests::stack::Operator;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, ResourceQuota};
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::attack::{MERGE, send};
use crate::counts::quiet;
use crate::world::{PATIENCE, World, addition, request, shared};

async fn site(world: &World) -> Result<Site> {
    Ok(Api::all(world.cluster.admin()).get("binh-duong-dc1").await?)
}

/// CPU of the one budget in the province: booked before anybody asks.
const BUDGET: i64 = 84;

/// Leaves so many CPUs besides the budget.
pub async fn capacity(world: &World, cpu: i64) -> Result<()> {
    let sites: Api<Site> = Api::all(world.cluster.admin());
    let cpu = (BUDGET + cpu).to_string();
    let patch = Patch::Merge(json!({"spec": {"capacity": {"cpu": cpu}}}));
    sites.patch("binh-duong-dc1", &Default::default(), &patch).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_and_many_requests_never_give_a_core_or_a_prefix_twice() -> Result<()> {
    let (world, _one) = World::own().await?;
    // The second one reconciles too, although the first holds the lease: safety must not rest on the lease.
    let _two = Operator::start_without_lease(&world.cluster).await?;
    capacity(&world, 13).await?;
    let mut papers = Vec::new();
    for n in 0..10 {
        let agency = ["ag-62", "ag-66", "ag-61"][n % 3];
        let who = format!("lead-{}", &agency[3..]);
        papers.push(world.ask(&who, agency, &format!("race-{n}"), |_| {}).await?);
    }
    let decisions = papers.iter().map(|paper| world.decide("approver", paper, "Approve"));
    for decided in futures::future::join_all(decisions).await {
        decided?;
    }
    until("six environments are ready and four wait", PATIENCE, async || {
        let papers = world.all::<berth_crds::Onboarding>().await.map_err(|e| e.to_string())?;
        let count = |type_, value| {
            let with = |c: &[_]| {
                condition::get(c, type_)
                    .is_some_and(|c: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| c.status == value)
            };
            papers.iter().filter(|p| with(&p.status.clone().unwrap_or_default().conditions)).count()
        };
        let now = (count(ConditionType::Ready, "True"), count(ConditionType::Booked, "False"));
        if now == (6, 4) { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await?;
    let ledger = Ledger::of_site(&site(&world).await?);
    assert_eq!(ledger.used().cpu_milli, (BUDGET + 12) * 1000);
    let blocks = world.all::<PrefixBlock>().await?;
    let systems: Vec<_> = blocks
        .iter()
        .filter_map(|b| berth_plan::address::parse(&b.spec.cidr))
        .filter(|n| n.prefix_len() == 56)
        .collect();
    assert_eq!(systems.iter().collect::<BTreeSet<_>>().len(), 6);
    let environments = world.all::<Environment>().await?;
    let prefixes: BTreeSet<_> = environments.iter().filter_map(|e| e.status.clone()?.prefix).collect();
    assert_eq!(prefixes.len(), environments.len());
    let claims: BTreeSet<_> = blocks.iter().map(|b| &b.spec.claim_ref.uid).collect();
    assert_eq!(claims.len(), blocks.len(), "no claim holds two blocks");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_waits_in_order_and_proceeds_when_capacity_is_raised() -> Result<()> {
    let (world, _operator) = World::own().await?;
    capacity(&world, 3).await?;
    world.onboard("ag-62", "queue-0", |_| {}).await?;
    let mut waiting = Vec::new();
    for (n, class) in ["s", "xs", "xs"].into_iter().enumerate() {
        let paper = world
            .ask("lead-62", "ag-62", &format!("queue-{}", n + 1), |spec| {
                spec["environment"]["classRef"]["name"] = json!(class)
            })
            .await?;
        world.decide("approver", &paper, "Approve").await?;
        waiting.push(world.until(&paper, ConditionType::Approved).await?);
    }
    for paper in &waiting {
        no_headroom(&world, paper).await?;
    }
    // One more core would let an xs in, but the s stands before it.
    capacity(&world, 4).await?;
    no_headroom(&world, &waiting[1]).await?;
    // The first in line leaves: the next one has room.
    world.sign("lead-62", crate::world::decision(&waiting[0], "requester", 1, "Withdraw")).await?;
    world.until(&waiting[0], ConditionType::Withdrawn).await?;
    world.until(&waiting[1], ConditionType::Ready).await?;
    no_headroom(&world, &waiting[2]).await?;
    capacity(&world, 6).await?;
    world.until(&waiting[2], ConditionType::Ready).await?;
    Ok(())
}

/// Waits until a paper waits for headroom.
pub async fn no_headroom(world: &World, paper: &berth_crds::Onboarding) -> Result<()> {
    let (namespace, name) = (paper.namespace().unwrap_or_default(), paper.name_any());
    let api: Api<berth_crds::Onboarding> = Api::namespaced(world.cluster.admin(), &namespace);
    until(&format!("{name} waits"), PATIENCE, async || {
        let conditions = api.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Booked) {
            Some(c) if c.status == "False" && c.reason == "NoHeadroom" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}

/// The agency takes storage.
async fn claim(world: &World, namespace: &str, storage: &str) -> Result<()> {
    let volume = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    });
    let volumes: Api<PersistentVolumeClaim> = Api::namespaced(world.client("lead-62"), namespace);
    volumes.create(&Default::default(), &serde_json::from_value(volume)?).await?;
    Ok(())
}

/// The agency gives its storage up.
async fn free(world: &World, namespace: &str) -> Result<()> {
    let volumes: Api<PersistentVolumeClaim> = Api::namespaced(world.client("lead-62"), namespace);
    volumes.delete("data", &Default::default()).await?;
    let finalizers = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let volumes: Api<PersistentVolumeClaim> = Api::namespaced(world.cluster.admin(), namespace);
    // The controller manager may have been faster: then there is nothing left to free.
    match volumes.patch("data", &Default::default(), &finalizers).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
        freed => Ok(freed.map(drop)?),
    }
}

/// Storage in the quota of a namespace.
async fn storage(world: &World, namespace: &str) -> Result<i64> {
    let quota = world.within::<ResourceQuota>(namespace).await?.remove(0);
    let hard = quota.spec.and_then(|s| s.hard).unwrap_or_default();
    Ok(parse_bytes(&hard["requests.storage"].0).ok_or("no amount")?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_grows_only_once_the_other_one_uses_no_more_than_its_part() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let environment = world
        .onboard("ag-62", "rebalance", |spec| {
            spec["system"]["level"] = json!(3);
            spec["environment"]["classRef"]["name"] = json!("m");
        })
        .await?;
    let (app, db) = (format!("{}-app", environment.name_any()), format!("{}-db", environment.name_any()));
    let (app_had, db_had) = (storage(&world, &app).await?, storage(&world, &db).await?);
    claim(&world, &db, &(db_had * 9 / 10).to_string()).await?;
    let mut zones = environment.spec.zones.clone();
    for share in &mut zones {
        match share.zone {
            Zone::App => share.percent += 10,
            Zone::Db => share.percent -= 10,
            _ => {}
        }
    }
    let by_hand = json!({"spec": {"zones": zones, "basis": {"type": "Direct", "reason": "Chia lại tài nguyên.",
        "onboardingRef": null, "decisionUIDs": null, "revision": 2}}});
    let path = format!("/apis/berth.dev/v1alpha1/environments/{}", environment.name_any());
    let edited = send(&world.client("platform"), "PATCH", &path, MERGE, &by_hand).await;
    assert!(edited.accepted(), "{edited:?}");
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    let waits = format!("{app:?} grows once {db:?} uses no more than its new part.");
    until("it says who waits for whom", PATIENCE, async || {
        let conditions =
            environments.get(&environment.name_any()).await.map_err(|e| e.to_string())?.status.unwrap_or_default();
        match condition::get(&conditions.conditions, ConditionType::QuotaReady) {
            Some(c) if c.message == waits => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    // Not in the passes after that either: each of them begins with the smaller zone lowered.
    quiet(&world).await?;
    let db_has = storage(&world, &db).await?;
    assert!(db_has < db_had, "{db_has} {db_had}");
    assert_eq!(storage(&world, &app).await?, app_had);
    free(&world, &db).await?;
    until("the zone grows by what the other one gave up", PATIENCE, async || {
        let now = storage(&world, &app).await.map_err(|e| e.to_string())?;
        if now == app_had + db_had - db_has { Ok(()) } else { Err(format!("{now}")) }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn shrinking_below_use_never_exceeds_the_grant() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "shrink", |_| {}).await?;
    let name = environment.name_any();
    claim(world, &name, "40Gi").await?;
    let mut body = request("ag-62", "shrink-2");
    let spec = &mut body["spec"];
    spec["action"] = json!("Change");
    spec["environmentRef"] = json!({"name": name, "uid": environment.uid()});
    spec["revision"] = json!(1);
    spec["environment"]["quota"] = json!({"cpu": "1", "memory": "1Gi", "storage": "10Gi"});
    spec.as_object_mut().unwrap().remove("system");
    world.create("lead-62", body).await?;
    let paper = world.onboarding("ag-62", "shrink-2").await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    let booked = async || -> Result<Amounts> {
        let ledger = Ledger::of_site(&site(world).await?);
        let held = ledger.find(HolderKind::Environment, &name).ok_or("nothing is booked")?;
        Ok(Amounts::parse(&held.resources)?)
    };
    // CPU and memory are free again; of the storage, what is still used stays booked.
    until("the unused part is given back", PATIENCE, async || {
        let now = booked().await.map_err(|e| e.to_string())?.to_resources();
        let now = (now.cpu, now.memory, now.storage);
        if now == ("1".into(), "1Gi".into(), "40Gi".into()) { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await?;
    let quota = world.within::<ResourceQuota>(&name).await?.remove(0);
    assert_eq!(quota.status.and_then(|s| s.hard).unwrap_or_default()["requests.storage"].0, "10Gi");
    free(world, &name).await?;
    until("the rest is given back", PATIENCE, async || {
        let now = booked().await.map_err(|e| e.to_string())?.to_resources().storage;
        if now == "10Gi" { Ok(()) } else { Err(now) }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_automatic_rule_decides_within_the_budget_and_names_rule_and_numbers() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-67", "auto-1", |_| {}).await?;
    let small =
        json!({"kind": "Dev", "classRef": {"name": "xs"}, "quota": {"cpu": "500m", "memory": "1Gi", "storage": "5Gi"}});
    let body = addition("ag-67", "auto-2", &environment.spec.tenant_ref.name, small);
    world.create("lead-67", body).await?;
    let paper = world.onboarding("ag-67", "auto-2").await?;
    world.until(&paper, ConditionType::Ready).await?;
    let decisions: Api<berth_crds::Decision> = Api::namespaced(world.cluster.admin(), "agency-ag-67");
    let decision = decisions.get("auto-2.approver.1").await?;
    assert_eq!(decision.spec.by.username, "berth:auto");
    let reason = decision.spec.reason.unwrap_or_default();
    assert!(
        reason.starts_with("Rule \"catalogue-within-budget\" covers it: level 1, class \"xs\"; the budget of ag-67"),
        "{reason}"
    );
    Ok(())
}
