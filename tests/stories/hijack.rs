//! The ideas by which a namespace has been taken over elsewhere, as requests: Capsule's advisories and its end-to-end
//! cases, HNC's, and what follows from the shape of our own guards.

use serde_json::{Value, json};

use crate::attack::{APPLY, JSON, JSON_PATCH, MERGE, STRATEGIC};

/// One request.
pub struct Idea {
    pub name: String,
    pub method: &'static str,
    pub path: String,
    pub content_type: &'static str,
    pub body: Value,
    /// Codes of the API server that count as refused.
    pub refused_with: &'static [u16],
}

fn idea(name: &str, method: &'static str, path: &str, content_type: &'static str, body: Value) -> Idea {
    Idea { name: name.into(), method, path: path.into(), content_type, body, refused_with: &[403] }
}

fn labels(value: Value) -> Value {
    json!({"metadata": {"labels": value}})
}

fn changed(namespace: &Value, pointer: &str, value: Value) -> Value {
    let mut whole = namespace.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
    let parent = whole.pointer_mut(parent).expect("a namespace has metadata, labels and spec");
    match (parent, value) {
        (Value::Object(map), Value::Null) => drop(map.remove(&key.replace("~1", "/"))),
        (parent, value) => parent[key.replace("~1", "/")] = value,
    }
    whole
}

/// All ideas against `own`, with `other` as somebody else's, from the namespace as it is now.
pub fn ideas(own: &str, other: &str, now: &Value) -> Vec<Idea> {
    let own_path = format!("/api/v1/namespaces/{own}");
    let mut ideas = keys(&own_path, other, now);
    ideas.extend(whole_objects(&own_path, now));
    ideas.extend(unowned(other));
    ideas.extend(creation(own, other));
    ideas
}

/// Another owner, another level, no owner: by every way to write a label.
fn keys(own: &str, other: &str, now: &Value) -> Vec<Idea> {
    let patches = [
        ("another tenant", json!({"berth.dev/tenant": "stolen"})),
        ("another environment", json!({"berth.dev/environment": other})),
        ("another agency", json!({"berth.dev/agency": "ag-61"})),
        ("a lower level", json!({"berth.dev/level": "0"})),
        ("a zone of its own", json!({"berth.dev/zone": "mgmt"})),
        ("a key of ours that does not exist yet", json!({"berth.dev/later": "x"})),
        ("no owner (the gap before somebody else's patch)", json!({"app.kubernetes.io/managed-by": null})),
        ("no tenant", json!({"berth.dev/tenant": null})),
        ("all of our keys gone", json!(null)),
        ("another manager", json!({"app.kubernetes.io/managed-by": "helm"})),
        ("no Pod Security", json!({"pod-security.kubernetes.io/enforce": null})),
        ("a weaker Pod Security", json!({"pod-security.kubernetes.io/enforce": "privileged"})),
        ("Pod Security of an old version", json!({"pod-security.kubernetes.io/enforce-version": "v1.0"})),
        ("a network of its own", json!({"k8s.ovn.org/primary-user-defined-network": ""})),
    ];
    let mut ideas = Vec::new();
    for (what, value) in patches {
        for subresource in ["", "/status"] {
            let path = format!("{own}{subresource}");
            ideas.push(idea(&format!("{what}, merged{subresource}"), "PATCH", &path, MERGE, labels(value.clone())));
            if !value.is_null() {
                let name = format!("{what}, strategically{subresource}");
                ideas.push(idea(&name, "PATCH", &path, STRATEGIC, labels(value.clone())));
            }
        }
    }
    let operations = [
        ("replaced", json!([{"op": "replace", "path": "/metadata/labels/berth.dev~1tenant", "value": "stolen"}])),
        ("removed", json!([{"op": "remove", "path": "/metadata/labels/app.kubernetes.io~1managed-by"}])),
        ("all replaced", json!([{"op": "replace", "path": "/metadata/labels", "value": {}}])),
        ("moved", json!([{"op": "move", "from": "/metadata/labels/berth.dev~1tenant", "path": "/metadata/labels/x"}])),
        (
            "tested, then replaced",
            json!([
                {"op": "test", "path": "/metadata/name", "value": now["metadata"]["name"]},
                {"op": "add", "path": "/metadata/labels/berth.dev~1agency", "value": "ag-61"}
            ]),
        ),
        (
            "forged UID",
            json!([{"op": "replace", "path": "/metadata/annotations/berth.dev~1environment-uid", "value": "forged"}]),
        ),
        ("finalizer of ours", json!([{"op": "add", "path": "/metadata/finalizers", "value": ["berth.dev/hold"]}])),
    ];
    for (what, body) in operations {
        for subresource in ["", "/status"] {
            let name = format!("{what} by JSON patch{subresource}");
            ideas.push(idea(&name, "PATCH", &format!("{own}{subresource}"), JSON_PATCH, body.clone()));
        }
    }
    let owner = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "00000000-0000-0000-0000-000000000000"
    }]);
    let meta = [
        ("a second owner", json!({"metadata": {"ownerReferences": owner}})),
        ("a forged UID", json!({"metadata": {"annotations": {"berth.dev/environment-uid": "forged"}}})),
        ("no UID", json!({"metadata": {"annotations": {"berth.dev/environment-uid": null}}})),
        ("a finalizer of ours", json!({"metadata": {"finalizers": ["berth.dev/hold"]}})),
        ("a pool of somebody else", json!({"metadata": {"annotations": {"ipam.cilium.io/ipv6-pool": "other"}}})),
    ];
    for (what, body) in meta {
        for subresource in ["", "/status"] {
            let name = format!("{what}, merged{subresource}");
            ideas.push(idea(&name, "PATCH", &format!("{own}{subresource}"), MERGE, body.clone()));
        }
    }
    ideas.push(idea(
        "strategic replacement of all labels",
        "PATCH",
        own,
        STRATEGIC,
        labels(json!({"$patch": "replace", "team": "x"})),
    ));
    let applied =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"labels": {"berth.dev/tenant": "stolen"}}});
    for manager in ["attacker", "berth-operator"] {
        let path = format!("{own}?fieldManager={manager}&force=true");
        ideas.push(idea(&format!("applied as {manager}"), "PATCH", &path, APPLY, applied.clone()));
    }
    ideas
}

/// Replacements of the whole object, on all three ways, and its end.
fn whole_objects(own: &str, now: &Value) -> Vec<Idea> {
    let mut ideas = Vec::new();
    for subresource in ["", "/status", "/finalize"] {
        for (what, pointer, value) in [
            ("another tenant", "/metadata/labels/berth.dev~1tenant", json!("stolen")),
            ("no owner", "/metadata/labels/app.kubernetes.io~1managed-by", Value::Null),
            ("no labels", "/metadata/labels", json!({})),
            ("no annotations", "/metadata/annotations", Value::Null),
            ("a weaker Pod Security", "/metadata/labels/pod-security.kubernetes.io~1enforce", json!("privileged")),
            ("a finalizer of ours", "/metadata/finalizers", json!(["berth.dev/hold"])),
        ] {
            let name = format!("{what}, replaced whole{subresource}");
            ideas.push(idea(&name, "PUT", &format!("{own}{subresource}"), JSON, changed(now, pointer, value)));
        }
    }
    let emptied = changed(now, "/spec/finalizers", json!([]));
    ideas.push(idea("declared empty", "PUT", &format!("{own}/finalize"), JSON, emptied));
    let orphaned = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Orphan"});
    ideas.push(idea("deleted", "DELETE", own, JSON, Value::Null));
    ideas.push(idea("deleted, orphaning", "DELETE", own, JSON, orphaned));
    // The API has no such verb; who lacks the right is told so first.
    let all = idea("all deleted", "DELETE", "/api/v1/namespaces", JSON, Value::Null);
    ideas.push(Idea { refused_with: &[403, 405], ..all });
    ideas
}

/// "Unowned" is not free to take, and a system namespace even less.
fn unowned(other: &str) -> Vec<Idea> {
    let mut ideas = Vec::new();
    for name in ["matrix-unowned", "kube-system", "default", "berth-system", "agency-ag-62", other] {
        for (what, value) in [
            ("claimed for a tenant", json!({"berth.dev/tenant": "stolen"})),
            ("claimed for an agency", json!({"berth.dev/agency": "ag-99"})),
            ("put under our care or taken from it", managed(name)),
        ] {
            for subresource in ["", "/status"] {
                let path = format!("/api/v1/namespaces/{name}{subresource}");
                ideas.push(idea(&format!("{name} {what}{subresource}"), "PATCH", &path, MERGE, labels(value.clone())));
            }
        }
        // The word by which platform operators, and nobody else, give a running namespace to an environment.
        let given = json!({"berth.dev/adopt": "abcdef-prod"});
        for (what, body) in [
            ("given to an environment", json!({"metadata": {"annotations": given}})),
            ("given to an environment by a label", labels(given.clone())),
        ] {
            let path = format!("/api/v1/namespaces/{name}");
            ideas.push(idea(&format!("{name} {what}"), "PATCH", &path, MERGE, body));
        }
    }
    ideas
}

fn managed(name: &str) -> Value {
    let ours = !["matrix-unowned", "kube-system", "default", "berth-system"].contains(&name);
    json!({"app.kubernetes.io/managed-by": if ours { Value::Null } else { json!("berth-operator") }})
}

/// New namespaces that pass for ours.
fn creation(own: &str, other: &str) -> Vec<Idea> {
    let namespaces = "/api/v1/namespaces";
    let new = |metadata: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    let mut ideas: Vec<Idea> = [
        ("with the tenant's label", json!({"name": "hijack-a", "labels": {"berth.dev/tenant": "stolen"}})),
        ("with another's environment", json!({"name": "hijack-b", "labels": {"berth.dev/environment": other}})),
        ("as managed by us", json!({"name": "hijack-c", "labels": {"app.kubernetes.io/managed-by": "berth-operator"}})),
        ("with a UID", json!({"name": "hijack-d", "annotations": {"berth.dev/environment-uid": "forged"}})),
        ("with a finalizer of ours", json!({"name": "hijack-e", "finalizers": ["berth.dev/hold"]})),
        ("as papers of an agency", json!({"name": "agency-ag-9999"})),
        ("as papers, by a generated name", json!({"generateName": "agency-"})),
    ]
    .map(|(what, metadata)| idea(&format!("created {what}"), "POST", namespaces, JSON, new(metadata)))
    .into();
    let again = idea("created once more", "POST", namespaces, JSON, new(json!({"name": own})));
    ideas.push(Idea { refused_with: &[403, 409], ..again });
    let applied = format!("{namespaces}/hijack-f?fieldManager=attacker&force=true");
    let body = new(json!({"name": "hijack-f", "labels": {"berth.dev/tenant": "stolen"}}));
    ideas.push(idea("created by apply", "PATCH", &applied, APPLY, body));
    ideas
}

/// The same requests without our keys: what passes for somebody with the right shows that the guards refuse keys only.
pub fn controls(own: &str, now: &Value) -> Vec<Idea> {
    let path = format!("/api/v1/namespaces/{own}");
    let note = labels(json!({"example.com/note": "x"}));
    let operations = json!([{"op": "add", "path": "/metadata/labels/example.com~1note", "value": "x"}]);
    let namespaces = "/api/v1/namespaces";
    let noted = changed(now, "/metadata/labels/example.com~1note", json!("x"));
    let condition = json!({"status": {"conditions": [{"type": "Example", "status": "True"}]}});
    let plain = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hijack-control"}});
    vec![
        idea("a foreign label, merged", "PATCH", &path, MERGE, note.clone()),
        idea("a foreign label, strategically", "PATCH", &path, STRATEGIC, note),
        idea("a foreign label by JSON patch", "PATCH", &path, JSON_PATCH, operations),
        idea("a foreign label, replaced whole", "PUT", &path, JSON, noted.clone()),
        idea("a foreign label by status", "PUT", &format!("{path}/status"), JSON, noted.clone()),
        idea("a foreign label by finalize", "PUT", &format!("{path}/finalize"), JSON, noted),
        idea("a foreign condition", "PATCH", &format!("{path}/status"), STRATEGIC, condition),
        idea("a namespace of one's own", "POST", namespaces, JSON, plain),
    ]
}
