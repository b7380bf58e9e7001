//! Objects that were made at another time. The API server stamps `creationTimestamp` itself and lets nobody say it; what
//! lasts for days or years is tested by dating an object in etcd, and everybody who watches sees it as a change.

use http::Request;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use kube::{Client, Config, Resource, ResourceExt};
use serde_json::{Value, json};

use crate::{Cluster, Error, Result, access::form};

/// Tries of a write that others may precede.
const TRIES: usize = 20;

impl Cluster {
    /// Makes a custom object one that was created at `made`.
    pub async fn date<K: Resource<DynamicType = ()>>(&self, object: &K, made: Timestamp) -> Result<()> {
        const DOING: &str = "date an object";
        let store = Store(self.local(DOING)?.etcd());
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

/// etcd, spoken to in proto3 JSON.
struct Store(Config);

impl Store {
    /// The object at a key, and the revision of its last write.
    async fn read(&self, key: &str) -> Result<(Value, String)> {
        let answer = self.ask("range", &json!({"key": bytes(key)})).await?;
        let found = &answer["kvs"][0];
        let value: ByteString =
            serde_json::from_value(found["value"].clone()).map_err(|_| form("etcd's answer", answer.clone()))?;
        let value = serde_json::from_slice(&value.0).map_err(|error| form("the stored object", error))?;
        Ok((value, found["mod_revision"].as_str().unwrap_or_default().to_owned()))
    }

    /// Whether the object was replaced: not when somebody wrote since `revision`.
    async fn replace(&self, key: &str, value: &Value, revision: &str) -> Result<bool> {
        let answer = self
            .ask(
                "txn",
                &json!({
                    "compare": [{"key": bytes(key), "target": "MOD", "mod_revision": revision}],
                    "success": [{"request_put": {"key": bytes(key), "value": bytes(&value.to_string())}}]
                }),
            )
            .await?;
        Ok(answer["succeeded"] == json!(true))
    }

    async fn ask(&self, what: &str, body: &Value) -> Result<Value> {
        let request = Request::post(format!("/v3/kv/{what}"))
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes())
            .map_err(|error| form("the request to etcd", error))?;
        let client = Client::try_from(self.0.clone()).map_err(Error::request("reach etcd"))?;
        client.request(request).await.map_err(Error::request("ask etcd"))
    }
}

fn bytes(text: &str) -> ByteString {
    ByteString(text.as_bytes().to_vec())
}
