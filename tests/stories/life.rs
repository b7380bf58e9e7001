//! The life of an environment: extended, suspended and resumed, and on its way out; to the end of that: `leaving`.

use berth_api::cli::Exit;
use berth_api::proto::v1 as pb;
use berth_cluster::until;
use berth_crds::common::HolderKind;
use berth_crds::connection::ConnectionState;
use berth_crds::decision::Effect;
use berth_crds::environment::{Lifecycle, Stage};
use berth_crds::onboarding::State;
use berth_crds::{Agency, ConditionType, Decision, Environment, Onboarding, Site, condition, labels, names};
use berth_tests::error::Result;
use berth_tests::stack::Account;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{Patch, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::attack::{MERGE, send};
use crate::connection;
use crate::way::Way;
use crate::world::{Manned, PATIENCE, World, addition, code, decision, shared};

/// A rule set in which every step of a way out falls on the day of the decision: what days do is the plan's own tests.
pub async fn without_days(world: &World) -> Result<()> {
    let path = "/apis/berth.dev/v1alpha1/policyprofiles/vn-2026";
    let step = |step: &str| json!({"step": step, "days": 0, "unit": "Calendar", "source": "[A]"});
    let clocks = json!({"spec": {"clocks": [step("Halting"), step("Hold"), step("EndNotice")]}});
    let set = send(&world.cluster.admin(), "PATCH", path, MERGE, &clocks).await;
    assert!(set.accepted(), "{set:?}");
    Ok(())
}

/// A world with such a rule set.
pub async fn dayless() -> Result<Manned> {
    let world = Manned::new().await?;
    without_days(&world).await?;
    Ok(world)
}

/// The environment as it is now.
pub async fn now(world: &World, name: &str) -> std::result::Result<Environment, kube::Error> {
    Api::all(world.cluster.admin()).get(name).await
}

/// A paper of ag-62 on an environment as it is now, approved and carried out.
pub async fn act(world: &World, action: &str, name: &str, environment: &str, with: Value) -> Result<Onboarding> {
    let paper = ask(world, action, name, environment, with).await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await
}

async fn ask(world: &World, action: &str, name: &str, environment: &str, with: Value) -> Result<Onboarding> {
    let seen = now(world, environment).await?;
    let change = |spec: &mut Value| {
        spec["action"] = json!(action);
        spec["environmentRef"] = json!({"name": environment, "uid": seen.uid()});
        spec["revision"] = json!(seen.spec.basis.revision);
        let members = spec.as_object_mut().expect("a request has a spec");
        members.remove("system");
        members.remove("environment");
        members.extend(with.as_object().cloned().unwrap_or_default());
    };
    world.ask("lead-62", "ag-62", name, change).await
}

/// Waits until an environment is in a stage, and returns it.
pub async fn reaches(world: &World, name: &str, stage: Stage) -> Result<Environment> {
    Ok(until(&format!("{name} is {stage:?}"), PATIENCE, async || {
        let environment = now(world, name).await.map_err(|e| e.to_string())?;
        let status = environment.status.clone().unwrap_or_default();
        if status.stage == Some(stage) { Ok(environment) } else { Err(format!("{status:?}")) }
    })
    .await?)
}

/// Waits until a paper of ag-62 tells a state: the one that made an environment tells its stages like the last one on it.
pub async fn tells(world: &World, paper: &str, state: State) -> Result<()> {
    until(&format!("{paper} tells {state:?}"), PATIENCE, async || {
        let told = world.onboarding("ag-62", paper).await.map_err(|e| e.to_string())?.status.and_then(|s| s.summary);
        if told.as_ref().is_some_and(|s| s.state == state) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await?;
    Ok(())
}

/// A reconciliation of a decommission, with its minutes.
pub fn reconciliation(paper: &Onboarding, n: u32) -> Value {
    let mut body = decision(paper, "owner", n, "Reconcile");
    body["spec"]["document"] = json!({
        "issuer": "Sở Y tế", "number": "07/BB-SYT", "date": "2026-11-20", "signer": "Trần Thị Bình",
        "sha256": "0".repeat(64)
    });
    body["spec"]["saved"] = json!({"statisticsSha256": "1".repeat(64), "backupSha256": "2".repeat(64)});
    body
}

/// Gives an environment of ag-62 back, to the end.
pub async fn leave(world: &World, name: &str, environment: &str) -> Result<Environment> {
    let paper = act(world, "Decommission", name, environment, json!({})).await?;
    reaches(world, environment, Stage::Halted).await?;
    world.sign("both", reconciliation(&paper, 1)).await?;
    reaches(world, environment, Stage::Removed).await
}

/// One workload of each kind that has a scale, of a tenant's administrator; none of its pods has to run.
pub async fn workloads(world: &World, namespace: &str) -> Result<()> {
    let client = world.client("lead-62");
    let body = |kind: &str, name: &str, replicas: i64| {
        json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
            "spec": {
                "replicas": replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "c", "image": "registry.example/c:1"}]}
                }
            }
        })
    };
    let mut replica_set = body("ReplicaSet", "rs", 1);
    let mut deployment = body("Deployment", "web", 3);
    for workload in [&mut replica_set, &mut deployment] {
        workload["spec"].as_object_mut().expect("the literal above has a spec").remove("serviceName");
    }
    let params = PostParams::default();
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    deployments.create(&params, &serde_json::from_value(deployment)?).await?;
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
    sets.create(&params, &serde_json::from_value(body("StatefulSet", "db", 2))?).await?;
    let replica_sets: Api<ReplicaSet> = Api::namespaced(client, namespace);
    replica_sets.create(&params, &serde_json::from_value(replica_set)?).await?;
    Ok(())
}

/// Replicas of the three, as they are asked for.
pub async fn replicas(world: &World, namespace: &str) -> Result<[Option<i32>; 3]> {
    let admin = world.cluster.admin();
    let web = Api::<Deployment>::namespaced(admin.clone(), namespace).get("web").await?;
    let db = Api::<StatefulSet>::namespaced(admin.clone(), namespace).get("db").await?;
    let rs = Api::<ReplicaSet>::namespaced(admin, namespace).get("rs").await?;
    Ok([web.spec.and_then(|s| s.replicas), db.spec.and_then(|s| s.replicas), rs.spec.and_then(|s| s.replicas)])
}

/// Which roles are bound in a namespace.
pub async fn bound(world: &World, namespace: &str) -> Result<Vec<String>> {
    let mut roles: Vec<String> =
        world.within::<RoleBinding>(namespace).await?.into_iter().map(|b| b.role_ref.name).collect();
    roles.sort();
    Ok(roles)
}

/// Whether anybody has an environment booked.
pub async fn booked(world: &World, name: &str) -> Result<bool> {
    let of = |list: Vec<berth_crds::common::Booking>| {
        list.iter().any(|b| b.kind == HolderKind::Environment && b.name == name)
    };
    let agencies = world.all::<Agency>().await?.into_iter().any(|a| of(a.status.unwrap_or_default().booked));
    let sites = world.all::<Site>().await?.into_iter().any(|s| of(s.status.unwrap_or_default().booked));
    Ok(agencies || sites)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_closes_openings_and_growth_and_a_resume_gives_back_exactly_what_was() -> Result<()> {
    let world = shared().await?;
    let (ours, _, asked, _) = connection::open(world, "stop").await?;
    let (name, before) = (ours.name_any(), connection::standing(world, &asked).await?);
    act(world, "Suspend", "stop-it", &name, json!({})).await?;
    reaches(world, &name, Stage::Suspended).await?;
    until("its openings are closed", PATIENCE, async || {
        let standing = connection::standing(world, &asked).await.map_err(|e| e.to_string())?;
        if standing.is_empty() { Ok(()) } else { Err(format!("{standing:?}")) }
    })
    .await?;
    let place = format!("{name}-app");
    assert_eq!(bound(world, &place).await?, ["berth-tenant-view"]);
    let grow = json!({"environment": {"kind": "Prod", "classRef": {"name": "xs"}}});
    let refused = ask(world, "Change", "stop-grow", &name, grow).await?;
    let refused = world.until(&refused, ConditionType::Rejected).await?.status.unwrap_or_default();
    let current = refused.checks.iter().find(|c| c.id == "current").map(|c| c.message.as_str());
    assert_eq!(current, Some("The environment is stopped and does not change its size; ask for `Resume` first."));
    act(world, "Resume", "stop-end", &name, json!({})).await?;
    connection::reaches(world, &asked, ConnectionState::Open).await?;
    assert_eq!(connection::standing(world, &asked).await?, before);
    assert_eq!(bound(world, &place).await?, ["berth-tenant-admin"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_day_that_is_over_suspends_by_itself_and_an_extension_ends_it() -> Result<()> {
    let world = shared().await?;
    let first = world.onboard("ag-62", "ending", |_| {}).await?;
    let today = berth_api::clock::Clock::system().today();
    // Not tomorrow: midnight may pass before the request is judged.
    let near = today.tomorrow()?.tomorrow()?.to_string();
    let dev = json!({"kind": "Dev", "classRef": {"name": "xs"}, "endDate": near});
    world.create("lead-62", addition("ag-62", "ending-dev", &first.spec.tenant_ref.name, dev)).await?;
    let paper = world.onboarding("ag-62", "ending-dev").await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    let name = format!("{}-dev", first.spec.tenant_ref.name);
    let told = async |reason: &str| -> Result<()> {
        until(&format!("{name} says {reason}"), PATIENCE, async || {
            let conditions = now(world, &name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
            match condition::get(&conditions, ConditionType::Expiring) {
                Some(c) if c.reason == reason => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await?;
        Ok(())
    };
    told("LastDayNear").await?;
    // A day that has passed: entered by hand, because nothing asks for one.
    let over = json!({"spec": {"endDate": today.yesterday()?.yesterday()?.to_string(),
        "basis": {"type": "Direct", "reason": "Nhập ngày kết thúc.", "onboardingRef": null, "decisionUIDs": null, "revision": 2}}});
    let path = format!("/apis/berth.dev/v1alpha1/environments/{name}");
    let edited = send(&world.client("platform"), "PATCH", &path, MERGE, &over).await;
    assert!(edited.accepted(), "{edited:?}");
    reaches(world, &name, Stage::Suspended).await?;
    told("LastDayOver").await?;
    assert_eq!(bound(world, &name).await?, ["berth-tenant-view"]);
    let later = today.checked_add(jiff::Span::new().days(400))?.to_string();
    act(world, "Extend", "ending-later", &name, json!({"endDate": later})).await?;
    let extended = reaches(world, &name, Stage::Active).await?;
    assert_eq!((extended.spec.end_date.as_ref(), extended.spec.lifecycle), (Some(&later), Lifecycle::Active));
    assert_eq!(bound(world, &name).await?, ["berth-tenant-admin"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_account_deletes_no_namespace_whose_environment_does_not_say_so() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "stays", |_| {}).await?;
    let account = Account::of(&world.cluster, labels::OPERATOR_ACCOUNT).await?;
    let namespaces: Api<Namespace> = Api::all(account.client(&world.cluster)?);
    assert_eq!(code(namespaces.delete(&environment.name_any(), &Default::default()).await), 403);
    // It stops no workload of the platform either.
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "life-platform"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "p"}}, "template": {
            "metadata": {"labels": {"app": "p"}}, "spec": {"containers": [{"name": "c", "image": "registry.example/c:1"}]}}}
    });
    let platform: Api<Deployment> = Api::namespaced(world.cluster.admin(), "default");
    platform.create(&Default::default(), &serde_json::from_value(body)?).await?;
    let scale = Patch::Merge(json!({"spec": {"replicas": 1}}));
    let theirs: Api<Deployment> = Api::namespaced(account.client(&world.cluster)?, "default");
    assert_eq!(code(theirs.patch_scale("life-platform", &Default::default(), &scale).await), 403);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn through_the_command_line_an_agency_gives_back_sees_the_next_step_and_takes_it_back() -> Result<()> {
    let way = Way::open().await?;
    let world = way.world;
    let name = world.onboard("ag-62", "door-life", |_| {}).await?.name_any();
    let berth = async |who: &str, words: &[&str]| way.berth(who, words).await;
    let asking = ["--agency", "ag-62", "--environment", &name, "--justification", "Ngừng sử dụng.", "--action"];
    let create = |action: &'static str, id: &'static str| {
        let flags = [action, "--request-id", id];
        ["onboard", "create"].into_iter().chain(asking).chain(flags).collect::<Vec<_>>()
    };
    assert_eq!(berth("lead-62", &create("decommission", "door-life-1")).await?, Exit::Done);
    let mut lead = way.client("lead-62").await?;
    let id = names::onboarding("ag-62", "lead-62", "door-life-1");
    let paper = format!("agencies/ag-62/onboardings/{id}");
    let approve = pb::ApproveOnboardingRequest { name: paper.clone(), ..Default::default() };
    until("the approver's word counts", PATIENCE, async || {
        let mut approver = way.client("approver").await.map_err(|e| e.to_string())?;
        approver.onboardings.approve_onboarding(approve.clone()).await.map(drop).map_err(|e| e.to_string())
    })
    .await?;
    let stopped = reaches(world, &name, Stage::Suspended).await?;
    let days = stopped.spec.schedule.ok_or("no days")?;
    let get = pb::GetEnvironmentRequest { name: format!("environments/{name}") };
    let shown = lead.environments.get_environment(get).await?.into_inner();
    let next = shown.next_step.clone().ok_or("no next step")?;
    assert_eq!((shown.stage(), next.stage()), (pb::environment::Stage::Stopped, pb::environment::Stage::Halted));
    assert_eq!(Some(&next.day), days.halt.as_ref());
    assert_eq!(shown.schedule.map(|s| s.remove), days.remove);
    assert_eq!(berth("lead-62", &["env", "get", &name]).await?, Exit::Done);
    // A reconciliation of what still runs is void, and whoever asked may not sign it.
    let [sha256, statistics, backup] = ["0", "1", "2"].map(|digit| digit.repeat(64));
    let reconcile = [
        "onboard",
        "reconcile",
        &paper,
        "--statistics-sha256",
        &statistics,
        "--backup-sha256",
        &backup,
        "--document-number",
        "07/BB-SYT",
        "--document-issuer",
        "Sở Y tế",
        "--document-date",
        "2026-11-20",
        "--document-signer",
        "Trần Thị Bình",
        "--document-sha256",
        &sha256,
    ];
    assert!(berth("lead-62", &reconcile).await.is_err());
    assert_eq!(berth("both", &reconcile).await?, Exit::Done);
    let decisions: Api<Decision> = Api::namespaced(world.cluster.admin(), "agency-ag-62");
    let word = decisions.get(&names::decision(&id, "owner", 1)).await?;
    assert_eq!(world.effect(&word).await?, (Effect::Void, "VoidTooEarly".to_owned()));
    // Until the removal it is taken back.
    assert_eq!(berth("lead-62", &create("resume", "door-life-2")).await?, Exit::Done);
    Ok(())
}
