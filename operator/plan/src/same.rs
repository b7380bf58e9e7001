//! Is an observed object what was desired? Strict on everything that carries meaning: a key added by somebody else
//! (an `ingress` rule in a deny-all, say) changes what a policy does, and apply would leave it there.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::Serialize;
use serde_json::Value;

use crate::amounts::{parse_bytes, parse_cpu};

/// Whether two objects agree: our labels and annotations are there, and everything outside `metadata` and `status`
/// is equal, empty values and spellings of quantities apart.
pub fn same<K: Serialize>(desired: &K, observed: &K) -> bool {
    let (Ok(desired), Ok(observed)) = (serde_json::to_value(desired), serde_json::to_value(observed)) else {
        return false;
    };
    let meta = |key: &str| included(&desired["metadata"][key], &observed["metadata"][key]);
    meta("labels") && meta("annotations") && body(&desired) == body(&observed)
}

/// Whether an observed object has what is desired of it; what others add besides stays theirs. For objects that are not
/// ours as a whole.
pub fn has<K: Serialize>(desired: &K, observed: &K) -> bool {
    let (Ok(desired), Ok(observed)) = (serde_json::to_value(desired), serde_json::to_value(observed)) else {
        return false;
    };
    let meta = |key: &str| included(&desired["metadata"][key], &observed["metadata"][key]);
    meta("labels") && meta("annotations") && included(&body(&desired), &body(&observed))
}

/// Every entry of the first map is in the second.
fn included(some: &Value, all: &Value) -> bool {
    let Some(some) = some.as_object() else { return true };
    some.iter().all(|(key, value)| all.get(key) == Some(value))
}

fn body(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        for key in ["metadata", "status", "kind", "apiVersion"] {
            map.remove(key);
        }
    }
    normal(object)
}

/// Without empty values, and quantities as numbers.
fn normal(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, value)| (key, normal(value)));
            Value::Object(entries.filter(|(key, value)| !empty(value) || key == "podSelector").collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(normal).collect()),
        Value::String(text) => quantity(&text).map_or(Value::String(text), Value::from),
        other => other,
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Thousandths of any quantity that we write; other text stays text.
fn quantity(text: &str) -> Option<i64> {
    if text.ends_with('m') { parse_cpu(text) } else { parse_bytes(text)?.checked_mul(1000) }
}

/// Whether a quota that is in force (`status.hard`) holds exactly what was written.
pub fn in_force(spec: Option<&BTreeMap<String, Quantity>>, status: Option<&BTreeMap<String, Quantity>>) -> bool {
    let numbers = |map: &BTreeMap<String, Quantity>| -> BTreeMap<String, Option<i64>> {
        map.iter().map(|(k, v)| (k.clone(), quantity(&v.0))).collect()
    };
    spec.zip(status).is_some_and(|(spec, status)| numbers(spec) == numbers(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ResourceQuota;
    use k8s_openapi::api::networking::v1::NetworkPolicy;
    use serde_json::json;

    fn policy(selector: Value, extra: Value) -> NetworkPolicy {
        let mut object =
            json!({"metadata": {"name": "p"}, "spec": {"podSelector": selector, "policyTypes": ["Ingress"]}});
        object["spec"].as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn a_key_that_somebody_added_is_a_difference() {
        let desired = policy(json!({}), json!({}));
        assert!(same(&desired, &policy(json!({}), json!({"ingress": []}))));
        assert!(!same(&desired, &policy(json!({"matchLabels": {"a": "b"}}), json!({}))));
        assert!(!same(&desired, &policy(json!({}), json!({"ingress": [{}]}))));
    }

    #[test]
    fn other_spellings_of_an_amount_and_foreign_labels_are_none() {
        let quota = |cpu: &str, labels: Value| -> ResourceQuota {
            serde_json::from_value(
                json!({"metadata": {"name": "q", "labels": labels}, "spec": {"hard": {"limits.cpu": cpu}}}),
            )
            .unwrap()
        };
        let desired = quota("2", json!({"a": "1"}));
        assert!(same(&desired, &quota("2000m", json!({"a": "1", "b": "2"}))));
        assert!(!same(&desired, &quota("3", json!({"a": "1"}))));
        assert!(!same(&desired, &quota("2", json!({"a": "2"}))));
        assert!(!same(&desired, &quota("2", json!({}))));
    }
}
