//! The networks of the cluster: what was discovered of them, mirrors of their objects, and the pools of an environment.
//!
//! Nothing is configured. CRDs are watched; when one of a known project comes, changes or goes, the cluster is asked again.

mod discover;
mod mirror;
mod serve;

use std::sync::{Arc, RwLock};

use berth_plan::backend::{Kind, Object, Offered, Offers, Scope};
use kube::api::DynamicObject;
use kube::core::ApiResource;
use kube::runtime::reflector::Store;
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

pub use discover::start;
pub use serve::{dress, leave, serve, tell, told};

/// What is known of the cluster's networks, replaced as a whole; nothing before the first discovery is whole.
#[derive(Default)]
pub struct BackEnds(RwLock<Option<Arc<Known>>>);

/// One discovery.
#[derive(Default)]
pub(crate) struct Known {
    offers: Offers,
    mirrors: Vec<Mirror>,
}

/// Objects of one kind, as a watch shows them.
struct Mirror {
    kind: Kind,
    served: Offered,
    store: Store<DynamicObject>,
    /// Ends the watch with the discovery that began it.
    _watch: AbortOnDropHandle<()>,
}

impl BackEnds {
    /// Whether a discovery was whole once. Until then a namespace must not come to be: its network is not known.
    pub fn known(&self) -> bool {
        self.get().is_some()
    }

    /// Ends every mirror: they hold the queues open.
    pub fn forget(&self) {
        *self.0.write().expect("no code panics while it holds this lock") = None;
    }

    fn now(&self) -> Arc<Known> {
        self.get().unwrap_or_default()
    }

    fn get(&self) -> Option<Arc<Known>> {
        self.0.read().expect("no code panics while it holds this lock").clone()
    }

    fn replace(&self, known: Known) {
        *self.0.write().expect("no code panics while it holds this lock") = Some(Arc::new(known));
    }
}

impl Known {
    /// Every mirrored object, with its type even where a server leaves it out of lists.
    fn objects(&self) -> Vec<Value> {
        let whole = |m: &Mirror, object: &DynamicObject| {
            let mut value = serde_json::to_value(object).unwrap_or_default();
            value["apiVersion"] = json!(format!("{}/{}", m.served.group, m.served.version));
            value["kind"] = json!(m.kind.kind);
            value
        };
        self.mirrors.iter().flat_map(|m| m.store.state().into_iter().map(move |o| whole(m, &o))).collect()
    }
}

/// The path of a served kind.
fn resource(served: &Offered) -> ApiResource {
    ApiResource {
        group: served.group.clone(),
        version: served.version.clone(),
        api_version: format!("{}/{}", served.group, served.version),
        kind: served.kind.clone(),
        plural: served.plural.clone(),
    }
}

/// Client for one object of a served kind.
fn api(client: &Client, served: &Offered, namespace: Option<&str>) -> Api<DynamicObject> {
    match (served.scope, namespace) {
        (Scope::Namespaced, Some(namespace)) => Api::namespaced_with(client.clone(), namespace, &resource(served)),
        _ => Api::all_with(client.clone(), &resource(served)),
    }
}

/// Client for an object that is planned.
fn api_for(client: &Client, known: &Known, object: &Object) -> Option<Api<DynamicObject>> {
    let served = known.offers.versions(object.kind).find(|o| o.version == object.version)?;
    Some(api(client, served, object.namespace.as_deref()))
}
