//! Network policies: deny by default, open inside the environment, resolve names. Peers are labels, never addresses,
//! so that every rule holds for both address families.

use std::collections::BTreeMap;

use berth_crds::environment::Zone;
use berth_crds::profile::DefaultDeny;
use berth_crds::{Environment, labels};
use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::Place;
use crate::intervention::is_isolated;

/// Nothing comes in (nor goes out, from level 3) but what another policy opens.
const DENY: &str = "berth-default-deny";
/// The environment's own namespaces reach each other, along the zone matrix when zoned.
const INSIDE: &str = "berth-inside";
/// Names are resolved by the cluster's resolver.
const DNS: &str = "berth-dns";

pub(super) fn build(place: &Place) -> Vec<NetworkPolicy> {
    if is_isolated(place.environment) {
        return vec![isolation(place.environment, &place.name, place.labels())];
    }
    let mut policies = vec![deny(place), inside(place)];
    if both(place) {
        policies.push(dns(place));
    }
    policies
}

fn both(place: &Place) -> bool {
    place.rule.default_deny == DefaultDeny::Both
}

fn policy(place: &Place, name: &str, spec: NetworkPolicySpec) -> NetworkPolicy {
    NetworkPolicy {
        metadata: place.child(name),
        spec: Some(NetworkPolicySpec { pod_selector: Some(LabelSelector::default()), ..spec }),
    }
}

/// The one policy of an isolated namespace. It denies both directions at any level; policies only add, so isolation is the
/// absence of every other one. It needs no plan: whose it is, and the labels that it has besides.
pub fn isolation(environment: &Environment, namespace: &str, besides: BTreeMap<String, String>) -> NetworkPolicy {
    let whose = [(labels::MANAGED_BY, labels::OPERATOR.to_owned()), (labels::ENVIRONMENT, environment.name_any())];
    let labels = besides.into_iter().chain(whose.map(|(key, value)| (key.to_owned(), value))).collect();
    let spec = NetworkPolicySpec {
        pod_selector: Some(LabelSelector::default()),
        policy_types: Some(["Ingress", "Egress"].map(String::from).to_vec()),
        ..Default::default()
    };
    let metadata = ObjectMeta {
        name: Some(DENY.into()),
        namespace: Some(namespace.into()),
        labels: Some(labels),
        ..Default::default()
    };
    NetworkPolicy { metadata, spec: Some(spec) }
}

fn directions(place: &Place) -> Option<Vec<String>> {
    let all = ["Ingress", "Egress"];
    Some(all[..if both(place) { 2 } else { 1 }].iter().map(|d| (*d).to_owned()).collect())
}

fn deny(place: &Place) -> NetworkPolicy {
    policy(place, DENY, NetworkPolicySpec { policy_types: directions(place), ..Default::default() })
}

fn inside(place: &Place) -> NetworkPolicy {
    let from = peers(place, |flow_from, flow_to, here| (flow_to == here).then_some(flow_from));
    let to = peers(place, |flow_from, flow_to, here| (flow_from == here).then_some(flow_to));
    let egress = NetworkPolicyEgressRule { to: Some(to), ports: None };
    let spec = NetworkPolicySpec {
        policy_types: directions(place),
        ingress: Some(vec![NetworkPolicyIngressRule { from: Some(from), ports: None }]),
        egress: both(place).then(|| vec![egress]),
        ..Default::default()
    };
    policy(place, INSIDE, spec)
}

/// The environment, or the zones that the matrix names and the zone itself.
fn peers(place: &Place, pick: impl Fn(Zone, Zone, Zone) -> Option<Zone>) -> Vec<NetworkPolicyPeer> {
    let Some(here) = place.zone else { return vec![peer(place, None)] };
    let mut zones: Vec<Zone> = place.rule.flows.iter().filter_map(|f| pick(f.from, f.to, here)).collect();
    zones.push(here);
    zones.sort();
    zones.dedup();
    zones.into_iter().map(|zone| peer(place, Some(zone))).collect()
}

fn peer(place: &Place, zone: Option<Zone>) -> NetworkPolicyPeer {
    let mut wanted = BTreeMap::from([(labels::ENVIRONMENT.to_owned(), place.environment.name_any())]);
    if let Some(zone) = zone {
        wanted.insert(labels::ZONE.into(), zone.as_str().into());
    }
    NetworkPolicyPeer { namespace_selector: Some(matching(wanted)), ..Default::default() }
}

fn matching(wanted: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(wanted), ..Default::default() }
}

fn dns(place: &Place) -> NetworkPolicy {
    let one = |key: &str, value: &str| matching(BTreeMap::from([(key.to_owned(), value.to_owned())]));
    let resolver = NetworkPolicyPeer {
        namespace_selector: Some(one("kubernetes.io/metadata.name", "kube-system")),
        pod_selector: Some(one("k8s-app", "kube-dns")),
        ..Default::default()
    };
    let port = |protocol: &str| NetworkPolicyPort {
        protocol: Some(protocol.into()),
        port: Some(IntOrString::Int(53)),
        ..Default::default()
    };
    let rule = NetworkPolicyEgressRule { to: Some(vec![resolver]), ports: Some(vec![port("UDP"), port("TCP")]) };
    let spec =
        NetworkPolicySpec { policy_types: Some(vec!["Egress".into()]), egress: Some(vec![rule]), ..Default::default() };
    policy(place, DNS, spec)
}
