//! Writes of children. A child is written when what we saw is not what is desired, and never otherwise.

use std::fmt::Debug;
use std::sync::Arc;

use berth_crds::labels;
use berth_plan::same::{has, same};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::Cache;
use crate::context::Context;
use crate::drift::foreign_writer;
use crate::error::{Error, Result, answer, while_};

/// What kinds of children must offer.
pub trait Child: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + 'static {}
impl<K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + 'static> Child for K {}

/// Whether the child that we know is what is desired.
pub fn settled<K: Child>(cache: &Cache<K>, desired: &K) -> Option<Arc<K>> {
    let seen = cache.get(&desired.name_any(), desired.namespace().as_deref())?;
    (seen.meta().deletion_timestamp.is_none() && same(desired, seen.as_ref())).then_some(seen)
}

/// Brings a child to what is desired: one server-side apply, and a replace if somebody else's additions survive it.
/// What another writer changed is told with the writer's name, and not fought over.
pub async fn child<K>(ctx: &Context, cache: &Cache<K>, desired: &K) -> Result<Arc<K>>
where
    K: Child + Resource<Scope = NamespaceResourceScope>,
{
    if let Some(seen) = settled(cache, desired) {
        return Ok(seen);
    }
    let seen = cache.get(&desired.name_any(), desired.namespace().as_deref());
    let writer = seen.as_deref().and_then(foreign_writer);
    if let (Some(seen), Some(by)) = (&seen, &writer) {
        ctx.drift.may_repair(&seen.uid().unwrap_or_default(), &describe(desired), by)?;
    }
    let api = ctx.api_in(&desired.namespace().unwrap_or_default());
    let written = bring(&api, desired).await?;
    cache.note(&written);
    if let Some(by) = writer {
        ctx.drift.repaired(&written.uid().unwrap_or_default());
        ctx.drift.report(&written, &by).await;
    }
    Ok(Arc::new(written))
}

/// Brings what we decide of a child that is not ours as a whole: fields of others stay.
pub async fn part<K>(ctx: &Context, cache: &Cache<K>, desired: &K) -> Result<()>
where
    K: Child + Resource<Scope = NamespaceResourceScope>,
{
    let seen = cache.get(&desired.name_any(), desired.namespace().as_deref());
    if seen.as_deref().is_some_and(|seen| seen.meta().deletion_timestamp.is_none() && has(desired, seen)) {
        return Ok(());
    }
    let writer = seen.as_deref().and_then(foreign_writer);
    if let (Some(seen), Some(by)) = (&seen, &writer) {
        ctx.drift.may_repair(&seen.uid().unwrap_or_default(), &describe(desired), by)?;
    }
    let api: Api<K> = ctx.api_in(&desired.namespace().unwrap_or_default());
    let params = PatchParams::apply(labels::OPERATOR).force();
    let written = api.patch(&desired.name_any(), &params, &Patch::Apply(desired)).await;
    let written = written.map_err(while_("apply", describe(desired)))?;
    cache.note(&written);
    if let Some(by) = writer {
        ctx.drift.repaired(&written.uid().unwrap_or_default());
        ctx.drift.report(&written, &by).await;
    }
    Ok(())
}

async fn bring<K: Child>(api: &Api<K>, desired: &K) -> Result<K> {
    let (name, what) = (desired.name_any(), describe(desired));
    let params = PatchParams::apply(labels::OPERATOR).force();
    let applied = match api.patch(&name, &params, &Patch::Apply(desired)).await {
        Err(error) if answer(&error).is_some_and(|s| s.is_invalid()) => recreate(api, desired, error).await?,
        other => other.map_err(while_("apply", what.clone()))?,
    };
    if same(desired, &applied) { Ok(applied) } else { replace(api, desired, &applied).await }
}

/// Apply leaves fields of other managers alone; ours is the whole meaning of the object, so theirs go.
async fn replace<K: Child>(api: &Api<K>, desired: &K, applied: &K) -> Result<K> {
    let mut whole = desired.clone();
    let meta = whole.meta_mut();
    meta.resource_version = applied.meta().resource_version.clone();
    meta.uid = applied.meta().uid.clone();
    api.replace(&desired.name_any(), &as_ourselves(), &whole).await.map_err(while_("replace", describe(desired)))
}

/// A binding to another role: `roleRef` is immutable, only a new object can have the right one. Anything else that is
/// refused stays refused, and what is there stays there.
async fn recreate<K: Child>(api: &Api<K>, desired: &K, refused: kube::Error) -> Result<K> {
    let what = describe(desired);
    let old = api.get_opt(&desired.name_any()).await.map_err(while_("read", what.clone()))?;
    let Some(old) = old.filter(|old| role_of(old) != role_of(desired)) else {
        return Err(while_("apply", what)(refused));
    };
    // Whoever made it: the name in this namespace is ours, and the live read above is what is removed.
    remove(api, &old).await?;
    api.create(&as_ourselves(), desired).await.map_err(while_("re-create", what))
}

/// The role that a binding gives; `None` for everything else.
fn role_of<K: Child>(object: &K) -> Option<serde_json::Value> {
    serde_json::to_value(object).ok()?.get("roleRef").cloned()
}

/// Deletes exactly the object that was seen: it is read once more, must still be the same and ours, and another of the
/// same name is never hit. Whether there was such an object.
pub async fn delete<K: Child>(api: &Api<K>, object: &K) -> Result<bool> {
    let now = live(api, &object.name_any()).await?;
    let ours = |o: &K| o.labels().get(labels::MANAGED_BY).is_some_and(|m| m == labels::OPERATOR);
    if !now.is_some_and(|now| now.uid() == object.uid() && ours(&now)) {
        return Ok(false);
    }
    remove(api, object).await.map(|()| true)
}

async fn remove<K: Child>(api: &Api<K>, object: &K) -> Result<()> {
    let preconditions = Preconditions { uid: object.uid(), ..Default::default() };
    let params = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
    match api.delete(&object.name_any(), &params).await {
        Ok(_) => Ok(()),
        Err(error) if answer(&error).is_some_and(|s| s.is_not_found()) => Ok(()),
        Err(error) => Err(while_("delete", describe(object))(error)),
    }
}

/// Creates an object; `None` when the name is taken.
pub async fn create<K: Child>(api: &Api<K>, cache: &Cache<K>, object: &K) -> Result<Option<K>> {
    match api.create(&as_ourselves(), object).await {
        Ok(created) => {
            cache.note(&created);
            Ok(Some(created))
        }
        Err(error) if answer(&error).is_some_and(|s| s.is_already_exists()) => Ok(None),
        Err(error) => Err(while_("create", describe(object))(error)),
    }
}

/// Every write says that it is ours.
fn as_ourselves() -> PostParams {
    PostParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() }
}

/// Parameters of a merge patch that says that it is ours.
pub fn merge_as_ourselves() -> PatchParams {
    PatchParams { field_manager: Some(labels::OPERATOR.into()), ..Default::default() }
}

/// Reads an object from the API server itself.
pub async fn live<K: Child>(api: &Api<K>, name: &str) -> Result<Option<K>> {
    api.get_opt(name).await.map_err(while_("read", format!("{} {name:?}", K::kind(&()))))
}

fn describe<K: Child>(object: &K) -> String {
    let place = object.namespace().map(|n| format!(" in {n:?}")).unwrap_or_default();
    format!("{} {:?}{place}", K::kind(&()), object.name_any())
}

/// Whether an error is the API server refusing what we asked, which the object's status should say.
pub fn refused(error: &Error) -> Option<String> {
    match error {
        Error::Api { source, .. } => {
            answer(source).filter(|s| s.is_forbidden() || s.is_invalid()).map(|s| s.message.clone())
        }
        _ => None,
    }
}
