//! What somebody would try who wants more than was decided.

use berth_cluster::until;
use berth_crds::{Agency, ConditionType, Environment, Onboarding, condition};
use berth_tests::error::Result;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::Patch;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, code, request, shared};

/// The message of a request that must be rejected.
async fn rejected(world: &World, who: &str, body: Value) -> Result<String> {
    let (name, namespace) = (body["metadata"]["name"].clone(), body["metadata"]["namespace"].clone());
    world.create(who, body).await?;
    let agency = namespace.as_str().unwrap_or_default().trim_start_matches("agency-").to_owned();
    let paper = world.onboarding(&agency, name.as_str().unwrap_or_default()).await?;
    let conditions = world.until(&paper, ConditionType::Rejected).await?.status.unwrap_or_default().conditions;
    Ok(condition::get(&conditions, ConditionType::Rejected).map(|c| c.message.clone()).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_cannot_resize_anothers_environment_by_naming_its_own_tenant() -> Result<()> {
    let world = shared().await?;
    let victim = world.onboard("ag-62", "abuse-victim", |_| {}).await?;
    let own = world.onboard("ag-61", "abuse-own", |_| {}).await?;
    let mut body = request("ag-61", "abuse-change");
    let spec = &mut body["spec"];
    spec["action"] = json!("Change");
    spec["tenantRef"] = json!({"name": own.spec.tenant_ref.name});
    spec["environmentRef"] = json!({"name": victim.name_any(), "uid": victim.uid()});
    spec["revision"] = json!(1);
    spec["environment"]["quota"] = json!({"cpu": "1", "memory": "1Gi", "storage": "1Gi"});
    spec.as_object_mut().unwrap().remove("system");
    let message = rejected(world, "lead-61", body.clone()).await?;
    assert!(message.contains("`spec.tenantRef` is not used by action Change"), "{message}");
    // Without the decoy it is plainly somebody else's.
    body["metadata"]["name"] = json!("abuse-change-2");
    body["spec"].as_object_mut().unwrap().remove("tenantRef");
    let message = rejected(world, "lead-61", body).await?;
    assert!(message.contains("belongs to another body, not to \"ag-61\""), "{message}");
    let now: Environment = Api::all(world.cluster.admin()).get(&victim.name_any()).await?;
    assert_eq!(now.spec, victim.spec);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_additional_environment_cannot_bring_a_lower_level() -> Result<()> {
    let world = shared().await?;
    let high = world.onboard("ag-62", "abuse-level", |spec| spec["system"]["level"] = json!(3)).await?;
    let mut body = request("ag-62", "abuse-lower");
    let spec = &mut body["spec"];
    spec["action"] = json!("AddEnvironment");
    spec["tenantRef"] = json!({"name": high.spec.tenant_ref.name});
    spec["environment"]["kind"] = json!("Dev");
    spec["environment"]["endDate"] = json!("2036-12-31");
    let message = rejected(world, "lead-62", body.clone()).await?;
    assert!(message.contains("`spec.system` is not used by action AddEnvironment"), "{message}");
    body["metadata"]["name"] = json!("abuse-lower-2");
    body["spec"].as_object_mut().unwrap().remove("system");
    world.create("lead-62", body).await?;
    let paper = world.onboarding("ag-62", "abuse-lower-2").await?;
    world.decide("approver", &paper, "Approve").await?;
    let paper = world.until(&paper, ConditionType::Ready).await?;
    let name = paper.status.and_then(|s| s.environment_ref).ok_or("no environment")?.name;
    let added: Environment = Api::all(world.cluster.admin()).get(&name).await?;
    assert_eq!(added.status.unwrap_or_default().namespaces.len(), 4, "the tenant's level gives the zones");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_an_agency_has_left_its_papers_and_an_unbooked_budget_buys_nothing() -> Result<()> {
    let (world, _operator) = World::own().await?;
    let agencies: Api<Agency> = Api::all(world.cluster.admin());
    let papers = |who: &str| Api::<Onboarding>::namespaced(world.client(who), "agency-ag-66");
    papers("lead-66").list(&Default::default()).await?;
    let nobody = Patch::Merge(json!({"spec": {"members": []}}));
    agencies.patch("ag-66", &Default::default(), &nobody).await?;
    let bindings: Api<RoleBinding> = Api::namespaced(world.cluster.admin(), "agency-ag-66");
    until("the bindings are gone", PATIENCE, async || {
        let left = bindings.list(&Default::default()).await.map_err(|e| e.to_string())?.items.len();
        if left == 0 { Ok(()) } else { Err(format!("{left} left")) }
    })
    .await?;
    let refused = async || match papers("lead-66").list(&Default::default()).await {
        Ok(_) => Err("still allowed"),
        refusal => Ok(code(refusal)),
    };
    assert_eq!(until("the authorizer has seen it", PATIENCE, refused).await?, 403);
    let sites: Api<berth_crds::Site> = Api::all(world.cluster.admin());
    sites
        .patch("binh-duong-dc1", &Default::default(), &Patch::Merge(json!({"spec": {"capacity": {"cpu": "85"}}})))
        .await?;
    agencies.patch("ag-67", &Default::default(), &Patch::Merge(json!({"spec": {"budget": {"cpu": "500"}}}))).await?;
    until("the larger budget is refused", PATIENCE, async || {
        let conditions = agencies.get("ag-67").await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Stalled) {
            Some(c) if c.status == "True" && c.reason == "NoHeadroom" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    let first =
        world.ask("lead-67", "ag-67", "spend-1", |spec| spec["environment"]["classRef"]["name"] = json!("xl")).await?;
    world.decide("approver", &first, "Approve").await?;
    world.until(&first, ConditionType::Ready).await?;
    let second = world
        .ask("lead-67", "ag-67", "spend-2", |spec| {
            spec["environment"]["classRef"]["name"] = json!("xxl");
            spec["environment"]["quota"] = json!({"cpu": "60", "memory": "64Gi", "storage": "1Ti"});
        })
        .await?;
    world.decide("approver", &second, "Approve").await?;
    let api: Api<Onboarding> = Api::namespaced(world.cluster.admin(), "agency-ag-67");
    until("32 and 60 do not fit the 84 that are booked", PATIENCE, async || {
        let conditions = api.get("spend-2").await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Booked) {
            Some(c) if c.status == "False" && c.reason == "NoHeadroom" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    // Room for the budget wakes agency and request alike.
    sites
        .patch("binh-duong-dc1", &Default::default(), &Patch::Merge(json!({"spec": {"capacity": {"cpu": "600"}}})))
        .await?;
    world.until(&second, ConditionType::Ready).await?;
    Ok(())
}
