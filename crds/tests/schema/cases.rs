//! The tables of `crds/tests/cases/*.yaml`: an object, perhaps a change of it, and what the API server must say.
//!
//! Needs only `serde`, `serde_json` and `serde_yaml`, so that a story on a real control plane can include this file
//! with `#[path]` and apply the same cases; the folder is an argument, because its own is not where that story lives.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A file of the folder: merge patches (RFC 7386) over one object that is accepted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    base: Value,
    cases: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    object: Value,
    update: Option<Value>,
    expect: String,
}

/// One case, with nothing left to merge but `update`.
pub struct Case {
    /// Table and name of the case, for messages.
    pub name: String,
    /// The object as it is created.
    pub object: Value,
    /// Merge patch on the created object: where there is one, it is judged, and creating `object` must succeed.
    pub update: Option<Value>,
    /// Part of the message of the refusal; `None`: accepted.
    pub refusal: Option<String>,
}

/// Every case of one table of the folder, for example `prefixblock`.
pub fn load(folder: &Path, table: &str) -> Vec<Case> {
    let path = folder.join(format!("{table}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let parsed: Table = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let case = |row: Row| {
        let mut object = parsed.base.clone();
        if !row.object.is_null() {
            merge(&mut object, &row.object);
        }
        let refusal = (row.expect != "accepted").then_some(row.expect);
        Case { name: format!("{table}: {}", row.name), object, update: row.update, refusal }
    };
    parsed.cases.into_iter().map(case).collect()
}

/// Applies a JSON merge patch (RFC 7386): objects merge, `null` removes, everything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Default::default());
    }
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().map(|object| object.remove(key));
        } else {
            merge(&mut target[key], value);
        }
    }
}
