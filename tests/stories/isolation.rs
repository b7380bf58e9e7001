//! What one agency sees and does, another does not. Refusals are 403, each with a positive control beside it.

use berth_crds::{Decision, Onboarding};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{Patch, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::world::{code, shared};

#[tokio::test(flavor = "multi_thread")]
async fn papers_of_one_agency_are_invisible_to_another() -> Result<()> {
    let world = shared().await?;
    let paper = world.ask("lead-62", "ag-62", "story-private", |_| {}).await?;
    let papers = |who: &str| Api::<Onboarding>::namespaced(world.client(who), "agency-ag-62");
    assert_eq!(papers("lead-62").get(&paper.name_any()).await?.uid(), paper.uid());
    assert!(papers("lead-62").list(&Default::default()).await?.items.iter().any(|p| p.uid() == paper.uid()));
    for who in ["lead-67", "nobody"] {
        assert_eq!(code(papers(who).get(&paper.name_any()).await), 403, "{who}");
        assert_eq!(code(papers(who).list(&Default::default()).await), 403, "{who}");
        assert_eq!(code(Api::<Onboarding>::all(world.client(who)).list(&Default::default()).await), 403, "{who}");
        assert_eq!(code(Api::<Decision>::all(world.client(who)).list(&Default::default()).await), 403, "{who}");
    }
    assert_eq!(code(world.create("lead-67", crate::world::request("ag-62", "story-foreign")).await), 403);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_works_in_its_namespace_and_cannot_touch_what_guards_it() -> Result<()> {
    let world = shared().await?;
    let environment = world.onboard("ag-62", "story-guards", |_| {}).await?;
    let name = environment.name_any();
    let body: ConfigMap = serde_json::from_value(json!({"metadata": {"name": "ours"}, "data": {"a": "b"}}))?;
    let maps = |who: &str| Api::<ConfigMap>::namespaced(world.client(who), &name);
    maps("lead-62").create(&PostParams::default(), &body).await?;
    assert_eq!(code(maps("lead-67").create(&PostParams::default(), &body).await), 403);
    let client = world.client("lead-62");
    let change = Patch::Merge(json!({"metadata": {"labels": {"berth.dev/level": "9"}}}));
    assert_eq!(code(Api::<Namespace>::all(client.clone()).patch(&name, &Default::default(), &change).await), 403);
    let quota = Api::<ResourceQuota>::namespaced(client.clone(), &name);
    assert_eq!(code(quota.patch("berth-quota", &Default::default(), &change).await), 403);
    let policy = Api::<NetworkPolicy>::namespaced(client.clone(), &name);
    assert_eq!(code(policy.delete("berth-default-deny", &Default::default()).await), 403);
    let binding = Api::<RoleBinding>::namespaced(client, &name);
    assert_eq!(code(binding.delete("berth-admin", &Default::default()).await), 403);
    Ok(())
}
