//! What the cluster offers: API discovery says what is served, CRDs say with which fields, ServiceCIDRs in which families.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use berth_plan::backend::{self, Families, Kind, Offered, Offers, Schema, Scope};
use futures::StreamExt;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::PartialObjectMeta;
use kube::core::discovery::v2::{APIGroupDiscovery, APIResourceDiscovery};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Config, Event, watcher};
use kube::{Api, ResourceExt};
use tokio::task::JoinSet;

use super::{Known, mirror};
use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result, while_};
use crate::triggers::Queues;

/// Discovery lags behind a CRD by moments: this long until it is asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// After a change, this long without another one until the cluster is asked.
const QUIET: Duration = Duration::from_millis(300);
/// As every watch of the operator.
const WATCH_SECONDS: u32 = 55;

/// Follows what the cluster offers. Environments wait for the first whole answer, nothing else does: a network that does
/// not answer must not keep papers, claims and the ledger from going on.
pub fn start(ctx: &Arc<Context>, queues: &Queues, tasks: &mut JoinSet<()>) {
    tasks.spawn(follow(ctx.clone(), queues.clone()));
}

async fn follow(ctx: Arc<Context>, queues: Queues) {
    let crds: Api<PartialObjectMeta<CustomResourceDefinition>> = ctx.api();
    let mut events = Box::pin(watcher(crds, Config::default().timeout(WATCH_SECONDS)).default_backoff());
    let (mut names, mut ask) = (BTreeSet::new(), None);
    loop {
        // A project brings dozens of CRDs at once: one question answers for all of them.
        let event = match ask {
            Some(after) => tokio::time::timeout(after, events.next()).await,
            None => Ok(events.next().await),
        };
        match event {
            Ok(Some(event)) => ask = if take(event, &mut names) { Some(pause(&ctx)) } else { ask },
            Ok(None) => return,
            Err(_) => {
                ask = refresh(&ctx, &queues, &names).await.err().map(|error| {
                    tracing::warn!(%error, "discovery of networks is not whole yet, asking again");
                    AGAIN
                });
            }
        }
    }
}

/// The first question is asked at once: environments wait for it.
fn pause(ctx: &Context) -> Duration {
    if ctx.back_ends.known() { QUIET } else { Duration::ZERO }
}

type CrdEvent = watcher::Result<Event<PartialObjectMeta<CustomResourceDefinition>>>;

/// Keeps the names up to date and says whether the cluster should be asked again.
fn take(event: CrdEvent, names: &mut BTreeSet<String>) -> bool {
    match event {
        Ok(Event::Init) => names.clear(),
        Ok(Event::InitApply(crd)) => drop(names.insert(crd.name_any())),
        Ok(Event::InitDone) => return true,
        Ok(Event::Apply(crd)) => {
            names.insert(crd.name_any());
            return known_group(&crd.name_any());
        }
        Ok(Event::Delete(crd)) => {
            names.remove(&crd.name_any());
            return known_group(&crd.name_any());
        }
        Err(error) => tracing::warn!(%error, "watch of CRDs failed, trying again"),
    }
    false
}

fn known_group(crd: &str) -> bool {
    backend::kinds().iter().any(|k| crd.strip_suffix(k.group).is_some_and(|plural| plural.ends_with('.')))
}

/// Asks once, and acts on a whole answer if it says something new.
async fn refresh(ctx: &Arc<Context>, queues: &Queues, crds: &BTreeSet<String>) -> Result<()> {
    let offers = discover(ctx, crds).await?;
    if ctx.back_ends.get().is_some_and(|known| known.offers == offers) {
        return Ok(());
    }
    tracing::info!(kinds = ?offers.kinds.iter().map(|o| format!("{}.{} {}", o.kind, o.group, o.version)).collect::<Vec<_>>(), families = ?offers.families, "networks discovered");
    let mirrors = mirror::all(ctx, queues, &offers);
    mirror::filled(&mirrors).await?;
    ctx.back_ends.replace(Known { offers, mirrors });
    ctx.caches.environments.all().iter().for_each(|e| queues.environments.object(e));
    Ok(())
}

async fn discover(ctx: &Context, crds: &BTreeSet<String>) -> Result<Offers> {
    let answer = ctx.client.list_api_groups_aggregated().await.map_err(while_("discover", "API groups"))?;
    let kinds = backend::kinds();
    if let Some(group) = answer.items.iter().find(|group| is_stale(group, &kinds)) {
        let name = group.metadata.as_ref().and_then(|m| m.name.clone()).unwrap_or_default();
        return Err(Error::Conflict { what: format!("API discovery (the server of {name} does not answer)") });
    }
    let served: Vec<Offered> = answer.items.into_iter().flat_map(resources).collect();
    let wanted = |o: &&Offered| kinds.iter().any(|k| k.group == o.group && k.kind == o.kind);
    let mut offers =
        Offers { kinds: served.iter().filter(wanted).cloned().collect(), families: families(ctx, &served).await? };
    for name in crds.iter().filter(|name| known_group(name) && !served.iter().any(|o| crd_name(o) == **name)) {
        not_served(ctx, name, &kinds).await?;
    }
    schemas(ctx, &mut offers).await?;
    Ok(offers)
}

/// An aggregated server that is down is listed without its resources: that is no answer to "what is served".
fn is_stale(group: &APIGroupDiscovery, kinds: &[Kind]) -> bool {
    let name = group.metadata.as_ref().and_then(|m| m.name.as_deref());
    kinds.iter().any(|k| Some(k.group) == name)
        && group.versions.iter().any(|v| v.freshness.as_deref() == Some("Stale"))
}

fn crd_name(offered: &Offered) -> String {
    format!("{}.{}", offered.plural, offered.group)
}

/// Everything that the groups of back ends serve, preferred versions first.
fn resources(group: APIGroupDiscovery) -> Vec<Offered> {
    let name = group.metadata.and_then(|m| m.name).unwrap_or_default();
    if !backend::kinds().iter().any(|k| k.group == name) {
        return Vec::new();
    }
    let of = |version: &str, resource: APIResourceDiscovery| Offered {
        group: name.clone(),
        kind: resource.response_kind.and_then(|k| k.kind).unwrap_or_default(),
        plural: resource.resource.unwrap_or_default(),
        version: version.to_owned(),
        scope: if resource.scope.as_deref() == Some("Namespaced") { Scope::Namespaced } else { Scope::Cluster },
        schema: Schema::Unpublished,
    };
    let versions = group.versions.into_iter();
    versions
        .flat_map(|v| {
            let version = v.version.unwrap_or_default();
            v.resources.into_iter().map(move |r| (version.clone(), r))
        })
        .map(|(version, resource)| of(&version, resource))
        .collect()
}

/// A CRD that is established and not served means that discovery lags: ask again.
async fn not_served(ctx: &Context, name: &str, kinds: &[Kind]) -> Result<()> {
    let Some(crd) = apply::live::<CustomResourceDefinition>(&ctx.api(), name).await? else { return Ok(()) };
    let wanted = kinds.iter().any(|k| k.group == crd.spec.group && k.kind == crd.spec.names.kind);
    let conditions = crd.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let established = conditions.into_iter().any(|c| c.type_ == "Established" && c.status == "True");
    if wanted && established && crd.metadata.deletion_timestamp.is_none() {
        return Err(Error::Conflict { what: format!("API discovery (no {name} yet)") });
    }
    Ok(())
}

/// Reads the CRDs of what is served. Without one, a kind is an aggregated server's, unless it had one a moment ago: then
/// it is on its way out and discovery lags.
async fn schemas(ctx: &Context, offers: &mut Offers) -> Result<()> {
    let before = ctx.back_ends.now();
    let mut kept = Vec::new();
    for mut offered in std::mem::take(&mut offers.kinds) {
        let had = |b: &Offered| crd_name(b) == crd_name(&offered) && matches!(b.schema, Schema::Fields(_));
        match apply::live::<CustomResourceDefinition>(&ctx.api(), &crd_name(&offered)).await? {
            Some(crd) if crd.metadata.deletion_timestamp.is_some() => continue,
            Some(crd) => offered.schema = Schema::of(&crd, &offered.version).unwrap_or(Schema::Unpublished),
            None if before.offers.kinds.iter().any(had) => continue,
            None => {}
        }
        kept.push(offered);
    }
    offers.kinds = kept;
    Ok(())
}

/// Only where a back end is served: a plain cluster is asked nothing more.
async fn families(ctx: &Context, served: &[Offered]) -> Result<Families> {
    if served.is_empty() {
        return Ok(Families::default());
    }
    let api: Api<ServiceCIDR> = ctx.api();
    let ranges = api.list(&Default::default()).await.map_err(while_("list", "ServiceCIDRs"))?;
    let cidrs: Vec<String> = ranges.items.into_iter().filter_map(|r| r.spec?.cidrs).flatten().collect();
    Ok(Families::of(cidrs.iter().map(String::as_str)))
}
