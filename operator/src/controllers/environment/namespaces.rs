//! Namespaces: created, never applied. One that we did not create is never written to, unless people gave it to us.

use berth_crds::common::NameRef;
use berth_crds::connection::EnvironmentEnd;
use berth_crds::environment::NamespaceStatus;
use berth_crds::{ConditionType, Environment, Reason, labels};
use berth_plan::adoption;
use berth_plan::desired::{Desired, DesiredNamespace};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::Patch;

use super::{Stop, adopt};
use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result, while_};
use crate::host_names;

/// Creates what is missing and returns names with UIDs, or why one cannot be ours.
pub async fn ensure(
    environment: &Environment,
    desired: &Desired,
    ctx: &Context,
) -> Result<std::result::Result<Vec<NamespaceStatus>, Stop>> {
    if let Some(stop) = adopt::ensure(environment, desired, ctx).await? {
        return Ok(Err(stop));
    }
    let mut all = Vec::new();
    for (wanted, status) in desired.namespaces.iter().zip(desired.intended()) {
        let found = match adoption::adopted(environment, &wanted.name) {
            Some(wish) => match adopt::look(environment, wish, ctx).await? {
                Ok(taken) => taken,
                Err(stop) => return Ok(Err(stop)),
            },
            None => find_or_create(wanted, ctx).await?,
        };
        if let Some(stop) = not_ours(environment, &found) {
            return Ok(Err(stop));
        }
        relabel(wanted, &found, ctx).await?;
        let environment_ref = NameRef::to(environment.name_any());
        host_names::keep(EnvironmentEnd { environment_ref, zone: wanted.zone }, ctx).await?;
        all.push(NamespaceStatus { uid: found.uid(), ..status });
    }
    Ok(Ok(all))
}

async fn find_or_create(wanted: &DesiredNamespace, ctx: &Context) -> Result<Namespace> {
    if let Some(seen) = ctx.caches.namespaces.get(&wanted.name, None) {
        return Ok(seen.as_ref().clone());
    }
    if let Some(created) = apply::create(&ctx.api(), &ctx.caches.namespaces, &wanted.namespace).await? {
        return Ok(created);
    }
    // The name is taken by something that our watch does not show: look at the thing itself.
    let found = apply::live::<Namespace>(&ctx.api(), &wanted.name).await?;
    found.ok_or_else(|| Error::Conflict { what: format!("Namespace {:?}", wanted.name) })
}

/// Ours is what carries our Environment's UID, which only we can write.
fn not_ours(environment: &Environment, found: &Namespace) -> Option<Stop> {
    let stop = |reason: Reason| {
        let message =
            format!("{:?}: {} A platform operator must decide what becomes of it.", found.name_any(), reason.en());
        Some(Stop::new(ConditionType::NamespacesReady, reason, message))
    };
    let mark = found.annotations().get(labels::ENVIRONMENT_UID);
    if mark != environment.metadata.uid.as_ref() {
        return stop(Reason::NamespaceForeign);
    }
    if found.metadata.deletion_timestamp.is_some() {
        return stop(Reason::NamespaceTerminating);
    }
    None
}

/// Puts our own labels back; other people's stay.
async fn relabel(wanted: &DesiredNamespace, found: &Namespace, ctx: &Context) -> Result<()> {
    let ours = wanted.namespace.labels();
    if ours.iter().all(|(key, value)| found.labels().get(key) == Some(value)) {
        return Ok(());
    }
    let uid = found.uid();
    let patch = serde_json::json!({"metadata": {"uid": uid, "labels": ours}});
    let written = ctx
        .api::<Namespace>()
        .patch(&wanted.name, &apply::merge_as_ourselves(), &Patch::Merge(&patch))
        .await
        .map_err(while_("relabel", format!("Namespace {:?}", wanted.name)))?;
    ctx.caches.namespaces.note(&written);
    Ok(())
}
