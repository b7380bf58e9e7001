//! Calico: an `IPPool` per leaf and its name in the namespace's annotation.
//!
//! `projectcalico.org/v3` alone is written (`crd.projectcalico.org/v1` is Calico's storage), whether an aggregated server or
//! CRDs serve it. Requested pools ignore selectors, so the annotation is the one mechanism and the selector a second lock
//! where the schema has one. IPIP is refused for IPv6; `cidr` and `blockSize` never change; a pool over another is taken
//! and allocates nothing (`Allocatable=False`), which is a fault and not "created".

use std::collections::BTreeMap;

use ipnet::Ipv6Net;
use serde_json::{Value, json};

use super::object::{namespace_of, ours, pool_name};
use super::{
    BackEnd, Families, Health, Input, Kind, Object, Offered, Offers, Rendered, Role, Seen, Unfit, Usage, pods_leaf,
};
use crate::desired::DesiredNamespace;

const POOL: Kind = Kind { group: "projectcalico.org", kind: "IPPool" };
const AFFINITY: Kind = Kind { group: "projectcalico.org", kind: "BlockAffinity" };

/// Pools of a namespace's IPv6 addresses, a JSON list.
pub const IPV6_POOLS: &str = "cni.projectcalico.org/ipv6pools";
/// Families of a namespace's pods, a JSON list.
pub const FAMILIES: &str = "cni.projectcalico.org/ipFamilies";
/// Addresses that a node takes at once: Calico's default for IPv6. Never changed, since the field is immutable.
const BLOCK: u8 = 122;

/// Pods.
pub struct Calico;

impl BackEnd for Calico {
    fn name(&self) -> &'static str {
        "Calico"
    }

    fn role(&self) -> Role {
        Role::Pods
    }

    fn writes(&self) -> &'static [Kind] {
        &[POOL]
    }

    fn reads(&self) -> &'static [Kind] {
        &[AFFINITY]
    }

    fn keys(&self) -> &'static [&'static str] {
        &[IPV6_POOLS, FAMILIES]
    }

    fn offered(&self, offers: &Offers, _seen: &Seen) -> bool {
        offers.serves(POOL)
    }

    /// The pool's name stands on the namespace from its creation: a pod waits for the pool instead of taking the default one,
    /// and cannot start either once the pool is disabled on its way out.
    fn guard(&self, namespace: &DesiredNamespace) -> BTreeMap<String, String> {
        pods_leaf(namespace).map(names).unwrap_or_default()
    }

    fn render(&self, input: &Input) -> Result<Rendered, Unfit> {
        let served = input.offers.with(POOL, &["spec.cidr:string", "spec.blockSize:integer"]).ok_or_else(|| {
            Unfit("IPPool.projectcalico.org is served in a shape that is not known here; supported is Calico 3.27 and later.".into())
        })?;
        let families = families(input)?;
        let mut rendered = Rendered::default();
        for namespace in &input.desired.namespaces {
            let prefix = pods_leaf(namespace)?;
            rendered.objects.push(pool(served, namespace, prefix)?);
            let mut keys = names(prefix);
            keys.insert(FAMILIES.to_owned(), families.to_owned());
            rendered.annotations.insert(namespace.name.clone(), keys);
        }
        Ok(rendered)
    }

    fn health(&self, wanted: &Object, stands: &Value, input: &Input) -> Health {
        let conditions = stands["status"]["conditions"].as_array();
        let allocatable = conditions.and_then(|all| all.iter().find(|c| c["type"] == json!("Allocatable")));
        match allocatable {
            Some(c) if c["status"] == json!("True") => Health::Serving,
            Some(c) => Health::Fault(format!(
                "IPPool {:?}: {}",
                wanted.name,
                c["reason"].as_str().unwrap_or("not allocatable")
            )),
            // Releases before 3.31 have no status; a pool is in use as soon as it stands.
            None if reports(input.offers) => {
                Health::Pending(format!("Calico has not looked at IPPool {:?} yet.", wanted.name))
            }
            None => Health::Serving,
        }
    }

    fn stop(&self, stands: &Value) -> Option<Value> {
        (stands["spec"]["disabled"] != json!(true)).then(|| json!({"spec": {"disabled": true}}))
    }

    /// Free is a pool of which no node holds a block and whose namespace holds no pod.
    fn used(&self, stands: &Value, seen: &Seen) -> Usage {
        let net: Option<Ipv6Net> = stands["spec"]["cidr"].as_str().and_then(|c| c.parse().ok());
        let within = |a: &&Value| {
            let block: Option<Ipv6Net> = a["spec"]["cidr"].as_str().and_then(|c| c.parse().ok());
            // A text in one release, a boolean in another.
            let deleted = [json!(true), json!("true")].contains(&a["spec"]["deleted"]);
            !deleted && net.zip(block).is_some_and(|(net, block)| net.contains(&block))
        };
        if let Some(block) = seen.of(AFFINITY).find(within) {
            return Usage::InUse(format!("node {} holds block {}", block["spec"]["node"], block["spec"]["cidr"]));
        }
        namespace_of(stands).map_or(Usage::Free, |namespace| seen.pods_in(&namespace))
    }
}

fn reports(offers: &Offers) -> bool {
    offers.versions(POOL).any(|o| o.knows("status.conditions"))
}

fn names(prefix: Ipv6Net) -> BTreeMap<String, String> {
    BTreeMap::from([(IPV6_POOLS.to_owned(), json!([pool_name("p6", prefix)]).to_string())])
}

fn families(input: &Input) -> Result<&'static str, Unfit> {
    match (input.offers.families, input.families) {
        (Families::Ipv4, _) => Err(Unfit("The cluster has no IPv6; a prefix cannot be served on it.".into())),
        (Families::Ipv6, Families::Dual) => Err(Unfit("The cluster has no IPv4; ask for IPv6 only.".into())),
        (_, Families::Ipv4) => Err(Unfit("An environment without IPv6 has no prefix to serve.".into())),
        (_, Families::Ipv6) => Ok(r#"["IPv6"]"#),
        (Families::Dual, Families::Dual) => Ok(r#"["IPv4","IPv6"]"#),
    }
}

fn pool(served: &Offered, namespace: &DesiredNamespace, prefix: Ipv6Net) -> Result<Object, Unfit> {
    if prefix.prefix_len() > BLOCK {
        return Err(Unfit(format!("{prefix} is too small for a Calico pool; the longest is /{BLOCK}.")));
    }
    // Routable addresses: no tunnel, no translation.
    let mut spec = json!({
        "cidr": prefix.to_string(), "blockSize": BLOCK, "ipipMode": "Never", "vxlanMode": "Never",
        "natOutgoing": false, "nodeSelector": "all()", "disabled": false
    });
    if served.knows("spec.allowedUses") {
        spec["allowedUses"] = json!(["Workload"]);
    }
    if served.knows("spec.namespaceSelector") {
        spec["namespaceSelector"] = json!(format!("kubernetes.io/metadata.name == '{}'", namespace.name));
    }
    Ok(Object {
        kind: POOL,
        version: served.version.clone(),
        name: pool_name("p6", prefix),
        namespace: None,
        labels: ours(namespace),
        spec,
    })
}
