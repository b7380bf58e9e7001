//! A13: systems pass to another agency while the controller is killed. At no instant has a system no owner or two, nothing of
//! what runs changes, and both agencies' books are right.

mod leaving; // systems of which something leaves
mod owners;

use std::collections::{BTreeMap, BTreeSet};

use berth_cluster::until;
use berth_crds::common::HolderKind;
use berth_crds::onboarding::State;
use berth_crds::{Agency, ConditionType, Environment, Onboarding, Site, Tenant, condition, names};
use berth_plan::amounts::Amounts;
use berth_plan::booking::Ledger;
use berth_tests::error::Result;
use berth_tests::fault::{Fault, Plan};
use berth_tests::stack::Operator;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::acts::about;
use crate::world::{PATIENCE, World, decision, request};

/// Systems that pass; many more with `BERTH_TRANSFERS=200`.
fn systems() -> usize {
    std::env::var("BERTH_TRANSFERS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

fn small(spec: &mut Value) {
    spec["environment"]["quota"] = json!({"cpu": "100m", "memory": "128Mi", "storage": "1Gi"});
}

fn passes(tenant: &str) -> Value {
    json!({
        "action": "Transfer", "tenantRef": {"name": tenant},
        "transfer": {"from": {"name": "ag-62"}, "to": {"name": "ag-67"}},
        "letter": {"issuer": "UBND tỉnh", "number": "90/UBND-KT", "date": "2026-01-05", "signer": "Lê Văn C"}
    })
}

/// A new system of ag-62 that passes to another agency, from the request to the handover.
pub async fn pass_on(world: &World, story: &str, to: &str) -> Result<Environment> {
    let environment = world.onboard("ag-62", story, |_| {}).await?;
    let words = json!({
        "action": "Transfer", "tenantRef": {"name": environment.spec.tenant_ref.name},
        "transfer": {"from": {"name": "ag-62"}, "to": {"name": to}}
    });
    let receiver = format!("lead-{}", to.trim_start_matches("ag-"));
    for (who, agency, what) in [("lead-62", "ag-62", "give"), (receiver.as_str(), to, "take")] {
        let paper = about(world, who, agency, &format!("{story}-{what}"), words.clone()).await?;
        world.decide("approver", &paper, "Approve").await?;
    }
    world.until(&world.onboarding(to, &format!("{story}-take")).await?, ConditionType::Ready).await?;
    Ok(Api::all(world.cluster.admin()).get(&environment.name_any()).await?)
}

/// Approved by one document, which decides a list.
pub async fn by_the_list(world: &World, paper: &Onboarding) -> Result<()> {
    let mut body = decision(paper, "approver", 1, "Approve");
    body["spec"]["document"] =
        json!({"issuer": "Sở KH&CN", "number": "91/QĐ-SKHCN", "date": "2026-01-06", "signer": "Phạm Thị D"});
    world.sign("approver", body).await?;
    Ok(())
}

/// What must not change: namespaces with their UIDs, and prefixes.
async fn lasting(world: &World, names: &[String]) -> Result<BTreeMap<String, (Option<String>, Option<String>)>> {
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    let mut all = BTreeMap::new();
    for name in names {
        let prefix = environments.get(name).await?.status.and_then(|s| s.prefix);
        all.insert(name.clone(), (namespaces.get(name).await?.uid(), prefix));
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_systems_pass_to_another_agency_although_the_controller_is_killed_midway() -> Result<()> {
    let (world, operator) = World::own().await?;
    let n = systems();
    for i in 0..n {
        let paper = world.ask("lead-62", "ag-62", &format!("pass-{i}"), small).await?;
        world.decide("approver", &paper, "Approve").await?;
    }
    let mut environments = Vec::new();
    for i in 0..n {
        let paper = world.onboarding("ag-62", &format!("pass-{i}")).await?;
        let status = world.until(&paper, ConditionType::Ready).await?.status.unwrap_or_default();
        environments.push(status.environment_ref.ok_or("no environment")?.name);
    }
    let before = lasting(&world, &environments).await?;
    let plates: Vec<String> = environments.iter().filter_map(|e| Some(e.split_once('-')?.0.to_owned())).collect();
    let tenants: Api<Tenant> = Api::all(world.cluster.admin());

    // The giving agency asks; nothing passes before the receiving agency asks for the same.
    for (i, plate) in plates.iter().enumerate() {
        let paper = about(&world, "lead-62", "ag-62", &format!("give-{i}"), passes(plate)).await?;
        by_the_list(&world, &paper).await?;
    }
    let first = world.onboarding("ag-62", "give-0").await?;
    until("the paper waits for the other agency", PATIENCE, async || {
        let found = world.onboarding("ag-62", "give-0").await.map_err(|e| e.to_string())?;
        let summary = found.status.unwrap_or_default().summary.unwrap_or_default();
        if (summary.state, summary.holder.as_str()) == (State::Approved, "other-agency") {
            Ok(())
        } else {
            Err(format!("{summary:?}"))
        }
    })
    .await?;
    assert_eq!(tenants.get(&plates[0]).await?.spec.agency_ref.name, "ag-62");

    let list = tenants.list(&Default::default()).await?;
    let (watched, watching) = owners::watch(&world, &list.metadata.resource_version.unwrap_or_default());
    operator.stop().await?;
    for (i, plate) in plates.iter().enumerate() {
        let paper = about(&world, "lead-67", "ag-67", &format!("take-{i}"), passes(plate)).await?;
        by_the_list(&world, &paper).await?;
    }
    // Two of the receiving agency's own requests want the same budget at the same time.
    for i in 0..2 {
        let paper = world.ask("lead-67", "ag-67", &format!("own-{i}"), small).await?;
        world.decide("approver", &paper, "Approve").await?;
    }
    let passed = async || {
        let all = tenants.list(&Default::default()).await.map_err(|e| e.to_string())?.items;
        Ok::<_, String>(
            all.iter().filter(|t| plates.contains(&t.name_any()) && t.spec.agency_ref.name == "ag-67").count(),
        )
    };
    // Killed when every second system has passed.
    let midway = Plan::of_systems(Fault::Crash, n / 2);
    let broken = Operator::start_faulty(&world.cluster, &midway).await?;
    tokio::time::timeout(PATIENCE, midway.struck()).await.map_err(|_| "the middle never came")?;
    broken.crash();
    let count = passed().await?;
    assert!((1..n).contains(&count), "{count} of {n} have passed: that is not midway");
    let again = Operator::start_without_lease(&world.cluster).await?;
    for i in 0..n {
        for (agency, name) in [("ag-62", "give"), ("ag-67", "take")] {
            let paper = world.onboarding(agency, &format!("{name}-{i}")).await?;
            let paper = world.until(&paper, ConditionType::Ready).await?;
            assert_eq!(paper.status.unwrap_or_default().summary.map(|s| s.state), Some(State::HandedOver));
        }
    }
    for i in 0..2 {
        world.until(&world.onboarding("ag-67", &format!("own-{i}")).await?, ConditionType::Ready).await?;
    }
    assert_eq!(passed().await?, n);
    assert_eq!(lasting(&world, &environments).await?, before, "namespaces and prefixes stay");
    everything_follows(&world, &environments).await?;
    books_are_right(&world, &environments).await?;
    until("the watch has seen every system pass", PATIENCE, async || {
        let seen = watched.lock().unwrap();
        let passed = |plate: &&String| seen.owners.get(*plate).is_some_and(|owners| owners.contains("ag-67"));
        let unseen: Vec<&String> = plates.iter().filter(|plate| !passed(plate)).collect();
        if unseen.is_empty() || !seen.wrong.is_empty() { Ok(()) } else { Err(format!("{unseen:?}")) }
    })
    .await?;
    watching.abort();
    assert_eq!(watched.lock().unwrap().wrong, Vec::<String>::new(), "exactly one owner at every instant");

    // A paper that was carried out is not carried out again, and its system is not the giving agency's to ask about.
    let late = about(&world, "lead-62", "ag-62", "give-late", passes(&plates[0])).await?;
    let late = world.until(&late, ConditionType::Rejected).await?;
    assert!(
        late.status.unwrap_or_default().checks.iter().any(|c| c.id == "ownership" && c.reason == "NotActingForAgency")
    );
    assert!(first.uid().is_some());
    again.stop().await
}

/// Labels and bindings are the new owner's.
async fn everything_follows(world: &World, environments: &[String]) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(world.cluster.admin());
    for name in environments {
        let label = namespaces.get(name).await?.labels().get("berth.dev/agency").cloned();
        let bindings: Api<RoleBinding> = Api::namespaced(world.cluster.admin(), name);
        let bound = bindings.list(&Default::default()).await?.items;
        let bound: BTreeSet<String> =
            bound.into_iter().flat_map(|b| b.subjects.unwrap_or_default()).map(|s| s.name).collect();
        assert_eq!((label.as_deref(), bound), (Some("ag-67"), BTreeSet::from(["berth:ag-67:requester".to_owned()])));
    }
    Ok(())
}

/// Every environment is booked once, with its owner, and no list promises more than it has.
async fn books_are_right(world: &World, environments: &[String]) -> Result<()> {
    let (agencies, sites) = (Api::<Agency>::all(world.cluster.admin()), Api::<Site>::all(world.cluster.admin()));
    let wanted: BTreeSet<String> = environments.iter().cloned().collect();
    until("each is booked with its owner alone", PATIENCE, async || {
        let agency = agencies.get("ag-67").await.map_err(|e| e.to_string())?;
        let site = sites.get("binh-duong-dc1").await.map_err(|e| e.to_string())?;
        let own: BTreeSet<String> =
            agency.status.clone().unwrap_or_default().booked.into_iter().map(|b| b.name).collect();
        let at_site = site.status.clone().unwrap_or_default().booked.into_iter();
        let at_site: BTreeSet<String> = at_site.filter(|b| b.kind == HolderKind::Environment).map(|b| b.name).collect();
        let twice: Vec<&String> = wanted.intersection(&at_site).collect();
        let ledger = Ledger::of_agency(&agency, &Ledger::of_site(&site)).ok_or("no budget")?;
        let mut all = wanted.clone();
        all.extend(own.iter().filter(|name| !wanted.contains(*name)).cloned());
        let right = wanted.is_subset(&own) && all.len() == wanted.len() + 2 && twice.is_empty();
        if right && ledger.used().fits(ledger.limit) && ledger.used() != Amounts::default() {
            Ok(())
        } else {
            Err(format!("{own:?} {twice:?}"))
        }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_agency_passes_a_system_alone_and_a_withdrawn_paper_is_none() -> Result<()> {
    let world = crate::world::shared().await?;
    let environment = world.onboard("ag-62", "alone", |_| {}).await?;
    let plate = environment.spec.tenant_ref.name;
    let to_66 = json!({
        "action": "Transfer", "tenantRef": {"name": plate}, "transfer": {"from": {"name": "ag-62"}, "to": {"name": "ag-66"}}
    });
    // Who takes asks first; the giving agency's paper comes and is taken back before it is decided.
    let take = about(world, "lead-66", "ag-66", "alone-take", to_66.clone()).await?;
    by_the_list(world, &take).await?;
    let give = about(world, "lead-62", "ag-62", "alone-give", to_66.clone()).await?;
    let mut withdrawal = decision(&give, "requester", 1, "Withdraw");
    withdrawal["spec"]["reason"] = json!("Chưa bàn giao.");
    world.sign("lead-62", withdrawal).await?;
    world.until(&give, ConditionType::Withdrawn).await?;
    // A third agency has no say, whatever it writes.
    let mut body = request("ag-61", "alone-third");
    let spec = body["spec"].as_object_mut().ok_or("no spec")?;
    spec.remove("system");
    spec.remove("environment");
    spec.extend(to_66.as_object().ok_or("no object")?.clone());
    world.create("lead-61", body).await?;
    let third = world.until(&world.onboarding("ag-61", "alone-third").await?, ConditionType::Rejected).await?;
    assert!(third.status.unwrap_or_default().checks.iter().any(|c| c.message.contains("is neither")));
    let tenant: Tenant = Api::all(world.cluster.admin()).get(&plate).await?;
    assert_eq!(tenant.spec.agency_ref.name, "ag-62");
    let waiting = world.onboarding("ag-66", "alone-take").await?.status.unwrap_or_default();
    assert!(!condition::is_true(&waiting.conditions, ConditionType::Ready), "{waiting:?}");
    // With both papers it passes.
    let give = about(world, "lead-62", "ag-62", "alone-give-2", to_66).await?;
    by_the_list(world, &give).await?;
    world.until(&take, ConditionType::Ready).await?;
    let tenant: Tenant = Api::all(world.cluster.admin()).get(&plate).await?;
    assert_eq!((tenant.spec.agency_ref.name.as_str(), tenant.spec.owners.len()), ("ag-66", 2));
    assert_eq!(names::agency_of_namespace(&give.namespace().unwrap_or_default()), Some("ag-62"));
    Ok(())
}
