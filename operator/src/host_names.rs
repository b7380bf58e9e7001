//! Host names of a tenant's namespace, in the annotation that the guard of Ingresses and routes reads: exactly those of its
//! open connections. Written where it differs, and never for a namespace that no paper grants a name.

use std::sync::Arc;

use berth_crds::connection::EnvironmentEnd;
use berth_crds::{Connection, labels};
use berth_plan::connection::{granted, lists, namespace_of, place};
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::Patch;
use serde_json::json;
use tokio::sync::MutexGuard;

use crate::apply;
use crate::context::Context;
use crate::error::{Result, while_};

/// A turn at the names of a namespace: while it lasts, nobody else of this process looks at names and writes them.
pub struct Turn<'a> {
    place: EnvironmentEnd,
    _line: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    /// Waits for the turn of a paper that names hosts; `None`: it names none.
    pub async fn of(connection: &Connection, ctx: &'a Context) -> Option<Self> {
        let place = place(&connection.spec).filter(|_| !connection.spec.host_names.is_empty())?.clone();
        Some(Self { place, _line: ctx.naming.lock().await })
    }

    /// Brings the namespace to what it is granted, without the names of a paper that is about to say that it has none.
    ///
    /// # Errors
    /// When the namespace cannot be written, or is another one by now.
    pub async fn settle(&self, leaving: Option<&Connection>, ctx: &Context) -> Result<()> {
        let Some((seen, wanted)) = differing(&self.place, leaving, ctx) else { return Ok(()) };
        let name = seen.name_any();
        let patch = json!({"metadata": {"uid": seen.uid(), "annotations": {(labels::HOST_NAMES): wanted}}});
        let what = format!("Namespace {name:?}");
        let api = ctx.api::<Namespace>();
        let written = api.patch(&name, &apply::merge_as_ourselves(), &Patch::Merge(&patch)).await;
        let written = written.map_err(while_("grant host names to", what))?;
        ctx.caches.namespaces.note(&written);
        Ok(())
    }
}

/// Puts right what somebody else made of a namespace's names.
///
/// # Errors
/// As [`Turn::settle`].
pub async fn keep(place: EnvironmentEnd, ctx: &Context) -> Result<()> {
    if differing(&place, None, ctx).is_none() {
        return Ok(());
    }
    Turn { place, _line: ctx.naming.lock().await }.settle(None, ctx).await
}

/// Whether the namespace of a paper has these names.
pub fn stand(connection: &Connection, names: &[String], ctx: &Context) -> bool {
    let seen = place(&connection.spec).and_then(|place| at(place, ctx));
    let has = |seen: Arc<Namespace>| {
        let value = seen.annotations().get(labels::HOST_NAMES);
        names.iter().all(|name| value.is_some_and(|value| lists(value, name)))
    };
    seen.is_some_and(has)
}

/// The namespace of a place, as it is known.
fn at(place: &EnvironmentEnd, ctx: &Context) -> Option<Arc<Namespace>> {
    let name = &place.environment_ref.name;
    let seen = ctx.caches.environments.get(name, None);
    ctx.caches.namespaces.get(&namespace_of(name, place.zone, seen.as_deref()), None)
}

/// The namespace as it is known, and what its annotation should be, where the two differ. One that is not there, or on its
/// way out, gets nothing.
fn differing(
    place: &EnvironmentEnd,
    leaving: Option<&Connection>,
    ctx: &Context,
) -> Option<(Arc<Namespace>, Option<String>)> {
    let seen = at(place, ctx)?;
    if seen.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let gone = leaving.and_then(ResourceExt::uid);
    let papers = ctx.caches.connections.all();
    let stay = papers.iter().map(|paper| &**paper).filter(|paper| gone.is_none() || paper.uid() != gone);
    let wanted = granted(place, stay);
    (seen.annotations().get(labels::HOST_NAMES) != wanted.as_ref()).then_some((seen, wanted))
}
