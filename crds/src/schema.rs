//! The CRDs as they are installed: what the derive writes, made tidy in one place.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::*;

/// Longest string where a field names no maximum (identifiers and sentences have their own).
const DEFAULT_MAX_LENGTH: i64 = 1024;
/// Longest list where a field names no maximum.
const DEFAULT_MAX_ITEMS: i64 = 64;

/// Spelling of an instant: narrower than the API server's own idea of a `date-time`, which takes `…ZTomorrow`, offsets of 99
/// hours and the year 9999 to its end. What nobody can read must not be stored: one such object, and no list of its kind can
/// be read any more, by anybody.
const INSTANT: &str =
    "^[1-8][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[-+][01][0-9]:[0-5][0-9])$";

/// Every CRD, in the order of the crate's table.
pub fn all_crds() -> Vec<CustomResourceDefinition> {
    let crds = [
        Agency::crd(),
        Site::crd(),
        EnvironmentClass::crd(),
        PolicyProfile::crd(),
        WorkingCalendar::crd(),
        AddressPlan::crd(),
        Tenant::crd(),
        Environment::crd(),
        PrefixClaim::crd(),
        PrefixBlock::crd(),
        NetworkChange::crd(),
        Intervention::crd(),
        Onboarding::crd(),
        Connection::crd(),
        Decision::crd(),
        Notice::crd(),
        AuditRecord::crd(),
        AuditCheckpoint::crd(),
    ];
    crds.into_iter().map(finish).collect()
}

/// Applies the conventions that hold for every field of every kind.
fn finish(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let mut value = serde_json::to_value(crd).expect("a CRD is plain data and always serialises");
    value["metadata"]["annotations"] = json!({"berth.dev/version": env!("CARGO_PKG_VERSION")});
    value["metadata"]["labels"] = json!({(labels::PART_OF): labels::BERTH});
    if let Some(versions) = value["spec"]["versions"].as_array_mut() {
        for version in versions {
            let schema = &mut version["schema"]["openAPIV3Schema"];
            tidy(schema, "");
            default_status(schema);
        }
    }
    serde_json::from_value(value).expect("tidying changes values, never the shape of a CRD")
}

/// No `nullable`, no integer formats of Rust, a maximum on every string and list, a list type on every list, one spelling of
/// instants.
fn tidy(schema: &mut Value, name: &str) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("nullable");
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|v| !v.is_null());
    }
    match object.get("type").and_then(Value::as_str) {
        Some("string") if object.get("format") == Some(&json!("date-time")) => {
            object.insert("pattern".into(), json!(INSTANT));
        }
        Some("string") if !object.contains_key("enum") => {
            object.entry("maxLength").or_insert(json!(DEFAULT_MAX_LENGTH));
        }
        Some("array") => tidy_list(object, name),
        _ => {}
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (name, property) in properties.iter_mut() {
            tidy(property, name);
        }
    }
    if let Some(items) = object.get_mut("items") {
        tidy(items, "");
    }
}

/// Lists of named objects merge by their key; all others are replaced whole.
fn tidy_list(object: &mut Map<String, Value>, name: &str) {
    object.entry("maxItems").or_insert(json!(DEFAULT_MAX_ITEMS));
    let key = match name {
        "conditions" => Some("type"),
        "checks" => Some("id"),
        "namespaces" => Some("name"),
        _ => None,
    };
    match key {
        Some(key) => {
            object.insert("x-kubernetes-list-type".into(), json!("map"));
            object.insert("x-kubernetes-list-map-keys".into(), json!([key]));
        }
        None => {
            object.insert("x-kubernetes-list-type".into(), json!("atomic"));
        }
    }
}

/// An object that nobody has looked at yet says so, instead of looking finished to kstatus.
fn default_status(schema: &mut Value) {
    let Some(status) = schema.pointer_mut("/properties/status") else { return };
    status["default"] = json!({"conditions": [{
        "type": "Ready", "status": "Unknown", "reason": Reason::Pending.as_str(), "message": Reason::Pending.en(),
        "lastTransitionTime": "1970-01-01T00:00:00Z"
    }]});
}
