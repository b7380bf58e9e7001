//! Everything that one request yields, without what differs between any two: names, UIDs and prefixes become words.

use std::collections::BTreeMap;

use berth_crds::{Environment, PrefixBlock, PrefixClaim, Tenant, names};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};

use crate::world::World;

/// The objects of a paper of `ag-62`, by kind and name.
pub async fn of(world: &World, paper: &str) -> Result<BTreeMap<String, Value>> {
    let admin = world.cluster.admin();
    let onboarding = world.onboarding("ag-62", paper).await?;
    let status = onboarding.status.clone().unwrap_or_default();
    let name = status.environment_ref.ok_or("no environment")?.name;
    let environment: Environment = Api::all(admin.clone()).get(&name).await?;
    let plate = environment.spec.tenant_ref.name.clone();
    let tenant: Tenant = Api::all(admin.clone()).get(&plate).await?;
    let claim: PrefixClaim = Api::all(admin.clone()).get(&names::tenant_claim(&plate)).await?;
    let prefix = tenant.status.as_ref().and_then(|s| s.prefix.clone()).ok_or("no prefix")?;
    let block: PrefixBlock = Api::all(admin.clone()).get(&names::block(&prefix)).await?;
    let namespace: Namespace = Api::all(admin).get(&name).await?;
    let decided = status.outcome.map(|o| o.decision_uids).unwrap_or_default();
    let uids = [tenant.uid(), environment.uid(), claim.uid(), block.uid(), namespace.uid(), onboarding.uid()];
    let mut words: Vec<(String, &str)> = vec![(prefix.clone(), "PREFIX"), (names::block(&prefix), "BLOCK")];
    // What is derived from the prefix begins like it.
    let stem = prefix.split("::").next().unwrap_or(&prefix).to_owned();
    words.extend(uids.into_iter().flatten().chain(decided).map(|uid| (uid, "UID")));
    words.extend(environment.status.as_ref().and_then(|s| s.prefix.clone()).map(|prefix| (prefix, "PREFIX")));
    words.extend([(stem, "STEM"), (plate, "PLATE"), (paper.to_owned(), "PAPER")]);
    let mut seen = BTreeMap::new();
    let mut add = |key: String, value: Value| {
        let plain = |text: String| words.iter().fold(text, |text, (word, plain)| text.replace(word, plain));
        let value = serde_json::from_str(&plain(value.to_string())).expect("words of names stay within JSON's strings");
        seen.insert(plain(key), value);
    };
    let told = environment.status.clone().unwrap_or_default();
    let zones: Vec<&String> = told.namespaces.iter().map(|n| &n.name).collect();
    add("Environment".into(), json!([environment.spec, told.granted, told.stage, told.prefix, zones]));
    // Dated intervals begin on the day of the run.
    let spec = &tenant.spec;
    add("Tenant".into(), json!([spec.code, spec.agency_ref, spec.level, spec.site_ref, spec.basis]));
    add("PrefixClaim".into(), json!(claim.spec));
    add("PrefixBlock".into(), json!([block.spec.cidr, block.spec.level, block.spec.claim_ref, block.spec.state]));
    add("Namespace".into(), json!([namespace.labels(), namespace.annotations()]));
    for (key, value) in children(world, &name).await? {
        add(key, value);
    }
    add("Outcome".into(), json!(onboarding.status.and_then(|s| s.outcome).map(|o| (o.result, o.granted))));
    Ok(seen)
}

/// What is in the namespace, but for what Kubernetes puts into each.
async fn children(world: &World, namespace: &str) -> Result<Vec<(String, Value)>> {
    let mut all = Vec::new();
    all.extend(plain(world.within::<ResourceQuota>(namespace).await?)?);
    all.extend(plain(world.within::<LimitRange>(namespace).await?)?);
    all.extend(plain(world.within::<NetworkPolicy>(namespace).await?)?);
    all.extend(plain(world.within::<RoleBinding>(namespace).await?)?);
    all.extend(plain(world.within::<ServiceAccount>(namespace).await?)?);
    Ok(all)
}

fn plain<K>(objects: Vec<K>) -> Result<Vec<(String, Value)>>
where
    K: Resource<DynamicType = ()> + serde::Serialize,
{
    let mut all = Vec::new();
    for object in objects {
        let (name, labels) = (object.name_any(), object.labels().clone());
        let mut value = serde_json::to_value(&object)?;
        // What it says, without who wrote it when.
        value["metadata"] = json!({"labels": labels});
        value.as_object_mut().map(|fields| fields.remove("status"));
        all.push((format!("{} {name}", K::kind(&())), value));
    }
    Ok(all)
}
