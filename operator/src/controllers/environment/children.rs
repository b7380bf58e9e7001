//! The children of an environment's namespaces, in the order that keeps every moment safe.

use std::time::Duration;

use berth_crds::{ConditionType, Reason};
use berth_plan::amounts::{Amounts, parse_bytes, parse_cpu};
use berth_plan::desired::{Desired, DesiredNamespace};
use berth_plan::same::in_force;
use k8s_openapi::api::core::v1::ResourceQuota;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::ResourceExt;

use super::Stop;
use crate::apply;
use crate::context::Context;
use crate::error::Result;

/// The controller manager answers a new quota in milliseconds; longer than this is worth a condition.
const QUOTA_PATIENCE: Duration = Duration::from_secs(5);

/// Limits, quotas (shrinking zones first) and policies; returns when the quotas are in force.
pub async fn ensure(desired: &Desired, ctx: &Context) -> Result<Option<Stop>> {
    let (shrinking, others): (Vec<_>, Vec<_>) = desired.namespaces.iter().partition(|n| shrinks(n, ctx));
    for group in [shrinking, others] {
        for namespace in &group {
            let name = &namespace.name;
            apply::child(&ctx.api_in(name), &ctx.caches.limits, &namespace.limits).await?;
            apply::child(&ctx.api_in(name), &ctx.caches.quotas, &namespace.quota).await?;
        }
        if let Some(stop) = await_quotas(&group, ctx).await {
            return Ok(Some(stop));
        }
    }
    for namespace in &desired.namespaces {
        for policy in &namespace.policies {
            apply::child(&ctx.api_in(&namespace.name), &ctx.caches.policies, policy).await?;
        }
        prune_policies(namespace, ctx).await?;
    }
    Ok(None)
}

/// Whether a zone gives up something: it must, before another zone may grow into it.
fn shrinks(namespace: &DesiredNamespace, ctx: &Context) -> bool {
    let Some(seen) = quota(namespace, ctx) else { return false };
    let (old, new) = (hard(&seen), hard(&namespace.quota));
    new.fits(old) && new != old
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
async fn prune_policies(namespace: &DesiredNamespace, ctx: &Context) -> Result<()> {
    for policy in ctx.caches.policies.all() {
        let here = policy.namespace().as_deref() == Some(&namespace.name);
        if here && !namespace.policies.iter().any(|p| p.name_any() == policy.name_any()) {
            apply::delete(&ctx.api_in::<NetworkPolicy>(&namespace.name), policy.as_ref()).await?;
        }
    }
    Ok(())
}

/// Access that is not planned goes first.
pub async fn take_access_away(desired: &Desired, ctx: &Context) -> Result<()> {
    for binding in ctx.caches.bindings.all() {
        let here = desired.namespaces.iter().find(|n| binding.namespace().as_deref() == Some(&n.name));
        let unplanned = here.is_some_and(|n| !n.access.iter().any(|a| a.name_any() == binding.name_any()));
        if unplanned {
            let api = ctx.api_in::<RoleBinding>(&binding.namespace().unwrap_or_default());
            apply::delete(&api, binding.as_ref()).await?;
        }
    }
    Ok(())
}

/// Access comes last: quota and policies are in force by now.
pub async fn give_access(desired: &Desired, ctx: &Context) -> Result<()> {
    for namespace in &desired.namespaces {
        for binding in &namespace.access {
            apply::child(&ctx.api_in(&namespace.name), &ctx.caches.bindings, binding).await?;
        }
    }
    Ok(())
}

/// What is used of the environment's quotas, in sum.
pub fn used(desired: &Desired, ctx: &Context) -> Amounts {
    let of = |n: &DesiredNamespace| {
        let seen = quota(n, ctx)?;
        Some(amounts(|key| seen.status.as_ref()?.used.as_ref()?.get(key).map(|q| q.0.clone())))
    };
    desired.namespaces.iter().filter_map(of).fold(Amounts::default(), Amounts::plus)
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
