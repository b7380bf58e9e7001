//! Use of break-glass: what a watch shows of it, until the environment's next pass tells it.

use std::collections::HashMap;
use std::sync::Mutex;

use berth_crds::labels;
use kube::{Resource, ResourceExt};

use crate::drift::foreign_writer;

/// What was seen and is still to be told, by environment; and what was told already, by UID.
#[derive(Default)]
pub struct Glass {
    notes: Mutex<HashMap<String, Vec<String>>>,
    told: Mutex<HashMap<String, String>>,
}

impl Glass {
    /// Looks whether an object was written by break-glass since it was last seen. The mark is put there by admission, so
    /// what carries it and is ours was written so.
    pub fn see<K: Resource<DynamicType = ()>>(&self, object: &K) {
        let mark = object.annotations().get(labels::BREAK_GLASS);
        let (Some(who), Some(environment)) = (mark, object.labels().get(labels::ENVIRONMENT)) else { return };
        // Our own apply leaves the mark of others where it is.
        if foreign_writer(object).is_none() {
            return;
        }
        let (uid, version) = (object.uid().unwrap_or_default(), object.resource_version().unwrap_or_default());
        let mut told = self.told.lock().expect("no code panics while it holds this lock");
        if told.insert(uid, version.clone()).as_ref() == Some(&version) {
            return;
        }
        let place = object.namespace().map(|n| format!(" in {n:?}")).unwrap_or_default();
        let note = format!("{} {:?}{place} was written past the guards by {who:?}.", K::kind(&()), object.name_any());
        let mut notes = self.notes.lock().expect("no code panics while it holds this lock");
        notes.entry(environment.clone()).or_default().push(note);
    }

    /// What is to be told of an environment now.
    pub fn take(&self, environment: &str) -> Vec<String> {
        let mut notes = self.notes.lock().expect("no code panics while it holds this lock");
        notes.remove(environment).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use serde_json::json;

    #[test]
    fn each_version_that_was_written_by_break_glass_is_told_once() {
        let policy = |version: &str, mark: Option<&str>| -> NetworkPolicy {
            serde_json::from_value(json!({"metadata": {
                "name": "p", "namespace": "aaaaaa-prod", "uid": "1", "resourceVersion": version,
                "labels": {"berth.dev/environment": "aaaaaa-prod"}, "annotations": {"berth.dev/break-glass": mark},
                "managedFields": [{"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-24T01:00:00Z"}]
            }}))
            .unwrap()
        };
        let glass = Glass::default();
        let mut plain = policy("1", Some("an"));
        plain.metadata.annotations = None;
        glass.see(&plain);
        assert_eq!(glass.take("aaaaaa-prod"), Vec::<String>::new());
        let note = "NetworkPolicy \"p\" in \"aaaaaa-prod\" was written past the guards by \"an\".";
        for (version, expected) in [("2", vec![note]), ("2", vec![]), ("3", vec![note])] {
            glass.see(&policy(version, Some("an")));
            assert_eq!(glass.take("aaaaaa-prod"), expected, "{version}");
        }
    }
}
