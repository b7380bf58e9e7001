//! Edits of our objects by others: repaired at once, reported with who made them, and not fought over.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use berth_crds::{Reason, labels};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource, ResourceExt};

use crate::error::{Error, Result};

/// Repairs of one object that are made at once: a person who tries again is answered again.
const AT_ONCE: u32 = 3;
/// First pause after that; every further one is twice as long.
const FIRST: Duration = Duration::from_secs(5);
/// Longest pause.
const LONGEST: Duration = Duration::from_secs(300);
/// After so long without an edit the contest is over.
const OVER: Duration = Duration::from_secs(1800);

/// Contests in progress, by object, and where repairs are told.
pub struct Drift {
    recorder: Recorder,
    contests: Mutex<HashMap<String, Contest>>,
}

#[derive(Clone, Copy)]
struct Contest {
    repairs: u32,
    last: Instant,
}

impl Drift {
    /// Nothing is contested yet.
    pub fn new(client: Client, instance: String) -> Self {
        let reporter = Reporter { controller: labels::OPERATOR.into(), instance: Some(instance) };
        Self { recorder: Recorder::new(client, reporter), contests: Mutex::default() }
    }

    /// Whether the object may be repaired now.
    ///
    /// # Errors
    /// [`Error::Contested`] while another writer keeps changing it and the pause lasts.
    pub fn may_repair(&self, uid: &str, what: &str, by: &str) -> Result<()> {
        let mut contests = self.contests.lock().expect("no code panics while it holds this lock");
        contests.retain(|_, c| c.last.elapsed() < OVER);
        let contest = contests.get(uid).copied().unwrap_or(Contest { repairs: 0, last: Instant::now() });
        let wait = pause(contest.repairs).saturating_sub(contest.last.elapsed());
        if !wait.is_zero() {
            return Err(Error::Contested { what: what.into(), by: by.into(), wait });
        }
        Ok(())
    }

    /// Counts a repair that was made.
    pub fn repaired(&self, uid: &str) {
        let mut contests = self.contests.lock().expect("no code panics while it holds this lock");
        let contest = contests.entry(uid.to_owned()).or_insert(Contest { repairs: 0, last: Instant::now() });
        *contest = Contest { repairs: contest.repairs.saturating_add(1), last: Instant::now() };
    }

    /// Tells the repair where people look: at the object itself. A report that fails is logged, nothing more.
    pub async fn report<K: Resource<DynamicType = ()> + Debug>(&self, object: &K, by: &str) {
        let note = format!("Changed by {by:?}; it is again what was decided.");
        tracing::warn!(kind = %K::kind(&()), name = object.name_any(), namespace = object.namespace(), by, "repaired");
        self.tell(object, Reason::DriftRepaired, "Repair", &note).await;
    }

    /// Writes a warning where people look: at the object itself.
    pub async fn tell<K: Resource<DynamicType = ()>>(&self, object: &K, reason: Reason, action: &str, note: &str) {
        self.tell_of(object, None, reason, action, note).await;
    }

    /// The same, about another object's version too: the recorder counts up what has all but the note in common.
    pub async fn tell_of<K: Resource<DynamicType = ()>>(
        &self,
        object: &K,
        related: Option<ObjectReference>,
        reason: Reason,
        action: &str,
        note: &str,
    ) {
        let event = Event {
            type_: EventType::Warning,
            reason: reason.as_str().into(),
            note: Some(note.to_owned()),
            action: action.into(),
            secondary: related,
        };
        if let Err(error) = self.recorder.publish(&event, &object.object_ref(&())).await {
            tracing::warn!(%error, "an event was not written");
        }
    }
}

fn pause(repairs: u32) -> Duration {
    match repairs.checked_sub(AT_ONCE) {
        None => Duration::ZERO,
        Some(n) => FIRST.saturating_mul(1 << n.min(10)).min(LONGEST),
    }
}

/// When we last wrote the object's content, by the API server's clock.
pub fn our_last_write<K: Resource>(object: &K) -> Option<Time> {
    let entries = object.meta().managed_fields.iter().flatten();
    let ours = entries.filter(|e| e.subresource.is_none() && e.manager.as_deref() == Some(labels::OPERATOR));
    ours.filter_map(|e| e.time.clone()).max()
}

/// The field manager that wrote the object's content after us, if somebody did. Status has its own writers.
pub fn foreign_writer<K: Resource>(object: &K) -> Option<String> {
    let entries = object.meta().managed_fields.as_deref().unwrap_or_default();
    let content = entries.iter().filter(|e| e.subresource.is_none());
    let ours = our_last_write(object);
    let others = content.filter(|e| e.manager.as_deref() != Some(labels::OPERATOR) && e.time >= ours);
    others.max_by_key(|e| e.time.clone()).and_then(|e| e.manager.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ResourceQuota;
    use serde_json::json;

    #[test]
    fn three_repairs_are_made_at_once_and_then_pauses_double_up_to_five_minutes() {
        let seconds: Vec<u64> = (0..12).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn who_wrote_last_and_is_not_us_is_the_foreign_writer() {
        let quota = |entries: serde_json::Value| -> ResourceQuota {
            serde_json::from_value(json!({"metadata": {"name": "q", "managedFields": entries}})).unwrap()
        };
        let entry = |manager: &str, minute: u32, subresource: Option<&str>| {
            json!({"manager": manager, "operation": "Update", "time": format!("2026-11-24T08:{minute:02}:00Z"),
                "subresource": subresource})
        };
        let ours = entry(labels::OPERATOR, 2, None);
        let cases = [
            (json!([ours]), None),
            (json!([ours, entry("kube-controller-manager", 3, Some("status"))]), None),
            (json!([ours, entry("kubectl-edit", 1, None)]), None),
            (json!([ours, entry("kubectl-edit", 3, None)]), Some("kubectl-edit")),
            (json!([entry("kubectl-create", 3, None), entry("argocd", 4, None)]), Some("argocd")),
        ];
        for (entries, expected) in cases {
            assert_eq!(foreign_writer(&quota(entries.clone())).as_deref(), expected, "{entries}");
        }
    }
}
