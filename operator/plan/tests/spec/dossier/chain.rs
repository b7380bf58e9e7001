//! The chain of submissions, and whose days are whose.

use std::sync::Arc;

use berth_crds::Onboarding;
use berth_crds::common::NameRef;
use berth_plan::dossier::chain::{RequesterTime, Submission, papers, requester_time, submissions, superseded};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::clock::{calendar, fresh, returned};
use crate::world::*;

/// A paper of the chain: its letter, its day, what it supersedes and the day on which it was returned.
fn paper(name: &str, on: &str, supersedes: Option<(&str, &str)>, back: Option<&str>) -> Arc<Onboarding> {
    let earlier = supersedes.map(|(name, uid)| json!({"name": name, "uid": uid})).unwrap_or(Value::Null);
    let status = back.map(|on| {
        json!({"outcome": {"result": "Returned", "decisionUIDs": ["d"], "decidedAt": format!("{on}T02:00:00Z"),
            "recordedAt": format!("{on}T02:00:01.000000Z"), "priority": 5}})
    });
    Arc::new(onboarding(json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "creationTimestamp": format!("{on}T01:00:00Z")},
        "spec": {"supersedes": earlier}, "status": status.unwrap_or(Value::Null)
    })))
}

fn utc(time: &Time) -> jiff::civil::Date {
    time.0.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn names(chain: &[Arc<Onboarding>]) -> Vec<String> {
    chain.iter().map(|paper| paper.name_any()).collect()
}

#[test]
fn a_chain_follows_names_and_uids_and_ends_in_a_loop() {
    let a = paper("a", "2026-03-02", None, Some("2026-03-05"));
    let b = paper("b", "2026-03-16", Some(("a", "uid-a")), Some("2026-03-25"));
    let c = paper("c", "2026-04-01", Some(("b", "uid-b")), None);
    let all = [a, b, c.clone(), paper("d", "2026-04-02", Some(("b", "uid-of-another")), None)];
    let chain = papers(&c, &all);
    assert_eq!(names(&chain), ["a", "b", "c"]);
    let expected = [returned("2026-03-02", "2026-03-05"), returned("2026-03-16", "2026-03-25"), fresh("2026-04-01")];
    assert_eq!(submissions(&chain, utc), expected);
    assert_eq!(names(&papers(&all[3], &all)), ["d"], "a re-created paper of that name is another one");
    let x = paper("x", "2026-03-02", Some(("y", "uid-y")), None);
    let y = paper("y", "2026-03-02", Some(("x", "uid-x")), None);
    assert_eq!(names(&papers(&x, &[x.clone(), y])), ["y", "x"]);
}

#[test]
fn a_paper_is_superseded_by_one_that_names_it_and_its_uid_in_its_own_namespace() {
    let a = paper("a", "2026-03-02", None, Some("2026-03-05"));
    let with = |supersedes, namespace: &str| {
        let mut later = paper("b", "2026-03-16", Some(supersedes), None).as_ref().clone();
        later.metadata.namespace = Some(namespace.into());
        superseded(&a, &[a.clone(), Arc::new(later)])
    };
    assert!(with(("a", "uid-a"), "agency-ag-62"));
    assert!(!with(("a", "uid-of-another"), "agency-ag-62"));
    assert!(!with(("a", "uid-a"), "agency-ag-71"), "another agency's paper takes nobody's place");
    assert!(!superseded(&a, std::slice::from_ref(&a)));
}

#[test]
fn a_chain_keeps_the_rule_set_of_its_first_submission() {
    let rules = |name: &str, from: &str, to: Value| {
        let mut rules = profile(json!({"inForce": {"from": from, "to": to}}));
        rules.metadata.name = Some(name.into());
        (name.to_owned(), Arc::new(rules))
    };
    let before = rules("vn-2016", "2016-07-01", json!("2026-08-18"));
    let known = register_with(|r| r.profiles = [before, rules("vn-2026", "2026-08-19", Value::Null)].into());
    let under = |paper: Arc<Onboarding>, name: &str| {
        let mut paper = paper.as_ref().clone();
        paper.status.get_or_insert_default().profile_ref = Some(NameRef::to(name));
        Arc::new(paper)
    };
    let of = |chain: &[Arc<Onboarding>], first: &str| {
        berth_plan::dossier::chain::profile(chain, &known, day(first)).map(|rules| rules.name_any())
    };
    let first = || under(paper("a", "2026-08-03", None, Some("2026-08-10")), "vn-2016");
    let again = || paper("b", "2026-09-01", Some(("a", "uid-a")), None);
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(of(&[first(), under(again(), "vn-2026")], "2026-08-03"), named("vn-2016"));
    assert_eq!(of(&[first(), again()], "2026-08-03"), named("vn-2016"), "as a check before the submission says it");
    assert_eq!(of(&[under(again(), "vn-2026")], "2026-09-01"), named("vn-2026"));
    assert_eq!(of(&[again()], "2026-08-18"), named("vn-2016"), "nobody has checked it: by its day");
    assert_eq!(of(&[under(again(), "vn-2011")], "2026-09-01"), None, "a rule set that is gone is no other one");
}

#[test]
fn a_paper_whose_resubmission_was_refused_is_awaited_as_before() {
    let judged = |paper: Arc<Onboarding>, result: &str| {
        let checks = json!([{"id": "chain", "result": result, "reason": "Done", "message": "…"}]);
        let mut judged = paper.as_ref().clone();
        judged.status.get_or_insert_default().checks = of(checks);
        Arc::new(judged)
    };
    let open = paper("a", "2026-03-02", None, None);
    let early = || paper("b", "2026-03-03", Some(("a", "uid-a")), None);
    assert!(superseded(&open, &[open.clone(), early()]), "not checked yet");
    assert!(superseded(&open, &[open.clone(), judged(early(), "Passed")]));
    let refused = judged(early(), "Failed");
    assert!(!superseded(&open, &[open.clone(), refused.clone()]));
    // Whoever follows the refused one follows no dossier of the first one's clocks.
    let next = paper("c", "2026-03-16", Some(("b", "uid-b")), None);
    assert_eq!(names(&papers(&next, &[open, refused, next.clone()])), ["b", "c"]);
}

#[test]
fn the_requesters_days_are_booked_apart() {
    let table = [
        ("never returned", vec![fresh("2026-03-02")], (0, 0)),
        ("A8", vec![returned("2026-03-02", "2026-03-05"), fresh("2026-03-16")], (11, 7)),
        ("over Tết", vec![returned("2026-02-02", "2026-02-13"), fresh("2026-02-24")], (11, 2)),
        ("still with them", vec![returned("2026-03-02", "2026-03-05")], (6, 4)),
    ];
    for (what, chain, (days, working)) in table {
        let found = requester_time(&chain, day("2026-03-11"), &calendar());
        assert_eq!(found, RequesterTime { calendar: days, working }, "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_day_is_the_requesters_or_the_authoritys(legs in proptest::collection::vec((0i64..20, 0i64..20), 1..5)) {
        let mut at = day("2026-01-05");
        let first = at;
        let mut chain = Vec::new();
        let (mut theirs, mut ours) = (0, 0);
        for (with_us, with_them) in legs {
            let back = at.checked_add(jiff::Span::new().days(with_us)).unwrap();
            chain.push(Submission { submitted: at, returned: Some(back) });
            at = back.checked_add(jiff::Span::new().days(with_them)).unwrap();
            (ours, theirs) = (ours + with_us, theirs + with_them);
        }
        let found = requester_time(&chain, at, &calendar());
        prop_assert_eq!(found.calendar, theirs);
        prop_assert!(found.working <= found.calendar);
        prop_assert_eq!(calendar().count(first, at, berth_crds::profile::DayUnit::Calendar), theirs + ours);
    }
}
