//! The children of an environment's namespaces, in the order that keeps every moment safe.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use berth_crds::environment::Stage;
use berth_crds::{ConditionType, Environment, Reason, Tenant, labels};
use berth_plan::adoption::adopted;
use berth_plan::amounts::{Amounts, parse_bytes, parse_cpu};
use berth_plan::desired::{
    Desired, DesiredNamespace, QUOTA_NAME, access_allowed, intended_names, isolation, with_amounts,
};
use berth_plan::intervention::is_isolated;
use berth_plan::same::in_force;
use berth_plan::zones::{self, Part};
use k8s_openapi::api::core::v1::{ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::{RoleBinding, Subject};
use kube::api::Patch;
use kube::{Api, ResourceExt};

use super::Stop;
use crate::apply;
use crate::context::Context;
use crate::drift::foreign_writer;
use crate::error::{Result, while_};

/// The controller manager answers a new quota in milliseconds, in seconds on a busy machine; longer is worth a condition.
const QUOTA_PATIENCE: Duration = Duration::from_secs(12);

/// Limits, quotas (what zones give up first) and policies; returns when the quotas are in force.
pub async fn ensure(environment: &Environment, desired: &Desired, ctx: &Context) -> Result<Option<Stop>> {
    if let Some(stop) = quotas(desired, ctx).await? {
        return Ok(Some(stop));
    }
    for namespace in &desired.namespaces {
        accounts(namespace, ctx).await?;
        for policy in &namespace.policies {
            apply::child(ctx, &ctx.caches.policies, policy).await?;
        }
        prune_policies(&namespace.name, &namespace.policies, is_isolated(environment), ctx).await?;
    }
    Ok(None)
}

/// What zones give up comes first, in all of them. A zone that uses more than its new part holds back the zones that would
/// grow into it: they take nothing yet.
async fn quotas(desired: &Desired, ctx: &Context) -> Result<Option<Stop>> {
    let less = |n: &DesiredNamespace| {
        let quota = with_amounts(&n.quota, part(n, ctx).lowered()?);
        Some(DesiredNamespace { quota, ..n.clone() })
    };
    let shrinking: Vec<DesiredNamespace> = desired.namespaces.iter().filter_map(less).collect();
    if let Some(stop) = limit(&shrinking.iter().collect::<Vec<_>>(), ctx).await? {
        return Ok(Some(stop));
    }
    let parts: Vec<Part> = desired.namespaces.iter().map(|n| part(n, ctx)).collect();
    // What is halted starts nothing, and its quotas must say so before it is scaled.
    let waiting = if desired.stage == Stage::Halted { Vec::new() } else { zones::waiting(&parts) };
    let waits = |n: &&DesiredNamespace| waiting.iter().any(|(name, _)| *name == n.name);
    let others: Vec<_> = desired.namespaces.iter().filter(|n| !waits(n)).collect();
    if let Some(stop) = limit(&others, ctx).await? {
        return Ok(Some(stop));
    }
    // Of what is suspended nobody can lower the use: it is suspended as it is, and grows when it is resumed.
    let told = waiting.first().filter(|_| desired.stage == Stage::Active);
    Ok(told.map(|(grows, over)| {
        let message = format!("{grows:?} grows once {over:?} uses no more than its new part.");
        Stop::new(ConditionType::QuotaReady, Reason::QuotaPending, message)
    }))
}

/// Writes limits and quotas, and waits until they are in force.
async fn limit(group: &[&DesiredNamespace], ctx: &Context) -> Result<Option<Stop>> {
    for namespace in group {
        apply::child(ctx, &ctx.caches.limits, &namespace.limits).await?;
        apply::child(ctx, &ctx.caches.quotas, &namespace.quota).await?;
    }
    Ok(await_quotas(group, ctx).await)
}

fn part<'a>(namespace: &'a DesiredNamespace, ctx: &Context) -> Part<'a> {
    let allowed = quota(namespace, ctx).map(|seen| hard(&seen));
    Part { namespace: &namespace.name, allowed, planned: hard(&namespace.quota), used: used_of(namespace, ctx) }
}

/// Accounts that are planned, and none of ours that is not.
async fn accounts(namespace: &DesiredNamespace, ctx: &Context) -> Result<()> {
    for account in &namespace.accounts {
        apply::part(ctx, &ctx.caches.accounts, account).await?;
    }
    for account in ctx.caches.accounts.all() {
        let here = account.namespace().as_deref() == Some(&namespace.name);
        if here && !namespace.accounts.iter().any(|a| a.name_any() == account.name_any()) {
            apply::delete(&ctx.api_in::<ServiceAccount>(&namespace.name), account.as_ref()).await?;
        }
    }
    Ok(())
}

fn quota(namespace: &DesiredNamespace, ctx: &Context) -> Option<std::sync::Arc<ResourceQuota>> {
    ctx.caches.quotas.get(&namespace.quota.name_any(), Some(&namespace.name))
}

/// Waits until the quota controller has taken the quotas over: from then on nothing can exceed them.
async fn await_quotas(group: &[&DesiredNamespace], ctx: &Context) -> Option<Stop> {
    let pending = || {
        group.iter().find(|n| {
            let seen = quota(n, ctx);
            let status = seen.as_ref().and_then(|q| q.status.as_ref()?.hard.as_ref());
            !in_force(n.quota.spec.as_ref().and_then(|s| s.hard.as_ref()), status)
        })
    };
    let waited = tokio::time::timeout(QUOTA_PATIENCE, async {
        loop {
            let changed = ctx.quota_changed.notified();
            if pending().is_none() {
                return;
            }
            changed.await;
        }
    });
    match waited.await {
        Ok(()) => None,
        Err(_) => pending().map(|n| {
            let message = format!("The quota of {:?} is not in force yet; is kube-controller-manager running?", n.name);
            Stop::new(ConditionType::QuotaReady, Reason::QuotaPending, message)
        }),
    }
}

/// A policy with our label that is not planned opens something that nobody decided.
async fn prune_policies(namespace: &str, planned: &[NetworkPolicy], isolated: bool, ctx: &Context) -> Result<()> {
    for policy in ctx.caches.policies.all() {
        let here = policy.namespace().as_deref() == Some(namespace);
        let planned = planned.iter().any(|p| p.name_any() == policy.name_any());
        if here && !planned && (isolated || !is_an_opening(&policy, ctx)) {
            apply::delete(&ctx.api_in::<NetworkPolicy>(namespace), policy.as_ref()).await?;
        }
    }
    Ok(())
}

/// Isolation comes before anything else, and waits for nothing: no quota, no address, and no plan either.
pub async fn cut_off(environment: &Environment, ctx: &Context) -> Result<()> {
    // Into a namespace that is going nothing can be written, and must not hold back what follows.
    let stands =
        |name: &&String| ctx.caches.namespaces.get(name, None).is_some_and(|n| n.metadata.deletion_timestamp.is_none());
    for namespace in names(environment).iter().filter(stands) {
        let bare = isolation(environment, namespace, BTreeMap::new());
        let seen = ctx.caches.policies.get(&bare.name_any(), Some(namespace));
        let only = isolation(environment, namespace, seen.map(|p| p.labels().clone()).unwrap_or_default());
        apply::child(ctx, &ctx.caches.policies, &only).await?;
        prune_policies(namespace, &[only], true, ctx).await?;
    }
    Ok(())
}

/// Names of the environment's namespaces, those that it has and those that it is to have. One that it is to take over is
/// somebody else's until it has it.
fn names(environment: &Environment) -> BTreeSet<String> {
    let known = environment.status.clone().unwrap_or_default().namespaces;
    let all = known.into_iter().chain(intended_names(environment));
    all.filter(|n| n.uid.is_some() || adopted(environment, &n.name).is_none()).map(|n| n.name).collect()
}

/// A policy of a Connection that exists is kept or removed with it, by its own controller.
fn is_an_opening(policy: &NetworkPolicy, ctx: &Context) -> bool {
    let Some(uid) = policy.labels().get(labels::CONNECTION) else { return false };
    ctx.caches.connections.all().iter().any(|connection| connection.uid().as_ref() == Some(uid))
}

/// Access that is not planned goes first: it depends on nothing but the list, the owner and the names of the namespaces.
pub async fn take_access_away(environment: &Environment, tenant: Option<&Tenant>, ctx: &Context) -> Result<()> {
    let allowed = access_allowed(environment, tenant, ctx.today());
    let names = names(environment);
    for binding in ctx.caches.bindings.all() {
        let namespace = binding.namespace().unwrap_or_default();
        if !names.contains(&namespace) {
            continue;
        }
        let api = ctx.api_in::<RoleBinding>(&namespace);
        match allowed.get(binding.name_any().as_str()) {
            // A role that we may not bind cannot be narrowed either: RBAC asks for `bind` at every change of a binding.
            Some(allowed) if binding.role_ref == allowed.role => narrow(&api, &binding, &allowed.subjects, ctx).await?,
            _ => take(&api, &binding, ctx).await?,
        }
    }
    Ok(())
}

/// Removes a binding; one that somebody else made is told.
async fn take(api: &Api<RoleBinding>, binding: &RoleBinding, ctx: &Context) -> Result<()> {
    let gone = apply::delete(api, binding).await?;
    if let Some(by) = foreign_writer(binding).filter(|_| gone) {
        ctx.drift.report(binding, &by).await;
    }
    Ok(())
}

/// Takes out of a binding whoever is not allowed any more; whoever is new comes last, with [`give_access`].
async fn narrow(api: &Api<RoleBinding>, seen: &RoleBinding, allowed: &[Subject], ctx: &Context) -> Result<()> {
    let bound = seen.subjects.clone().unwrap_or_default();
    let left: Vec<Subject> = bound.iter().filter(|s| allowed.contains(s)).cloned().collect();
    if left.len() == bound.len() {
        return Ok(());
    }
    let metadata = serde_json::json!({"uid": seen.uid(), "resourceVersion": seen.resource_version()});
    let patch = Patch::Merge(serde_json::json!({"metadata": metadata, "subjects": left}));
    let what = format!("RoleBinding {:?}", seen.name_any());
    let written =
        api.patch(&seen.name_any(), &apply::merge_as_ourselves(), &patch).await.map_err(while_("narrow", what))?;
    ctx.caches.bindings.note(&written);
    Ok(())
}

/// Access comes last: quota and policies are in force by now.
pub async fn give_access(desired: &Desired, ctx: &Context) -> Result<()> {
    for namespace in &desired.namespaces {
        for binding in &namespace.access {
            apply::child(ctx, &ctx.caches.bindings, binding).await?;
        }
    }
    Ok(())
}

/// What is used of the environment's quotas, in sum.
pub fn used(desired: &Desired, ctx: &Context) -> Amounts {
    desired.namespaces.iter().map(|n| used_of(n, ctx)).fold(Amounts::default(), Amounts::plus)
}

/// Whether anything but what Kubernetes itself puts into every namespace is counted by the quotas of an environment.
pub fn holds_anything(environment: &Environment, ctx: &Context) -> bool {
    let known = environment.status.as_ref().map(|s| s.namespaces.as_slice()).unwrap_or_default();
    let quotas = known.iter().filter_map(|n| ctx.caches.quotas.get(QUOTA_NAME, Some(&n.name)));
    let mut used = quotas.filter_map(|quota| quota.status.as_ref()?.used.clone()).flatten();
    used.any(|(what, used)| !matches!(what.as_str(), "configmaps" | "secrets") && used.0 != "0")
}

fn used_of(namespace: &DesiredNamespace, ctx: &Context) -> Amounts {
    let Some(seen) = quota(namespace, ctx) else { return Amounts::default() };
    amounts(|key| seen.status.as_ref()?.used.as_ref()?.get(key).map(|q| q.0.clone()))
}

fn hard(quota: &ResourceQuota) -> Amounts {
    amounts(|key| quota.spec.as_ref()?.hard.as_ref()?.get(key).map(|q| q.0.clone()))
}

fn amounts(get: impl Fn(&str) -> Option<String>) -> Amounts {
    let bytes = |key: &str| get(key).as_deref().and_then(parse_bytes).unwrap_or(0);
    let cpu = |key: &str| get(key).as_deref().and_then(parse_cpu).unwrap_or(0);
    Amounts {
        cpu_milli: cpu("limits.cpu").max(cpu("requests.cpu")),
        memory: bytes("limits.memory").max(bytes("requests.memory")),
        storage: bytes("requests.storage"),
        object_storage: 0,
        gpus: bytes("requests.nvidia.com/gpu"),
    }
}
