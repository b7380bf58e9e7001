//! Who may talk to whom: what the planned policies come to, by the evaluator of `berth_plan::netpol` (design §4; domain §6.2
//! invariants 5 and 9, §6.3; ipv6 §6.3).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use berth_plan::desired::Desired;
use berth_plan::netpol::{self, Attempt, Blocks, End, Family, Protocol};
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::json;

use crate::desired::{planned, zoned};

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

/// A pod with a name and addresses of its own.
fn end(pod: &Pod, name: &str) -> End {
    let addresses = ["192.0.2.1", "2001:db8::1"].map(|a| a.parse::<IpAddr>().unwrap()).to_vec();
    End::Pod(netpol::Pod {
        namespace: pod.namespace.clone(),
        namespace_labels: pod.namespace_labels.clone(),
        name: name.into(),
        labels: pod.labels.clone(),
        addresses,
        ports: vec![],
    })
}

/// Whether one reaches the other; both families must say the same, and so must both readings of blocks.
fn reaches(from: &Pod, to: &Pod, protocol: Protocol, port: u16) -> bool {
    let policies = [from.policies.clone(), to.policies.clone()].concat();
    let (from, to) = (end(from, "from"), end(to, "to"));
    let ask = |family, blocks| {
        netpol::judge(&policies, &Attempt { from: &from, to: &to, protocol, port, family }, blocks).open()
    };
    let all = Family::ALL.map(|f| [Blocks::MatchPods, Blocks::OutsideOnly].map(|b| ask(f, b))).concat();
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    all[0]
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
        if reaches(from, to, Protocol::Tcp, 5432) && from.namespace != to.namespace {
            open.insert(format!("{} → {}", zone(from), zone(to)));
        }
        assert!(from.namespace != to.namespace || reaches(from, to, Protocol::Tcp, 5432), "a zone reaches itself");
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
                assert!(!reaches(&other, pod, Protocol::Tcp, port), "{} enters {}", other.namespace, pod.namespace);
            }
        }
    }
}

#[test]
fn a_zoned_environment_reaches_nothing_outside_but_the_resolver_on_port_53() {
    for pod in pods(&zoned("aaaaaa-prod", "Prod")) {
        assert!(reaches(&pod, &resolver(), Protocol::Udp, 53) && reaches(&pod, &resolver(), Protocol::Tcp, 53));
        assert!(!reaches(&pod, &resolver(), Protocol::Tcp, 443) && !reaches(&pod, &resolver(), Protocol::Sctp, 53));
        assert!(!reaches(&resolver(), &pod, Protocol::Udp, 53), "the resolver answers, it does not call");
        for outsider in outsiders() {
            assert!(
                !reaches(&pod, &outsider, Protocol::Udp, 53) && !reaches(&pod, &outsider, Protocol::Tcp, 443),
                "{outsider:?}"
            );
        }
    }
}

#[test]
fn an_environment_without_zones_talks_inside_and_calls_out_freely() {
    let pods = pods(&planned("cccccc-prod", "Prod", json!({})));
    assert!(reaches(&pods[0], &pods[0], Protocol::Tcp, 80));
    for outsider in outsiders() {
        assert!(reaches(&pods[0], &outsider, Protocol::Tcp, 443), "{outsider:?}");
        assert!(!reaches(&outsider, &pods[0], Protocol::Tcp, 443), "{outsider:?}");
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
