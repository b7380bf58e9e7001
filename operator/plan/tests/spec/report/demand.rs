//! "Demand met" (domain §6.5, A26) and what makes such a number lie.

use std::sync::Arc;

use berth_crds::{Decision, Onboarding, WorkingCalendar};
use berth_plan::amounts::Amounts;
use berth_plan::register::Register;
use berth_plan::report::demand::Standing::{
    GrantedInTime, GrantedLate, Open, Refused, RefusedByLaw, Waiting, Withdrawn,
};
use berth_plan::report::demand::{Counted, Demand, Fraction, Input, Standing, Sums, demand};
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use crate::world::*;

/// The rules and the days of 2025: 5 working days of check and 7 of decision.
fn then() -> Register {
    register_with(|register| {
        let mut rules = profile(json!({"inForce": {"from": "2016-07-01", "to": "2026-08-18"}}));
        rules.metadata.name = Some("vn-2016".into());
        register.profiles.insert("vn-2016".into(), Arc::new(rules));
        let off = [
            "01-01", "01-27", "01-28", "01-29", "01-30", "01-31", "04-07", "04-30", "05-01", "05-02", "09-01", "09-02",
        ];
        let days: Vec<Value> = off.iter().map(|d| json!({"date": format!("2025-{d}"), "name": "nghỉ"})).collect();
        let year: WorkingCalendar = kind(
            "WorkingCalendar",
            "2025",
            json!({"year": 2025, "holidays": days, "legalBasis": "[A]",
                "workingDays": [{"date": "2025-04-26", "name": "Làm việc bù"}]}),
        );
        register.calendars.insert("2025".into(), Arc::new(year));
    })
}

/// The day where the province is.
fn province(time: &Time) -> Date {
    time.0.to_zoned(TimeZone::fixed(offset(7))).date()
}

fn counted(papers: &[Arc<Onboarding>], year: i16) -> Demand {
    let (register, decisions): (_, Vec<Arc<Decision>>) = (then(), Vec::new());
    demand(&Input { year, papers, decisions: &decisions, register: &register, day_of: &province })
}

fn standings(papers: &[Arc<Onboarding>], year: i16) -> Vec<(String, Standing)> {
    counted(papers, year).requests.into_iter().map(|r| (r.name, r.standing)).collect()
}

/// A request that was submitted on a morning, or at an instant.
fn paper(name: &str, submitted: &str, with: Value) -> Arc<Onboarding> {
    let at = if submitted.len() == 10 { format!("{submitted}T08:00:00+07:00") } else { submitted.to_owned() };
    let base = json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "creationTimestamp": at},
        "status": {"signers": ["approver"], "profileRef": {"name": "vn-2016"}, "conditions": []}
    });
    Arc::new(onboarding(merge(base, with)))
}

fn outcome(result: &str, on: &str, by: &[&str], granted: Value) -> Value {
    json!({"result": result, "decisionUIDs": by, "decidedAt": format!("{on}T02:00:00Z"),
        "recordedAt": format!("{on}T02:00:01.000000Z"), "priority": 5, "granted": granted})
}

fn condition(type_: &str, status: &str, reason: &str, on: &str) -> Value {
    json!({"type": type_, "status": status, "reason": reason, "message": "",
        "lastTransitionTime": format!("{on}T03:00:00Z")})
}

fn grant(class: &str) -> Value {
    let (cpu, memory, storage) = if class == "m" { ("8", "32Gi", "500Gi") } else { ("2", "4Gi", "50Gi") };
    json!({"classRef": {"name": class}, "quota": {"cpu": cpu, "memory": memory, "storage": storage}})
}

/// Approved and handed over on a day.
fn granted(on: &str, class: &str) -> Value {
    json!({"status": {"outcome": outcome("Approved", on, &["d"], grant(class)),
        "conditions": [condition("Booked", "True", "Booked", on), condition("Ready", "True", "Ready", on)]}})
}

/// Approved, without headroom.
fn waiting(on: &str, class: &str) -> Value {
    json!({"spec": asks(class), "status": {"outcome": outcome("Approved", on, &["d"], grant(class)),
        "conditions": [condition("Booked", "False", "NoHeadroom", on), condition("Ready", "False", "NoHeadroom", on)]}})
}

fn asks(class: &str) -> Value {
    json!({"environment": {"classRef": {"name": class}}})
}

/// Refused by the checks: by the one of this id.
fn by_check(id: &str, on: &str) -> Value {
    let check = json!({"id": id, "result": "Refused", "reason": "RefusedByLaw", "message": ""});
    json!({"status": {"signers": [], "checks": [check], "outcome": outcome("Rejected", on, &[], Value::Null)}})
}

fn ended(result: &str, on: &str) -> Value {
    json!({"status": {"outcome": outcome(result, on, &["d"], Value::Null)}})
}

fn supersedes(name: &str, with: Value) -> Value {
    merge(json!({"spec": {"supersedes": {"name": name, "uid": format!("uid-{name}")}}}), with)
}

/// The twenty requests of A26: day of submission, last day (twelve working days later), day of the handover.
const IN_TIME: [[&str; 3]; 15] = [
    ["2025-01-02", "2025-01-20", "2025-01-20"],
    ["2025-01-20", "2025-02-12", "2025-02-11"],
    ["2025-02-10", "2025-02-26", "2025-02-14"],
    ["2025-02-24", "2025-03-12", "2025-03-12"],
    ["2025-03-10", "2025-03-26", "2025-03-17"],
    ["2025-03-24", "2025-04-10", "2025-04-10"],
    ["2025-04-21", "2025-05-09", "2025-05-09"],
    ["2025-05-05", "2025-05-21", "2025-05-06"],
    ["2025-06-02", "2025-06-18", "2025-06-02"],
    ["2025-06-16", "2025-07-02", "2025-06-30"],
    ["2025-07-01", "2025-07-17", "2025-07-09"],
    ["2025-07-21", "2025-08-06", "2025-08-05"],
    ["2025-08-20", "2025-09-09", "2025-09-08"],
    ["2025-09-15", "2025-10-01", "2025-09-22"],
    ["2025-10-06", "2025-10-22", "2025-10-20"],
];

#[test]
fn a26_demand_met_for_2025_is_15_of_18_in_time_and_17_of_18_at_all() {
    let mut papers: Vec<Arc<Onboarding>> = IN_TIME
        .iter()
        .enumerate()
        .map(|(n, [submitted, _, on])| paper(&format!("onb-{n:02}"), submitted, granted(on, "xs")))
        .collect();
    let changed = merge(granted("2025-08-21", "xs"), json!({"spec": asks("m")}));
    papers.extend([
        paper("onb-late-a", "2025-03-03", granted("2025-03-20", "xs")),
        paper("onb-late-b", "2025-08-04", changed),
        paper("onb-law", "2025-05-26", by_check("law", "2025-05-26")),
        paper("onb-waits", "2025-11-10", waiting("2025-11-20", "m")),
        paper("onb-withdrawn", "2025-12-01", ended("Withdrawn", "2025-12-02")),
    ]);
    let one = |name: &str, [submitted, due, granted]: [&str; 3], standing| Counted {
        agency: "ag-62".into(),
        name: name.into(),
        submitted: day(submitted),
        due: (!due.is_empty()).then(|| day(due)),
        granted: (!granted.is_empty()).then(|| day(granted)),
        standing,
    };
    let mut requests: Vec<Counted> =
        IN_TIME.iter().enumerate().map(|(n, days)| one(&format!("onb-{n:02}"), *days, GrantedInTime)).collect();
    requests.extend([
        one("onb-late-a", ["2025-03-03", "2025-03-19", "2025-03-20"], GrantedLate),
        one("onb-late-b", ["2025-08-04", "2025-08-20", "2025-08-21"], GrantedLate),
        one("onb-law", ["2025-05-26", "", ""], RefusedByLaw),
        one("onb-waits", ["2025-11-10", "2025-11-26", ""], Waiting),
        one("onb-withdrawn", ["2025-12-01", "2025-12-17", ""], Withdrawn),
    ]);
    requests.sort_by_key(|request| request.submitted);
    let of = |cpu: i64, memory: i64, storage: i64| Amounts {
        cpu_milli: cpu * 1000,
        memory: memory << 30,
        storage: storage << 30,
        ..Amounts::default()
    };
    // What was withdrawn or refused by law asks for nothing; of the second late one less was approved than asked.
    let amounts = Sums { asked: of(48, 128, 1800), approved: of(42, 100, 1350), granted: of(34, 68, 850) };
    let found = counted(&papers, 2025);
    assert_eq!(found, Demand { requests, amounts });
    assert_eq!(found.in_time(), Some(Fraction { part: 15, whole: 18 }));
    assert_eq!(found.met(), Some(Fraction { part: 17, whole: 18 }));
    let counts = [GrantedInTime, GrantedLate, RefusedByLaw, Waiting, Withdrawn, Refused, Open].map(|s| found.count(s));
    assert_eq!((counts, found.requests.len(), found.demanded()), ([15, 2, 1, 1, 1, 0, 0], 20, 18));
    papers.reverse();
    assert_eq!(counted(&papers, 2025), found, "the order of the papers says nothing");
}

#[test]
fn what_waits_is_open_or_was_refused_by_people_is_demand_that_is_not_met() {
    let papers = [
        paper("a", "2025-03-03", waiting("2025-03-05", "xs")),
        paper("b", "2025-03-03", json!({})),
        paper("c", "2025-03-03", ended("Returned", "2025-03-05")),
        paper("d", "2025-03-03", ended("Rejected", "2025-03-05")),
        // A site that does not reach the level is the province's lack, not the law's no.
        paper("e", "2025-03-03", by_check("level", "2025-03-03")),
        paper("f", "2025-03-03", json!({"status": null})),
    ];
    let expected = [("a", Waiting), ("b", Open), ("c", Open), ("d", Refused), ("e", Refused), ("f", Open)];
    assert_eq!(standings(&papers, 2025), expected.map(|(name, standing)| (name.to_owned(), standing)));
    let found = counted(&papers, 2025);
    let nothing = Some(Fraction { part: 0, whole: 6 });
    assert_eq!((found.in_time(), found.met()), (nothing, nothing));
}

#[test]
fn a_year_without_demand_has_no_fraction_rather_than_all_of_it() {
    assert_eq!(counted(&[], 2025), Demand::default());
    let gone = [
        paper("a", "2025-03-03", ended("Withdrawn", "2025-03-05")),
        paper("b", "2025-03-03", by_check("law", "2025-03-03")),
    ];
    let found = counted(&gone, 2025);
    assert_eq!((found.requests.len(), found.in_time(), found.met()), (2, None, None));
}

#[test]
fn a_year_begins_and_ends_at_midnight_where_the_province_is() {
    let papers = [
        paper("old", "2024-12-31T16:59:59Z", json!({})),
        paper("first", "2024-12-31T17:00:00Z", json!({})),
        paper("last", "2025-12-31T16:59:59Z", json!({})),
        paper("new", "2025-12-31T17:00:00Z", json!({})),
    ];
    let of = |year| standings(&papers, year).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!([of(2024), of(2025), of(2026)], [vec!["old"], vec!["first", "last"], vec!["new"]]);
    assert_eq!(counted(&papers[1..2], 2025).requests[0].due, Some(day("2025-01-17")), "from the province's day on");
}

#[test]
fn a_chain_counts_once_in_the_year_of_its_first_submission_and_by_its_own_clock() {
    let papers = [
        paper("a", "2024-12-20", ended("Returned", "2024-12-25")),
        paper("b", "2025-01-06", supersedes("a", ended("Returned", "2025-01-08"))),
        // Returned twice, and weeks with the requester: its limit begins with the last submission.
        paper("c", "2025-02-24", supersedes("b", granted("2025-03-12", "xs"))),
        paper("x", "2025-03-03", json!({})),
    ];
    let found = counted(&papers, 2024).requests;
    let expected = Counted {
        agency: "ag-62".into(),
        name: "c".into(),
        submitted: day("2024-12-20"),
        due: Some(day("2025-03-12")),
        granted: Some(day("2025-03-12")),
        standing: GrantedInTime,
    };
    assert_eq!(found, [expected]);
    assert_eq!(standings(&papers, 2025), [("x".to_owned(), Open)]);
}

#[test]
fn a_paper_that_supersedes_what_it_may_not_counts_on_its_own() {
    let stray = json!({"status": {"checks": [{"id": "chain", "result": "Failed", "reason": "InvalidSpec", "message": ""}],
        "outcome": outcome("Rejected", "2025-03-10", &[], Value::Null)}});
    let papers = [
        paper("a", "2025-03-03", granted("2025-03-12", "xs")),
        paper("b", "2025-03-10", supersedes("a", stray)),
        paper("c", "2025-03-11", supersedes("b", json!({}))),
    ];
    let expected = [("a", GrantedInTime), ("c", Open)];
    assert_eq!(standings(&papers, 2025), expected.map(|(name, standing)| (name.to_owned(), standing)));
}

#[test]
fn an_approval_that_was_taken_back_is_withdrawn() {
    let back = merge(
        waiting("2025-03-05", "xs"),
        json!({"status": {"conditions": [
            condition("Booked", "False", "NoHeadroom", "2025-03-05"), condition("Withdrawn", "True", "Withdrawn", "2025-03-06")
        ]}}),
    );
    assert_eq!(standings(&[paper("a", "2025-03-03", back)], 2025), [("a".to_owned(), Withdrawn)]);
}

#[test]
fn what_asks_for_no_resources_is_no_demand_and_a_change_asks_for_what_it_adds() {
    let about = |action: &str, class: &str| {
        json!({"spec": {"action": action, "system": null, "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"},
            "revision": 1, "environment": {"kind": "Prod", "classRef": {"name": class}}}})
    };
    let made = json!({"status": {"environmentRef": {"name": "aaaaaa-prod"}}});
    let change = merge(merge(about("Change", "m"), granted("2025-03-12", "m")), made.clone());
    let papers = [
        paper("a", "2024-03-04", merge(granted("2024-03-05", "xs"), made)),
        paper("b", "2025-03-03", change),
        paper("c", "2025-04-01", about("Extend", "xs")),
        // Less again: it asks for nothing more.
        paper("d", "2025-05-05", about("Change", "xs")),
        // One that no paper made known: how much more it asks for cannot be said.
        paper(
            "e",
            "2025-06-02",
            merge(about("Change", "m"), json!({"spec": {"environmentRef": {"name": "cccccc-prod"}}})),
        ),
    ];
    let found = counted(&papers, 2025);
    let names: Vec<&str> = found.requests.iter().map(|request| request.name.as_str()).collect();
    assert_eq!(names, ["b", "d", "e"]);
    let more = Amounts { cpu_milli: 6000, memory: 28 << 30, storage: 450 << 30, ..Amounts::default() };
    assert_eq!(found.amounts, Sums { asked: more, approved: more, granted: more });
}

#[test]
fn where_an_appraiser_signs_the_limit_of_the_decision_begins_with_the_appraisal() {
    let appraised = json!({"status": {"signers": ["appraiser", "approver"]}});
    let papers = [paper("onb-a", "2025-03-03", merge(granted("2025-03-20", "xs"), appraised))];
    let (register, on) = (then(), json!({"metadata": {"creationTimestamp": "2025-03-11T02:00:00Z"}}));
    let decisions = [decision("appraiser.1", "Approve", "minh", "09:00", on)];
    let input = Input { year: 2025, papers: &papers, decisions: &decisions, register: &register, day_of: &province };
    let due = |input: &Input| demand(input).requests[0].due;
    assert_eq!(due(&input), Some(day("2025-03-20")), "seven working days after 11 March");
    let void = [Arc::new(Decision { status: Some(of(json!({"effect": "Void"}))), ..decisions[0].as_ref().clone() })];
    assert_eq!(
        due(&Input { decisions: &void, ..input }),
        Some(day("2025-03-19")),
        "check and decision from 3 March on"
    );
}
