//! Use of break-glass: what a watch shows of it, until the environment's next pass tells it.

use std::collections::HashMap;
use std::sync::Mutex;

use berth_crds::labels;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::Value;

use crate::drift::{foreign_writer, our_last_write};

/// Something to tell of an environment: what was written, and the sentence.
pub type Note = (ObjectReference, String);

/// What was seen and is still to be told, by environment; and how each object was seen last, by UID.
#[derive(Default)]
pub struct Glass {
    notes: Mutex<HashMap<String, Vec<Note>>>,
    seen: Mutex<HashMap<String, Seen>>,
}

/// How an object was seen.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// Our last write of it: the API server's time, to the second.
    ours: Option<Time>,
    /// Its content, if it has the mark.
    marked: Option<Value>,
}

impl Glass {
    /// Looks whether an object was written by break-glass since it was last seen. The mark is put there by admission, and
    /// our own repair leaves it where it is: so what has it and changed, while our last write stood still, was written so. A
    /// writer that only took something away is in no `managedFields`; of an object that is new to us they are all there is.
    pub fn see<K: Resource<DynamicType = ()> + Serialize>(&self, object: &K) {
        let Some(environment) = object.labels().get(labels::ENVIRONMENT) else { return };
        let who = object.annotations().get(labels::BREAK_GLASS);
        let now = Seen { ours: our_last_write(object), marked: who.and_then(|_| content(object)) };
        let mut seen = self.seen.lock().expect("no code panics while it holds this lock");
        let before = seen.insert(object.uid().unwrap_or_default(), now.clone());
        let Some(who) = who.filter(|_| by_another(before.as_ref(), &now, foreign_writer(object).is_some())) else {
            return;
        };
        let place = object.namespace().map(|n| format!(" in {n:?}")).unwrap_or_default();
        let note = format!("{} {:?}{place} was written past the guards by {who:?}.", K::kind(&()), object.name_any());
        // With its version: each write is an Event of its own.
        let written = ObjectReference { resource_version: object.resource_version(), ..object.object_ref(&()) };
        let mut notes = self.notes.lock().expect("no code panics while it holds this lock");
        notes.entry(environment.clone()).or_default().push((written, note));
    }

    /// What is to be told of an environment now.
    pub fn take(&self, environment: &str) -> Vec<Note> {
        let mut notes = self.notes.lock().expect("no code panics while it holds this lock");
        notes.remove(environment).unwrap_or_default()
    }
}

/// Whether a marked object has changed by somebody else's hand.
fn by_another(before: Option<&Seen>, now: &Seen, foreign: bool) -> bool {
    let Some(before) = before else { return foreign };
    before.marked != now.marked && (foreign || before.ours == now.ours)
}

/// What people write of an object: not its status, and not what the API server keeps about it.
fn content<K: Serialize>(object: &K) -> Option<Value> {
    let mut value = serde_json::to_value(object).ok()?;
    value.as_object_mut()?.remove("status");
    let metadata = value.get_mut("metadata")?.as_object_mut()?;
    for kept in ["managedFields", "resourceVersion", "generation"] {
        metadata.remove(kept);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use serde_json::json;

    /// Versions of one policy: what it allows, the mark, when we wrote it last, and who else is in `managedFields`.
    fn policy(version: &str, types: &[&str], mark: Option<&str>, ours: &str, other: Option<&str>) -> NetworkPolicy {
        let mut fields = vec![json!({"manager": labels::OPERATOR, "operation": "Apply", "time": ours})];
        fields.extend(other.map(|time| json!({"manager": "kubectl-edit", "operation": "Update", "time": time})));
        let annotations: BTreeMap<_, _> = mark.map(|who| (labels::BREAK_GLASS, who)).into_iter().collect();
        serde_json::from_value(json!({
            "metadata": {
                "name": "p", "namespace": "aaaaaa-prod", "uid": "1", "resourceVersion": version,
                "labels": {"berth.dev/environment": "aaaaaa-prod"}, "annotations": annotations,
                "managedFields": fields
            },
            "spec": {"podSelector": {}, "policyTypes": types}
        }))
        .unwrap()
    }

    #[test]
    fn every_write_by_break_glass_is_told_once_also_one_that_only_takes_away_and_our_repair_is_none() {
        const MADE: &str = "2026-11-24T01:00:00Z";
        const REPAIRED: &str = "2026-11-24T02:00:00Z";
        let (glass, all, one) = (Glass::default(), ["Ingress", "Egress"], ["Ingress"]);
        let note = "NetworkPolicy \"p\" in \"aaaaaa-prod\" was written past the guards by \"an\".".to_owned();
        for (step, object, told) in [
            ("as we made it", policy("1", &all, None, MADE, None), false),
            ("something is taken away", policy("2", &one, Some("an"), MADE, None), true),
            ("seen again", policy("2", &one, Some("an"), MADE, None), false),
            ("repaired by us, with the mark on it", policy("3", &all, Some("an"), REPAIRED, None), false),
            ("something is added", policy("4", &one, Some("an"), REPAIRED, Some("2026-11-24T03:00:00Z")), true),
        ] {
            glass.see(&object);
            let notes: Vec<String> = glass.take("aaaaaa-prod").into_iter().map(|(_, note)| note).collect();
            assert_eq!(notes, if told { vec![note.clone()] } else { vec![] }, "{step}");
        }
    }

    #[test]
    fn of_an_object_that_is_new_to_us_the_managed_fields_say_who_wrote_last() {
        for (other, told) in [(None, 0), (Some("2026-11-24T03:00:00Z"), 1)] {
            let glass = Glass::default();
            glass.see(&policy("4", &["Ingress"], Some("an"), "2026-11-24T02:00:00Z", other));
            assert_eq!(glass.take("aaaaaa-prod").len(), told, "{other:?}");
        }
    }
}
