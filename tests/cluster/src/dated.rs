//! Objects that were made at another time. The API server stamps `creationTimestamp` itself and lets nobody say it; what
//! lasts for days or years is tested by dating an object in etcd, and everybody who watches sees it as a change.

use jiff::Timestamp;
use kube::{Resource, ResourceExt};
use serde_json::json;

use crate::{Cluster, Result, access::form};

/// Tries of a write that others may precede.
const TRIES: usize = 20;

impl Cluster {
    /// Makes a custom object one that was created at `made`.
    pub async fn date<K: Resource<DynamicType = ()>>(&self, object: &K, made: Timestamp) -> Result<()> {
        const DOING: &str = "date an object";
        let store = self.local(DOING)?.store();
        let namespace = object.namespace().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let key = format!("/registry/{}/{}/{namespace}{}", K::group(&()), K::plural(&()), object.name_any());
        for _ in 0..TRIES {
            let (mut value, revision) = store.read(&key).await?;
            value["metadata"]["creationTimestamp"] = json!(made.to_string());
            if store.replace(&key, &value, &revision).await? {
                return Ok(());
            }
        }
        Err(form("the object", format!("{key} changes all the time")))
    }
}
