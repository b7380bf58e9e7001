//! No two tenants can reach each other in either family unless a declared rule says so: over random sets of environments as
//! `plan` renders them. And everything rendered is linted.

use std::collections::BTreeMap;
use std::net::IpAddr;

use berth_crds::labels::{NO_IPV4, NO_IPV6};
use berth_plan::address;
use berth_plan::desired::{Desired, Input, plan};
use berth_plan::netpol::{Attempt, Blocks, End, Family, Finding, Pod, Protocol, judge, lint};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::desired::zones;
use crate::world::*;

const PLATES: [&str; 4] = ["aaaaaa", "bbbbbb", "cccccc", "dddddd"];
const KINDS: [&str; 3] = ["Prod", "Staging", "Dev"];

/// One environment: tenant, kind, zoned at level 3 or plain at level 1.
type Choice = (usize, usize, bool);

/// A set of environments, each once; a tenant has one level.
fn sets() -> impl Strategy<Value = Vec<Choice>> {
    let levels = proptest::collection::vec(any::<bool>(), PLATES.len());
    let names = proptest::collection::btree_set((0..PLATES.len(), 0..KINDS.len()), 2..6);
    (levels, names).prop_map(|(levels, names)| names.into_iter().map(|(p, k)| (p, k, levels[p])).collect())
}

fn render((plate, kind, zoned): Choice) -> Desired {
    let plate = PLATES[plate];
    let name = format!("{plate}-{}", KINDS[kind].to_lowercase());
    let environment = environment(&name, KINDS[kind], if zoned { zones() } else { json!({}) });
    let tenant = tenant(plate, json!({"level": if zoned { 3 } else { 1 }}));
    let register = register();
    let system = format!("3fff:a10:1180:{:x}00::/56", 0x10 + PLATES.iter().position(|p| *p == plate).unwrap());
    plan(&Input {
        environment: &environment,
        tenant: Some(&tenant),
        class: register.classes.get(&environment.spec.class_ref.name).map(AsRef::as_ref),
        profile: register.profiles.get("vn-2026").map(AsRef::as_ref),
        system_prefix: address::parse(&system),
        addresses: Some(&ADDRESSES),
        today: today(),
    })
    .unwrap()
}

/// Pods of a tenant, one plain and one that claims to be everything that a rule could look for.
struct Tenanted {
    tenant: String,
    environment: String,
    end: End,
}

fn pods(all: &[Desired]) -> Vec<Tenanted> {
    let mut pods = Vec::new();
    for (i, namespace) in all.iter().flat_map(|d| &d.namespaces).enumerate() {
        let mut namespace_labels = namespace.namespace.metadata.labels.clone().unwrap();
        namespace_labels.insert("kubernetes.io/metadata.name".into(), namespace.name.clone());
        let mut claims: BTreeMap<String, String> =
            all.iter().flat_map(|d| &d.namespaces).flat_map(|n| n.namespace.metadata.labels.clone().unwrap()).collect();
        claims.insert("k8s-app".into(), "kube-dns".into());
        for (j, labels) in [BTreeMap::from([("app".to_owned(), "web".to_owned())]), claims].into_iter().enumerate() {
            let leaf = address::parse(&namespace.prefix).unwrap();
            let ipv6 = std::net::Ipv6Addr::from(u128::from(leaf.network()) + 0x10 + j as u128);
            let addresses: Vec<IpAddr> = vec![format!("10.0.{i}.{}", j + 1).parse().unwrap(), ipv6.into()];
            pods.push(Tenanted {
                tenant: namespace_labels["berth.dev/tenant"].clone(),
                environment: namespace_labels["berth.dev/environment"].clone(),
                end: End::Pod(Pod {
                    namespace: namespace.name.clone(),
                    namespace_labels: namespace_labels.clone(),
                    name: format!("pod-{j}"),
                    labels,
                    addresses,
                    ports: vec![],
                }),
            });
        }
    }
    pods
}

fn policies(all: &[Desired]) -> Vec<NetworkPolicy> {
    all.iter().flat_map(|d| &d.namespaces).flat_map(|n| n.policies.clone()).collect()
}

/// Connections between different tenants that are made, in any family, under any reading of blocks.
fn crossings(pods: &[Tenanted], policies: &[NetworkPolicy], port: u16) -> Vec<(String, String, Family, Protocol)> {
    let mut made = Vec::new();
    for (from, to) in pods.iter().flat_map(|a| pods.iter().map(move |b| (a, b))).filter(|(a, b)| a.tenant != b.tenant) {
        for family in Family::ALL {
            for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
                let attempt = Attempt { from: &from.end, to: &to.end, protocol, port, family };
                if [Blocks::MatchPods, Blocks::OutsideOnly].into_iter().any(|b| judge(policies, &attempt, b).open()) {
                    made.push((from.environment.clone(), to.environment.clone(), family, protocol));
                }
            }
        }
    }
    made
}

/// A declared rule as a Connection will be one: both ends, by labels, one port.
fn declared(from: &Desired, to: &Desired, port: u16) -> Vec<NetworkPolicy> {
    let (a, b) = (&from.namespaces[0], &to.namespaces[0]);
    let peer = |name: &str| json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}]);
    let ports = json!([{"protocol": "TCP", "port": port}]);
    let policy = |namespace: &str, spec: Value| {
        of(json!({"metadata": {"name": "connection", "namespace": namespace}, "spec": spec}))
    };
    vec![
        policy(
            &a.name,
            json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": peer(&b.name), "ports": ports}]}),
        ),
        policy(
            &b.name,
            json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": peer(&a.name), "ports": ports}]}),
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_two_tenants_reach_each_other_in_either_family_unless_a_declared_rule_says_so(
        set in sets(), port in prop_oneof![Just(53u16), Just(443), 1..=u16::MAX], pick in any::<(prop::sample::Index, prop::sample::Index)>()
    ) {
        let all: Vec<Desired> = set.into_iter().map(render).collect();
        let (pods, mut policies) = (pods(&all), policies(&all));
        prop_assert_eq!(crossings(&pods, &policies, port), vec![]);
        prop_assert_eq!(lint(&policies, &["3fff:a10::/32".parse().unwrap()]), vec![]);
        let (from, to) = (&all[pick.0.index(all.len())], &all[pick.1.index(all.len())]);
        let tenant = |d: &Desired| d.namespaces[0].namespace.metadata.labels.clone().unwrap()["berth.dev/tenant"].clone();
        prop_assume!(tenant(from) != tenant(to));
        policies.extend(declared(from, to, port));
        let (a, b) = (&from.namespaces[0].name, &to.namespaces[0].name);
        // Two pods at each end, both families, TCP on that port, that way round and no more.
        let made = crossings(&pods, &policies, port);
        prop_assert_eq!(made.len(), 2 * 2 * 2, "{:?}", made);
        prop_assert!(made.iter().all(|(f, t, _, p)| a.starts_with(f.as_str()) && b.starts_with(t.as_str()) && *p == Protocol::Tcp));
        prop_assert_eq!(crossings(&pods, &policies, port.wrapping_add(1).max(1)), vec![]);
    }
}

/// Findings of a policy with one egress rule.
fn findings(to: Value, annotations: Value) -> Vec<Finding> {
    let spec = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": to}]});
    let policy: NetworkPolicy =
        of(json!({"metadata": {"name": "p", "namespace": "n", "annotations": annotations}, "spec": spec}));
    lint(&[policy], &["3fff:a10::/32".parse().unwrap()])
}

#[test]
fn a_rule_has_blocks_of_both_families_or_says_why_not() {
    let block = |cidr: &str| json!({"ipBlock": {"cidr": cidr}});
    let (v4, v6) = (block("198.51.100.0/24"), block("2001:db8:7::/48"));
    let rule = "spec.egress[0].to";
    let no_v6 = "metadata.annotations[berth.dev/no-ipv6]";
    let labels = json!({"namespaceSelector": {}});
    let missing = |family: &str, key: &str| {
        format!("has no block for {family}; add one, or say why there is none in annotation `{key}`.")
    };
    let table = [
        (json!([v4, v6]), json!({}), vec![]),
        (json!([labels]), json!({}), vec![]),
        (json!([v4]), json!({}), vec![(rule, missing("Ipv6", NO_IPV6))]),
        (json!([v6, labels]), json!({}), vec![(rule, missing("Ipv4", NO_IPV4))]),
        (json!([v4]), json!({(NO_IPV6): "The partner has no IPv6 [A]"}), vec![]),
        (
            json!([v4]),
            json!({(NO_IPV6): " "}),
            vec![(rule, missing("Ipv6", NO_IPV6)), (no_v6, "is empty; say why there is none.".into())],
        ),
        (
            json!([v4, v6]),
            json!({(NO_IPV6): "None"}),
            vec![(no_v6, "says that there is no Ipv6, and a rule has it.".into())],
        ),
    ];
    for (to, annotations, expected) in table {
        let expected: Vec<Finding> = expected
            .into_iter()
            .map(|(field, message)| Finding { policy: "n/p".into(), field: field.into(), message })
            .collect();
        assert_eq!(findings(to.clone(), annotations.clone()), expected, "{to} {annotations}");
    }
}

#[test]
fn blocks_are_canonical_hold_their_exceptions_and_leave_tenants_to_labels() {
    let pair = |cidr: &str, except: Value| json!([{"ipBlock": {"cidr": "198.51.100.0/24"}}, {"ipBlock": {"cidr": cidr, "except": except}}]);
    let messages = |cidr: &str, except: Value| -> Vec<String> {
        findings(pair(cidr, except), json!({})).into_iter().map(|f| f.message).collect()
    };
    assert_eq!(messages("2001:db8::/32", json!(["2001:db8:1::/48"])), Vec::<String>::new());
    for odd in ["2001:DB8::/32", "2001:db8::1/32", "2001:db8::/032", "::ffff:198.51.100.0/120x", "198.51.100.1/24"] {
        assert!(messages(odd, json!([]))[0].contains("not a prefix in its one spelling"), "{odd}");
    }
    for (cidr, except) in
        [("2001:db8::/32", "2001:db9::/48"), ("2001:db8::/32", "2001:db8::/32"), ("2001:db8::/32", "198.51.100.0/25")]
    {
        assert_eq!(messages(cidr, json!([except])), [format!("`except` {except:?} is not a part of {cidr}.")]);
    }
    for over in ["3fff:a10:1180:8000::/64", "3fff:a10::/32", "::/0"] {
        assert!(
            messages(over, json!([]))[0].contains("meets 3fff:a10::/32, from which tenants are numbered"),
            "{over}"
        );
    }
    assert_eq!(messages("::/0", json!(["3fff:a10::/32"])), Vec::<String>::new());
}
