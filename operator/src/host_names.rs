//! Host names of a tenant's namespace, in the annotation that the guard of Ingresses and routes reads: exactly those of its
//! open connections. Written where it differs, and never for a namespace that no paper grants a name.

use std::sync::Arc;

use berth_crds::{Connection, labels};
use berth_plan::connection::{granted, lists, place};
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
    namespace: String,
    _line: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    /// Waits for the turn of a paper that names hosts; `None`: it names none.
    pub async fn of(connection: &Connection, ctx: &'a Context) -> Option<Self> {
        let namespace = place(&connection.spec).filter(|_| !connection.spec.host_names.is_empty())?;
        Some(Self { namespace, _line: ctx.naming.lock().await })
    }

    /// Brings the namespace to what it is granted, without the names of a paper that is about to say that it has none.
    ///
    /// # Errors
    /// When the namespace cannot be written, or is another one by now.
    pub async fn settle(&self, leaving: Option<&Connection>, ctx: &Context) -> Result<()> {
        let Some((seen, wanted)) = differing(&self.namespace, leaving, ctx) else { return Ok(()) };
        let patch = json!({"metadata": {"uid": seen.uid(), "annotations": {(labels::HOST_NAMES): wanted}}});
        let what = format!("Namespace {:?}", self.namespace);
        let api = ctx.api::<Namespace>();
        let written = api.patch(&self.namespace, &apply::merge_as_ourselves(), &Patch::Merge(&patch)).await;
        let written = written.map_err(while_("grant host names to", what))?;
        ctx.caches.namespaces.note(&written);
        Ok(())
    }
}

/// Puts right what somebody else made of a namespace's names.
///
/// # Errors
/// As [`Turn::settle`].
pub async fn keep(namespace: &str, ctx: &Context) -> Result<()> {
    if differing(namespace, None, ctx).is_none() {
        return Ok(());
    }
    Turn { namespace: namespace.to_owned(), _line: ctx.naming.lock().await }.settle(None, ctx).await
}

/// Whether the namespace of a paper has these names.
pub fn stand(connection: &Connection, names: &[String], ctx: &Context) -> bool {
    let seen = place(&connection.spec).and_then(|namespace| ctx.caches.namespaces.get(&namespace, None));
    let has = |seen: Arc<Namespace>| {
        let value = seen.annotations().get(labels::HOST_NAMES);
        names.iter().all(|name| value.is_some_and(|value| lists(value, name)))
    };
    seen.is_some_and(has)
}

/// The namespace as it is known, and what its annotation should be, where the two differ. One that is not there, or on its
/// way out, gets nothing.
fn differing(namespace: &str, leaving: Option<&Connection>, ctx: &Context) -> Option<(Arc<Namespace>, Option<String>)> {
    let seen = ctx.caches.namespaces.get(namespace, None)?;
    if seen.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let gone = leaving.and_then(ResourceExt::uid);
    let papers = ctx.caches.connections.all();
    let stay = papers.iter().map(|paper| &**paper).filter(|paper| gone.is_none() || paper.uid() != gone);
    let wanted = granted(namespace, stay);
    (seen.annotations().get(labels::HOST_NAMES) != wanted.as_ref()).then_some((seen, wanted))
}
