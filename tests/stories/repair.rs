//! What is provisioned stays as it was decided.

use berth_cluster::until;
use berth_crds::{ConditionType, Environment, condition};
use berth_tests::error::Result;
use k8s_openapi::api::core::v1::{LimitRange, ResourceQuota};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::counts::{operator_writes, quiet};
use crate::world::{PATIENCE, World, code};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_or_edited_comes_back_once_and_a_restart_writes_nothing() -> Result<()> {
    let (world, operator) = World::own().await?;
    let environment = world.onboard("ag-62", "story-repair", |_| {}).await?;
    let name = environment.name_any();
    quiet(&world).await?;
    deleted_children_come_back(&world, &name).await?;
    edited_children_come_back(&world, &name).await?;
    environments_and_crds_stay(&world, &name).await?;
    a_rival_is_named_and_not_fought(&world, &name).await?;
    operator.stop().await?;
    another_role_is_taken_away(&world, &name).await?;
    quiet(&world).await?;
    let mark = world.cluster.mark()?;
    let _operator = world.operator().await?;
    quiet(&world).await?;
    let writes = operator_writes(&world.cluster.audit_since(mark)?);
    assert_eq!(writes, Vec::<String>::new(), "a restart with everything converged writes nothing");
    Ok(())
}

async fn deleted_children_come_back(world: &World, namespace: &str) -> Result<()> {
    let policies = Api::<NetworkPolicy>::namespaced(world.cluster.admin(), namespace);
    let old = policies.get("berth-default-deny").await?.uid();
    let mark = world.cluster.mark()?;
    policies.delete("berth-default-deny", &Default::default()).await?;
    until("the policy is back", PATIENCE, async || match policies.get("berth-default-deny").await {
        Ok(policy) if policy.uid() != old => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await?;
    quiet(world).await?;
    assert_eq!(operator_writes(&world.cluster.audit_since(mark)?), ["patch networkpolicies berth-default-deny"]);
    Ok(())
}

async fn edited_children_come_back(world: &World, namespace: &str) -> Result<()> {
    let policies = Api::<NetworkPolicy>::namespaced(world.cluster.admin(), namespace);
    let wanted = policies.get("berth-default-deny").await?.spec;
    // Apply puts the selector right, but lets a rule stand in a field that we never write: it would open everything.
    let opened =
        Patch::Merge(json!({"spec": {"podSelector": {"matchLabels": {"nobody": "has-this"}}, "ingress": [{}]}}));
    policies.patch("berth-default-deny", &Default::default(), &opened).await?;
    until("the selector and the rule are gone", PATIENCE, async || {
        let now = policies.get("berth-default-deny").await.map_err(|e| e.to_string())?.spec;
        if now == wanted { Ok(()) } else { Err(format!("{now:?}")) }
    })
    .await?;
    let quotas = Api::<ResourceQuota>::namespaced(world.cluster.admin(), namespace);
    let more = Patch::Merge(json!({"spec": {"hard": {"limits.cpu": "1000", "count/cronjobs.batch": "0"}}}));
    let granted = quotas.get("berth-quota").await?.spec.and_then(|s| s.hard).unwrap_or_default();
    quotas.patch("berth-quota", &Default::default(), &more).await?;
    until("the quota is what was granted", PATIENCE, async || {
        let hard =
            quotas.get("berth-quota").await.map_err(|e| e.to_string())?.spec.and_then(|s| s.hard).unwrap_or_default();
        if hard == granted { Ok(()) } else { Err(format!("{hard:?}")) }
    })
    .await?;
    Ok(())
}

/// Another controller that insists: its edits are repaired with pauses that grow, and everybody can see who it is.
async fn a_rival_is_named_and_not_fought(world: &World, name: &str) -> Result<()> {
    let limits = Api::<LimitRange>::namespaced(world.cluster.admin(), name);
    let wanted = limits.get("berth-limits").await?.spec;
    let rival = PatchParams { field_manager: Some("rival".into()), ..Default::default() };
    let edit = Patch::Merge(json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "99"}}]}}));
    let repaired = async || {
        until("the limits are what was decided", PATIENCE, async || {
            let now = limits.get("berth-limits").await.map_err(|e| e.to_string())?.spec;
            if now == wanted { Ok(()) } else { Err(format!("{now:?}")) }
        })
        .await
    };
    for _ in 0..3 {
        limits.patch("berth-limits", &rival, &edit).await?;
        repaired().await?;
    }
    limits.patch("berth-limits", &rival, &edit).await?;
    let environments: Api<Environment> = Api::all(world.cluster.admin());
    until("the environment says who keeps changing it", PATIENCE, async || {
        let conditions = environments.get(name).await.map_err(|e| e.to_string())?.status.unwrap_or_default().conditions;
        match condition::get(&conditions, ConditionType::Ready) {
            Some(c) if c.reason == "Contested" && c.message.contains("by \"rival\"") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await?;
    repaired().await?;
    let events = world.within::<Event>(name).await?;
    let told: Vec<_> = events.iter().filter(|e| e.reason.as_deref() == Some("DriftRepaired")).collect();
    let about = |e: &&&Event| e.regarding.as_ref().and_then(|r| r.name.as_deref()) == Some("berth-limits");
    let notes: Vec<_> = told.iter().filter(about).filter_map(|e| e.note.clone()).collect();
    assert!(notes.contains(&"Changed by \"rival\"; it is again what was decided.".to_owned()), "{events:?}");
    Ok(())
}

/// While no operator runs, a binding of ours becomes one to a role that the operator may not even narrow.
async fn another_role_is_taken_away(world: &World, namespace: &str) -> Result<()> {
    let bindings = Api::<RoleBinding>::namespaced(world.cluster.admin(), namespace);
    let wanted = bindings.get("berth-admin").await?;
    let other_role = json!({
        "metadata": {"name": "berth-admin", "labels": wanted.metadata.labels},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "nobody"}]
    });
    bindings.delete("berth-admin", &Default::default()).await?;
    bindings.create(&Default::default(), &serde_json::from_value(other_role)?).await?;
    let operator = world.operator().await?;
    until("the binding is what was decided", PATIENCE, async || match bindings.get("berth-admin").await {
        Ok(binding) if (&binding.role_ref, &binding.subjects) == (&wanted.role_ref, &wanted.subjects) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await?;
    quiet(world).await?;
    operator.stop().await
}

async fn environments_and_crds_stay(world: &World, name: &str) -> Result<()> {
    let environments = Api::<Environment>::all(world.cluster.admin());
    assert_eq!(code(environments.delete(name, &Default::default()).await), 403);
    let crds = Api::<CustomResourceDefinition>::all(world.cluster.admin());
    assert_eq!(code(crds.delete("environments.berth.dev", &Default::default()).await), 403);
    let namespaces = Api::<k8s_openapi::api::core::v1::Namespace>::all(world.cluster.admin());
    assert_eq!(code(namespaces.delete(name, &Default::default()).await), 403);
    assert!(environments.get(name).await?.metadata.deletion_timestamp.is_none());
    Ok(())
}
