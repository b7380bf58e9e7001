//! Mirrors of other projects' objects: one watch per discovered kind, ours and foreign ones alike (overlaps and nodes matter).

use std::sync::Arc;
use std::time::Duration;

use berth_crds::{ConditionType, Reason, condition, labels};
use berth_plan::backend::{self, Offered, Offers};
use futures::StreamExt;
use kube::api::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{Store, store::Writer};
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, ResourceExt};
use tokio_util::task::AbortOnDropHandle;

use super::{Mirror, resource};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::triggers::Queues;

/// As every watch of the operator.
const WATCH_SECONDS: u32 = 55;
/// Longest wait for the first list of a kind.
const LISTED_WITHIN: Duration = Duration::from_secs(20);

/// Starts a mirror of every kind in its first served version.
pub(super) fn all(ctx: &Arc<Context>, queues: &Queues, offers: &Offers) -> Vec<Mirror> {
    let kinds = backend::kinds().into_iter();
    kinds
        .filter_map(|kind| Some((kind, offers.versions(kind).next()?.clone())))
        .map(|(kind, served)| {
            let writer = Writer::<DynamicObject>::new(resource(&served));
            let store: Store<DynamicObject> = writer.as_reader();
            let watch = tokio::spawn(follow(ctx.clone(), queues.clone(), served.clone(), writer));
            Mirror { kind, served, store, _watch: AbortOnDropHandle::new(watch) }
        })
        .collect()
}

/// Waits until every mirror has been filled once: nothing is decided on half a picture. A kind that is not listed in time
/// may be on its way out: the cluster is asked again then.
pub(super) async fn filled(mirrors: &[Mirror]) -> Result<()> {
    for mirror in mirrors {
        // The writer is gone only when its watch was ended.
        let ready = tokio::time::timeout(LISTED_WITHIN, mirror.store.wait_until_ready()).await;
        let late = |_| Error::Deadline {
            what: format!("the list of {}.{}", mirror.served.plural, mirror.served.group),
            seconds: LISTED_WITHIN.as_secs(),
        };
        let _ = ready.map_err(late)?;
    }
    Ok(())
}

async fn follow(ctx: Arc<Context>, queues: Queues, served: Offered, mut writer: Writer<DynamicObject>) {
    let api = Api::<DynamicObject>::all_with(ctx.client.clone(), &resource(&served));
    let mut events = Box::pin(watcher(api, Config::default().timeout(WATCH_SECONDS)).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                writer.apply_watcher_event(&event);
                match &event {
                    Event::Apply(object) | Event::Delete(object) => concerns(object, &ctx, &queues),
                    // What went while nobody watched is in no event.
                    Event::InitDone => {
                        ctx.caches.environments.all().iter().for_each(|e| queues.environments.object(e));
                    }
                    Event::Init | Event::InitApply(_) => {}
                }
            }
            Err(error) => tracing::warn!(kind = served.kind, %error, "watch failed, trying again"),
        }
    }
}

/// Our own object concerns its environment; another's whoever waits for it.
fn concerns(object: &DynamicObject, ctx: &Context, queues: &Queues) {
    if object.labels().get(labels::MANAGED_BY).is_some_and(|m| m == labels::OPERATOR) {
        object.labels().get(labels::ENVIRONMENT).into_iter().for_each(|e| queues.environments.name(e));
        return;
    }
    let waits =
        [Reason::BackEndPending, Reason::BackEndUnfit, Reason::BackEndFault, Reason::PoolInUse].map(Reason::as_str);
    for environment in ctx.caches.environments.all() {
        let conditions = environment.status.clone().unwrap_or_default().conditions;
        let addressed = condition::get(&conditions, ConditionType::Addressed);
        if addressed.is_some_and(|c| waits.contains(&c.reason.as_str())) {
            queues.environments.object(&environment);
        }
    }
}
