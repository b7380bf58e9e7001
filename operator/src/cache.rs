//! What we have seen: a watch's store, and on top of it our own writes that the watch has not shown yet.
//!
//! Without the second half a reconcile could act on a state older than its own last write. Resource versions of one
//! kind are comparable integers (KEP-5504; the floor is Kubernetes 1.36).

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::watcher::Event;
use kube::{Resource, ResourceExt};

/// A kind's objects.
pub struct Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store: Store<K>,
    written: Mutex<HashMap<ObjectRef<K>, Arc<K>>>,
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
    ObjectRef<K>: Hash + Eq,
{
    /// A cache over a store that a watch fills.
    pub fn new(store: Store<K>) -> Self {
        Self { store, written: Mutex::default() }
    }

    /// The store, for kube's applier.
    pub fn store(&self) -> Store<K> {
        self.store.clone()
    }

    /// The newest state that we know of an object.
    pub fn get(&self, name: &str, namespace: Option<&str>) -> Option<Arc<K>> {
        let key = match namespace {
            Some(namespace) => ObjectRef::new(name).within(namespace),
            None => ObjectRef::new(name),
        };
        self.newest(&key, self.store.get(&key))
    }

    /// The newest state that we know of every object.
    pub fn all(&self) -> Vec<Arc<K>> {
        let mut seen: HashMap<ObjectRef<K>, Arc<K>> =
            self.store.state().into_iter().map(|o| (ObjectRef::from_obj(o.as_ref()), o)).collect();
        for (key, object) in self.lock().iter() {
            let newer = seen.get(key).is_none_or(|o| version(o.as_ref()) < version(object.as_ref()));
            if newer {
                seen.insert(key.clone(), object.clone());
            }
        }
        seen.into_values().collect()
    }

    /// Remembers the answer to our own write.
    pub fn note(&self, object: &K) {
        self.lock().insert(ObjectRef::from_obj(object), Arc::new(object.clone()));
    }

    /// Takes a watch event: what the watch has caught up with is no longer remembered.
    pub fn caught_up(&self, event: &Event<K>) {
        let mut written = self.lock();
        match event {
            Event::Apply(object) | Event::InitApply(object) => {
                let key = ObjectRef::from_obj(object);
                if written.get(&key).is_some_and(|w| version(w.as_ref()) <= version(object)) {
                    written.remove(&key);
                }
            }
            Event::Delete(object) => {
                written.remove(&ObjectRef::from_obj(object));
            }
            Event::Init | Event::InitDone => {}
        }
    }

    fn newest(&self, key: &ObjectRef<K>, seen: Option<Arc<K>>) -> Option<Arc<K>> {
        match (seen, self.lock().get(key)) {
            (Some(seen), Some(written)) if version(written.as_ref()) > version(seen.as_ref()) => Some(written.clone()),
            (None, Some(written)) => Some(written.clone()),
            (seen, _) => seen,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ObjectRef<K>, Arc<K>>> {
        self.written.lock().expect("no code panics while it holds this lock")
    }
}

fn version<K: Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
}

/// `namespace/name` or `name`, for logs and back-off.
pub fn key<K: Resource>(object: &K) -> String {
    object.namespace().map_or_else(|| object.name_any(), |ns| format!("{ns}/{}", object.name_any()))
}
