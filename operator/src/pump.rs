//! One watch per kind, each with its own back-off: a kind that cannot be watched never slows another.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::{Stream, StreamExt};
use kube::runtime::reflector::{ObjectRef, store::Writer};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use crate::cache::{Cache, key};
use crate::context::Context;

/// A watch is asked anew after this many seconds, so that a silent connection is noticed within a minute.
const WATCH_SECONDS: u32 = 55;

/// What changed of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new to us, its spec changed, or it is gone: whoever reads what it says looks again.
    Spec,
    /// Nothing that a person wrote.
    Status,
}

/// The generation of every object of a kind, as it was seen last. A relist does not wake the whole world.
#[derive(Default)]
struct Generations(HashMap<String, Option<i64>>);

impl Generations {
    fn see(&mut self, object: &impl Resource) -> Change {
        let (uid, generation) = (object.meta().uid.clone().unwrap_or_default(), object.meta().generation);
        let known = self.0.insert(uid, generation);
        // A kind without generations (core kinds) changes as a whole.
        if generation.is_some() && known == Some(generation) { Change::Status } else { Change::Spec }
    }

    fn forget(&mut self, object: &impl Resource) -> Change {
        self.0.remove(object.meta().uid.as_deref().unwrap_or_default());
        Change::Spec
    }
}

/// Watches a kind for ever: fills its cache, then says what the change concerns.
pub fn pump<K>(
    api: Api<K>,
    selector: Option<&str>,
    mut writer: Writer<K>,
    ctx: Arc<Context>,
    cache: fn(&Context) -> &Cache<K>,
    concerns: impl Fn(&K, Change, &Context) + Send + 'static,
) -> impl Future<Output = ()> + Send
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
    ObjectRef<K>: Hash + Eq,
{
    let config = watch::Config::default().timeout(WATCH_SECONDS);
    let config = match selector {
        Some(selector) => config.labels(selector),
        None => config,
    };
    async move {
        let mut events = Box::pin(watch(api, config).default_backoff());
        let mut first: Vec<K> = Vec::new();
        let mut generations = Generations::default();
        while let Some(event) = next(&mut events).await {
            let changed = match &event {
                Event::Apply(object) | Event::Delete(object) => Some(object.clone()),
                Event::InitApply(object) => {
                    first.push(object.clone());
                    None
                }
                Event::Init | Event::InitDone => None,
            };
            let listed = matches!(event, Event::InitDone);
            // What a list does not show any more was deleted, and no event says so.
            let gone = if listed { missing(&cache(&ctx).all(), &first) } else { Vec::new() };
            writer.apply_watcher_event(&event);
            cache(&ctx).caught_up(&event);
            for object in gone {
                say(&concerns, object.as_ref(), generations.forget(object.as_ref()), &ctx);
            }
            if listed {
                first.drain(..).for_each(|object| say(&concerns, &object, generations.see(&object), &ctx));
            }
            if let Some(object) = changed {
                let gone = matches!(event, Event::Delete(_));
                let change = if gone { generations.forget(&object) } else { generations.see(&object) };
                say(&concerns, &object, change, &ctx);
            }
            ctx.changed.notify_one();
            ctx.stirred.notify_one();
        }
    }
}

/// Says what a change concerns. A panic there is the failure of one object: the watch goes on, for all the others.
fn say<K>(concerns: &impl Fn(&K, Change, &Context), object: &K, change: Change, ctx: &Context)
where
    K: Resource<DynamicType = ()>,
{
    if catch_unwind(AssertUnwindSafe(|| concerns(object, change, ctx))).is_err() {
        let (kind, object) = (K::kind(&()), key(object));
        tracing::error!(%kind, object, "a defect: not everybody whom this change concerns looks again");
    }
}

/// Known objects that a list does not have.
fn missing<K: Resource>(known: &[Arc<K>], listed: &[K]) -> Vec<Arc<K>> {
    let uids: HashSet<Option<&str>> = listed.iter().map(|o| o.meta().uid.as_deref()).collect();
    known.iter().filter(|o| !uids.contains(&o.meta().uid.as_deref())).cloned().collect()
}

/// The next good event; a bad one is told and the watch goes on with its back-off.
async fn next<K>(events: &mut (impl Stream<Item = Result<Event<K>, watcher::Error>> + Unpin)) -> Option<Event<K>>
where
    K: Resource<DynamicType = ()>,
{
    loop {
        match events.next().await? {
            Ok(event) => return Some(event),
            Err(error) => tracing::warn!(kind = %K::kind(&()), %error, "watch failed, trying again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn object(uid: &str, generation: Option<i64>) -> ConfigMap {
        let mut object = ConfigMap::default();
        object.metadata.uid = Some(uid.into());
        object.metadata.generation = generation;
        object
    }

    #[test]
    fn what_a_list_does_not_have_any_more_is_gone_also_when_its_name_is_taken_again() {
        let known = [Arc::new(object("a", None)), Arc::new(object("b", None))];
        let gone = missing(&known, &[object("b", None), object("c", None)]);
        assert_eq!(gone.iter().map(|o| o.metadata.uid.as_deref()).collect::<Vec<_>>(), [Some("a")]);
    }

    #[tokio::test]
    async fn an_object_that_nobody_can_make_sense_of_does_not_end_the_watch() {
        let woken = std::cell::RefCell::new(Vec::new());
        let concerns = |object: &ConfigMap, _: Change, _: &Context| {
            woken.borrow_mut().push(object.metadata.uid.clone().unwrap());
            assert_ne!(object.metadata.uid.as_deref(), Some("b"), "a defect");
        };
        let ctx = crate::context::alone();
        ["a", "b", "c"].iter().for_each(|uid| say(&concerns, &object(uid, None), Change::Spec, &ctx));
        assert_eq!(woken.take(), ["a", "b", "c"]);
    }

    #[test]
    fn only_another_generation_is_a_change_of_the_spec_and_core_kinds_change_as_a_whole() {
        let mut seen = Generations::default();
        let changes = [Some(1), Some(1), Some(2), None, None].map(|generation| seen.see(&object("a", generation)));
        assert_eq!(changes, [Change::Spec, Change::Status, Change::Spec, Change::Spec, Change::Spec]);
        assert_eq!(seen.forget(&object("a", None)), Change::Spec);
        assert_eq!(seen.see(&object("a", Some(2))), Change::Spec, "a new object");
    }
}
