//! Host names: exactly those of open papers are granted, one name to one namespace, whoever is looked at first.

use std::sync::Arc;

use berth_crds::connection::EnvironmentEnd;
use berth_crds::environment::{AdoptedNamespace, Zone};
use berth_crds::{Connection, Environment, Reason};
use berth_plan::connection::{MOST_HOST_NAMES, Stage, granted, namespace_of, place};
use serde_json::{Value, json};

use super::{Scene, inside};
use crate::world::*;

const NAME: &str = "dichvucong.tinh.example";

/// An exposure of the system without zones, of level 1: it waits for no permission to operate.
fn exposure(names: &[&str]) -> Value {
    let end = json!({"environment": null, "outside": {"kind": "Internet", "name": "Người dân", "runBy": "Không ai"}});
    json!({"spec": {"direction": "Inbound", "source": end, "destination": inside("cccccc-prod", None), "hostNames": names}})
}

/// A paper of another namespace that got its names at a moment of the day of the tests, or waits for its decision.
fn other(agency: &str, environment: &str, names: &[&str], decided: Option<&str>) -> Connection {
    let about = json!({
        "metadata": {"name": format!("conn-{environment}"), "namespace": format!("agency-{agency}"),
            "uid": format!("uid-conn-{environment}")},
        "spec": {"destination": inside(environment, Some("dmz"))}
    });
    let mut paper = super::connection(merge(exposure(names), about));
    let outcome = decided.map(|clock| json!({"result": "Approved", "decidedAt": at(clock)}));
    paper.status = Some(of(json!({"outcome": outcome})));
    paper
}

fn beside(names: &[&str], others: impl IntoIterator<Item = Connection>) -> Scene {
    let mut scene = Scene::of(exposure(names));
    scene.papers = others.into_iter().map(Arc::new).collect();
    scene
}

fn approved(mut scene: Scene) -> Scene {
    scene.pass();
    scene.act("asking", "network.1", "Approve", "minh", "09:30");
    scene
}

fn refused(scene: &Scene) -> (Reason, String) {
    match scene.plan().stage {
        Stage::Refused(why) | Stage::Held(why) => (why.reason, why.message),
        other => panic!("{other:?}"),
    }
}

fn told(scene: &Scene) -> Vec<String> {
    scene.connection.status.clone().unwrap_or_default().host_names
}

#[test]
fn names_are_granted_while_the_exposure_is_open_and_at_no_other_time() {
    let mut scene = Scene::of(exposure(&[NAME, "www.tinh.example"]));
    assert_eq!((scene.pass().stage, told(&scene)), (Stage::Decision, vec![]));
    scene.act("asking", "network.1", "Approve", "minh", "09:30");
    let open = scene.pass();
    assert_eq!((open.stage, open.host_names.clone()), (Stage::Open, vec![NAME.to_owned(), "www.tinh.example".into()]));
    assert_eq!(told(&scene), open.host_names);
    // A stop takes them for the time of the stop.
    let mut stopped = scene.clone();
    let suspended = json!({"spec": {"lifecycle": "Suspended"}});
    let environment = serde_json::to_value(stopped.register.environments["cccccc-prod"].as_ref()).unwrap();
    stopped.register.environments.insert("cccccc-prod".into(), Arc::new(of(merge(environment, suspended))));
    assert!(matches!(stopped.pass().stage, Stage::Held(why) if why.reason == Reason::Suspended));
    assert_eq!(told(&stopped), Vec::<String>::new());
    // What is not enough known to be said better stays.
    let mut lost = scene.clone();
    lost.register.profiles.clear();
    let planned = lost.pass();
    assert_eq!((planned.policies, told(&lost)), (None, open.host_names));
    scene.act("asking", "owner.1", "Close", "lan", "09:40");
    assert_eq!((scene.pass().stage, told(&scene)), (Stage::Closed(Reason::Closed), vec![]));
}

#[test]
fn what_is_said_no_to_or_over_has_no_names() {
    let mut scene = Scene::of(exposure(&[NAME]));
    scene.act("asking", "network.1", "Reject", "minh", "09:30");
    assert_eq!((scene.pass().stage, told(&scene)), (Stage::Rejected, vec![]));
    let mut scene = approved(Scene::of(exposure(&[NAME])));
    scene.pass();
    scene.now = at("10:00");
    scene.connection.spec.expires_at = at("09:59");
    assert_eq!((scene.pass().stage, told(&scene)), (Stage::Closed(Reason::Expired), vec![]));
}

#[test]
fn a_name_of_another_namespace_is_refused_and_its_holder_told_to_its_own_agency_alone() {
    let theirs = beside(&["a.example", NAME], [other("ag-71", "bbbbbb-prod", &[NAME], Some("09:00"))]);
    let expected =
        "`hostNames`: \"dichvucong.tinh.example\" is granted to an environment of another agency; choose another name.";
    assert_eq!(refused(&theirs), (Reason::HostNameTaken, expected.into()));
    let own = beside(&[NAME], [other("ag-62", "aaaaaa-prod", &[NAME], Some("09:00"))]);
    let expected = "`hostNames`: \"dichvucong.tinh.example\" is granted to \"aaaaaa-prod-dmz\" by \"conn-aaaaaa-prod\"; choose another name.";
    assert_eq!(refused(&own), (Reason::HostNameTaken, expected.into()));
    // A yes of the network unit has no effect while it is so.
    let mut decided = own.clone();
    decided.act("asking", "network.1", "Approve", "minh", "09:30");
    let planned = decided.pass();
    assert_eq!((planned.judged, planned.outcome, told(&decided)), (vec![], None, vec![]));
}

#[test]
fn who_only_asks_has_no_name_nor_who_was_refused_whose_paper_is_over_or_who_names_a_part_of_it() {
    let with = |status: Value| {
        let paper = other("ag-71", "bbbbbb-prod", &[NAME], Some("09:00"));
        of(merge(serde_json::to_value(paper).unwrap(), status))
    };
    let closed = json!({"status": {"closed": {"reason": "Closed", "at": at("09:10")}}});
    let free: [Connection; 6] = [
        other("ag-71", "bbbbbb-prod", &[NAME], None),
        with(json!({"status": {"outcome": {"result": "Rejected"}}})),
        with(closed),
        with(json!({"spec": {"expiresAt": at("09:59")}})),
        with(json!({"spec": {"counterpartOf": {"namespace": "agency-ag-62", "name": "conn-x", "uid": "u"}}})),
        other("ag-71", "bbbbbb-prod", &["tinh.example", "a.dichvucong.tinh.example"], Some("09:00")),
    ];
    for paper in free {
        let mut scene = approved(beside(&[NAME], [paper.clone()]));
        assert_eq!(scene.pass().stage, Stage::Open, "{paper:?}");
    }
}

#[test]
fn the_names_of_an_adopted_namespace_go_where_it_is() {
    let mut environment = Environment::new("aaaaaa-prod", Default::default());
    environment.spec.adopt = vec![AdoptedNamespace { zone: None, name: "hoso".into(), uid: None }];
    assert_eq!(namespace_of("aaaaaa-prod", None, Some(&environment)), "hoso");
    assert_eq!(namespace_of("aaaaaa-prod", Some(Zone::Dmz), Some(&environment)), "aaaaaa-prod-dmz");
    assert_eq!(namespace_of("aaaaaa-prod", None, None), "aaaaaa-prod");
}

#[test]
fn two_papers_of_one_namespace_may_have_one_name() {
    let mut renewed = other("ag-62", "cccccc-prod", &[NAME, "b.example"], Some("09:00"));
    renewed.spec.destination.environment.as_mut().unwrap().zone = None;
    let mut scene = approved(beside(&["a.example", NAME], [renewed.clone()]));
    scene.pass();
    renewed.status.as_mut().unwrap().host_names = renewed.spec.host_names.clone();
    let papers = [&scene.connection, &renewed];
    let here = place(&renewed.spec).unwrap();
    assert_eq!((here.environment_ref.name.as_str(), here.zone), ("cccccc-prod", None));
    let expected = "a.example,b.example,dichvucong.tinh.example";
    assert_eq!(granted(here, papers.into_iter()).as_deref(), Some(expected));
    assert_eq!(granted(&EnvironmentEnd { zone: Some(Zone::Dmz), ..here.clone() }, papers.into_iter()), None);
    // The end of one takes only what the other has not.
    scene.act("asking", "owner.1", "Close", "lan", "09:40");
    scene.pass();
    let after = [&scene.connection, &renewed];
    assert_eq!(granted(here, after.into_iter()).as_deref(), Some("b.example,dichvucong.tinh.example"));
    assert_eq!(granted(here, [&scene.connection].into_iter()), None);
}

#[test]
fn of_two_that_were_decided_in_one_moment_the_earlier_has_the_name_whoever_is_looked_at_first() {
    let mut mine = approved(Scene::of(exposure(&[NAME])));
    mine.pass();
    for (clock, expected) in [("09:29", false), ("09:31", true)] {
        let mut scene = mine.clone();
        scene.papers = vec![Arc::new(other("ag-71", "bbbbbb-prod", &[NAME], Some(clock)))];
        let planned = scene.pass();
        assert_eq!(planned.stage == Stage::Open, expected, "{clock}: {:?}", planned.stage);
        assert_eq!(told(&scene).len(), usize::from(expected), "{clock}");
        if !expected {
            assert_eq!(refused(&scene).0, Reason::HostNameTaken);
            assert_eq!(scene.reason("Open"), ("False".into(), "HostNameTaken".into()));
        }
    }
}

#[test]
fn a_domain_is_for_its_agency_and_the_longer_one_counts() {
    let tried = |name: &str, own: &[&str], others: &[&str]| {
        let mut scene = Scene::of(exposure(&[name]));
        for (id, domains) in [("ag-62", own), ("ag-71", others)] {
            scene.register.agencies.insert(id.into(), Arc::new(agency(id, json!({"domains": domains}))));
        }
        match scene.plan().stage {
            Stage::Decision => None,
            Stage::Refused(why) => Some((why.reason, why.message)),
            other => panic!("{other:?}"),
        }
    };
    let fine: [(&str, &[&str], &[&str]); 6] = [
        ("a.tinh.example", &[], &[]),
        ("a.tinh.example", &["tinh.example"], &[]),
        ("tinh.example", &["tinh.example"], &["b.tinh.example"]),
        ("x.a.tinh.example", &["a.tinh.example"], &["tinh.example"]),
        ("a.tinh.example", &["tinh.example"], &["tinh.example"]),
        ("ab.tinh.example", &[], &["b.tinh.example"]),
    ];
    for (name, own, others) in fine {
        assert_eq!(tried(name, own, others), None, "{name} {own:?} {others:?}");
    }
    let kept = "`hostNames`: \"x.b.tinh.example\" lies under \"b.tinh.example\", which is kept for ag-71.";
    let either: [&[&str]; 2] = [&[], &["tinh.example"]];
    for own in either {
        assert_eq!(tried("x.b.tinh.example", own, &["b.tinh.example"]), Some((Reason::HostNameKept, kept.into())));
    }
    let elsewhere = "`hostNames`: \"a.example\" lies under no domain of ag-62: tinh.example.";
    assert_eq!(tried("a.example", &["tinh.example"], &[]), Some((Reason::HostNameKept, elsewhere.into())));
}

#[test]
fn a_namespace_has_only_so_many_names() {
    let names: Vec<String> = (0..MOST_HOST_NAMES).map(|n| format!("n{n}.tinh.example")).collect();
    let paper = |n: usize, part: &[String]| {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        let mut paper = other("ag-62", "cccccc-prod", &part, Some("09:00"));
        paper.metadata.uid = Some(format!("uid-{n}"));
        paper.spec.destination.environment.as_mut().unwrap().zone = None;
        paper
    };
    let full: Vec<Connection> = names.chunks(16).enumerate().map(|(n, part)| paper(n, part)).collect();
    assert_eq!(beside(&["n0.tinh.example"], full.clone()).plan().stage, Stage::Decision, "one that it has already");
    let expected = "`hostNames`: \"cccccc-prod\" would have 65 names; 64 are the most.";
    assert_eq!(refused(&beside(&["one.more.example"], full)), (Reason::InvalidSpec, expected.into()));
}
