//! Taking away in the safe order: first no new use, then wait until nothing uses it, then delete, announcements before pools.
//!
//! No project holds up a deletion that hurts: Cilium deletes a pool under running pods and gives its prefix to the next
//! tenant. So a prefix is free only when this module says so.

use std::cmp::Reverse;

use berth_crds::labels;
use serde_json::Value;

use super::object::{is_ours, namespace_of, of_kind};
use super::{Object, Seen, Usage};

/// The next act on an object of ours that is no longer wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Keep new users away: a merge patch.
    Stop {
        /// The object.
        object: Value,
        /// The patch.
        patch: Value,
    },
    /// Something uses it still.
    Wait {
        /// The object.
        object: Value,
        /// What uses it.
        why: String,
    },
    /// Nothing does: delete exactly what was seen.
    Delete {
        /// The object.
        object: Value,
    },
}

/// Next acts on everything of an environment that is not wanted (any more).
pub fn retire(environment: &str, wanted: &[Object], seen: &Seen) -> Vec<Step> {
    let belongs = |o: &&Value| is_ours(o) && o["metadata"]["labels"][labels::ENVIRONMENT].as_str() == Some(environment);
    let unwanted = |o: &&Value| belongs(o) && !wanted.iter().any(|w| w.is(o));
    let mut steps: Vec<(usize, Step)> = seen.objects.iter().filter(unwanted).filter_map(|o| next(o, seen)).collect();
    // What is written last goes first.
    steps.sort_by_key(|(order, _)| Reverse(*order));
    steps.into_iter().map(|(_, step)| step).collect()
}

fn next(object: &Value, seen: &Seen) -> Option<(usize, Step)> {
    let (order, back_end) = super::ALL.iter().copied().find_map(|b| {
        let order = b.writes().iter().position(|k| of_kind(object, *k))?;
        Some((order, b))
    })?;
    let object = object.clone();
    if let Some(patch) = back_end.stop(&object) {
        return Some((order, Step::Stop { object, patch }));
    }
    Some((
        order,
        match back_end.used(&object, seen) {
            Usage::Free => Step::Delete { object },
            Usage::InUse(why) => Step::Wait { object, why },
        },
    ))
}

/// Namespaces whose occupancy decides about an environment's objects.
pub fn namespaces(environment: &str, seen: &Seen) -> Vec<String> {
    let of = |o: &&Value| o["metadata"]["labels"][labels::ENVIRONMENT].as_str() == Some(environment);
    let mut all: Vec<String> = seen.objects.iter().filter(|o| is_ours(o)).filter(of).filter_map(namespace_of).collect();
    all.sort();
    all.dedup();
    all
}
