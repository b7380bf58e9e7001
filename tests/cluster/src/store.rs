//! What is asked of etcd, past the API server. A client belongs to the async runtime that made it, so each question makes
//! its own.

use http::Request;
use k8s_openapi::ByteString;
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::{Error, Result, access::form};

/// etcd, spoken to in proto3 JSON.
#[derive(Clone, Debug)]
pub(crate) struct Store(pub(crate) Config);

impl Store {
    /// The revision in the header of any answer.
    pub(crate) async fn revision(&self) -> Result<i64> {
        let answer = self.ask("range", &json!({"key": "AA==", "count_only": true})).await?;
        // 64-bit integers are strings in proto3 JSON.
        let revision = answer["header"]["revision"].as_str().and_then(|text| text.parse().ok());
        revision.ok_or_else(|| form("etcd's answer", answer))
    }

    /// The object at a key, and the revision of its last write.
    pub(crate) async fn read(&self, key: &str) -> Result<(Value, String)> {
        let answer = self.ask("range", &json!({"key": bytes(key)})).await?;
        let found = &answer["kvs"][0];
        let value: ByteString =
            serde_json::from_value(found["value"].clone()).map_err(|_| form("etcd's answer", answer.clone()))?;
        let value = serde_json::from_slice(&value.0).map_err(|error| form("the stored object", error))?;
        Ok((value, found["mod_revision"].as_str().unwrap_or_default().to_owned()))
    }

    /// Every value, as it is stored.
    pub(crate) async fn everything(&self) -> Result<Vec<Vec<u8>>> {
        // From the zero key to the zero end, which is etcd's way to say all of them.
        let answer = self.ask("range", &json!({"key": "AA==", "range_end": "AA=="})).await?;
        let kvs = answer["kvs"].as_array().ok_or_else(|| form("etcd's answer", "it holds nothing"))?;
        let value = |kv: &Value| match kv.get("value") {
            // proto3 JSON leaves out what is empty.
            None => Ok(Vec::new()),
            Some(value) => serde_json::from_value(value.clone()).map(|ByteString(bytes)| bytes),
        };
        kvs.iter().map(value).collect::<std::result::Result<_, _>>().map_err(|error| form("etcd's answer", error))
    }

    /// Whether the object was replaced: not when somebody wrote since `revision`.
    pub(crate) async fn replace(&self, key: &str, value: &Value, revision: &str) -> Result<bool> {
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
