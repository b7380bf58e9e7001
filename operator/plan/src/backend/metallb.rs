//! MetalLB: a pool for the load balancers of an exposed environment, and its announcement.
//!
//! Its configuration is all or nothing (one pool over another and the whole of it is refused), so overlaps are found before
//! anything is written. Narrowing a pool takes addresses away from Services that have them (internal/allocator `Assign`), and
//! `autoAssign: false` does not (`pinnedPoolsForService`): so that is how new users are kept away. A pool is given by
//! itself only with `autoAssign`, and only to the namespace that it names.

use berth_crds::labels;
use serde_json::{Value, json};

use super::object::{is_ours, namespace_of, ours, pool_name};
use super::{
    BackEnd, Families, Health, Input, Kind, Object, Offers, Rendered, Role, Seen, Unfit, Usage, exposed, services_leaf,
};

const GROUP: &str = "metallb.io";
const POOL: Kind = Kind { group: GROUP, kind: "IPAddressPool" };
const ROUTES: Kind = Kind { group: GROUP, kind: "BGPAdvertisement" };
/// Where its manifests and chart install it, unless its own objects stand elsewhere.
const HOME: &str = "metallb-system";

/// Load balancers.
pub struct MetalLb;

impl BackEnd for MetalLb {
    fn name(&self) -> &'static str {
        "MetalLB"
    }

    fn role(&self) -> Role {
        Role::Services
    }

    fn writes(&self) -> &'static [Kind] {
        &[POOL, ROUTES]
    }

    fn reads(&self) -> &'static [Kind] {
        &[]
    }

    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn offered(&self, offers: &Offers, _seen: &Seen) -> bool {
        offers.serves(POOL)
    }

    fn render(&self, input: &Input) -> Result<Rendered, Unfit> {
        let Some(namespace) = exposed(input) else { return Ok(Rendered::default()) };
        let shape = ["spec.addresses[]:string", "spec.serviceAllocation.namespaces[]:string"];
        let served = input.offers.with(POOL, &shape).ok_or_else(|| {
            Unfit("IPAddressPool.metallb.io is served in a shape that is not known here; supported is MetalLB 0.13.8 and later.".into())
        })?;
        if input.offers.families == Families::Ipv4 {
            return Err(Unfit("The cluster has no IPv6; a prefix cannot be served on it.".into()));
        }
        let prefix = services_leaf(input.desired)?;
        let name = pool_name("l6", prefix);
        let home = home(input.seen);
        let object = |kind: Kind, version: &str, spec: Value| Object {
            kind,
            version: version.to_owned(),
            name: name.clone(),
            namespace: Some(home.clone()),
            labels: ours(namespace),
            spec,
        };
        let allocation = json!({"priority": 50, "namespaces": [namespace.name]});
        let pool = json!({
            "addresses": [prefix.to_string()], "autoAssign": true, "avoidBuggyIPs": false, "serviceAllocation": allocation
        });
        let mut objects = vec![object(POOL, &served.version, pool)];
        // Without peers it tells nobody; peers and layer 2 are the platform's.
        if let Some(routes) = input.offers.with(ROUTES, &["spec.ipAddressPools[]:string"]) {
            let spec = json!({"ipAddressPools": [name], "aggregationLengthV6": 64});
            objects.push(object(ROUTES, &routes.version, spec));
        }
        Ok(Rendered { objects, annotations: Default::default() })
    }

    fn health(&self, wanted: &Object, stands: &Value, input: &Input) -> Health {
        let reports = input.offers.versions(POOL).any(|o| o.knows("status.availableIPv6"));
        if wanted.kind != POOL || !reports || stands["status"]["availableIPv6"].is_number() {
            return Health::Serving;
        }
        Health::Pending(format!(
            "MetalLB has not taken IPAddressPool {:?} yet; one bad pool stops all of its configuration.",
            wanted.name
        ))
    }

    /// Without `autoAssign` no Service is given an address of its own accord, and those that have one keep it.
    fn stop(&self, stands: &Value) -> Option<Value> {
        let pool = stands["kind"] == json!(POOL.kind);
        (pool && stands["spec"]["autoAssign"] != json!(false)).then(|| json!({"spec": {"autoAssign": false}}))
    }

    /// Its own counters, and the quota's. Announcements go when their pool may.
    fn used(&self, stands: &Value, seen: &Seen) -> Usage {
        if stands["kind"] == json!(ROUTES.kind) {
            let environment = &stands["metadata"]["labels"][labels::ENVIRONMENT];
            let pool =
                seen.of(POOL).find(|p| is_ours(p) && &p["metadata"]["labels"][labels::ENVIRONMENT] == environment);
            return pool.map_or(Usage::Free, |p| self.used(p, seen));
        }
        let assigned = |family: &str| stands["status"][family].as_i64().unwrap_or(0);
        let sum = assigned("assignedIPv4").saturating_add(assigned("assignedIPv6"));
        if sum > 0 {
            return Usage::InUse(format!("MetalLB has given {sum} addresses of it"));
        }
        namespace_of(stands).map_or(Usage::Free, |namespace| seen.services_in(&namespace))
    }
}

/// MetalLB reads its own namespace only; where its objects are, it is.
fn home(seen: &Seen) -> String {
    let foreign = seen.of(POOL).chain(seen.of(ROUTES)).filter(|o| !is_ours(o));
    let mut homes: Vec<&str> = foreign.filter_map(|o| o["metadata"]["namespace"].as_str()).collect();
    homes.sort_unstable();
    homes.first().map_or(HOME, |h| h).to_owned()
}
