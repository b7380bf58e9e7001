//! The addresses of one environment: keys on its namespaces, pools, and the safe way out.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::environment::EnvironmentStatus;
use berth_crds::{Environment, Reason, labels};
use berth_plan::amounts::parse_bytes;
use berth_plan::backend::{self, Input, Object, Occupancy, Plan, Seen, Step, Told, retire};
use berth_plan::desired::{Desired, QUOTA_NAME};
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use kube::ResourceExt;
use kube::api::{DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};

use super::{Known, api, api_for};
use crate::apply;
use crate::context::Context;
use crate::error::{Result, answer, while_};

/// Puts the back ends' keys on namespaces that are about to be planned: they are there from the creation.
pub fn dress(environment: &Environment, mut desired: Desired, ctx: &Context) -> Desired {
    let annotations = look(environment, &desired, ctx).plan.annotations;
    for namespace in &mut desired.namespaces {
        let keys = annotations.get(&namespace.name).cloned().unwrap_or_default();
        namespace.namespace.metadata.annotations.get_or_insert_default().extend(keys);
    }
    desired
}

/// Brings pools and keys to what is planned, takes away what is not, and says how it stands.
pub async fn serve(environment: &Environment, desired: &Desired, ctx: &Context) -> Result<Told> {
    let view = look(environment, desired, ctx);
    match write(environment, desired, &view, ctx).await {
        Ok(Some(told)) => Ok(told),
        Ok(None) => Ok(told(environment, desired, ctx)),
        Err(error) => apply::refused(&error).map(|why| Told::new(Reason::BackEndFault, why)).ok_or(error),
    }
}

/// Takes away everything of an environment whose namespaces are gone, in the safe order; whether nothing is left.
pub async fn leave(environment: &Environment, ctx: &Context) -> Result<bool> {
    let known = ctx.back_ends.now();
    let mut seen = Seen { objects: known.objects(), namespaces: BTreeMap::new() };
    let name = environment.name_any();
    for namespace in backend::namespaces(&name, &seen) {
        seen.namespaces.extend(cached(&namespace, ctx).map(|who| (namespace, who)));
    }
    let view = View { known, seen, plan: Plan::nothing() };
    take_back(&name, &view, ctx).await?;
    Ok(retire(&name, &[], &view.seen).is_empty())
}

/// How the addresses stand.
pub fn told(environment: &Environment, desired: &Desired, ctx: &Context) -> Told {
    let view = look(environment, desired, ctx);
    view.plan.told(&view.input(environment, desired))
}

/// Writes that into a status.
pub fn tell(before: &Environment, mut status: EnvironmentStatus, told: &Told, ctx: &Context) -> EnvironmentStatus {
    let stored = before.status.clone().unwrap_or_default().conditions;
    backend::tell(&stored, &mut status.conditions, told, before.metadata.generation, &ctx.now());
    status
}

/// What was discovered and seen, and the plan that follows.
struct View {
    known: Arc<Known>,
    seen: Seen,
    plan: Plan,
}

impl View {
    fn input<'a>(&'a self, environment: &'a Environment, desired: &'a Desired) -> Input<'a> {
        let offers = &self.known.offers;
        Input { environment, desired, families: offers.families, offers, seen: &self.seen }
    }
}

fn look(environment: &Environment, desired: &Desired, ctx: &Context) -> View {
    let known = ctx.back_ends.now();
    let mut seen = Seen { objects: known.objects(), namespaces: BTreeMap::new() };
    for name in namespaces(environment, desired, &seen) {
        seen.namespaces.extend(cached(&name, ctx).map(|who| (name, who)));
    }
    let offers = &known.offers;
    let plan = backend::plan(&Input { environment, desired, families: offers.families, offers, seen: &seen });
    View { known, seen, plan }
}

fn namespaces(environment: &Environment, desired: &Desired, seen: &Seen) -> Vec<String> {
    let mut all = backend::namespaces(&environment.name_any(), seen);
    all.extend(desired.namespaces.iter().map(|n| n.name.clone()));
    all
}

fn cached(namespace: &str, ctx: &Context) -> Option<Occupancy> {
    if ctx.caches.namespaces.get(namespace, None).is_none() {
        return Some(Occupancy::Gone);
    }
    occupancy(ctx.caches.quotas.get(QUOTA_NAME, Some(namespace)).as_deref())
}

/// The quota controller counts pods and load balancers; without its answer nothing is known.
fn occupancy(quota: Option<&ResourceQuota>) -> Option<Occupancy> {
    let used = quota?.status.as_ref()?.used.as_ref()?;
    let count = |key: &str| parse_bytes(&used.get(key)?.0);
    Some(Occupancy::Holds { pods: count("pods")?, services: count("services.loadbalancers")? })
}

async fn write(environment: &Environment, desired: &Desired, view: &View, ctx: &Context) -> Result<Option<Told>> {
    // What an adopted namespace says of its network is its own.
    if environment.spec.adopt.is_empty() {
        annotate(desired, &view.plan, ctx).await?;
    }
    for object in &view.plan.objects {
        if let Some(told) = place(object, view, ctx).await? {
            return Ok(Some(told));
        }
    }
    take_back(&environment.name_any(), view, ctx).await?;
    Ok(None)
}

/// The next acts on what is no longer planned.
async fn take_back(name: &str, view: &View, ctx: &Context) -> Result<()> {
    for step in retire(name, &view.plan.objects, &view.seen) {
        match step {
            Step::Stop { object, patch } => {
                change(&object, &Patch::Merge(patch), view, ctx).await?;
            }
            Step::Wait { .. } => {}
            Step::Delete { object } => take_away(name, &object, view, ctx).await?,
        }
    }
    Ok(())
}

/// Keys of back ends on namespaces: ours are set, those of a network that is gone are removed, everything else stays.
async fn annotate(desired: &Desired, plan: &Plan, ctx: &Context) -> Result<()> {
    for namespace in &desired.namespaces {
        let Some(seen) = ctx.caches.namespaces.get(&namespace.name, None) else { continue };
        let wanted = plan.annotations.get(&namespace.name).cloned().unwrap_or_default();
        let mut patch: BTreeMap<&str, Option<&String>> = BTreeMap::new();
        for key in backend::keys() {
            if seen.annotations().get(key) != wanted.get(key) {
                patch.insert(key, wanted.get(key));
            }
        }
        if patch.is_empty() {
            continue;
        }
        let patch = json!({"metadata": {"uid": seen.uid(), "annotations": patch}});
        let written = ctx
            .api::<Namespace>()
            .patch(&namespace.name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .map_err(while_("annotate", format!("Namespace {:?}", namespace.name)))?;
        ctx.caches.namespaces.note(&written);
    }
    Ok(())
}

/// Writes one object: never over somebody else's of the same name.
async fn place(object: &Object, view: &View, ctx: &Context) -> Result<Option<Told>> {
    let Some(api) = api_for(&ctx.client, &view.known, object) else { return Ok(None) };
    let what = format!("{} {:?}", object.kind.kind, object.name);
    let stands = view.seen.find(object);
    let foreign =
        || Told::new(Reason::BackEndFault, format!("{what} exists and is not ours; take it away or rename it."));
    let params = PatchParams::apply(labels::OPERATOR);
    let params = match stands {
        Some(stands) if stands["metadata"]["labels"][labels::MANAGED_BY].as_str() != Some(labels::OPERATOR) => {
            return Ok(Some(foreign()));
        }
        Some(stands) if settled(object, stands) => return Ok(None),
        Some(_) => params.force(),
        None => params,
    };
    match api.patch(&object.name, &params, &Patch::Apply(object.to_value())).await {
        Ok(_) => Ok(None),
        // Made by somebody else since we looked: an apply without force does not take it over.
        Err(error) if stands.is_none() && answer(&error).is_some_and(|s| s.is_conflict()) => Ok(Some(foreign())),
        // A project whose kinds are there and whose namespace is not.
        Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => {
            let home = object.namespace.as_deref().unwrap_or_default();
            Ok(Some(Told::new(Reason::BackEndPending, format!("{what} waits for namespace {home:?}."))))
        }
        Err(error) => Err(while_("apply", what)(error)),
    }
}

/// Everything that we write is there as we write it; fields of defaulting and other managers are not ours to judge.
fn settled(object: &Object, stands: &Value) -> bool {
    fn within(wanted: &Value, stands: &Value) -> bool {
        match (wanted, stands) {
            (Value::Object(wanted), Value::Object(stands)) => {
                wanted.iter().all(|(k, v)| stands.get(k).is_some_and(|s| within(v, s)))
            }
            _ => wanted == stands,
        }
    }
    within(&json!(object.labels), &stands["metadata"]["labels"]) && within(&object.spec, &stands["spec"])
}

/// Deletes exactly what was seen, after a last look at the API server itself: a mirror may be a moment behind.
async fn take_away(environment: &str, object: &Value, view: &View, ctx: &Context) -> Result<()> {
    let mut seen = Seen::default();
    for mirror in &view.known.mirrors {
        let list = api(&ctx.client, &mirror.served, None).list(&Default::default()).await;
        let list = list.map_err(while_("list", mirror.served.kind.clone()))?;
        for item in list.items {
            let mut value = serde_json::to_value(&item).unwrap_or_default();
            value["apiVersion"] = json!(format!("{}/{}", mirror.served.group, mirror.served.version));
            value["kind"] = json!(mirror.served.kind);
            seen.objects.push(value);
        }
    }
    for name in backend::namespaces(environment, &seen) {
        let there = apply::live::<Namespace>(&ctx.api(), &name).await?.is_some();
        let quota = if there { apply::live::<ResourceQuota>(&ctx.api_in(&name), QUOTA_NAME).await? } else { None };
        let who = if there { occupancy(quota.as_ref()) } else { Some(Occupancy::Gone) };
        seen.namespaces.extend(who.map(|who| (name, who)));
    }
    let same = |o: &Value| o["kind"] == object["kind"] && o["metadata"]["uid"] == object["metadata"]["uid"];
    let still = retire(environment, &view.plan.objects, &seen).into_iter().any(|step| match step {
        Step::Delete { object } => same(&object),
        Step::Stop { .. } | Step::Wait { .. } => false,
    });
    if !still {
        return Ok(());
    }
    let Some((api, name)) = found(object, view, ctx) else { return Ok(()) };
    let preconditions =
        Preconditions { uid: object["metadata"]["uid"].as_str().map(str::to_owned), resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
    match api.delete(&name, &params).await {
        Ok(_) => Ok(()),
        Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => Ok(()),
        Err(error) => Err(while_("delete", format!("{} {name:?}", object["kind"]))(error)),
    }
}

fn found(object: &Value, view: &View, ctx: &Context) -> Option<(kube::Api<DynamicObject>, String)> {
    let mirror = view.known.mirrors.iter().find(|m| {
        object["kind"].as_str() == Some(m.kind.kind)
            && object["apiVersion"].as_str().is_some_and(|v| v.split('/').next() == Some(m.kind.group))
    })?;
    let meta = &object["metadata"];
    Some((api(&ctx.client, &mirror.served, meta["namespace"].as_str()), meta["name"].as_str()?.to_owned()))
}

async fn change(object: &Value, patch: &Patch<Value>, view: &View, ctx: &Context) -> Result<()> {
    let Some((api, name)) = found(object, view, ctx) else { return Ok(()) };
    let what = format!("{} {name:?}", object["kind"].as_str().unwrap_or_default());
    let params = PatchParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() };
    api.patch(&name, &params, patch).await.map(drop).map_err(while_("close", what))
}
