//! What is booked is what was given, whatever papers cross each other and whatever becomes of budgets.

use std::collections::BTreeMap;

use berth_cluster::until;
use berth_crds::common::HolderKind;
use berth_crds::{Agency, ConditionType, Environment, Onboarding, Site, Tenant, condition, labels};
use berth_tests::error::Result;
use berth_tests::stack::{Account, Operator};
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, decision, request, shared};

/// A request to resize an environment, written against a revision.
fn resize(agency: &str, name: &str, environment: &Environment, revision: i64, cpu: &str) -> Value {
    let mut body = request(agency, name);
    let spec = &mut body["spec"];
    spec["action"] = json!("Change");
    spec["environmentRef"] = json!({"name": environment.name_any(), "uid": environment.uid()});
    spec["revision"] = json!(revision);
    spec["environment"]["classRef"]["name"] = json!("m");
    spec["environment"]["quota"] = json!({"cpu": cpu, "memory": "4Gi", "storage": "20Gi"});
    spec.as_object_mut().unwrap().remove("system");
    body
}

async fn submit(world: &World, who: &str, body: Value) -> Result<Onboarding> {
    let created = world.create(who, body).await?;
    Ok(serde_json::from_value(serde_json::to_value(created)?)?)
}

/// Waits until a request stands still, and returns the reason.
async fn stalled(world: &World, paper: &Onboarding) -> Result<String> {
    let conditions = world.until(paper, ConditionType::Stalled).await?.status.unwrap_or_default().conditions;
    Ok(condition::get(&conditions, ConditionType::Stalled).map(|c| c.reason.clone()).unwrap_or_default())
}

async fn site(world: &World) -> Result<Site> {
    Ok(Api::all(world.cluster.admin()).get("binh-duong-dc1").await?)
}

/// CPU and paper of every entry of the site, by kind and holder.
fn entries(site: &Site) -> BTreeMap<(HolderKind, String), (String, Option<String>)> {
    let booked = site.status.clone().unwrap_or_default().booked;
    booked.into_iter().map(|b| ((b.kind, b.name), (b.resources.cpu, b.onboarding_ref.map(|r| r.name)))).collect()
}

async fn booked(
    world: &World,
    what: &str,
    kind: HolderKind,
    name: &str,
    expected: Option<(&str, Option<&str>)>,
) -> Result<()> {
    until(what, PATIENCE, async || {
        let all = entries(&site(world).await.map_err(|e| e.to_string())?);
        let now = all.get(&(kind, name.to_owned()));
        let now = now.map(|(cpu, paper)| (cpu.as_str(), paper.as_deref()));
        if now == expected { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_of_one_revision_the_second_leaves_nothing_behind() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "cross-0", |_| {}).await?;
    let name = environment.name_any();
    let first = submit(world, "lead-62", resize("ag-62", "cross-1", &environment, 1, "3")).await?;
    let second = submit(world, "lead-62", resize("ag-62", "cross-2", &environment, 1, "4")).await?;
    // Both pass their checks before either is decided.
    for paper in [&first, &second] {
        world.checked(paper).await?;
    }
    world.decide("approver", &first, "Approve").await?;
    world.until(&first, ConditionType::Ready).await?;
    world.decide("approver", &second, "Approve").await?;
    assert_eq!(stalled(world, &second).await?, "AlreadyExists");
    booked(
        world,
        "what the first was given stays booked",
        HolderKind::Environment,
        &name,
        Some(("3", Some("cross-1"))),
    )
    .await?;
    // What the environment was given first cannot be taken back any more, although a later paper stands in it.
    let paper = world.onboarding("ag-62", "cross-0").await?;
    let late = world.sign("lead-62", decision(&paper, "requester", 1, "Withdraw")).await?;
    assert_eq!(world.effect(&late).await?.1, "VoidAlreadyDecided");
    // A shrink still gives back.
    let third = submit(world, "lead-62", resize("ag-62", "cross-3", &environment, 2, "1")).await?;
    world.decide("approver", &third, "Approve").await?;
    world.until(&third, ConditionType::Ready).await?;
    booked(world, "the rest is given back", HolderKind::Environment, &name, Some(("1", Some("cross-3")))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_for_one_code_make_one_system() -> Result<()> {
    let world = shared().await?;
    let mut papers = Vec::new();
    for agency in ["62", "66", "61"] {
        let code = |spec: &mut Value| spec["system"]["code"] = json!("one-code");
        papers.push(
            world.ask(&format!("lead-{agency}"), &format!("ag-{agency}"), &format!("code-{agency}"), code).await?,
        );
    }
    for paper in &papers {
        world.checked(paper).await?;
    }
    let decisions = papers.iter().map(|paper| world.decide("approver", paper, "Approve"));
    for decided in futures::future::join_all(decisions).await {
        decided?;
    }
    let api: Api<Onboarding> = Api::all(world.cluster.admin());
    let settled = async || -> std::result::Result<Vec<(bool, String)>, String> {
        let all = api.list(&Default::default()).await.map_err(|e| e.to_string())?;
        let about = |o: &&Onboarding| o.spec.system.as_ref().is_some_and(|s| s.code == "one-code");
        let mut found: Vec<(bool, String)> = Vec::new();
        for paper in all.items.iter().filter(about) {
            let conditions = paper.status.clone().unwrap_or_default().conditions;
            let ready = condition::is_true(&conditions, ConditionType::Ready);
            let stalled = condition::get(&conditions, ConditionType::Stalled).filter(|c| c.status == "True");
            if !ready && stalled.is_none() {
                return Err(format!("{} is on its way", paper.name_any()));
            }
            found.push((ready, stalled.map(|c| c.reason.clone()).unwrap_or_default()));
        }
        found.sort();
        Ok(found)
    };
    let outcome = until("all three are settled", PATIENCE, settled).await?;
    let refused = || (false, "AlreadyExists".to_owned());
    assert_eq!(outcome, vec![refused(), refused(), (true, String::new())]);
    let tenants: Vec<Tenant> = world.all().await?;
    assert_eq!(tenants.iter().filter(|t| t.spec.code == "one-code").count(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_served_keeps_nobody_waiting_and_budgets_move_their_bookings() -> Result<()> {
    let (world, operator) = World::own().await?;
    let sites: Api<Site> = Api::all(world.cluster.admin());
    let capacity = async |cpu: i64| -> Result<()> {
        let patch = Patch::Merge(json!({"spec": {"capacity": {"cpu": cpu.to_string()}}}));
        sites.patch("binh-duong-dc1", &Default::default(), &patch).await?;
        Ok(())
    };
    capacity(84 + 6).await?;
    let environment = world.onboard("ag-62", "head-0", |_| {}).await?;
    let name = environment.name_any();
    // At the head stands a change that does not fit; who comes later waits behind it.
    let stale = submit(&world, "lead-62", resize("ag-62", "head-stale", &environment, 1, "8")).await?;
    world.decide("approver", &stale, "Approve").await?;
    world.until(&stale, ConditionType::Approved).await?;
    let next = world.ask("lead-66", "ag-66", "head-next", |_| {}).await?;
    world.decide("approver", &next, "Approve").await?;
    for paper in [&stale, &next] {
        waits(&world, paper).await?;
    }
    // A direct edit makes it out of date: it leaves the queue, and the next one has room.
    direct(
        &world,
        &name,
        2,
        json!({"quota": {"cpu": "3", "memory": "4Gi", "storage": "20Gi"}, "classRef": {"name": "m"}}),
    )
    .await?;
    assert_eq!(stalled(&world, &stale).await?, "AlreadyExists");
    world.until(&next, ConditionType::Ready).await?;
    booked(&world, "the direct edit", HolderKind::Environment, &name, Some(("3", None))).await?;
    more_than_there_is(&world).await?;

    budgets(&world, &name).await?;
    wiped(&world, operator, &name).await
}

/// Who wants more than the whole budget waits for a larger one, and nobody waits for that.
async fn more_than_there_is(world: &World) -> Result<()> {
    let agencies: Api<Agency> = Api::all(world.cluster.admin());
    let budget = Patch::Merge(json!({"spec": {"budget": {"cpu": "20"}}}));
    agencies.patch("ag-67", &Default::default(), &budget).await?;
    booked(world, "the smaller budget", HolderKind::Agency, "ag-67", Some(("20", None))).await?;
    let huge = world.ask("lead-67", "ag-67", "head-huge", |s| {
        s["environment"]["classRef"]["name"] = json!("xxl");
        s["environment"]["quota"] = json!({"cpu": "60", "memory": "64Gi", "storage": "100Gi"});
    });
    let (huge, small) = (huge.await?, world.ask("lead-67", "ag-67", "head-small", |_| {}).await?);
    world.decide("approver", &huge, "Approve").await?;
    world.until(&huge, ConditionType::Approved).await?;
    let message = waits(world, &huge).await?;
    assert_eq!(message, "More cpu is granted than there is altogether: raise it, or ask for less.");
    world.decide("approver", &small, "Approve").await?;
    world.until(&small, ConditionType::Ready).await?;
    Ok(())
}

/// Waits until a request waits for headroom, and returns what lacks.
async fn waits(world: &World, paper: &Onboarding) -> Result<String> {
    let (namespace, name) = (paper.namespace().unwrap_or_default(), paper.name_any());
    let api: Api<Onboarding> = Api::namespaced(world.cluster.admin(), &namespace);
    Ok(until(&format!("{name} waits"), PATIENCE, async || {
        let conditions = api.get(&name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Booked) {
            Some(c) if c.status == "False" && c.reason == "NoHeadroom" => Ok(c.message.clone()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?)
}

/// A platform operator's edit of an environment.
async fn direct(world: &World, name: &str, revision: i64, mut spec: Value) -> Result<()> {
    spec["basis"] = json!({
        "type": "Direct", "reason": "At two in the morning.", "onboardingRef": null, "decisionUIDs": null,
        "revision": revision,
    });
    let environments: Api<Environment> = Api::all(world.client("platform"));
    environments.patch(name, &Default::default(), &Patch::Merge(json!({"spec": spec}))).await?;
    Ok(())
}

/// A budget that comes takes the bookings along, one that falls frees the site, one that goes gives them back.
async fn budgets(world: &World, name: &str) -> Result<()> {
    let agencies: Api<Agency> = Api::all(world.cluster.admin());
    let budget = async |cpu: Option<i64>| -> Result<()> {
        let value = cpu.map_or(Value::Null, |cpu| json!({"cpu": cpu.to_string(), "memory": "64Gi", "storage": "1Ti"}));
        agencies.patch("ag-62", &Default::default(), &Patch::Merge(json!({"spec": {"budget": value}}))).await?;
        Ok(())
    };
    let own = async |expected: usize| {
        until("the agency's own list", PATIENCE, async || {
            let agency = agencies.get("ag-62").await.map_err(|e| e.to_string())?;
            let now = agency.status.unwrap_or_default().booked.len();
            if now == expected { Ok(()) } else { Err(now.to_string()) }
        })
        .await
    };
    budget(Some(5)).await?;
    booked(world, "the budget is one entry", HolderKind::Agency, "ag-62", Some(("5", None))).await?;
    booked(world, "its environments are none", HolderKind::Environment, name, None).await?;
    own(1).await?;
    budget(Some(4)).await?;
    booked(world, "a smaller budget frees the site", HolderKind::Agency, "ag-62", Some(("4", None))).await?;
    budget(Some(1)).await?;
    booked(world, "never below what is given", HolderKind::Agency, "ag-62", Some(("3", None))).await?;
    budget(None).await?;
    booked(world, "the budget is gone", HolderKind::Agency, "ag-62", None).await?;
    booked(world, "the environment is an entry again", HolderKind::Environment, name, Some(("3", None))).await?;
    own(0).await?;
    Ok(())
}

/// A list that was lost is booked again, by the papers that gave it.
async fn wiped(world: &World, operator: Operator, name: &str) -> Result<()> {
    operator.stop().await?;
    // Nobody but the operator's own account may do this to it.
    let account = Account::of(&world.cluster, labels::OPERATOR_ACCOUNT).await?;
    let sites: Api<Site> = Api::all(account.client(&world.cluster)?);
    let mut lost = site(world).await?;
    lost.status.get_or_insert_default().booked.clear();
    sites.replace_status("binh-duong-dc1", &Default::default(), &lost).await?;
    let _operator = world.operator().await?;
    booked(world, "booked again", HolderKind::Environment, name, Some(("3", None))).await?;
    booked(world, "and the other agency's budget", HolderKind::Agency, "ag-67", Some(("20", None))).await?;
    // Whoever left the list is out, although the class is gone and nothing can be planned.
    let bindings: Api<RoleBinding> = Api::namespaced(world.cluster.admin(), name);
    assert_eq!(bindings.list(&Default::default()).await?.items.len(), 1);
    let classes: Api<berth_crds::EnvironmentClass> = Api::all(world.cluster.admin());
    classes.delete("m", &Default::default()).await?;
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    direct(world, name, 3, json!({"access": []})).await?;
    until("access is gone", PATIENCE, async || {
        let left = bindings.list(&Default::default()).await.map_err(|e| e.to_string())?.items.len();
        if left == 0 { Ok(()) } else { Err(left.to_string()) }
    })
    .await?;
    until("it says what is missing", PATIENCE, async || {
        let conditions = environments.get(name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Ready) {
            Some(c) if c.status == "False" && c.reason == "MissingReference" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    Ok(())
}
