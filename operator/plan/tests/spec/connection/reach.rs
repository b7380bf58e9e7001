//! Whether one end reaches another, and by which paper or which rule not.

use std::sync::Arc;

use berth_crds::Connection;
use berth_crds::common::PaperRef;
use berth_crds::environment::Zone;
use berth_crds::tenant::TenantStatus;
use berth_plan::connection::{Place, Question, mirrored, reach};
use berth_plan::netpol::{Family, Judgement, Protocol, Verdict};
use serde_json::json;

use super::Scene;
use crate::world::*;

/// A scene whose systems have prefixes, so that their objects can be planned.
fn numbered(mut scene: Scene) -> Scene {
    for tenant in scene.register.tenants.values_mut() {
        let status = TenantStatus { prefix: Some("3fff:a10:1180:8000::/56".into()), ..Default::default() };
        Arc::make_mut(tenant).status = Some(status);
    }
    scene
}

fn place(environment: &str, zone: Zone) -> Place {
    Place::Namespace { environment: environment.into(), zone: Some(zone) }
}

fn ask(scene: &Scene, connections: &[Connection], from: &Place, to: &Place, port: u16) -> Vec<(Family, Verdict)> {
    reach(&Question {
        source: from,
        destination: to,
        protocol: Protocol::Tcp,
        port,
        register: &scene.register,
        connections,
        addresses: Some(&ADDRESSES),
        today: today(),
    })
    .unwrap()
}

fn both(leaving: Judgement, entering: Judgement) -> Vec<(Family, Verdict)> {
    Family::ALL.map(|f| (f, Verdict::Judged { leaving: leaving.clone(), entering: entering.clone() })).into()
}

fn denied(namespace: &str, policies: &[&str]) -> Judgement {
    Judgement::DeniedBy(policies.iter().map(|policy| format!("{namespace}/{policy}")).collect())
}

#[test]
fn an_open_connection_is_named_in_both_families_and_nothing_else_is_open() {
    let scene = numbered(Scene::of(json!({})).agreed());
    let (from, to) = (place("aaaaaa-prod", Zone::App), place("bbbbbb-prod", Zone::App));
    let paper = scene.connection.clone();
    let allowed = |ns: &str| Judgement::AllowedBy(format!("{ns}/berth-conn.ag-62.conn-a"));
    let open = both(allowed("aaaaaa-prod-app"), allowed("bbbbbb-prod-app"));
    assert_eq!(ask(&scene, std::slice::from_ref(&paper), &from, &to, 443), open);
    // Whoever reads the copy reads the same, also together with the paper.
    let mut copy = scene.copy().unwrap();
    let of = PaperRef { namespace: "agency-ag-62".into(), name: "conn-a".into(), uid: "uid-conn-a".into() };
    copy.spec.counterpart_of = Some(of);
    copy.status = Some(mirrored(&copy, &paper));
    assert_eq!(ask(&scene, std::slice::from_ref(&copy), &from, &to, 443), open);
    assert_eq!(ask(&scene, &[paper.clone(), copy], &from, &to, 443), open);
    let shut = |port| ask(&scene, std::slice::from_ref(&paper), &from, &to, port).iter().all(|(_, v)| !v.open());
    assert!(shut(80) && shut(444));
    let back = ask(&scene, std::slice::from_ref(&paper), &to, &from, 443);
    assert!(back.iter().all(|(_, v)| !v.open()), "{back:?}");
}

#[test]
fn without_a_connection_the_answer_names_the_policies_that_deny() {
    let scene = numbered(Scene::of(json!({})));
    let (from, to) = (place("aaaaaa-prod", Zone::App), place("bbbbbb-prod", Zone::App));
    let expected = both(
        denied("aaaaaa-prod-app", &["berth-default-deny", "berth-inside", "berth-dns"]),
        denied("bbbbbb-prod-app", &["berth-default-deny", "berth-inside"]),
    );
    assert_eq!(ask(&scene, std::slice::from_ref(&scene.connection), &from, &to, 443), expected);
}

#[test]
fn an_outside_end_has_one_family_and_an_unknown_namespace_is_said_to_be_unknown() {
    let scene = numbered(Scene::of(json!({})));
    let outside = Place::Address("203.0.113.9".parse().unwrap());
    let answer = ask(&scene, &[], &outside, &place("bbbbbb-prod", Zone::Dmz), 443);
    assert!(
        matches!(&answer[0], (Family::Ipv4, Verdict::Judged { leaving: Judgement::NotIsolated, .. })),
        "{answer:?}"
    );
    assert_eq!(answer[1], (Family::Ipv6, Verdict::NoAddress));
    let question = Question {
        source: &outside,
        destination: &Place::Namespace { environment: "bbbbbb-prod".into(), zone: None },
        protocol: Protocol::Tcp,
        port: 443,
        register: &scene.register,
        connections: &[],
        addresses: Some(&ADDRESSES),
        today: today(),
    };
    assert!(reach(&question).unwrap_err().message.contains("There is no namespace \"bbbbbb-prod\""));
}
