//! The evaluator against the scenarios of Kubernetes v1.37.2 `test/e2e/network/netpol/network_policy.go` (three namespaces
//! x, y, z with pods a, b, c, as there; loopback is not asked, as there), in both families; then the cases that upstream
//! barely has (ipv6 §6.3).

use std::net::IpAddr;

use berth_plan::netpol::{Attempt, Blocks, End, Family, Judgement, NamedPort, Pod, Protocol, Verdict, judge};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde_json::{Value, json};

use crate::world::of;

const PODS: [&str; 9] = ["x/a", "x/b", "x/c", "y/a", "y/b", "y/c", "z/a", "z/b", "z/c"];

/// `x/b` is `10.0.1.2` and `2001:db8:1::2`.
fn addresses(name: &str) -> [IpAddr; 2] {
    let i = PODS.iter().position(|p| *p == name).unwrap();
    [format!("10.0.{}.{}", i / 3 + 1, i % 3 + 1), format!("2001:db8:{}::{}", i / 3 + 1, i % 3 + 1)]
        .map(|a| a.parse().unwrap())
}

pub fn pod(name: &str) -> Pod {
    let (namespace, pod) = name.split_once('/').unwrap();
    let named = |protocol: Protocol, port: u16| NamedPort {
        name: format!("serve-{port}-{}", protocol.as_str().to_lowercase()),
        protocol,
        port,
    };
    Pod {
        namespace: namespace.into(),
        namespace_labels: [("kubernetes.io/metadata.name", namespace), ("ns", namespace)]
            .map(|(k, v)| (k.into(), v.into()))
            .into(),
        name: pod.into(),
        labels: [("pod".to_owned(), pod.to_owned())].into(),
        addresses: addresses(name).to_vec(),
        ports: vec![named(Protocol::Tcp, 80), named(Protocol::Tcp, 81), named(Protocol::Udp, 80)],
    }
}

fn policy(namespace: &str, spec: Value) -> NetworkPolicy {
    of(json!({"metadata": {"name": "p", "namespace": namespace}, "spec": spec}))
}

/// Attempts at each other, as `x/a → y/b`, that are made.
fn open(policies: &[NetworkPolicy], protocol: Protocol, port: u16, family: Family) -> Vec<String> {
    let pairs = PODS.iter().flat_map(|from| PODS.iter().map(move |to| (*from, *to))).filter(|(from, to)| from != to);
    let made = |(from, to): &(&str, &str)| {
        let (from, to) = (End::Pod(pod(from)), End::Pod(pod(to)));
        judge(policies, &Attempt { from: &from, to: &to, protocol, port, family }, Blocks::MatchPods).open()
    };
    pairs.filter(made).map(|(from, to)| format!("{from} → {to}")).collect()
}

/// Upstream's `ExpectPeer(from, to, connected)`: a namespace, a pod, or everything.
type Expect = (&'static str, &'static str, bool);

fn expected(all: &[Expect]) -> Vec<String> {
    let fits = |pattern: &str, pod: &str| pattern == "*" || pattern == pod || pod.split('/').next() == Some(pattern);
    let pairs = PODS.iter().flat_map(|from| PODS.iter().map(move |to| (*from, *to))).filter(|(from, to)| from != to);
    let last = |(from, to): &(&str, &str)| {
        all.iter().rev().find(|(f, t, _)| fits(f, from) && fits(t, to)).is_none_or(|(_, _, connected)| *connected)
    };
    pairs.filter(last).map(|(from, to)| format!("{from} → {to}")).collect()
}

fn a() -> Value {
    json!({"matchLabels": {"pod": "a"}})
}

/// Ingress rules for pods a of x.
fn into_a(rules: Value) -> (&'static str, Value) {
    ("x", json!({"podSelector": a(), "policyTypes": ["Ingress"], "ingress": rules}))
}

/// Egress rules for pods a of x.
fn out_of_a(rules: Value) -> (&'static str, Value) {
    ("x", json!({"podSelector": a(), "policyTypes": ["Egress"], "egress": rules}))
}

fn ns(name: &str) -> Value {
    json!({"matchLabels": {"ns": name}})
}

fn expression(key: &str, operator: &str, values: &[&str]) -> Value {
    json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
}

type Row = (&'static str, Vec<(&'static str, Value)>, Protocol, u16, Vec<Expect>);

fn scenarios() -> Vec<Row> {
    use Protocol::{Sctp, Tcp, Udp};
    let deny_in = || ("x", json!({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []}));
    let not_x = || expression("ns", "NotIn", &["x"]);
    let only_b = vec![("*", "x/a", false), ("x/b", "x/a", true)];
    let only_y = vec![("x", "x/a", false), ("z", "x/a", false)];
    let shut_a = vec![("*", "x/a", false)];
    let port = |n: u16, protocol: &str| json!({"port": n, "protocol": protocol});
    let from_y_81 = || into_a(json!([{"from": [{"namespaceSelector": ns("y")}], "ports": [port(81, "TCP")]}]));
    let both = || {
        (
            "x",
            json!({"podSelector": a(), "policyTypes": ["Egress", "Ingress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}], "egress": [{"ports": [{"port": 80}]}]}),
        )
    };
    let client = || {
        vec![
            out_of_a(json!([{"to": [{"namespaceSelector": ns("y"), "podSelector": a()}]}])),
            (
                "y",
                json!({"podSelector": a(), "policyTypes": ["Ingress"], "ingress": [{"from": [{"namespaceSelector": ns("x"), "podSelector": a()}]}]}),
            ),
            (
                "y",
                json!({"podSelector": {"matchLabels": {"pod": "b"}}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"namespaceSelector": ns("x"), "podSelector": a()}]}]}),
            ),
        ]
    };
    let all_of_x = |types: &str, rules: Value| {
        ("x", json!({"podSelector": {}, "policyTypes": [types], (types.to_lowercase()): rules}))
    };
    vec![
        ("default-deny-ingress", vec![deny_in()], Tcp, 80, vec![("*", "x", false)]),
        (
            "default-deny-all",
            vec![("x", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}))],
            Tcp,
            80,
            vec![("*", "x", false), ("x", "*", false)],
        ),
        (
            "from pods within server namespace by PodSelector",
            vec![into_a(json!([{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]))],
            Tcp,
            80,
            only_b.clone(),
        ),
        (
            "ingress traffic for a target",
            vec![deny_in(), into_a(json!([{"from": [{"podSelector": {}, "namespaceSelector": {}}]}]))],
            Tcp,
            80,
            vec![("*", "x", false), ("*", "x/a", true)],
        ),
        ("from pods in all namespaces", vec![into_a(json!([{"from": [{"namespaceSelector": {}}]}]))], Tcp, 80, vec![]),
        (
            "only from a different namespace",
            vec![into_a(json!([{"from": [{"namespaceSelector": ns("y")}]}]))],
            Tcp,
            80,
            only_y.clone(),
        ),
        (
            "PodSelector with MatchExpressions",
            vec![into_a(json!([{"from": [{"podSelector": expression("pod", "In", &["b"])}]}]))],
            Tcp,
            80,
            only_b.clone(),
        ),
        (
            "NamespaceSelector with MatchExpressions",
            vec![into_a(json!([{"from": [{"namespaceSelector": expression("ns", "In", &["y"])}]}]))],
            Tcp,
            80,
            only_y.clone(),
        ),
        (
            "PodSelector or NamespaceSelector",
            vec![into_a(
                json!([{"from": [{"namespaceSelector": not_x()}, {"podSelector": {"matchLabels": {"pod": "b"}}}]}]),
            )],
            Tcp,
            80,
            vec![("x/c", "x/a", false)],
        ),
        (
            "PodSelector and NamespaceSelector",
            vec![into_a(
                json!([{"from": [{"namespaceSelector": not_x(), "podSelector": {"matchLabels": {"pod": "b"}}}]}]),
            )],
            Tcp,
            80,
            vec![("*", "x/a", false), ("y/b", "x/a", true), ("z/b", "x/a", true)],
        ),
        (
            "multiple PodSelectors and NamespaceSelectors",
            vec![into_a(
                json!([{"from": [{"namespaceSelector": not_x(), "podSelector": expression("pod", "In", &["b", "c"])}]}]),
            )],
            Tcp,
            80,
            vec![("x", "x/a", false), ("y/a", "x/a", false), ("z/a", "x/a", false)],
        ),
        (
            "any PodSelectors",
            vec![into_a(
                json!([{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}, {"podSelector": {"matchLabels": {"pod": "c"}}}]}]),
            )],
            Tcp,
            80,
            vec![("*", "x/a", false), ("x/b", "x/a", true), ("x/c", "x/a", true)],
        ),
        (
            "only from a pod in a different namespace",
            vec![into_a(json!([{"from": [{"namespaceSelector": ns("y"), "podSelector": a()}]}]))],
            Tcp,
            80,
            vec![("*", "x/a", false), ("y/a", "x/a", true)],
        ),
        ("ports: 81 from y", vec![from_y_81()], Tcp, 81, only_y.clone()),
        ("ports: 80 from nobody", vec![from_y_81()], Tcp, 80, shut_a.clone()),
        (
            "stacked policies, 81",
            vec![from_y_81(), into_a(json!([{"from": [{"namespaceSelector": ns("y")}], "ports": [port(80, "TCP")]}]))],
            Tcp,
            81,
            only_y.clone(),
        ),
        (
            "stacked policies, 80",
            vec![from_y_81(), into_a(json!([{"from": [{"namespaceSelector": ns("y")}], "ports": [port(80, "TCP")]}]))],
            Tcp,
            80,
            only_y.clone(),
        ),
        ("allow-all", vec![all_of_x("Ingress", json!([{}]))], Tcp, 81, vec![]),
        ("one named port", vec![all_of_x("Ingress", json!([{"ports": [{"port": "serve-81-tcp"}]}]))], Tcp, 81, vec![]),
        (
            "one named port, the other",
            vec![all_of_x("Ingress", json!([{"ports": [{"port": "serve-81-tcp"}]}]))],
            Tcp,
            80,
            vec![("*", "x", false)],
        ),
        (
            "from a namespace on one named port",
            vec![into_a(json!([{"from": [{"namespaceSelector": ns("y")}], "ports": [{"port": "serve-80-tcp"}]}]))],
            Tcp,
            80,
            only_y.clone(),
        ),
        (
            "egress on one named port",
            vec![all_of_x("Egress", json!([{"ports": [{"port": "serve-80-tcp"}]}]))],
            Tcp,
            80,
            vec![],
        ),
        (
            "egress on one named port, the other",
            vec![all_of_x("Egress", json!([{"ports": [{"port": "serve-80-tcp"}]}]))],
            Tcp,
            81,
            vec![("x", "*", false)],
        ),
        (
            "a port that nobody has",
            vec![into_a(json!([{"ports": [{"port": "no-such-port", "protocol": "TCP"}]}]))],
            Tcp,
            80,
            shut_a.clone(),
        ),
        (
            "deny ingress from pods on other namespaces",
            vec![all_of_x("Ingress", json!([{"from": [{"podSelector": {}}]}]))],
            Tcp,
            80,
            vec![("y", "x", false), ("z", "x", false)],
        ),
        ("deny egress by PodSelector", vec![out_of_a(json!([]))], Tcp, 80, vec![("x/a", "*", false)]),
        ("deny egress of a namespace", vec![all_of_x("Egress", json!([]))], Tcp, 80, vec![("x", "*", false)]),
        ("ingress and egress together, 80", vec![both()], Tcp, 80, only_b.clone()),
        (
            "ingress and egress together, 81",
            vec![both()],
            Tcp,
            81,
            vec![("*", "x/a", false), ("x/a", "*", false), ("x/b", "x/a", true)],
        ),
        (
            "egress denied although the server allows",
            client(),
            Tcp,
            80,
            vec![("x/a", "*", false), ("*", "y/a", false), ("x/a", "y/a", true), ("*", "y/b", false)],
        ),
        (
            "egress to a server in a different namespace",
            vec![out_of_a(json!([{"to": [{"namespaceSelector": ns("y"), "podSelector": a()}]}]))],
            Tcp,
            80,
            vec![("x/a", "*", false), ("x/a", "y/a", true)],
        ),
        ("any port of one protocol, TCP", vec![into_a(json!([{"ports": [{"protocol": "TCP"}]}]))], Tcp, 80, vec![]),
        (
            "any port of one protocol, UDP",
            vec![into_a(json!([{"ports": [{"protocol": "TCP"}]}]))],
            Udp,
            80,
            shut_a.clone(),
        ),
        (
            "ingress allow-all takes precedence: before",
            vec![all_of_x("Ingress", json!([{"ports": [{"port": 80}]}]))],
            Tcp,
            81,
            vec![("*", "x", false)],
        ),
        (
            "ingress allow-all takes precedence",
            vec![all_of_x("Ingress", json!([{"ports": [{"port": 80}]}])), all_of_x("Ingress", json!([{}]))],
            Tcp,
            81,
            vec![],
        ),
        (
            "egress allow-all takes precedence: before",
            vec![all_of_x("Egress", json!([{"ports": [{"port": 80}]}]))],
            Tcp,
            81,
            vec![("x", "*", false)],
        ),
        (
            "egress allow-all takes precedence",
            vec![all_of_x("Egress", json!([{"ports": [{"port": 80}]}])), all_of_x("Egress", json!([{}]))],
            Tcp,
            81,
            vec![],
        ),
        ("stop enforcing after deletion", vec![], Tcp, 80, vec![]),
        ("ingress and egress independently", vec![out_of_a(json!([{}])), into_a(json!([]))], Tcp, 80, shut_a.clone()),
        (
            "SCTP is not TCP",
            vec![deny_in(), into_a(json!([{"ports": [port(81, "SCTP")]}]))],
            Tcp,
            81,
            vec![("*", "x", false)],
        ),
        (
            "SCTP is SCTP",
            vec![deny_in(), into_a(json!([{"ports": [port(81, "SCTP")]}]))],
            Sctp,
            81,
            vec![("*", "x", false), ("*", "x/a", true)],
        ),
        (
            "isolated by a policy that allows SCTP",
            vec![into_a(json!([{"ports": [port(80, "SCTP")]}]))],
            Tcp,
            81,
            shut_a.clone(),
        ),
        ("only UDP", vec![into_a(json!([{"ports": [port(81, "UDP")]}]))], Tcp, 81, shut_a.clone()),
        (
            "MatchLabels on the default label",
            vec![into_a(
                json!([{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "y"}}}]}]),
            )],
            Tcp,
            80,
            only_y,
        ),
        (
            "MatchExpressions on the default label",
            vec![into_a(
                json!([{"from": [{"namespaceSelector": expression("kubernetes.io/metadata.name", "NotIn", &["x"])}]}]),
            )],
            Tcp,
            80,
            vec![("x", "x/a", false)],
        ),
    ]
}

#[test]
fn the_upstream_scenarios_come_out_as_upstream_expects_in_both_families() {
    for (name, policies, protocol, port, expects) in scenarios() {
        let policies: Vec<NetworkPolicy> =
            policies.into_iter().map(|(namespace, spec)| policy(namespace, spec)).collect();
        for family in Family::ALL {
            assert_eq!(open(&policies, protocol, port, family), expected(&expects), "{name}, {family:?}");
        }
    }
}

#[test]
fn blocks_match_as_upstream_expects_each_in_its_own_family_alone() {
    // "allow egress access to server in CIDR block", "enforce except clause", "overlapping both CIDR and Except is allowed".
    for (family, host, net) in
        [(Family::Ipv4, "10.0.2.2/32", "10.0.0.0/16"), (Family::Ipv6, "2001:db8:2::2/128", "2001:db8::/32")]
    {
        let out = |blocks: Value| vec![policy("x", out_of_a(json!([{"to": blocks}])).1)];
        let one = json!([{"ipBlock": {"cidr": host}}]);
        let shut = vec![("x/a", "*", false)];
        let only = vec![("x/a", "*", false), ("x/a", "y/b", true)];
        let except = json!([{"ipBlock": {"cidr": net, "except": [host]}}]);
        let healed = json!([{"ipBlock": {"cidr": net, "except": [host]}}, {"ipBlock": {"cidr": host}}]);
        let other = if family == Family::Ipv4 { Family::Ipv6 } else { Family::Ipv4 };
        for (blocks, expects) in [(one, only), (except, vec![("x/a", "y/b", false)]), (healed, vec![])] {
            assert_eq!(open(&out(blocks.clone()), Protocol::Tcp, 80, family), expected(&expects), "{blocks}");
            assert_eq!(
                open(&out(blocks.clone()), Protocol::Tcp, 80, other),
                expected(&shut),
                "{blocks} opens {other:?}"
            );
        }
    }
}

/// Attempts between one outside end and `x/a` under one spec.
fn outside(spec: Value, address: &str, family: Family) -> bool {
    let (from, to) = (End::Outside(address.parse().unwrap()), End::Pod(pod("x/a")));
    judge(
        &[policy("x", spec)],
        &Attempt { from: &from, to: &to, protocol: Protocol::Tcp, port: 443, family },
        Blocks::OutsideOnly,
    )
    .open()
}

#[test]
fn what_is_empty_and_what_is_absent_are_told_apart() {
    let x = |spec: Value, expects: &[Expect]| {
        for family in Family::ALL {
            assert_eq!(open(&[policy("x", spec.clone())], Protocol::Tcp, 80, family), expected(expects), "{spec}");
        }
    };
    let (shut, all): (&[Expect], &[Expect]) = (&[("*", "x", false)], &[]);
    x(json!({"podSelector": {}}), shut);
    x(json!({"podSelector": {}, "ingress": []}), shut);
    x(json!({"podSelector": {}, "ingress": [{}]}), all);
    x(json!({"podSelector": {}, "ingress": [{"from": [], "ports": []}]}), all);
    // Without types an empty `egress` isolates nothing, and one rule does.
    x(json!({"podSelector": {}, "ingress": [{}], "egress": []}), all);
    x(json!({"podSelector": {}, "ingress": [{}], "egress": [{"ports": [{"port": 81}]}]}), &[("x", "*", false)]);
    x(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": []}), &[("x", "*", false)]);
    x(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}), all);
    x(json!({"podSelector": {"matchLabels": {"no": "body"}}}), all);
    x(json!({"podSelector": {}, "ingress": [{"from": [{}]}]}), shut);
}

#[test]
fn operators_of_expressions_mean_what_the_api_says_about_absent_keys() {
    let table =
        [("In", &["a"][..], "x/a"), ("NotIn", &["b", "c"], "x/a"), ("Exists", &[], "*"), ("DoesNotExist", &[], "")];
    for (operator, values, who) in table {
        let rules = json!([{"from": [{"namespaceSelector": {}, "podSelector": expression("pod", operator, values)}]}]);
        let policies = [policy("y", json!({"podSelector": {}, "ingress": rules}))];
        let made = open(&policies, Protocol::Tcp, 80, Family::Ipv6).contains(&"x/a → y/c".to_owned());
        assert_eq!(made, !who.is_empty(), "{operator}");
    }
    let absent = |operator: &str| {
        let rules =
            json!([{"from": [{"namespaceSelector": {}, "podSelector": expression("absent", operator, &["v"])}]}]);
        open(&[policy("y", json!({"podSelector": {}, "ingress": rules}))], Protocol::Tcp, 80, Family::Ipv6)
            .contains(&"x/a → y/c".to_owned())
    };
    assert_eq!(["In", "NotIn", "Exists", "DoesNotExist", "Gt"].map(absent), [false, true, false, true, false]);
}

#[test]
fn ranges_of_ports_hold_both_ends_and_names_are_nobodys_outside_of_pods() {
    let range = json!({"podSelector": {}, "ingress": [{"ports": [{"port": 100, "endPort": 200}]}]});
    let made = |port: u16| {
        !open(&[policy("x", range.clone())], Protocol::Tcp, port, Family::Ipv6).iter().all(|p| !p.contains("→ x"))
    };
    assert_eq!([99, 100, 150, 200, 201].map(made), [false, true, true, true, false]);
    let (from, to) = (End::Pod(pod("x/a")), End::Outside("2001:db8:ffff::1".parse().unwrap()));
    let out = |port: Value| {
        let policies = [policy(
            "x",
            json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": port}]}]}),
        )];
        judge(
            &policies,
            &Attempt { from: &from, to: &to, protocol: Protocol::Tcp, port: 80, family: Family::Ipv6 },
            Blocks::OutsideOnly,
        )
        .open()
    };
    assert_eq!([out(json!(80)), out(json!("serve-80-tcp"))], [true, false]);
}

#[test]
fn a_rule_of_one_family_leaves_the_other_shut_and_exceptions_hold() {
    let from = |cidr: &str, except: Value| json!({"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": cidr, "except": except}}]}]});
    let table = [
        (from("0.0.0.0/0", json!([])), "198.51.100.7", Family::Ipv4, true),
        (from("0.0.0.0/0", json!([])), "2001:db8:ffff::1", Family::Ipv6, false),
        (from("::/0", json!([])), "198.51.100.7", Family::Ipv4, false),
        (from("::/0", json!(["2001:db8:ffff::/48"])), "2001:db8:ffff::1", Family::Ipv6, false),
        (from("::/0", json!(["2001:db8:ffff::/48"])), "2001:db8:fffe::1", Family::Ipv6, true),
        // An IPv4-mapped source is IPv4 on the wire: `::/0` says nothing about it.
        (from("::/0", json!([])), "::ffff:198.51.100.7", Family::Ipv6, false),
        (from("::/0", json!([])), "::ffff:198.51.100.7", Family::Ipv4, false),
        (from("198.51.100.0/24", json!([])), "::ffff:198.51.100.7", Family::Ipv4, true),
        (
            json!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]}),
            "2001:db8:ffff::1",
            Family::Ipv6,
            false,
        ),
    ];
    for (spec, address, family, made) in table {
        assert_eq!(outside(spec.clone(), address, family), made, "{address} {family:?} {spec}");
    }
}

#[test]
fn a_block_over_pods_is_what_the_network_makes_of_it() {
    let rules = json!([{"from": [{"ipBlock": {"cidr": "2001:db8:2::/48"}}]}]);
    let policies = [policy("x", json!({"podSelector": {}, "ingress": rules}))];
    let (from, to) = (End::Pod(pod("y/a")), End::Pod(pod("x/a")));
    let attempt = Attempt { from: &from, to: &to, protocol: Protocol::Tcp, port: 80, family: Family::Ipv6 };
    let made = |blocks| judge(&policies, &attempt, blocks).open();
    assert_eq!([made(Blocks::MatchPods), made(Blocks::OutsideOnly)], [true, false], "Calico, Cilium (measured)");
}

#[test]
fn the_answer_names_the_policies_that_gave_it() {
    let named = |name: &str, spec: Value| -> NetworkPolicy {
        of(json!({"metadata": {"name": name, "namespace": "x"}, "spec": spec}))
    };
    let policies = [
        named("deny", json!({"podSelector": {}})),
        named("web", json!({"podSelector": a(), "ingress": [{"ports": [{"port": 80}]}]})),
    ];
    let ask = |from: End, to: End, port: u16, family| {
        judge(&policies, &Attempt { from: &from, to: &to, protocol: Protocol::Tcp, port, family }, Blocks::MatchPods)
    };
    let entering = |entering| Verdict::Judged { leaving: Judgement::NotIsolated, entering };
    let (client, server) = (End::Pod(pod("y/a")), End::Pod(pod("x/a")));
    assert_eq!(ask(client.clone(), server.clone(), 80, Family::Ipv6), entering(Judgement::AllowedBy("x/web".into())));
    let both = Judgement::DeniedBy(vec!["x/deny".into(), "x/web".into()]);
    assert_eq!(ask(client.clone(), server.clone(), 81, Family::Ipv6), entering(both));
    // A node and its own pods, a pod and itself: no policy applies.
    let node = End::OwnNode("2001:db8:f::1".parse().unwrap());
    assert_eq!(ask(node, server.clone(), 81, Family::Ipv6), entering(Judgement::Exempt));
    let itself = Verdict::Judged { leaving: Judgement::Exempt, entering: Judgement::Exempt };
    assert_eq!(ask(server.clone(), server.clone(), 81, Family::Ipv6), itself);
    let only_v6 = End::Pod(Pod { addresses: vec![addresses("y/a")[1]], ..pod("y/a") });
    assert_eq!(ask(only_v6, server, 80, Family::Ipv4), Verdict::NoAddress);
}
