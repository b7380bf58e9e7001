//! From request to environment.

use std::collections::BTreeMap;

use berth_crds::environment::{Exposure, Zone};
use berth_crds::onboarding::State;
use berth_crds::{ConditionType, Environment, PrefixBlock, Tenant, condition, labels, names};
use berth_plan::amounts::{Amounts, parse_bytes, parse_cpu};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::world::shared;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_becomes_an_environment() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "story-env", |_| {}).await?;
    let status = environment.status.clone().unwrap_or_default();
    let name = environment.name_any();
    let namespace: Namespace = Api::all(world.cluster.admin()).get(&name).await?;
    assert_eq!(status.namespaces[0].uid, namespace.uid());
    let expected: BTreeMap<String, String> = [
        (labels::AGENCY, "ag-62"),
        (labels::TENANT, &environment.spec.tenant_ref.name),
        (labels::ENVIRONMENT, &name),
        (labels::LEVEL, "1"),
        (labels::MANAGED_BY, "berth-operator"),
        (labels::PART_OF, "berth"),
        ("kubernetes.io/metadata.name", &name),
        ("pod-security.kubernetes.io/enforce", "baseline"),
        ("pod-security.kubernetes.io/audit", "baseline"),
        ("pod-security.kubernetes.io/warn", "baseline"),
    ]
    .map(|(k, v): (&str, &str)| (k.to_owned(), v.to_owned()))
    .into();
    assert_eq!(namespace.labels(), &expected);
    let quota = world.within::<ResourceQuota>(&name).await?.remove(0);
    let hard = quota.status.and_then(|s| s.hard).unwrap_or_default();
    let in_force: Vec<&str> =
        ["limits.cpu", "limits.memory", "requests.storage", "services.nodeports"].map(|k| hard[k].0.as_str()).to_vec();
    assert_eq!(in_force, ["2", "4Gi", "50Gi", "0"]);
    let limits: Vec<String> = world.within::<LimitRange>(&name).await?.iter().map(ResourceExt::name_any).collect();
    assert_eq!(limits, ["berth-limits"]);
    let policies: Vec<String> = world.within::<NetworkPolicy>(&name).await?.iter().map(ResourceExt::name_any).collect();
    assert_eq!(policies, ["berth-default-deny", "berth-inside"]);
    let binding = world.within::<RoleBinding>(&name).await?.remove(0);
    assert_eq!(binding.role_ref.name, labels::ROLE_ADMIN);
    assert_eq!(binding.subjects.unwrap_or_default()[0].name, "berth:ag-62:requester");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_prefix_of_an_environment_lies_in_its_systems_block_and_that_in_its_agencys() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-67", "story-prefix", |_| {}).await?;
    let tenant: Tenant = Api::all(world.cluster.admin()).get(&environment.spec.tenant_ref.name).await?;
    let prefix = tenant.status.and_then(|s| s.prefix).unwrap_or_default();
    let block: PrefixBlock = Api::all(world.cluster.admin()).get(&names::block(&prefix)).await?;
    let parent: PrefixBlock = Api::all(world.cluster.admin()).get(&names::block(&block.spec.parent)).await?;
    let of_environment = environment.status.and_then(|s| s.prefix).unwrap_or_default();
    let net = |text: &str| berth_plan::address::parse(text).unwrap();
    assert!(net(&prefix).contains(&net(&of_environment)) && net(&parent.spec.cidr).contains(&net(&prefix)));
    assert_eq!(Some(block.spec.parent_uid), parent.uid());
    assert_eq!(
        (net(&of_environment).prefix_len(), net(&prefix).prefix_len(), net(&parent.spec.cidr).prefix_len()),
        (60, 56, 48)
    );
    let agency: berth_crds::Agency = Api::all(world.cluster.admin()).get("ag-67").await?;
    assert_eq!(agency.status.and_then(|s| s.prefix), Some(parent.spec.cidr));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_3_system_yields_its_zones_and_their_quotas_sum_to_the_grant() -> Result<()> {
    let world = shared().await?;
    let environment = world
        .onboard("ag-62", "story-l3", |spec| {
            spec["system"]["level"] = json!(3);
            spec["environment"]["classRef"]["name"] = json!("m");
        })
        .await?;
    let status = environment.status.clone().unwrap_or_default();
    let zones: Vec<Option<Zone>> = status.namespaces.iter().map(|n| n.zone).collect();
    assert_eq!(zones, [Some(Zone::Dmz), Some(Zone::App), Some(Zone::Db), Some(Zone::Mgmt)]);
    let mut sum = Amounts::default();
    for namespace in &status.namespaces {
        let quota = world.within::<ResourceQuota>(&namespace.name).await?.remove(0);
        let hard = quota.status.and_then(|s| s.hard).unwrap_or_default();
        sum.cpu_milli += parse_cpu(&hard["limits.cpu"].0).unwrap();
        sum.memory += parse_bytes(&hard["limits.memory"].0).unwrap();
        sum.storage += parse_bytes(&hard["requests.storage"].0).unwrap();
        let found: Namespace = Api::all(world.cluster.admin()).get(&namespace.name).await?;
        assert_eq!(found.labels()["pod-security.kubernetes.io/enforce"], "restricted");
        assert_eq!(found.labels().get(labels::ZONE).map(String::as_str), namespace.zone.map(Zone::as_str));
        let policies: Vec<String> =
            world.within::<NetworkPolicy>(&namespace.name).await?.iter().map(ResourceExt::name_any).collect();
        assert_eq!(policies, ["berth-default-deny", "berth-dns", "berth-inside"]);
    }
    assert_eq!(sum, Amounts::parse(&status.granted.unwrap_or_default())?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_approved_creates_nothing() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-unapproved", |_| {}).await?;
    let paper = world.checked(&paper).await?;
    let summary = paper.status.clone().and_then(|s| s.summary).unwrap_or_default();
    assert_eq!((summary.state, summary.holder.as_str()), (State::AwaitingApproval, "approver"));
    assert!(summary.due.is_some_and(|due| due > paper.creation_timestamp().unwrap().0.to_string()));
    let tenants = world.all::<Tenant>().await?;
    assert!(tenants.iter().all(|t| t.spec.code != "story-unapproved"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_stays_rejected() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-rejected", |_| {}).await?;
    world.decide("approver", &paper, "Reject").await?;
    let paper = world.until(&paper, ConditionType::Rejected).await?;
    let conditions = paper.status.clone().unwrap_or_default().conditions;
    assert!(condition::is_true(&conditions, ConditionType::Stalled));
    let message = &condition::get(&conditions, ConditionType::Rejected).unwrap().message;
    assert_eq!(message, "By approver as approver: Chưa cần thiết. (Quy chế của tỉnh [A]).");
    let late = world.sign("approver", crate::world::decision(&paper, "approver", 2, "Approve")).await?;
    assert_eq!(world.effect(&late).await?.1, "VoidAlreadyDecided");
    let again = world.onboarding("ag-62", "story-rejected").await?;
    assert_eq!(again.status.unwrap_or_default().outcome, paper.status.unwrap_or_default().outcome);
    assert!(
        world
            .all::<Environment>()
            .await?
            .iter()
            .all(|e| e.status.clone().unwrap_or_default().system.as_deref() != Some("story-rejected"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a2_what_the_law_refuses_leaves_a_rejected_onboarding_that_names_the_legal_basis() -> Result<()> {
    let world = shared().await?;
    for (name, field, value, basis) in [
        ("story-secret", "dataKinds", json!(["StateSecret"]), "Luật 117/2025"),
        ("story-level5", "level", json!(5), "NĐ 331/2026"),
    ] {
        let paper = world.ask("lead-62", "ag-62", name, |spec| spec["system"][field] = value).await?;
        let paper = world.until(&paper, ConditionType::Rejected).await?;
        let conditions = paper.status.unwrap_or_default().conditions;
        let rejected = condition::get(&conditions, ConditionType::Rejected).unwrap();
        assert_eq!(rejected.reason, "RefusedByLaw");
        assert!(rejected.message.contains(basis), "{}", rejected.message);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_grows_by_a_change_and_a_stale_change_is_refused() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-67", "story-change", |_| {}).await?;
    let change = |name: &str, revision: i64| {
        let mut body = crate::world::request("ag-67", name);
        let spec = &mut body["spec"];
        spec["action"] = json!("Change");
        spec["environmentRef"] = json!({"name": environment.name_any(), "uid": environment.uid()});
        spec["revision"] = json!(revision);
        spec["environment"]["classRef"]["name"] = json!("s");
        spec["environment"]["exposure"] = json!(["TSLCD"]);
        spec.as_object_mut().unwrap().remove("system");
        body
    };
    world.create("lead-67", change("story-change-2", 1)).await?;
    let paper = world.onboarding("ag-67", "story-change-2").await?;
    world.decide("approver", &paper, "Approve").await?;
    world.until(&paper, ConditionType::Ready).await?;
    let grown: Environment = Api::all(world.cluster.admin()).get(&environment.name_any()).await?;
    let granted = grown.status.and_then(|s| s.granted).unwrap_or_default();
    assert_eq!(grown.spec.exposure, [Exposure::Tslcd]);
    assert_eq!((granted.cpu.as_str(), granted.memory.as_str(), grown.spec.basis.revision), ("4", "8Gi", Some(2)));
    let quota = world.within::<ResourceQuota>(&environment.name_any()).await?.remove(0);
    assert_eq!(quota.status.and_then(|s| s.hard).unwrap_or_default()["limits.cpu"].0, "4");
    world.create("lead-67", change("story-change-3", 1)).await?;
    let stale = world.until(&world.onboarding("ag-67", "story-change-3").await?, ConditionType::Rejected).await?;
    let conditions = stale.status.unwrap_or_default().conditions;
    assert!(
        condition::get(&conditions, ConditionType::Rejected)
            .unwrap()
            .message
            .contains("`spec.revision` is 1, the environment is at 2")
    );
    Ok(())
}
