//! What the cluster offers: API discovery says what is served, CRDs say with which fields, ServiceCIDRs in which families.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use berth_plan::backend::{self, Families, Kind, Offered, Offers, Schema, Scope};
use futures::StreamExt;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Known, mirror};
use crate::context::Context;
use crate::error::{Error, Result, while_};
use crate::triggers::Queues;

/// Discovery lags behind a CRD by moments: this long until it is asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// As every watch of the operator.
const WATCH_SECONDS: u32 = 55;

/// Discovers, then follows. Returns when the first discovery is done: a namespace must not come to be before its network is
/// known.
pub async fn start(ctx: &Arc<Context>, queues: &Queues, tasks: &mut JoinSet<()>) {
    let (first, done) = oneshot::channel();
    tasks.spawn(follow(ctx.clone(), queues.clone(), first));
    // The sender is gone only while the operator shuts down.
    let _ = done.await;
}

async fn follow(ctx: Arc<Context>, queues: Queues, first: oneshot::Sender<()>) {
    let mut first = Some(first);
    let crds: Api<PartialObjectMeta<CustomResourceDefinition>> = ctx.api();
    let mut events = Box::pin(watcher(crds, Config::default().timeout(WATCH_SECONDS)).default_backoff());
    let mut names = BTreeSet::new();
    while let Some(event) = events.next().await {
        let about = match event {
            Ok(Event::Init) => {
                names.clear();
                false
            }
            Ok(Event::InitApply(crd)) => {
                names.insert(crd.name_any());
                false
            }
            Ok(Event::InitDone) => true,
            Ok(Event::Apply(crd)) => {
                names.insert(crd.name_any());
                known_group(&crd.name_any())
            }
            Ok(Event::Delete(crd)) => {
                names.remove(&crd.name_any());
                known_group(&crd.name_any())
            }
            Err(error) => {
                tracing::warn!(%error, "watch of CRDs failed, trying again");
                false
            }
        };
        if about {
            refresh(&ctx, &queues, &names).await;
            first.take().map(|first| first.send(()));
        }
    }
}

fn known_group(crd: &str) -> bool {
    backend::kinds().iter().any(|k| crd.strip_suffix(k.group).is_some_and(|plural| plural.ends_with('.')))
}

/// Asks until the answer is whole, and acts on it if it says something new.
async fn refresh(ctx: &Arc<Context>, queues: &Queues, crds: &BTreeSet<String>) {
    let offers = loop {
        match discover(ctx, crds).await {
            Ok(offers) => break offers,
            Err(error) => tracing::info!(%error, "discovery is not whole yet, asking again"),
        }
        tokio::time::sleep(AGAIN).await;
    };
    if ctx.back_ends.now().offers == offers {
        return;
    }
    tracing::info!(kinds = ?offers.kinds.iter().map(|o| format!("{}.{} {}", o.kind, o.group, o.version)).collect::<Vec<_>>(), families = ?offers.families, "networks discovered");
    let mirrors = mirror::all(ctx, queues, &offers);
    mirror::filled(&mirrors).await;
    ctx.back_ends.replace(Known { offers, mirrors });
    ctx.caches.environments.all().iter().for_each(|e| queues.environments.object(e));
}

async fn discover(ctx: &Context, crds: &BTreeSet<String>) -> Result<Offers> {
    let served = ctx.client.list_api_groups_aggregated().await.map_err(while_("discover", "API groups"))?;
    let kinds = backend::kinds();
    let mut offers = Offers { kinds: Vec::new(), families: families(ctx, &kinds, &served.items).await? };
    for group in served.items {
        let name = group.metadata.and_then(|m| m.name).unwrap_or_default();
        for version in group.versions {
            for resource in version.resources {
                let kind = resource.response_kind.and_then(|k| k.kind).unwrap_or_default();
                if !kinds.iter().any(|k| k.group == name && k.kind == kind) {
                    continue;
                }
                offers.kinds.push(Offered {
                    group: name.clone(),
                    kind,
                    plural: resource.resource.unwrap_or_default(),
                    version: version.version.clone().unwrap_or_default(),
                    scope: if resource.scope.as_deref() == Some("Namespaced") {
                        Scope::Namespaced
                    } else {
                        Scope::Cluster
                    },
                    schema: Schema::Unpublished,
                });
            }
        }
    }
    schemas(ctx, &mut offers, &kinds, crds).await?;
    Ok(offers)
}

/// Reads the CRDs. One that is established and not served yet, or served and gone, means that discovery lags.
async fn schemas(ctx: &Context, offers: &mut Offers, kinds: &[Kind], crds: &BTreeSet<String>) -> Result<()> {
    for name in crds.iter().filter(|n| known_group(n)) {
        let Some(crd) = crate::apply::live::<CustomResourceDefinition>(&ctx.api(), name).await? else { continue };
        if !kinds.iter().any(|k| k.group == crd.spec.group && k.kind == crd.spec.names.kind) {
            continue;
        }
        let established = crd.status.iter().flat_map(|s| s.conditions.iter().flatten());
        let established = established.into_iter().any(|c| c.type_ == "Established" && c.status == "True");
        let leaving = crd.metadata.deletion_timestamp.is_some();
        let mut found = false;
        for offered in offers.kinds.iter_mut().filter(|o| o.group == crd.spec.group && o.kind == crd.spec.names.kind) {
            found = true;
            offered.schema = Schema::of(&crd, &offered.version).unwrap_or(Schema::Unpublished);
        }
        if established && !leaving && !found {
            return Err(Error::Conflict { what: format!("API discovery (no {name} yet)") });
        }
        if leaving {
            offers.kinds.retain(|o| o.group != crd.spec.group || o.kind != crd.spec.names.kind);
        }
    }
    // What had a CRD at the last discovery and has none now is on its way out, not aggregated.
    let before = ctx.back_ends.now();
    let gone = |o: &Offered| {
        let had = before
            .offers
            .kinds
            .iter()
            .any(|b| b.group == o.group && b.kind == o.kind && matches!(b.schema, Schema::Fields(_)));
        had && !crds.contains(&format!("{}.{}", o.plural, o.group))
    };
    offers.kinds.retain(|o| !gone(o));
    Ok(())
}

/// Only where a back end is served: a plain cluster is asked nothing more.
async fn families(
    ctx: &Context,
    kinds: &[Kind],
    groups: &[kube::core::discovery::v2::APIGroupDiscovery],
) -> Result<Families> {
    let served = |name: &str| kinds.iter().any(|k| k.group == name);
    if !groups.iter().any(|g| g.metadata.as_ref().and_then(|m| m.name.as_deref()).is_some_and(served)) {
        return Ok(Families::default());
    }
    let api: Api<ServiceCIDR> = ctx.api();
    let ranges = api.list(&Default::default()).await.map_err(while_("list", "ServiceCIDRs"))?;
    let cidrs: Vec<String> = ranges.items.into_iter().filter_map(|r| r.spec?.cidrs).flatten().collect();
    Ok(Families::of(cidrs.iter().map(String::as_str)))
}
