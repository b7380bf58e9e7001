//! Who may talk to whom: a tiny evaluator of NetworkPolicies over labels, and what the planned policies come to
//! (design §4; domain §6.2 invariants 5 and 9, §6.3; ipv6 §6.3).

use std::collections::{BTreeMap, BTreeSet};

use berth_plan::desired::Desired;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;

use crate::desired::{planned, zoned};
use crate::world::*;

type Labels = BTreeMap<String, String>;

/// A pod, its namespace and the policies of that namespace.
#[derive(Clone, Debug)]
struct Pod {
    namespace: String,
    namespace_labels: Labels,
    labels: Labels,
    policies: Vec<NetworkPolicy>,
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

/// A pod in a namespace that is not ours.
fn stranger(namespace: &str, namespace_labels: &[(&str, &str)], pod: &[(&str, &str)]) -> Pod {
    let mut all = labels(namespace_labels);
    all.insert("kubernetes.io/metadata.name".into(), namespace.into());
    Pod { namespace: namespace.into(), namespace_labels: all, labels: labels(pod), policies: vec![] }
}

/// One pod in each namespace of an environment.
fn pods(desired: &Desired) -> Vec<Pod> {
    let pod = |n: &berth_plan::desired::DesiredNamespace| {
        let mut namespace_labels = n.namespace.metadata.labels.clone().unwrap();
        namespace_labels.insert("kubernetes.io/metadata.name".into(), n.name.clone());
        let labels = labels(&[("app", "web"), ("k8s-app", "kube-dns")]);
        Pod { namespace: n.name.clone(), namespace_labels, labels, policies: n.policies.clone() }
    };
    desired.namespaces.iter().map(pod).collect()
}

fn selects(selector: Option<&LabelSelector>, labels: &Labels) -> bool {
    let Some(selector) = selector else { return true };
    assert_eq!(selector.match_expressions, None, "the evaluator knows labels only");
    selector.match_labels.iter().flatten().all(|(k, v)| labels.get(k) == Some(v))
}

fn is_peer(peers: Option<&Vec<NetworkPolicyPeer>>, policy_namespace: &str, pod: &Pod) -> bool {
    let one = |peer: &NetworkPolicyPeer| {
        assert_eq!(peer.ip_block, None, "between tenants by labels, never by addresses");
        let namespace = match &peer.namespace_selector {
            Some(selector) => selects(Some(selector), &pod.namespace_labels),
            None => pod.namespace == policy_namespace,
        };
        namespace && selects(peer.pod_selector.as_ref(), &pod.labels)
    };
    peers.is_none_or(|peers| peers.is_empty() || peers.iter().any(one))
}

fn is_port(ports: Option<&Vec<NetworkPolicyPort>>, protocol: &str, port: i32) -> bool {
    let one = |p: &NetworkPolicyPort| {
        p.protocol.as_deref().unwrap_or("TCP") == protocol
            && p.port.as_ref().is_none_or(|n| *n == IntOrString::Int(port))
    };
    ports.is_none_or(|ports| ports.is_empty() || ports.iter().any(one))
}

/// The policies that isolate a pod in a direction; without any, everything is open.
fn isolating<'a>(pod: &'a Pod, direction: &str) -> Vec<&'a NetworkPolicySpec> {
    let applies = |s: &&NetworkPolicySpec| {
        let implied = direction == "Ingress" || s.egress.is_some();
        selects(s.pod_selector.as_ref(), &pod.labels)
            && s.policy_types.as_ref().map_or(implied, |types| types.iter().any(|t| t == direction))
    };
    pod.policies.iter().filter_map(|p| p.spec.as_ref()).filter(applies).collect()
}

fn reaches(from: &Pod, to: &Pod, protocol: &str, port: i32) -> bool {
    let out = isolating(from, "Egress");
    let into = isolating(to, "Ingress");
    let leaves = out.iter().flat_map(|s| s.egress.iter().flatten());
    let enters = into.iter().flat_map(|s| s.ingress.iter().flatten());
    let may_leave = out.is_empty()
        || leaves
            .into_iter()
            .any(|r| is_peer(r.to.as_ref(), &from.namespace, to) && is_port(r.ports.as_ref(), protocol, port));
    let may_enter = into.is_empty()
        || enters
            .into_iter()
            .any(|r| is_peer(r.from.as_ref(), &to.namespace, from) && is_port(r.ports.as_ref(), protocol, port));
    may_leave && may_enter
}

fn resolver() -> Pod {
    stranger("kube-system", &[], &[("k8s-app", "kube-dns")])
}

/// Pods that have no business in a tenant's namespace, however they label themselves.
fn outsiders() -> Vec<Pod> {
    vec![
        stranger("default", &[], &[("app", "web")]),
        stranger("kube-system", &[], &[("app", "web")]),
        stranger("another", &[("berth.dev/tenant", "aaaaaa"), ("berth.dev/zone", "app")], &[]),
        stranger("copycat", &[], &[("berth.dev/environment", "aaaaaa-prod"), ("berth.dev/zone", "mgmt")]),
    ]
}

#[test]
fn between_zones_only_dmz_to_app_app_to_db_and_mgmt_to_all_is_open() {
    let pods = pods(&zoned("aaaaaa-prod", "Prod"));
    let zone = |p: &Pod| p.namespace.strip_prefix("aaaaaa-prod-").unwrap().to_owned();
    let mut open = BTreeSet::new();
    for (from, to) in pods.iter().flat_map(|from| pods.iter().map(move |to| (from, to))) {
        if reaches(from, to, "TCP", 5432) && from.namespace != to.namespace {
            open.insert(format!("{} → {}", zone(from), zone(to)));
        }
        assert!(from.namespace != to.namespace || reaches(from, to, "TCP", 5432), "a zone reaches itself");
    }
    let expected = ["dmz → app", "app → db", "mgmt → dmz", "mgmt → app", "mgmt → db"].map(String::from);
    assert_eq!(open, BTreeSet::from(expected));
}

#[test]
fn nothing_is_open_between_two_environments_nor_with_anybody_else() {
    let environments = [
        zoned("aaaaaa-prod", "Prod"),
        zoned("aaaaaa-staging", "Staging"),
        zoned("bbbbbb-prod", "Prod"),
        planned("cccccc-prod", "Prod", json!({})),
        planned("cccccc-dev", "Dev", json!({})),
    ];
    let all: Vec<Vec<Pod>> = environments.iter().map(pods).collect();
    for (i, ours) in all.iter().enumerate() {
        let others: Vec<Pod> = all.iter().enumerate().filter(|(j, _)| *j != i).flat_map(|(_, p)| p.clone()).collect();
        for (pod, other) in ours
            .iter()
            .flat_map(|p| others.iter().chain(&outsiders()).cloned().map(move |o| (p, o)).collect::<Vec<_>>())
        {
            for port in [53, 80, 443, 5432] {
                assert!(!reaches(&other, pod, "TCP", port), "{} enters {}", other.namespace, pod.namespace);
            }
        }
    }
}

#[test]
fn a_zoned_environment_reaches_nothing_outside_but_the_resolver_on_port_53() {
    for pod in pods(&zoned("aaaaaa-prod", "Prod")) {
        assert!(reaches(&pod, &resolver(), "UDP", 53) && reaches(&pod, &resolver(), "TCP", 53));
        assert!(!reaches(&pod, &resolver(), "TCP", 443) && !reaches(&pod, &resolver(), "SCTP", 53));
        assert!(!reaches(&resolver(), &pod, "UDP", 53), "the resolver answers, it does not call");
        for outsider in outsiders() {
            assert!(!reaches(&pod, &outsider, "UDP", 53) && !reaches(&pod, &outsider, "TCP", 443), "{outsider:?}");
        }
    }
}

#[test]
fn an_environment_without_zones_talks_inside_and_calls_out_freely() {
    let pods = pods(&planned("cccccc-prod", "Prod", json!({})));
    assert!(reaches(&pods[0], &pods[0], "TCP", 80));
    for outsider in outsiders() {
        assert!(reaches(&pods[0], &outsider, "TCP", 443), "{outsider:?}");
        assert!(!reaches(&outsider, &pods[0], "TCP", 443), "{outsider:?}");
    }
}

#[test]
fn default_deny_selects_every_pod_and_opens_nothing_in_both_directions_from_level_three() {
    for (desired, directions) in [
        (planned("cccccc-prod", "Prod", json!({})), vec!["Ingress"]),
        (zoned("aaaaaa-prod", "Prod"), vec!["Ingress", "Egress"]),
    ] {
        for namespace in &desired.namespaces {
            let deny = namespace.policies.iter().find(|p| p.metadata.name.as_deref() == Some("berth-default-deny"));
            let expected = NetworkPolicySpec {
                pod_selector: Some(LabelSelector::default()),
                policy_types: Some(directions.iter().map(|d| (*d).to_owned()).collect()),
                ..Default::default()
            };
            assert_eq!(deny.and_then(|p| p.spec.clone()), Some(expected), "{}", namespace.name);
        }
    }
}

#[test]
fn names_are_opened_only_where_leaving_is_denied() {
    let dns = |d: &Desired| {
        let named = |p: &NetworkPolicy| p.metadata.name.as_deref() == Some("berth-dns");
        d.namespaces.iter().map(|n| n.policies.iter().filter(|p| named(p)).count()).collect::<Vec<_>>()
    };
    assert_eq!(dns(&planned("cccccc-prod", "Prod", json!({}))), [0]);
    assert_eq!(dns(&zoned("aaaaaa-prod", "Prod")), [1, 1, 1, 1]);
}

#[test]
fn the_evaluator_tells_an_allow_all_from_a_deny_all() {
    let policy = |spec: serde_json::Value| of::<NetworkPolicy>(json!({"metadata": {"name": "p"}, "spec": spec}));
    let with = |policies| Pod { policies, ..stranger("a", &[], &[]) };
    let caller = stranger("b", &[("team", "x")], &[("app", "web")]);
    let table = [
        (vec![], true),
        (vec![policy(json!({"podSelector": {}, "policyTypes": ["Ingress"]}))], false),
        (vec![policy(json!({"podSelector": {}, "ingress": [{}]}))], true),
        (vec![policy(json!({"podSelector": {}, "ingress": []}))], false),
        (vec![policy(json!({"podSelector": {}, "policyTypes": ["Egress"]}))], true),
        (vec![policy(json!({"podSelector": {"matchLabels": {"no": "body"}}, "policyTypes": ["Ingress"]}))], true),
        (vec![policy(json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}))], false),
        (
            vec![policy(
                json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "x"}}}]}]}),
            )],
            true,
        ),
        (
            vec![policy(
                json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}]}]}),
            )],
            false,
        ),
        (vec![policy(json!({"podSelector": {}, "ingress": [{"ports": [{"port": 53, "protocol": "UDP"}]}]}))], false),
    ];
    for (i, (policies, open)) in table.into_iter().enumerate() {
        assert_eq!(reaches(&caller, &with(policies), "TCP", 53), open, "row {i}");
    }
}
