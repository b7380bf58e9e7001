//! Feasibility comes before booking: what an approved request still needs (design §3, §4).

use std::sync::Arc;

use berth_crds::common::{Booking, HolderKind, PaperRef};
use berth_crds::onboarding::OutcomeResult;
use berth_crds::{Environment, Onboarding, Reason};
use berth_plan::fulfil::{Case, Way, begun, follows, open, way};
use berth_plan::register::Register;
use serde_json::{Value, json};

use crate::world::*;

fn change(with: Value) -> Onboarding {
    let base = json!({"spec": {
        "action": "Change", "system": null, "revision": 1,
        "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"}
    }});
    onboarding(merge(base, with))
}

fn add(kind: &str) -> Onboarding {
    onboarding(json!({"spec": {
        "action": "AddEnvironment", "system": null, "tenantRef": {"name": "aaaaaa"}, "environment": {"kind": kind}
    }}))
}

fn entry(name: &str, uid: Option<&str>) -> Booking {
    let paper = |uid: &str| PaperRef { namespace: "agency-ag-62".into(), name: "onb".into(), uid: uid.into() };
    let resources = of(json!({"cpu": "2", "memory": "4Gi", "storage": "50Gi"}));
    Booking { name: name.into(), kind: HolderKind::Environment, resources, onboarding_ref: uid.map(paper) }
}

/// The way of a request of ag-62 for `name`; papers whose uid is in `open` are being carried out.
fn of_case(request: &Onboarding, name: &str, booking: Option<&Booking>, register: &Register, open: &[&str]) -> Way {
    way(&Case {
        onboarding: request,
        agency: "ag-62",
        environment: name,
        booking,
        register,
        open: &|paper| open.contains(&paper.uid.as_str()),
        others: &[],
        today: today(),
    })
}

fn with_environment(environment: Environment) -> Register {
    register_with(|r| {
        r.environments.insert("aaaaaa-prod".into(), Arc::new(environment));
    })
}

fn reason(way: Way) -> Option<Reason> {
    match way {
        Way::Never { reason, .. } => Some(reason),
        _ => None,
    }
}

#[test]
fn a_change_books_only_against_the_object_and_the_revision_that_it_was_written_against() {
    let register = register();
    let at = |request: &Onboarding, open: &[&str]| of_case(request, "aaaaaa-prod", None, &register, open);
    assert_eq!(at(&change(json!({})), &[]), Way::Change);
    let first = PaperRef { namespace: "agency-ag-62".into(), name: "onb-first".into(), uid: "uid-first".into() };
    let told = "\"onb-first\" in agency-ag-62 is still being carried out; this follows when it is done.";
    assert_eq!(follows(&first), told);
    assert_eq!(at(&change(json!({})), &["uid-first"]), Way::Later { paper: Some(first) });
    assert_eq!(
        at(&change(json!({"spec": {"revision": 2}})), &[]),
        Way::Never {
            reason: Reason::AlreadyExists,
            message: "`spec.revision` is 2, the environment is at 1 by now; read it and ask anew.".into()
        }
    );
    assert_eq!(
        at(&change(json!({"spec": {"environmentRef": {"uid": "another"}}})), &[]),
        Way::Never {
            reason: Reason::AlreadyExists,
            message: "`spec.environmentRef.uid` is not the UID of \"aaaaaa-prod\"; read it and ask anew.".into()
        }
    );
    let gone = register_with(|r| r.environments.clear());
    assert_eq!(
        of_case(&change(json!({})), "aaaaaa-prod", None, &gone, &[]),
        Way::Never {
            reason: Reason::MissingReference,
            message: "The environment \"aaaaaa-prod\" is gone; ask anew.".into()
        }
    );
}

#[test]
fn what_stands_by_this_paper_or_by_a_direct_edit_after_it_is_waited_for() {
    let ours = with_environment(environment("aaaaaa-prod", "Prod", json!({"basis": paper_basis("uid-onb-a", 2)})));
    assert_eq!(of_case(&change(json!({})), "aaaaaa-prod", None, &ours, &[]), Way::Stands);
    assert_eq!(of_case(&add("Prod"), "aaaaaa-prod", None, &ours, &[]), Way::Stands);
    let direct = json!({"basis": {"type": "Direct", "reason": "x", "onboardingRef": null, "revision": 2}});
    let direct = with_environment(environment("aaaaaa-prod", "Prod", direct));
    assert_eq!(of_case(&add("Prod"), "aaaaaa-prod", None, &direct, &[]), Way::Stands);
    assert_eq!(reason(of_case(&change(json!({})), "aaaaaa-prod", None, &direct, &[])), Some(Reason::AlreadyExists));
}

#[test]
fn a_second_environment_of_a_kind_waits_while_the_first_is_made_and_ends_once_it_is() {
    let register = register();
    let at = |booking: Option<&Booking>, open: &[&str]| of_case(&add("Dev"), "aaaaaa-dev", booking, &register, open);
    assert_eq!(at(None, &[]), Way::Create);
    assert_eq!(at(Some(&entry("aaaaaa-dev", Some("uid-onb-a"))), &[]), Way::Create, "its own booking");
    let other = entry("aaaaaa-dev", Some("other"));
    assert_eq!(at(Some(&other), &["other"]), Way::Later { paper: other.onboarding_ref.clone() });
    assert_eq!(reason(at(Some(&entry("aaaaaa-dev", Some("other"))), &[])), Some(Reason::AlreadyExists));
    assert_eq!(reason(at(Some(&entry("aaaaaa-dev", None)), &[])), Some(Reason::AlreadyExists));
    assert_eq!(reason(of_case(&add("Prod"), "aaaaaa-prod", None, &register, &[])), Some(Reason::AlreadyExists));
}

#[test]
fn a_code_that_was_taken_and_a_system_that_passed_on_end_the_request() {
    let register = register();
    let request = onboarding(json!({}));
    assert_eq!(of_case(&request, "zzzzzz-prod", None, &register, &[]), Way::Create);
    let taken = onboarding(json!({"spec": {"system": {"code": "IS-02"}}}));
    assert_eq!(
        of_case(&taken, "zzzzzz-prod", None, &register, &[]),
        Way::Never {
            reason: Reason::AlreadyExists,
            message: "`spec.system.code` \"IS-02\" is a system of another body already; its owner must ask.".into()
        }
    );
    let ours = register_with(|r| {
        let basis = paper_basis("uid-onb-a", 1);
        r.tenants.insert("bbbbbb".into(), Arc::new(tenant("bbbbbb", json!({"code": "IS-02", "basis": basis}))));
    });
    assert_eq!(of_case(&taken, "bbbbbb-prod", None, &ours, &[]), Way::Create, "the tenant is its own");
    let passed_on = register_with(|r| {
        r.tenants.insert("aaaaaa".into(), Arc::new(tenant("aaaaaa", json!({"agencyRef": {"name": "ag-71"}}))));
    });
    let end = of_case(&change(json!({})), "aaaaaa-prod", None, &passed_on, &[]);
    assert_eq!(reason(end), Some(Reason::NotActingForAgency));
}

#[test]
fn a_request_is_begun_once_anything_was_booked_made_or_handed_over_for_it() {
    let condition = |type_: &str| {
        json!({"status": {"conditions": [{"type": type_, "status": "True", "reason": "Done", "message": "",
            "lastTransitionTime": "2026-11-24T09:00:00Z"}]}})
    };
    let standing = environment("aaaaaa-prod", "Prod", json!({"basis": paper_basis("uid-onb-a", 2)}));
    let later = environment("aaaaaa-prod", "Prod", json!({"basis": paper_basis("uid-later", 3)}));
    let plain = onboarding(json!({}));
    let own = entry("aaaaaa-prod", Some("uid-onb-a"));
    let cases = [
        (&plain, None, None, false),
        (&plain, Some(&later), Some(&entry("aaaaaa-prod", Some("uid-later"))), false),
        (&plain, Some(&standing), None, true),
        (&plain, None, Some(&own), true),
        (&onboarding(condition("Booked")), Some(&later), None, true),
        (&onboarding(condition("Ready")), Some(&later), None, true),
    ];
    for (n, (request, environment, booking, expected)) in cases.into_iter().enumerate() {
        assert_eq!(begun(request, environment, booking), expected, "case {n}");
    }
}

#[test]
fn only_an_approved_request_that_is_neither_done_nor_taken_back_is_open() {
    let with = |type_: &str| {
        let mut request = decided(OutcomeResult::Approved, &["d"]);
        let status = json!([{"type": type_, "status": "True", "reason": "Done", "message": "",
            "lastTransitionTime": "2026-11-24T09:00:00Z"}]);
        request.status.as_mut().unwrap().conditions = of(status);
        request
    };
    assert!(open(&decided(OutcomeResult::Approved, &["d"])));
    assert!(open(&with("Stalled")));
    assert!(!open(&with("Ready")));
    assert!(!open(&with("Withdrawn")));
    assert!(!open(&decided(OutcomeResult::Rejected, &["d"])));
    assert!(!open(&onboarding(json!({}))));
}
