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
    ahead: Mutex<Ahead<K>>,
}

/// Our own writes that the watch has not shown yet.
struct Ahead<K: Resource<DynamicType = ()> + 'static> {
    written: HashMap<ObjectRef<K>, Arc<K>>,
    /// How far the watch has come: a write up to here has been shown, and may be gone again.
    seen: u64,
    /// Writes known when a list began: the list knows better.
    listing: HashMap<ObjectRef<K>, u64>,
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
    ObjectRef<K>: Hash + Eq,
{
    /// A cache over a store that a watch fills.
    pub fn new(store: Store<K>) -> Self {
        Self { store, ahead: Mutex::new(Ahead { written: HashMap::new(), seen: 0, listing: HashMap::new() }) }
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
        let ahead = self.lock();
        match (self.store.get(&key), ahead.written.get(&key)) {
            (Some(seen), Some(written)) if version(written.as_ref()) > version(seen.as_ref()) => Some(written.clone()),
            (None, Some(written)) => Some(written.clone()),
            (seen, _) => seen,
        }
    }

    /// The newest state that we know of every object.
    pub fn all(&self) -> Vec<Arc<K>> {
        let ahead = self.lock();
        let seen = self.store.state();
        if ahead.written.is_empty() {
            return seen;
        }
        let mut written: HashMap<_, &Arc<K>> = ahead.written.values().map(|o| (place(o.as_ref()), o)).collect();
        let mut all = Vec::with_capacity(seen.len());
        for seen in &seen {
            all.push(match written.remove(&place(seen.as_ref())) {
                Some(written) if version(written.as_ref()) > version(seen.as_ref()) => written.clone(),
                _ => seen.clone(),
            });
        }
        all.extend(written.into_values().cloned());
        all
    }

    /// Remembers the answer to our own write, unless the watch has passed it already: an answer that comes late must not
    /// bring back what was deleted meanwhile.
    pub fn note(&self, object: &K) {
        let mut ahead = self.lock();
        if version(object) > ahead.seen {
            ahead.written.insert(ObjectRef::from_obj(object), Arc::new(object.clone()));
        }
    }

    /// Takes a watch event: what the watch has caught up with is no longer remembered.
    pub fn caught_up(&self, event: &Event<K>) {
        let mut ahead = self.lock();
        match event {
            Event::Apply(object) | Event::Delete(object) => {
                ahead.seen = ahead.seen.max(version(object));
                ahead.passed(object);
            }
            // The store shows a list only when it is complete.
            Event::InitApply(_) => {}
            Event::Init => {
                ahead.listing = ahead.written.iter().map(|(key, w)| (key.clone(), version(w.as_ref()))).collect();
            }
            Event::InitDone => {
                let listing = std::mem::take(&mut ahead.listing);
                ahead.written.retain(|key, w| listing.get(key) != Some(&version(w.as_ref())));
            }
        }
    }

    /// Whoever reads takes this before the store: a write leaves `written` only after the store has it, so the other way
    /// round a read could miss a write in both.
    fn lock(&self) -> std::sync::MutexGuard<'_, Ahead<K>> {
        self.ahead.lock().expect("no code panics while it holds this lock")
    }
}

impl<K> Ahead<K>
where
    K: Resource<DynamicType = ()>,
    ObjectRef<K>: Hash + Eq,
{
    fn passed(&mut self, object: &K) {
        let key = ObjectRef::from_obj(object);
        if self.written.get(&key).is_some_and(|w| version(w.as_ref()) <= version(object)) {
            self.written.remove(&key);
        }
    }
}

/// Namespace and name: one object of a kind at most has both.
fn place<K: Resource>(object: &K) -> (Option<&str>, Option<&str>) {
    (object.meta().namespace.as_deref(), object.meta().name.as_deref())
}

fn version<K: Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
}

/// `namespace/name` or `name`, for logs and back-off.
pub fn key<K: Resource>(object: &K) -> String {
    object.namespace().map_or_else(|| object.name_any(), |ns| format!("{ns}/{}", object.name_any()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Namespace;
    use kube::runtime::reflector::store;
    use kube::runtime::reflector::store::Writer;

    fn namespace(version: u64) -> Namespace {
        let mut object = Namespace::default();
        object.metadata.name = Some("a".into());
        object.metadata.resource_version = Some(version.to_string());
        object
    }

    fn cache() -> Cache<Namespace> {
        Cache::new(store().0)
    }

    fn known(cache: &Cache<Namespace>) -> Option<String> {
        cache.get("a", None).and_then(|o| o.metadata.resource_version.clone())
    }

    #[test]
    fn our_own_write_is_known_until_the_watch_has_passed_it() {
        let cache = cache();
        cache.note(&namespace(5));
        assert_eq!(known(&cache), Some("5".into()));
        cache.caught_up(&Event::Delete(namespace(6)));
        assert_eq!(known(&cache), None);
    }

    #[test]
    fn all_objects_are_the_watched_ones_with_our_own_newer_writes_among_and_beside_them() {
        let (reader, mut writer) = store();
        let cache = Cache::new(reader);
        let named = |name: &str, version| {
            let mut object = namespace(version);
            object.metadata.name = Some(name.into());
            object
        };
        for seen in [named("a", 3), named("b", 9), named("c", 4)] {
            writer.apply_watcher_event(&Event::Apply(seen));
        }
        [named("a", 5), named("b", 8), named("d", 6)].iter().for_each(|written| cache.note(written));
        let all = cache.all();
        let mut all: Vec<_> = all.iter().map(|o| (o.name_any(), version(o.as_ref()))).collect();
        all.sort();
        assert_eq!(all, [("a".to_owned(), 5), ("b".to_owned(), 9), ("c".to_owned(), 4), ("d".to_owned(), 6)]);
    }

    #[test]
    fn an_answer_that_comes_after_the_deletion_brings_nothing_back() {
        let cache = cache();
        cache.caught_up(&Event::Apply(namespace(5)));
        cache.caught_up(&Event::Delete(namespace(6)));
        cache.note(&namespace(5));
        assert_eq!(known(&cache), None);
    }

    #[test]
    fn a_read_never_goes_back_while_the_watch_catches_up_with_our_writes() {
        let (reader, mut writer) = store();
        let cache = Cache::new(reader);
        let last = 50_000;
        let write = |writer: &mut Writer<Namespace>| {
            for version in 1..=last {
                cache.note(&namespace(version));
                let event = Event::Apply(namespace(version));
                writer.apply_watcher_event(&event);
                cache.caught_up(&event);
            }
        };
        let all = || cache.all().first().map_or(0, |o| version(o.as_ref()));
        let get = || cache.get("a", None).map_or(0, |o| version(o.as_ref()));
        let watch = |read: &dyn Fn() -> u64| {
            let mut known = 0;
            while known < last {
                let now = read();
                assert!(now >= known, "read {now} after {known}");
                known = now;
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| write(&mut writer));
            scope.spawn(|| watch(&all));
            scope.spawn(|| watch(&get));
        });
    }

    #[test]
    fn a_list_forgets_what_was_written_before_it_began_and_keeps_what_came_later() {
        let cache = cache();
        cache.note(&namespace(5));
        cache.caught_up(&Event::Init);
        cache.caught_up(&Event::InitDone);
        assert_eq!(known(&cache), None);
        cache.caught_up(&Event::Init);
        cache.note(&namespace(7));
        cache.caught_up(&Event::InitDone);
        assert_eq!(known(&cache), Some("7".into()));
    }
}
