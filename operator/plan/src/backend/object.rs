//! An object of another project, as a value.

use std::collections::BTreeMap;

use berth_crds::{labels, names};
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::desired::DesiredNamespace;

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub enum Scope {
    /// One per cluster.
    Cluster,
    /// In a namespace.
    Namespaced,
}

/// A kind of another project. The version is discovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Kind {
    /// API group: kinds are always addressed by group, since short names clash.
    pub group: &'static str,
    /// Kind.
    pub kind: &'static str,
}

/// An object to write.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// Version in which the cluster serves a shape that we know.
    pub version: String,
    /// Name.
    pub name: String,
    /// Namespace, for kinds that live in one.
    pub namespace: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Spec.
    pub spec: Value,
}

impl Object {
    /// The whole object.
    pub fn to_value(&self) -> Value {
        let mut metadata = json!({"name": self.name, "labels": self.labels});
        if let Some(namespace) = &self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        let version = format!("{}/{}", self.kind.group, self.version);
        json!({"apiVersion": version, "kind": self.kind.kind, "metadata": metadata, "spec": self.spec})
    }

    /// Whether a value is this object, in whatever state.
    pub fn is(&self, value: &Value) -> bool {
        of_kind(value, self.kind)
            && value["metadata"]["name"] == json!(self.name)
            && value["metadata"]["namespace"].as_str() == self.namespace.as_deref()
    }

    /// Prefixes that it gives addresses from.
    pub fn prefixes(&self) -> Vec<IpNet> {
        prefixes(&self.spec)
    }
}

/// Whether a value is of a kind, in any version.
pub(super) fn of_kind(value: &Value, kind: Kind) -> bool {
    let group = value["apiVersion"].as_str().and_then(|v| v.split_once('/')).map(|(group, _)| group);
    group == Some(kind.group) && value["kind"].as_str() == Some(kind.kind)
}

/// Prefixes in the spec of any pool that we know: Cilium's families and blocks, Calico's `cidr`, MetalLB's addresses.
pub(super) fn prefixes(spec: &Value) -> Vec<IpNet> {
    let strings = |v: &Value| -> Vec<String> {
        v.as_array().into_iter().flatten().filter_map(|c| c.as_str().map(str::to_owned)).collect()
    };
    let mut texts =
        [strings(&spec["ipv4"]["cidrs"]), strings(&spec["ipv6"]["cidrs"]), strings(&spec["addresses"])].concat();
    texts.extend(spec["cidr"].as_str().map(str::to_owned));
    texts.extend(spec["blocks"].as_array().into_iter().flatten().filter_map(|b| b["cidr"].as_str().map(str::to_owned)));
    texts.iter().flat_map(|text| ranges(text)).collect()
}

/// A prefix, or `from-to` as MetalLB and Cilium's LB pools write it.
fn ranges(text: &str) -> Vec<IpNet> {
    if let Ok(net) = text.trim().parse() {
        return vec![net];
    }
    let Some((from, to)) = text.split_once('-') else { return Vec::new() };
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(std::net::IpAddr::V6(a)), Ok(std::net::IpAddr::V6(b))) => {
            ipnet::Ipv6Subnets::new(a, b, 0).map(IpNet::V6).collect()
        }
        (Ok(std::net::IpAddr::V4(a)), Ok(std::net::IpAddr::V4(b))) => {
            ipnet::Ipv4Subnets::new(a, b, 0).map(IpNet::V4).collect()
        }
        _ => Vec::new(),
    }
}

/// Name of a pool: what it is for, then its prefix (one prefix, one name).
pub(super) fn pool_name(purpose: &str, prefix: impl ToString) -> String {
    format!("{purpose}-{}", names::block(&prefix.to_string()))
}

/// Labels of what belongs to a namespace: the namespace's own, its Pod Security ones apart.
pub(super) fn ours(namespace: &DesiredNamespace) -> BTreeMap<String, String> {
    let labels = namespace.namespace.metadata.labels.clone().unwrap_or_default();
    labels.into_iter().filter(|(key, _)| !key.starts_with("pod-security.kubernetes.io/")).collect()
}

/// Name of the namespace that an object of ours belongs to.
pub(super) fn namespace_of(value: &Value) -> Option<String> {
    let label = |key: &str| value["metadata"]["labels"][key].as_str();
    Some(names::namespace(label(labels::ENVIRONMENT)?, label(labels::ZONE)))
}

/// Whether an object carries our mark.
pub(super) fn is_ours(value: &Value) -> bool {
    value["metadata"]["labels"][labels::MANAGED_BY].as_str() == Some(labels::OPERATOR)
}
