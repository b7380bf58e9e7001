//! Workloads of a halted environment: scaled to zero, what they had remembered first, and given back when it is over.
//!
//! Only the scale of a workload is touched, never the workload. Before the first is touched its count stands in status, so
//! a crash at any point forgets nothing. The quota allows no pod meanwhile: whatever has no scale starts nothing new.

use std::fmt::Debug;

use berth_crds::environment::{HaltedWorkload, Stage, WorkloadKind};
use berth_crds::{ConditionType, Environment, Reason};
use berth_plan::desired::Desired;
use berth_plan::halt::{self, Workload};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use kube::api::{ListParams, Patch};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::{Stop, write};
use crate::apply::merge_as_ourselves;
use crate::context::Context;
use crate::error::{Result, answer, while_};

/// Brings workloads to what the stage says.
pub async fn ensure(current: &mut Environment, desired: &Desired, ctx: &Context) -> Result<Option<Stop>> {
    let known = current.status.as_ref().map(|s| s.halted.clone()).unwrap_or_default();
    let halted = desired.stage == Stage::Halted;
    if !halted && known.is_empty() {
        return Ok(None);
    }
    let mut seen = Vec::new();
    for namespace in &desired.namespaces {
        seen.extend(workloads(&namespace.name, ctx).await?);
    }
    if !halted {
        for (workload, replicas) in halt::restored(&known, &seen) {
            scale(workload, replicas, ctx).await?;
        }
        return remember(current, Vec::new(), ctx).await.map(|()| None);
    }
    let Some(remembered) = halt::remembered(&known, &seen) else {
        let message = Reason::TooManyWorkloads.en();
        return Ok(Some(Stop::new(ConditionType::QuotaReady, Reason::TooManyWorkloads, message)));
    };
    remember(current, remembered, ctx).await?;
    for workload in seen.iter().filter(|w| w.replicas > 0) {
        scale(workload, 0, ctx).await?;
    }
    Ok(None)
}

async fn remember(current: &mut Environment, halted: Vec<HaltedWorkload>, ctx: &Context) -> Result<()> {
    let mut status = current.status.clone().unwrap_or_default();
    status.halted = halted;
    *current = write(current, status, ctx).await?;
    Ok(())
}

/// Everything of a namespace that has a scale of its own.
async fn workloads(namespace: &str, ctx: &Context) -> Result<Vec<Workload>> {
    let replicas = |n: Option<i32>| i64::from(n.unwrap_or(1));
    let mut all = Vec::new();
    for o in list::<Deployment>(namespace, ctx).await? {
        all.push(workload(&o, WorkloadKind::Deployment, replicas(o.spec.as_ref().and_then(|s| s.replicas))));
    }
    for o in list::<StatefulSet>(namespace, ctx).await? {
        all.push(workload(&o, WorkloadKind::StatefulSet, replicas(o.spec.as_ref().and_then(|s| s.replicas))));
    }
    // A Deployment's own follow it.
    let own = |o: &ReplicaSet| o.owner_references().iter().any(|r| r.controller == Some(true));
    for o in list::<ReplicaSet>(namespace, ctx).await?.into_iter().filter(|o| !own(o)) {
        all.push(workload(&o, WorkloadKind::ReplicaSet, replicas(o.spec.as_ref().and_then(|s| s.replicas))));
    }
    Ok(all)
}

fn workload<K: Resource>(object: &K, kind: WorkloadKind, replicas: i64) -> Workload {
    Workload {
        namespace: object.namespace().unwrap_or_default(),
        kind,
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
        replicas,
    }
}

async fn list<K>(namespace: &str, ctx: &Context) -> Result<Vec<K>>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let what = format!("{}s in {namespace:?}", K::kind(&()));
    let found = ctx.api_in::<K>(namespace).list(&ListParams::default()).await;
    Ok(found.map_err(while_("list", what))?.items)
}

/// Sets the replicas of the very workload that was seen; one that is gone meanwhile needs none. One that was made anew under
/// its name is a conflict, and everything is looked at again: it may run.
async fn scale(workload: &Workload, replicas: i64, ctx: &Context) -> Result<()> {
    match workload.kind {
        WorkloadKind::Deployment => scale_of::<Deployment>(workload, replicas, ctx).await,
        WorkloadKind::StatefulSet => scale_of::<StatefulSet>(workload, replicas, ctx).await,
        WorkloadKind::ReplicaSet => scale_of::<ReplicaSet>(workload, replicas, ctx).await,
    }
}

async fn scale_of<K>(workload: &Workload, replicas: i64, ctx: &Context) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api: Api<K> = ctx.api_in(&workload.namespace);
    let patch = serde_json::json!({"metadata": {"uid": workload.uid}, "spec": {"replicas": replicas}});
    match api.patch_scale(&workload.name, &merge_as_ourselves(), &Patch::Merge(&patch)).await {
        Ok(_) => Ok(()),
        Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => Ok(()),
        Err(error) => Err(while_("scale", format!("{:?} {:?}", workload.kind, workload.name))(error)),
    }
}
