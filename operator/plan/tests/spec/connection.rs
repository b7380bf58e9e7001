//! Connections: who must say yes, what stands then, and what ends it (design §2, §4; domain §6.2; ipv6 §1.7). What stands is
//! judged by the evaluator: exactly what was declared opens, in both families, and nothing else.

mod hosts;
mod reach;
mod way;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use berth_crds::environment::EnvironmentStatus;
use berth_crds::{Connection, Decision, Reason, names};
use berth_plan::connection::{Input, Plan, Stage, plan, tell};
use berth_plan::desired::intended_names;
use berth_plan::netpol::{Attempt, Blocks, End, Family, Pod, Protocol, judge, lint};
use berth_plan::register::Register;
use ipnet::IpNet;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::desired::{plan_of, zones};
use crate::world::*;

/// Systems: plate, owner, level. The last has no zones and lets everything out.
const SYSTEMS: [(&str, &str, i64); 4] =
    [("aaaaaa", "ag-62", 3), ("bbbbbb", "ag-71", 3), ("dddddd", "ag-73", 3), ("cccccc", "ag-62", 1)];
/// From where tenants are numbered.
const ROOT: &str = "3fff:a10::/32";

/// One connection and everything around it.
#[derive(Clone)]
pub struct Scene {
    pub register: Register,
    pub namespaces: BTreeMap<String, String>,
    pub connection: Connection,
    pub decisions: Vec<Arc<Decision>>,
    pub others: Vec<Arc<Decision>>,
    /// Other connections of the province.
    pub papers: Vec<Arc<Connection>>,
    pub now: Time,
}

fn province() -> Register {
    register_with(|register| {
        for (plate, owner, level) in SYSTEMS {
            let of_level = json!({"level": level, "agencyRef": {"name": owner}});
            register.tenants.insert(plate.into(), Arc::new(tenant(plate, of_level)));
            let with = if level == 3 { zones() } else { json!({}) };
            let with = merge(with, json!({"exposure": ["Internet", "TSLCD"]}));
            let mut environment = environment(&format!("{plate}-prod"), "Prod", with);
            let mut namespaces = intended_names(&environment);
            namespaces.iter_mut().for_each(|n| n.uid = Some(format!("uid-{}", n.name)));
            environment.status = Some(EnvironmentStatus { namespaces, ..Default::default() });
            register.environments.insert(format!("{plate}-prod"), Arc::new(environment));
        }
    })
}

/// An end in an environment.
pub fn inside(environment: &str, zone: Option<&str>) -> Value {
    json!({"environment": {"environmentRef": {"name": environment}, "zone": zone}})
}

/// Of ag-62 to the application zone of ag-71's system, until March.
pub fn connection(with: Value) -> Connection {
    let base = json!({
        "apiVersion": "berth.dev/v1alpha1", "kind": "Connection",
        "metadata": {"name": "conn-a", "namespace": "agency-ag-62", "uid": "uid-conn-a", "generation": 1,
            "creationTimestamp": "2026-11-24T08:00:00Z"},
        "spec": {
            "source": inside("aaaaaa-prod", Some("app")), "destination": inside("bbbbbb-prod", Some("app")),
            "direction": "Between", "ports": [{"protocol": "TCP", "port": 443}], "purpose": "Tra cứu.",
            "expiresAt": "2027-03-31T17:00:00Z", "legalBasis": "NĐ 47/2020/NĐ-CP [K]",
            "requester": {"username": "lan", "groups": ["berth:ag-62:requester"]}
        }
    });
    of(merge(base, with))
}

impl Scene {
    pub fn of(with: Value) -> Self {
        let register = province();
        let all = register.environments.values().flat_map(|e| e.status.clone().unwrap_or_default().namespaces);
        let namespaces = all.filter_map(|n| Some((n.name, n.uid?))).collect();
        let (decisions, others, papers) = (vec![], vec![], vec![]);
        Self { register, namespaces, connection: connection(with), decisions, others, papers, now: at("10:00") }
    }

    /// The copy that the operator laid before the other owner, once there is one.
    pub fn copy(&self) -> Option<Connection> {
        let known = self.connection.status.as_ref()?.counterpart.clone()?;
        let mut copy = self.connection.clone();
        copy.metadata.name = Some(known.name);
        copy.metadata.namespace = Some(names::agency_namespace(&known.agency_ref.name));
        copy.metadata.uid = Some("uid-copy".into());
        copy.spec.requester.username = "berth:auto".into();
        Some(copy)
    }

    pub fn with_input<T>(&self, ask: impl FnOnce(&Input) -> T) -> T {
        let (numbered, copy) = (vec![ROOT.parse::<IpNet>().unwrap()], self.copy());
        ask(&Input {
            connection: &self.connection,
            decisions: &self.decisions,
            others: &self.others,
            counterpart: copy.as_ref(),
            papers: &self.papers,
            register: &self.register,
            numbered: &numbered,
            namespaces: &self.namespaces,
            now: &self.now,
            today: utc(&self.now),
        })
    }

    pub fn plan(&self) -> Plan {
        self.with_input(plan)
    }

    /// One pass of the operator: effects and status are written, and what should stand stands.
    pub fn pass(&mut self) -> Plan {
        let planned = self.plan();
        for judged in &planned.judged {
            for list in [&mut self.decisions, &mut self.others] {
                for paper in list.iter_mut().filter(|d| d.metadata.name.as_ref() == Some(&judged.name)) {
                    Arc::make_mut(paper).status.get_or_insert_default().effect = Some(judged.effect);
                }
            }
        }
        let standing = planned.policies.is_some();
        self.connection.status = Some(self.with_input(|input| tell(input, &planned, standing)));
        planned
    }

    /// Adds a Decision; `who` is `asking` or `other`.
    pub fn act(&mut self, who: &str, name: &str, verdict: &str, by: &str, clock: &str) {
        let (role, _) = name.split_once('.').unwrap();
        let (namespace, paper, uid) = match who {
            "asking" => ("agency-ag-62", "conn-a".to_owned(), "uid-conn-a"),
            _ => ("agency-ag-71", names::counterpart("uid-conn-a"), "uid-copy"),
        };
        let decision = of(json!({
            "apiVersion": "berth.dev/v1alpha1", "kind": "Decision",
            "metadata": {"name": format!("{paper}.{name}"), "namespace": namespace, "uid": format!("uid-{who}-{name}"),
                "creationTimestamp": format!("2026-11-24T{clock}:00Z")},
            "spec": {"connectionRef": {"name": paper, "uid": uid}, "role": role, "verdict": verdict, "reason": "Lý do.",
                "by": {"username": by}}
        }));
        if who == "asking" { &mut self.decisions } else { &mut self.others }.push(Arc::new(decision));
    }

    /// Consent and approval by two other people.
    pub fn agreed(mut self) -> Self {
        self.pass();
        self.act("other", "owner.1", "Consent", "hoa", "09:00");
        self.act("asking", "network.1", "Approve", "minh", "09:30");
        self.pass();
        self
    }

    pub fn reason(&self, type_: &str) -> (String, String) {
        let status = self.connection.status.clone().unwrap_or_default();
        let found = status.conditions.into_iter().find(|c| c.type_ == type_).unwrap();
        (found.status, found.reason)
    }
}

/// What stands in every environment without any connection.
fn before() -> Vec<NetworkPolicy> {
    let of_system = |(plate, _, level): &(&str, &str, i64)| {
        let with = if *level == 3 { zones() } else { json!({}) };
        let desired = plan_of(&environment(&format!("{plate}-prod"), "Prod", with), *level).unwrap();
        desired.namespaces.into_iter().flat_map(|n| n.policies)
    };
    SYSTEMS.iter().flat_map(of_system).collect()
}

/// One pod in each namespace of each system.
fn pods() -> Vec<Pod> {
    let of_system = |(plate, _, level): &(&str, &str, i64)| {
        let with = if *level == 3 { zones() } else { json!({}) };
        plan_of(&environment(&format!("{plate}-prod"), "Prod", with), *level).unwrap().namespaces
    };
    let pod = |(i, n): (usize, berth_plan::desired::DesiredNamespace)| Pod {
        namespace: n.name.clone(),
        namespace_labels: n.namespace.metadata.labels.clone().unwrap(),
        name: "pod".into(),
        addresses: [format!("10.1.{i}.1"), format!("3fff:a10:{i}::1")].map(|a| a.parse().unwrap()).to_vec(),
        ..Default::default()
    };
    SYSTEMS.iter().flat_map(of_system).enumerate().map(pod).collect()
}

fn open(policies: &[NetworkPolicy], from: &End, to: &End, protocol: Protocol, port: u16, family: Family) -> bool {
    let ask = |blocks| judge(policies, &Attempt { from, to, protocol, port, family }, blocks).open();
    let (one, two) = (ask(Blocks::MatchPods), ask(Blocks::OutsideOnly));
    assert_eq!(one, two, "{from:?} → {to:?}: what opens must not depend on how a network reads blocks");
    one
}

fn outside(address: &str) -> End {
    End::Outside(address.parse::<IpAddr>().unwrap())
}

/// The namespace of an end, as `environment-zone`.
fn namespace(end: (&str, Option<&str>)) -> String {
    names::namespace(end.0, end.1)
}

/// Ends that may be asked for: every zone that others may reach, and the system without zones.
fn ends() -> Vec<(&'static str, Option<&'static str>)> {
    let zoned = ["aaaaaa-prod", "bbbbbb-prod", "dddddd-prod"];
    let all = zoned.iter().flat_map(|e| ["dmz", "app", "mgmt"].map(|z| (*e, Some(z))));
    all.chain([("cccccc-prod", None)]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn exactly_the_declared_flow_opens_in_both_families_and_its_end_restores_what_was(
        source in select(ends()), destination in select(ends()), first in 1024u16..2000, width in 0u16..4, tcp in any::<bool>()
    ) {
        prop_assume!(source.0 != destination.0);
        let word = if tcp { "TCP" } else { "UDP" };
        let ports = json!([{"protocol": word, "port": first, "endPort": first + width}]);
        let with = json!({"spec": {"source": inside(source.0, source.1), "destination": inside(destination.0, destination.1), "ports": ports}});
        let scene = Scene::of(with);
        let ends = berth_plan::connection::resolve(&scene.connection.spec, &scene.register).unwrap();
        let rendered = berth_plan::connection::render(&scene.connection, &ends, &[ROOT.parse().unwrap()]);
        prop_assert_eq!(lint(&rendered, &[ROOT.parse().unwrap()]), vec![]);
        let (before, all) = (before(), pods());
        let after = [before.clone(), rendered].concat();
        for (from, to) in all.iter().flat_map(|f| all.iter().map(move |t| (f, t))) {
            let declared = from.namespace == namespace(source) && to.namespace == namespace(destination);
            for port in [53, first - 1, first, first + width, first + width + 1] {
                for (protocol, family) in [Protocol::Tcp, Protocol::Udp].into_iter().flat_map(|p| Family::ALL.map(|f| (p, f))) {
                    let within = (first..=first + width).contains(&port) && (protocol == Protocol::Tcp) == tcp;
                    let (f, t) = (End::Pod(from.clone()), End::Pod(to.clone()));
                    let was = open(&before, &f, &t, protocol, port, family);
                    let is = open(&after, &f, &t, protocol, port, family);
                    prop_assert_eq!(is, was || (declared && within), "{} → {} {}", from.namespace, to.namespace, port);
                }
            }
            // Whoever is no end of it reaches the outside as before, and is reached as before.
            let (here, there) = (End::Pod(from.clone()), outside("203.0.113.9"));
            for (f, t) in [(&here, &there), (&there, &here)] {
                let ask = |all: &[NetworkPolicy]| open(all, f, t, Protocol::Tcp, first, Family::Ipv4);
                prop_assert_eq!(ask(&after), ask(&before));
            }
        }
    }
}

#[test]
fn a_connection_is_one_policy_on_each_side_with_labels_as_peers() {
    let policies = Scene::of(json!({})).agreed().plan().policies.unwrap();
    let side = |environment: &str, direction: &str, rules: &str, peers: &str, other: &str| {
        let plate = environment.split('-').next();
        let mut policy = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "berth-conn.ag-62.conn-a", "namespace": format!("{environment}-app"),
                "annotations": {"berth.dev/paper": "agency-ag-62/conn-a"},
                "labels": {"app.kubernetes.io/managed-by": "berth-operator", "app.kubernetes.io/part-of": "berth",
                    "berth.dev/connection": "uid-conn-a", "berth.dev/environment": environment, "berth.dev/tenant": plate,
                    "berth.dev/zone": "app"}},
            "spec": {"podSelector": {}, "policyTypes": [direction]}
        });
        policy["spec"][rules] = json!([{
            peers: [{"namespaceSelector": {"matchLabels": {"berth.dev/environment": other, "berth.dev/zone": "app"}}}],
            "ports": [{"protocol": "TCP", "port": 443}]
        }]);
        policy
    };
    let expected = json!([
        side("bbbbbb-prod", "Ingress", "ingress", "from", "aaaaaa-prod"),
        side("aaaaaa-prod", "Egress", "egress", "to", "bbbbbb-prod"),
    ]);
    assert_eq!(serde_json::to_value(policies).unwrap(), expected);
}

#[test]
fn a_source_that_may_leave_freely_gets_no_policy_that_would_shut_it_in() {
    let with = json!({"spec": {"source": {"environment": {"environmentRef": {"name": "cccccc-prod"}, "zone": null}}}});
    let policies = Scene::of(with).agreed().plan().policies.unwrap();
    let places: Vec<_> = policies.iter().map(|p| p.metadata.namespace.as_deref().unwrap()).collect();
    assert_eq!(places, ["bbbbbb-prod-app"]);
}

/// From or to a named outside end.
pub fn named(direction: &str, kind: &str, ipv4: Value, ipv6: Value, zone: &str) -> Value {
    let end = match kind {
        "Internet" => json!({"environment": null, "outside": {"kind": kind, "name": "Người dân", "runBy": "Không ai"}}),
        _ => json!({"environment": null,
            "outside": {"kind": kind, "name": "Trục liên thông", "runBy": "Cục A", "ipv4": ipv4, "ipv6": ipv6}}),
    };
    match direction {
        "Inbound" => {
            json!({"spec": {"direction": direction, "source": end, "destination": inside("aaaaaa-prod", Some(zone))}})
        }
        _ => json!({"spec": {"direction": direction, "source": inside("aaaaaa-prod", Some(zone)), "destination": end}}),
    }
}

fn stands(with: Value, change: impl FnOnce(&mut Scene)) -> Vec<NetworkPolicy> {
    let mut scene = Scene::of(with);
    change(&mut scene);
    scene.pass();
    scene.act("asking", "network.1", "Approve", "minh", "09:30");
    let planned = scene.pass();
    assert_eq!(planned.stage, Stage::Open);
    let policies = planned.policies.unwrap();
    assert_eq!(lint(&policies, &[ROOT.parse().unwrap()]), vec![]);
    policies
}

#[test]
fn a_named_outside_end_is_let_in_from_its_own_addresses_alone_in_each_family() {
    let (v4, v6) = (json!({"blocks": ["203.0.113.0/25"]}), json!({"blocks": ["2001:db8:40::/48"]}));
    let after = [before(), stands(named("Inbound", "Named", v4, v6, "app"), |_| {})].concat();
    let pod = |zone: &str| End::Pod(pods().into_iter().find(|p| p.namespace == format!("aaaaaa-prod-{zone}")).unwrap());
    let enters = |address: &str, zone: &str, port| {
        let from = outside(address);
        open(&after, &from, &pod(zone), Protocol::Tcp, port, Family::of(address.parse().unwrap()))
    };
    assert!(enters("203.0.113.1", "app", 443) && enters("2001:db8:40::1", "app", 443));
    for (address, zone, port) in [
        ("203.0.113.200", "app", 443),
        ("2001:db8:41::1", "app", 443),
        ("203.0.113.1", "db", 443),
        ("203.0.113.1", "app", 80),
        ("10.1.9.9", "app", 443),
    ] {
        assert!(!enters(address, zone, port), "{address} {zone} {port}");
    }
    assert!(
        !open(&after, &pod("app"), &outside("203.0.113.1"), Protocol::Tcp, 443, Family::Ipv4),
        "it answers, it calls not"
    );
}

#[test]
fn a_family_that_an_outside_end_does_not_have_stays_shut_and_the_policy_says_why() {
    let (v4, v6) = (json!({"blocks": ["203.0.113.7/32"]}), json!({"none": "Chưa có IPv6."}));
    let policies = stands(named("Outbound", "Named", v4, v6, "app"), |_| {});
    let why = policies[0].metadata.annotations.as_ref().unwrap();
    assert_eq!(why["berth.dev/no-ipv6"], "Chưa có IPv6.");
    let after = [before(), policies].concat();
    let pod = End::Pod(pods().into_iter().find(|p| p.namespace == "aaaaaa-prod-app").unwrap());
    assert!(open(&after, &pod, &outside("203.0.113.7"), Protocol::Tcp, 443, Family::Ipv4));
    for other in ["203.0.113.8", "2001:db8::7"] {
        assert!(
            !open(&after, &pod, &outside(other), Protocol::Tcp, 443, Family::of(other.parse().unwrap())),
            "{other}"
        );
    }
}

#[test]
fn the_internet_is_neither_private_space_nor_other_tenants_however_a_network_reads_blocks() {
    let operating = |scene: &mut Scene| {
        let granted = json!({"status": {"conditions": [{"type": "Operating", "status": "True", "reason": "Ready",
            "message": "", "lastTransitionTime": "2026-11-24T00:00:00Z"}]}});
        let tenant = scene.register.tenants["aaaaaa"].as_ref();
        let with = merge(serde_json::to_value(tenant).unwrap(), granted);
        scene.register.tenants.insert("aaaaaa".into(), Arc::new(of(with)));
    };
    let after = [before(), stands(named("Inbound", "Internet", json!({}), json!({}), "dmz"), operating)].concat();
    let all = pods();
    let to = |zone: &str| End::Pod(all.iter().find(|p| p.namespace == format!("aaaaaa-prod-{zone}")).unwrap().clone());
    let enters = |address: &str, zone: &str| {
        open(&after, &outside(address), &to(zone), Protocol::Tcp, 443, Family::of(address.parse().unwrap()))
    };
    assert!(enters("203.0.113.1", "dmz") && enters("2001:db8::1", "dmz"));
    for inner in
        ["10.1.2.3", "172.20.0.1", "192.168.1.1", "100.64.0.1", "169.254.0.1", "fd00::1", "3fff:a10:1::1", "fe80::1"]
    {
        assert!(!enters(inner, "dmz"), "{inner}");
    }
    assert!(!enters("203.0.113.1", "app"));
    for pod in all.iter().filter(|p| !p.namespace.starts_with("aaaaaa")) {
        for family in Family::ALL {
            assert!(!open(&after, &End::Pod(pod.clone()), &to("dmz"), Protocol::Tcp, 443, family), "{}", pod.namespace);
        }
    }
}

#[test]
fn the_order_of_papers_says_nothing() {
    let mut scene = Scene::of(json!({}));
    scene.pass();
    scene.act("other", "owner.1", "Consent", "hoa", "09:00");
    for (name, verdict, by) in [
        ("network.1", "Approve", "lan"),
        ("network.2", "Approve", "minh"),
        ("approver.1", "Approve", "an"),
        ("owner.1", "Close", "lan"),
    ] {
        scene.act("asking", name, verdict, by, "09:30");
    }
    let mut turned = scene.clone();
    turned.decisions.reverse();
    assert_eq!(scene.plan(), turned.plan());
    let reasons: Vec<_> = scene.plan().judged.iter().map(|j| j.reason).collect();
    assert!(reasons.contains(&Reason::VoidSelfApproval) && reasons.contains(&Reason::VoidRole), "{reasons:?}");
}
