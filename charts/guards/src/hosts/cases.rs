//! The test cases that follow from the table: of every kind a manifest that names granted hosts alone, which must pass, and
//! others that take more, which must be refused.

use serde_json::{Value, json};

use super::{ALL, Hosts, Shape};

/// A host that nobody is granted.
pub const STOLEN: &str = "stolen.example";
/// Part of the refusal of what is for every host.
const EVERY_HOST: &str = "is for every host";
/// Part of the refusal of a host that is not granted.
const NOT_GRANTED: &str = "not granted to this namespace";
/// Part of the refusal of a key that a gateway may read.
const KEY: &str = "a gateway may read hosts or configuration";

/// A manifest and what the policy must say to it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it tries.
    pub what: &'static str,
    /// Its kind.
    pub shape: Shape,
    /// The manifest, without a namespace.
    pub body: Value,
    /// Part of the refusal; `None`: it passes.
    pub refusal: Option<&'static str>,
}

impl Shape {
    /// Path of the kind's collection in a namespace.
    pub fn path(&self, namespace: &str) -> String {
        format!("/apis/{}/v1/namespaces/{namespace}/{}", self.group, self.resource)
    }

    /// An object of the kind with this spec.
    pub fn manifest(&self, name: &str, spec: Value) -> Value {
        json!({
            "apiVersion": format!("{}/v1", self.group), "kind": self.kind, "metadata": {"name": name}, "spec": spec
        })
    }
}

/// Every case, in a namespace that is granted one host. Of kinds that are only being tried out there are no manifests.
pub fn cases(granted: &str) -> Vec<Case> {
    let served = ALL.iter().filter(|shape| shape.group != super::TRYING);
    served.flat_map(|shape| of(shape, granted)).collect()
}

fn of(shape: &Shape, granted: &str) -> Vec<Case> {
    let case = |what, refusal, spec: Value| Case { what, shape: *shape, body: shape.manifest("case", spec), refusal };
    let mut cases = match shape.hosts {
        Hosts::Ingress => ingress(granted),
        Hosts::Route => route(shape, granted),
        Hosts::Listeners => listeners(shape, granted),
        Hosts::Every => vec![("a whole port", Some(EVERY_HOST), with_rules(json!({})))],
    };
    if shape.kind == "TLSRoute" {
        // Its schema asks for hosts before any policy does.
        cases.retain(|(_, refusal, _)| *refusal != Some(EVERY_HOST));
    }
    let mut cases: Vec<Case> = cases.into_iter().map(|(what, refusal, spec)| case(what, refusal, spec)).collect();
    let keys = [
        ("a key of a gateway", "nginx.ingress.kubernetes.io/server-alias", Some(KEY)),
        ("a key that makes a record in DNS", "external-dns.alpha.kubernetes.io/hostname", Some(KEY)),
        ("a key of a tool that deploys", "argocd.argoproj.io/tracking-id", None),
        ("a key of one's own", "note", None),
    ];
    let Some(control) = cases.iter().find(|case| case.refusal.is_none()).cloned() else { return cases };
    cases.extend(keys.map(|(what, key, refusal)| {
        let mut body = control.body.clone();
        body["metadata"]["annotations"] = json!({(key): STOLEN});
        Case { what, body, refusal, ..control.clone() }
    }));
    cases
}

type Spec = (&'static str, Option<&'static str>, Value);

fn ingress(granted: &str) -> Vec<Spec> {
    let back_end = json!({"service": {"name": "existing", "port": {"number": 80}}});
    let rule = |host: Value| json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": back_end}]}});
    let rules = |hosts: &[&str]| json!({"rules": hosts.iter().map(|host| rule(json!(host))).collect::<Vec<_>>()});
    let with = |key: &str, value: Value| {
        let mut spec = rules(&[granted]);
        spec[key] = value;
        spec
    };
    let (wild, below) = (format!("*.{granted}"), format!("a.{granted}"));
    vec![
        ("a granted host", None, with("tls", json!([{"hosts": [granted], "secretName": "tls"}]))),
        ("another host", Some(NOT_GRANTED), rules(&[STOLEN])),
        ("another host beside a granted one", Some(NOT_GRANTED), rules(&[granted, STOLEN])),
        ("every host below a granted one", Some(NOT_GRANTED), rules(&[wild.as_str()])),
        ("a host below a granted one", Some(NOT_GRANTED), rules(&[below.as_str()])),
        ("no host", Some(EVERY_HOST), json!({"rules": [rule(Value::Null)]})),
        ("no host beside a granted one", Some(EVERY_HOST), json!({"rules": [rule(json!(granted)), rule(Value::Null)]})),
        ("a certificate of another host", Some(NOT_GRANTED), with("tls", json!([{"hosts": [granted, STOLEN]}]))),
        ("a certificate of every host", Some(EVERY_HOST), with("tls", json!([{"secretName": "tls"}]))),
        ("a default back end", Some(EVERY_HOST), json!({"defaultBackend": back_end})),
        ("a default back end beside a granted host", Some(EVERY_HOST), with("defaultBackend", back_end.clone())),
    ]
}

fn route(shape: &Shape, granted: &str) -> Vec<Spec> {
    let with = |hosts: Value| match shape.kind {
        "TLSRoute" => with_rules(json!({"hostnames": hosts})),
        _ => json!({"hostnames": hosts}),
    };
    let (wild, below) = (format!("*.{granted}"), format!("a.{granted}"));
    vec![
        ("a granted host", None, with(json!([granted]))),
        ("another host", Some(NOT_GRANTED), with(json!([STOLEN]))),
        ("another host beside a granted one", Some(NOT_GRANTED), with(json!([granted, STOLEN]))),
        ("every host below a granted one", Some(NOT_GRANTED), with(json!([wild]))),
        ("a host below a granted one", Some(NOT_GRANTED), with(json!([below]))),
        ("no host", Some(EVERY_HOST), json!({})),
        ("an empty list of hosts", Some(EVERY_HOST), with(json!([]))),
    ]
}

fn listeners(shape: &Shape, granted: &str) -> Vec<Spec> {
    let listener = |name: &str, host: Value| {
        let mut listener = json!({"name": name, "port": 80, "protocol": "HTTP"});
        if !host.is_null() {
            listener["hostname"] = host;
        }
        listener
    };
    let with = |listeners: Value| match shape.kind {
        "Gateway" => json!({"gatewayClassName": "shared", "listeners": listeners}),
        _ => json!({"parentRef": {"name": "shared"}, "listeners": listeners}),
    };
    let granted = listener("granted", json!(granted));
    vec![
        ("a granted host", None, with(json!([granted]))),
        ("another host", Some(NOT_GRANTED), with(json!([granted, listener("stolen", json!(STOLEN))]))),
        ("no host", Some(EVERY_HOST), with(json!([granted, listener("all", Value::Null)]))),
    ]
}

/// A spec with the rules that some kinds ask for.
fn with_rules(mut spec: Value) -> Value {
    spec["rules"] = json!([{"backendRefs": [{"name": "existing", "port": 80}]}]);
    spec
}
