//! Cilium: a pod pool per leaf (multi-pool IPAM), a pool for load balancers, one BGP advertisement per environment.
//!
//! Measured on 1.20.2, and obeyed here: exactly one matching pool per namespace and family; `require-pool-match` from the
//! namespace's creation, or a missing pool means addresses of the default pool; a dual-stack cluster cannot have an
//! IPv6-only tenant; a pool may be 16 bits longer per node than itself and no more; a deletion in use is not held up by
//! Cilium, so it is by us.

use std::collections::BTreeMap;

use berth_crds::labels;
use ipnet::Ipv6Net;
use serde_json::{Value, json};

use super::object::{is_ours, namespace_of, ours, pool_name};
use super::{
    BackEnd, Families, Health, Input, Kind, Object, Offered, Offers, Rendered, Role, Seen, Unfit, Usage, exposed,
    pods_leaf, services_leaf,
};
use crate::desired::DesiredNamespace;

const GROUP: &str = "cilium.io";
const POOL: Kind = Kind { group: GROUP, kind: "CiliumPodIPPool" };
const SERVICES: Kind = Kind { group: GROUP, kind: "CiliumLoadBalancerIPPool" };
const ROUTES: Kind = Kind { group: GROUP, kind: "CiliumBGPAdvertisement" };
const NODE: Kind = Kind { group: GROUP, kind: "CiliumNode" };

/// Pool of a namespace's IPv6 addresses.
pub const IPV6_POOL: &str = "ipam.cilium.io/ipv6-pool";
/// Pool of a namespace's IPv4 addresses.
pub const IPV4_POOL: &str = "ipam.cilium.io/ipv4-pool";
/// Without a matching pool a pod waits, instead of getting an address of the default pool.
pub const REQUIRE_MATCH: &str = "ipam.cilium.io/require-pool-match";
/// Shape of the pool that we write; v2 has had three others.
const SHAPE: &[&str] = &["spec.ipv6.cidrs[]:string", "spec.ipv6.maskSize:integer"];
/// Cilium's bitmap has at most this many bits (pkg/ipam/cidrset).
const WIDEST: u8 = 16;

/// No namespace has a dot in its name.
const NOBODY: &str = "berth.draining";

/// Pods.
pub struct Cilium;

/// Load balancers (LB-IPAM); its CRD is installed with Cilium in any case, so MetalLB goes first.
pub struct CiliumServices;

impl BackEnd for Cilium {
    fn name(&self) -> &'static str {
        "Cilium"
    }

    fn role(&self) -> Role {
        Role::Pods
    }

    fn writes(&self) -> &'static [Kind] {
        &[POOL, ROUTES]
    }

    fn reads(&self) -> &'static [Kind] {
        &[NODE]
    }

    fn keys(&self) -> &'static [&'static str] {
        &[IPV6_POOL, IPV4_POOL, REQUIRE_MATCH]
    }

    /// The CRD comes with every Cilium. Nodes that take their addresses from elsewhere say that pools are not in use.
    fn offered(&self, offers: &Offers, seen: &Seen) -> bool {
        let elsewhere = |n: &Value| n["spec"]["ipam"]["podCIDRs"].as_array().is_some_and(|c| !c.is_empty());
        let mut nodes = seen.of(NODE).peekable();
        offers.serves(POOL) && (nodes.peek().is_none() || !nodes.all(|n| elsewhere(n) && !takes_from_pools(n)))
    }

    fn guard(&self, _namespace: &DesiredNamespace) -> BTreeMap<String, String> {
        BTreeMap::from([(REQUIRE_MATCH.to_owned(), "true".to_owned())])
    }

    fn render(&self, input: &Input) -> Result<Rendered, Unfit> {
        let served = input.offers.with(POOL, SHAPE).ok_or_else(|| unknown(POOL))?;
        let ipv4 = ipv4_pool(input)?;
        let mut rendered = Rendered::default();
        for namespace in &input.desired.namespaces {
            let prefix = pods_leaf(namespace)?;
            let pool = pool(served, namespace, prefix)?;
            let mut keys = BTreeMap::from([(IPV6_POOL.to_owned(), pool.name.clone())]);
            keys.extend(ipv4.iter().map(|name| (IPV4_POOL.to_owned(), name.clone())));
            rendered.annotations.insert(namespace.name.clone(), keys);
            rendered.objects.push(pool);
        }
        rendered.objects.extend(routes(input));
        Ok(rendered)
    }

    fn health(&self, wanted: &Object, _stands: &Value, input: &Input) -> Health {
        if wanted.kind != POOL {
            return Health::Serving;
        }
        let nodes: Vec<&Value> = input.seen.of(NODE).collect();
        let fault = nodes.iter().find_map(|n| {
            let error =
                n["status"]["ipam"]["operator-status"]["error"].as_str().filter(|e| e.contains(&wanted.name))?;
            Some(format!("CiliumNode {}: {error}", n["metadata"]["name"]))
        });
        match fault {
            Some(fault) => Health::Fault(fault),
            None if nodes.iter().any(|n| takes_from_pools(n)) => Health::Serving,
            None => Health::Pending(
                "No CiliumNode takes addresses from pools; does Cilium run with `ipam: multi-pool`?".into(),
            ),
        }
    }

    /// A pool that selects no namespace is taken by no new pod: since 1.20 the schema has a selector. Running pods keep
    /// their addresses.
    fn stop(&self, stands: &Value) -> Option<Value> {
        let nobody = selecting(NOBODY);
        let pool = stands["kind"] == json!(POOL.kind) && stands["spec"].get("namespaceSelector").is_some();
        (pool && stands["spec"]["namespaceSelector"] != nobody).then(|| json!({"spec": {"namespaceSelector": nobody}}))
    }

    /// Free is a pool that no node lists and whose namespace holds no pod; routes are free when their pools are.
    fn used(&self, stands: &Value, seen: &Seen) -> Usage {
        let name = stands["metadata"]["name"].as_str().unwrap_or_default();
        if stands["kind"] == json!(ROUTES.kind) {
            let environment = &stands["metadata"]["labels"][labels::ENVIRONMENT];
            let pool =
                seen.of(POOL).find(|p| is_ours(p) && &p["metadata"]["labels"][labels::ENVIRONMENT] == environment);
            return pool.map_or(Usage::Free, |p| self.used(p, seen));
        }
        let holder = seen.of(NODE).find(|n| allocated(n).any(|a| a["pool"].as_str() == Some(name)));
        if let Some(node) = holder {
            return Usage::InUse(format!("CiliumNode {} holds addresses of it", node["metadata"]["name"]));
        }
        namespace_of(stands).map_or(Usage::Free, |namespace| seen.pods_in(&namespace))
    }
}

fn selecting(namespace: &str) -> Value {
    json!({"matchLabels": {"kubernetes.io/metadata.name": namespace}})
}

fn unknown(kind: Kind) -> Unfit {
    Unfit(format!(
        "{}.{} is served in a shape that is not known here; supported is Cilium 1.20.",
        kind.kind, kind.group
    ))
}

fn allocated(node: &Value) -> impl Iterator<Item = &Value> {
    node["spec"]["ipam"]["pools"]["allocated"].as_array().into_iter().flatten()
}

fn takes_from_pools(node: &Value) -> bool {
    let pools = &node["spec"]["ipam"]["pools"];
    ["requested", "allocated"].iter().any(|key| pools[key].as_array().is_some_and(|list| !list.is_empty()))
}

fn pool(served: &Offered, namespace: &DesiredNamespace, prefix: Ipv6Net) -> Result<Object, Unfit> {
    let mask = prefix.prefix_len() + WIDEST;
    if mask > 128 {
        return Err(Unfit(format!("{prefix} is too small for a Cilium pool; the longest is /112.")));
    }
    let mut spec = json!({"ipv6": {"cidrs": [prefix.to_string()], "maskSize": mask}});
    // The same namespace by annotation and by selector is one pool; the selector alone keeps every other namespace out.
    if served.knows("spec.namespaceSelector") {
        spec["namespaceSelector"] = selecting(&namespace.name);
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

/// The platform's shared IPv4 pool, where the cluster has IPv4 at all.
fn ipv4_pool(input: &Input) -> Result<Option<String>, Unfit> {
    let shared =
        |p: &&Value| p["metadata"]["labels"][labels::SHARED_POOL] == json!("IPv4") && p["spec"]["ipv4"].is_object();
    match (input.offers.families, input.families) {
        (Families::Ipv4, _) => Err(Unfit("The cluster has no IPv6; a prefix cannot be served on it.".into())),
        (Families::Ipv6, Families::Dual) => Err(Unfit("The cluster has no IPv4; ask for IPv6 only.".into())),
        (Families::Ipv6, _) => Ok(None),
        (Families::Dual, Families::Ipv6) => Err(Unfit(
            "Cilium chooses families for the whole cluster: on a dual-stack cluster no environment can be IPv6 only."
                .into(),
        )),
        (Families::Dual, _) => {
            let name = input.seen.of(POOL).find(shared).and_then(|p| p["metadata"]["name"].as_str());
            name.map(|n| Some(n.to_owned())).ok_or_else(|| {
                Unfit(format!(
                    "The cluster has IPv4, and no CiliumPodIPPool with `spec.ipv4` is labelled `{}: IPv4`; label the \
                     platform's shared pool. Half a pool would leave pods waiting for ever.",
                    labels::SHARED_POOL
                ))
            })
        }
    }
}

/// Peers and cluster configuration are the platform's: they select advertisements by our label.
fn routes(input: &Input) -> Option<Object> {
    let served = input.offers.with(ROUTES, &["spec.advertisements[].advertisementType=CiliumPodIPPool"])?;
    let environment = input.desired.namespaces.first()?;
    let mut labels = ours(environment);
    labels.remove(labels::ZONE);
    let name = labels.get(labels::ENVIRONMENT)?.clone();
    labels.insert(labels::ADVERTISE.into(), "tenant".into());
    let mine = json!({"matchLabels": {(labels::ENVIRONMENT): name}});
    let pods = json!({"advertisementType": POOL.kind, "selector": mine});
    Some(Object {
        kind: ROUTES,
        version: served.version.clone(),
        name: format!("berth-{name}"),
        namespace: None,
        labels,
        spec: json!({"advertisements": [pods]}),
    })
}

impl BackEnd for CiliumServices {
    fn name(&self) -> &'static str {
        "Cilium LB-IPAM"
    }

    fn role(&self) -> Role {
        Role::Services
    }

    fn writes(&self) -> &'static [Kind] {
        &[SERVICES]
    }

    fn reads(&self) -> &'static [Kind] {
        &[]
    }

    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn offered(&self, offers: &Offers, _seen: &Seen) -> bool {
        offers.serves(SERVICES)
    }

    fn render(&self, input: &Input) -> Result<Rendered, Unfit> {
        let Some(namespace) = exposed(input) else { return Ok(Rendered::default()) };
        let served = input.offers.with(SERVICES, &["spec.blocks[].cidr:string"]).ok_or_else(|| unknown(SERVICES))?;
        let prefix = services_leaf(input.desired)?;
        let pool = Object {
            kind: SERVICES,
            version: served.version.clone(),
            name: pool_name("l6", prefix),
            namespace: None,
            labels: ours(namespace),
            spec: json!({
                "blocks": [{"cidr": prefix.to_string()}], "allowFirstLastIPs": "No", "disabled": false,
                "serviceSelector": {"matchLabels": {"io.kubernetes.service.namespace": namespace.name}}
            }),
        };
        Ok(Rendered { objects: vec![pool], annotations: BTreeMap::new() })
    }

    fn health(&self, wanted: &Object, stands: &Value, _input: &Input) -> Health {
        let condition = |type_: &str| {
            let list = stands["status"]["conditions"].as_array()?;
            list.iter().find(|c| c["type"].as_str() == Some(type_))
        };
        match condition("cilium.io/PoolConflict") {
            Some(c) if c["status"] == json!("True") => {
                Health::Fault(format!("{}: {}", wanted.name, c["message"].as_str().unwrap_or("pools overlap")))
            }
            Some(_) => Health::Serving,
            None => Health::Pending(format!("Cilium has not looked at {} yet.", wanted.name)),
        }
    }

    fn stop(&self, stands: &Value) -> Option<Value> {
        (stands["spec"]["disabled"] != json!(true)).then(|| json!({"spec": {"disabled": true}}))
    }

    fn used(&self, stands: &Value, seen: &Seen) -> Usage {
        namespace_of(stands).map_or(Usage::Free, |namespace| seen.services_in(&namespace))
    }
}
