//! The test cases that follow from the table: for every object and every way to write it, a manifest with a foreign key
//! that must pass and, per key and field, the same manifest with that key or field, which must be refused.

use serde_json::{Value, json};

use crate::backends::{self, BackEnd, Key};
use crate::namespace;
use crate::shapes::{self, FIELDS, Family, Field, Shape};

/// One way to write an object's metadata.
#[derive(Clone, Debug)]
pub struct Way {
    /// `POST`, `PATCH` or `PUT`.
    pub method: &'static str,
    /// Path below the API server, for one namespace.
    pub path: String,
    /// The manifest or merge patch, without keys.
    pub body: Value,
    /// JSON pointer to the guarded `metadata`.
    pub metadata: String,
    /// JSON pointer to the guarded `spec`.
    pub spec: String,
    /// Family, or none for namespaces.
    pub family: Option<Family>,
}

impl Way {
    /// The same request with an annotation.
    pub fn with_key(&self, key: &str) -> Value {
        let mut body = self.body.clone();
        if let Some(metadata) = body.pointer_mut(&self.metadata) {
            metadata["annotations"][key] = json!("x");
        }
        body
    }

    /// The same request with a field.
    pub fn with_field(&self, field: &Field) -> Value {
        let mut body = self.body.clone();
        if let Some(spec) = body.pointer_mut(&self.spec) {
            spec[field.name] = serde_json::from_str(field.hostile).unwrap_or_default();
            if field.name.starts_with("loadBalancer") {
                spec["type"] = json!("LoadBalancer");
            }
        }
        body
    }

    /// Fields that a tenant could set this way; a status and a binding take none.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        let family = self.family.filter(|_| self.method == "POST" && !self.path.contains("binding"));
        FIELDS.iter().filter(move |f| Some(f.family) == family)
    }
}

/// Every back end with every key.
pub fn keys() -> impl Iterator<Item = (&'static BackEnd, Key)> {
    backends::ALL.iter().flat_map(|b| b.keys.iter().map(move |k| (b, *k)))
}

/// Whether a key is one of a back end's.
pub fn is_guarded(key: &str) -> bool {
    keys().any(|(_, k)| match k {
        Key::Exact(exact) => key == exact,
        Key::Prefix(prefix) => key.starts_with(prefix),
        Key::Suffix(suffix) => key.ends_with(suffix),
    })
}

/// Every way to write metadata in or of one tenant namespace in which a pod and a Service `existing` stand.
pub fn ways(namespace: &str) -> Vec<Way> {
    let mut ways: Vec<Way> = shapes::ALL.iter().filter_map(|shape| way(namespace, shape)).collect();
    for resource in ["pods", "services"] {
        let family = if resource == "pods" { Family::Pods } else { Family::Services };
        let path = format!("/api/v1/namespaces/{namespace}/{resource}/existing");
        ways.push(patch(path, Some(family)));
    }
    for resource in namespace::RESOURCES {
        let subresource = resource.strip_prefix("namespaces").unwrap_or_default();
        // `finalize` knows only PUT, which the namespace matrix sends.
        if subresource != "/finalize" {
            ways.push(patch(format!("/api/v1/namespaces/{namespace}{subresource}"), None));
        }
    }
    ways
}

fn patch(path: String, family: Option<Family>) -> Way {
    let body = json!({"metadata": {"annotations": {}}});
    Way { method: "PATCH", path, body, metadata: "/metadata".into(), spec: "/spec".into(), family }
}

fn way(namespace: &str, shape: &Shape) -> Option<Way> {
    let family = Some(shape.family);
    let version = if shape.group.is_empty() { "/api/v1".into() } else { format!("/apis/{}/v1", shape.group) };
    let base = format!("{version}/namespaces/{namespace}");
    if let Some((resource, subresource)) = shape.resource.split_once('/')
        && subresource != "binding"
    {
        // The API server drops metadata that comes by `ephemeralcontainers` and `resize`: nothing to be tried there.
        let status = subresource == "status";
        return status.then(|| patch(format!("{base}/{resource}/existing/status"), family));
    }
    let path = match shape.resource {
        "pods/binding" => format!("{base}/pods/existing/binding"),
        resource => format!("{base}/{resource}"),
    };
    let below = |part: &str| shape.template.iter().map(|s| format!("/{s}")).collect::<String>() + "/" + part;
    let body = manifest(shape);
    Some(Way { method: "POST", path, body, metadata: below("metadata"), spec: below("spec"), family })
}

/// The smallest object of a kind that the strictest Pod Security Standard lets in.
fn manifest(shape: &Shape) -> Value {
    let api_version = if shape.group.is_empty() { "v1".into() } else { format!("{}/v1", shape.group) };
    let selector = json!({"matchLabels": {"app": "case"}});
    let mut body =
        json!({"apiVersion": api_version, "kind": shape.kind, "metadata": {"name": "case", "annotations": {}}});
    let (spec, pod) = (pod_spec("Always"), template("Always"));
    match shape.kind {
        "Pod" => body["spec"] = spec,
        "Binding" => {
            body["metadata"]["name"] = json!("existing");
            body["target"] = json!({"apiVersion": "v1", "kind": "Node", "name": "node"});
        }
        "Service" => body["spec"] = json!({"ports": [{"port": 80}]}),
        "PodTemplate" => body["template"] = pod,
        "ReplicationController" => body["spec"] = json!({"selector": {"app": "case"}, "template": pod}),
        "Job" => body["spec"] = json!({"template": template("Never")}),
        "CronJob" => {
            body["spec"] = json!({"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template("Never")}}});
        }
        _ => body["spec"] = json!({"selector": selector, "template": pod}),
    }
    body
}

fn template(restart: &str) -> Value {
    json!({"metadata": {"labels": {"app": "case"}, "annotations": {}}, "spec": pod_spec(restart)})
}

/// A pod that nothing but the guards refuses.
pub fn pod_spec(restart: &str) -> Value {
    json!({
        "restartPolicy": restart,
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "main", "image": "registry.example/main",
            "resources": {"requests": {"cpu": "10m", "memory": "8Mi"}, "limits": {"cpu": "10m", "memory": "8Mi"}},
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}
        }]
    })
}
