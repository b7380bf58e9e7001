//! Running namespaces: taken over by one write each, and given back by one. No pod and no workload is read or written here.
//!
//! Both take the very object that was judged: UID and resourceVersion are the write's precondition.

use std::fmt::Debug;
use std::time::Duration;

use berth_crds::environment::AdoptedNamespace;
use berth_crds::{ConditionType, Environment, Reason, labels};
use berth_plan::adoption::{adopted, given_back, is_ours, not_given, obstacles, taken};
use berth_plan::desired::Desired;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::Stop;
use crate::apply;
use crate::context::Context;
use crate::error::{Result, while_};

/// Account that Kubernetes makes in every namespace, and whose tokens running pods hold: it is never deleted.
const DEFAULT_ACCOUNT: &str = "default";
/// Policies know a namespace's labels by a watch of their own: until it has surely seen ours, what we write into the namespace would
/// only be refused. Once for each adoption.
const SEEN: Duration = Duration::from_secs(5);

/// Takes over what the environment adopts and does not have yet, or says why it cannot. Every one is judged before the first is
/// written: nothing is taken over by halves.
pub async fn ensure(environment: &Environment, desired: &Desired, ctx: &Context) -> Result<Option<Stop>> {
    let mut free = Vec::new();
    for wanted in &desired.namespaces {
        let Some(wish) = adopted(environment, &wanted.name) else { continue };
        match look(environment, wish, ctx).await? {
            Ok(found) if is_ours(environment, &found) => {}
            Ok(found) => free.push((wanted, found)),
            Err(stop) => return Ok(Some(stop)),
        }
    }
    if free.is_empty() {
        return Ok(None);
    }
    for (wanted, found) in free {
        tracing::warn!(environment = environment.name_any(), namespace = wanted.name, "adopting a running namespace");
        let written = patch(&found, &taken(environment, &wanted.namespace, &found), "adopt", ctx).await?;
        ctx.caches.namespaces.note(&written);
    }
    tokio::time::sleep(SEEN).await;
    Ok(None)
}

/// The namespace as it is: ours already, or free to be taken. It is never created: what is gone is not what was meant.
pub async fn look(
    environment: &Environment,
    wish: &AdoptedNamespace,
    ctx: &Context,
) -> Result<std::result::Result<Namespace, Stop>> {
    let stop = |why: String| {
        let message = format!("{:?}: {} {why}", wish.name, Reason::AdoptionRefused.en());
        Stop::new(ConditionType::NamespacesReady, Reason::AdoptionRefused, message)
    };
    let ours = |n: &Namespace| is_ours(environment, n) && n.uid() == wish.uid;
    if let Some(seen) = ctx.caches.namespaces.get(&wish.name, None).filter(|n| ours(n)) {
        return Ok(Ok(seen.as_ref().clone()));
    }
    let Some(found) = apply::live::<Namespace>(&ctx.api(), &wish.name).await? else {
        return Ok(Err(stop("There is none.".into())));
    };
    if ours(&found) {
        return Ok(Ok(found));
    }
    let why: Vec<String> =
        obstacles(environment, wish, &found).into_iter().chain(not_given(environment, &found)).collect();
    Ok(if why.is_empty() { Ok(found) } else { Err(stop(why.join(" "))) })
}

/// Gives a namespace back as it is: what we put into it goes, access first; then our keys. Everything else stays, and runs.
pub async fn give_back(found: &Namespace, ctx: &Context) -> Result<()> {
    let name = found.name_any();
    tracing::warn!(namespace = name, "giving a namespace back");
    clear::<RoleBinding>(&name, ctx).await?;
    clear::<NetworkPolicy>(&name, ctx).await?;
    clear::<ResourceQuota>(&name, ctx).await?;
    clear::<LimitRange>(&name, ctx).await?;
    for account in ours::<ServiceAccount>(&name, ctx).await? {
        let api = ctx.api_in::<ServiceAccount>(&name);
        if account.name_any() == DEFAULT_ACCOUNT {
            let nothing = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": DEFAULT_ACCOUNT}});
            let params = PatchParams::apply(labels::OPERATOR).force();
            let let_go = api.patch(DEFAULT_ACCOUNT, &params, &Patch::Apply(&nothing)).await;
            let_go.map_err(while_("let go of", format!("ServiceAccount {DEFAULT_ACCOUNT:?} in {name:?}")))?;
        } else {
            apply::delete(&api, &account).await?;
        }
    }
    patch(found, &given_back(found), "give back", ctx).await.map(drop)
}

async fn patch(found: &Namespace, patch: &serde_json::Value, doing: &'static str, ctx: &Context) -> Result<Namespace> {
    let name = found.name_any();
    let written = ctx.api::<Namespace>().patch(&name, &apply::merge_as_ourselves(), &Patch::Merge(patch)).await;
    written.map_err(while_(doing, format!("Namespace {name:?}")))
}

/// What of a kind carries our mark, as the API server itself has it.
async fn ours<K>(namespace: &str, ctx: &Context) -> Result<Vec<K>>
where
    K: apply::Child + Resource<Scope = NamespaceResourceScope> + Debug,
{
    let marked = ListParams::default().labels(&format!("{}={}", labels::MANAGED_BY, labels::OPERATOR));
    let found = ctx.api_in::<K>(namespace).list(&marked).await;
    Ok(found.map_err(while_("list", format!("{} in {namespace:?}", K::plural(&()))))?.items)
}

async fn clear<K>(namespace: &str, ctx: &Context) -> Result<()>
where
    K: apply::Child + Resource<Scope = NamespaceResourceScope> + Debug,
{
    for object in ours::<K>(namespace, ctx).await? {
        apply::delete(&ctx.api_in::<K>(namespace), &object).await?;
    }
    Ok(())
}
