//! How many are inside at a time, in all and for each key. A place is given back when it is dropped.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts who is inside.
pub struct Crowd<K: Eq + Hash + Clone> {
    total: usize,
    each: usize,
    inside: Arc<Mutex<Inside<K>>>,
}

struct Inside<K> {
    all: usize,
    by_key: HashMap<K, usize>,
}

/// Which bound is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Everybody together.
    All,
    /// This key.
    Key,
}

impl<K: Eq + Hash + Clone> Crowd<K> {
    /// At most so many in all, and of each key.
    pub fn new(total: usize, each: usize) -> Self {
        Self { total, each, inside: Arc::new(Mutex::new(Inside { all: 0, by_key: HashMap::new() })) }
    }

    /// A place, while there is one.
    pub fn enter(&self, key: K) -> Result<Place<K>, Full> {
        let mut inside = lock(&self.inside);
        if inside.all >= self.total {
            return Err(Full::All);
        }
        if inside.by_key.get(&key).copied().unwrap_or_default() >= self.each {
            return Err(Full::Key);
        }
        inside.all += 1;
        *inside.by_key.entry(key.clone()).or_default() += 1;
        Ok(Place { key, inside: self.inside.clone() })
    }
}

/// Somebody's place.
pub struct Place<K: Eq + Hash + Clone> {
    key: K,
    inside: Arc<Mutex<Inside<K>>>,
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut inside = lock(&self.inside);
        inside.all -= 1;
        if let Some(count) = inside.by_key.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                inside.by_key.remove(&self.key);
            }
        }
    }
}

/// Numbers are never half-changed: a panic elsewhere leaves them right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_refused_when_full_and_free_again_when_left() {
        let crowd = Crowd::new(3, 2);
        let first = crowd.enter("a").unwrap();
        let _second = crowd.enter("a").unwrap();
        assert_eq!(crowd.enter("a").err(), Some(Full::Key));
        let other = crowd.enter("b").unwrap();
        assert_eq!((crowd.enter("c").err(), crowd.enter("a").err()), (Some(Full::All), Some(Full::All)));
        drop(first);
        assert!(crowd.enter("a").is_ok());
        drop(other);
        assert_eq!(lock(&crowd.inside).by_key, HashMap::from([("a", 1)]), "who is gone is forgotten");
    }
}
