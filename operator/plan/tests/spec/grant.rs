//! An increase that ends: what is in force by day, what stays booked, and that no other act loses the way back.

use berth_crds::common::{Booking, HolderKind, PaperRef};
use berth_crds::condition::Is;
use berth_crds::environment::{Stage, TemporaryGrant};
use berth_crds::onboarding::{Grant, Outcome, OutcomeResult, Verdict};
use berth_crds::{Environment, Onboarding, PolicyProfile, Reason};
use berth_plan::act::{self, Input};
use berth_plan::admit;
use berth_plan::amounts::Amounts;
use berth_plan::booking::{Ledger, may_lower, release};
use berth_plan::checks::all;
use berth_plan::dossier::clock::Clocks;
use berth_plan::grant::{in_force, lasting, to_book, told};
use berth_plan::register::Register;
use serde_json::{Value, json};

use crate::world::*;

fn resources(cpu: &str) -> Value {
    json!({"cpu": cpu, "memory": "4Gi", "storage": "50Gi"})
}

fn grant(class: &str, cpu: &str) -> Grant {
    of(json!({"classRef": {"name": class}, "quota": resources(cpu)}))
}

/// Class m with 8 CPU until a day; before and afterwards class xs with 2.
fn raised(until: &str, with: Value) -> Environment {
    let former = json!({"classRef": {"name": "xs"}, "quota": resources("2")});
    let base =
        json!({"classRef": {"name": "m"}, "quota": resources("8"), "temporary": {"until": until, "former": former}});
    environment("aaaaaa-prod", "Prod", merge(base, with))
}

fn cpu(n: i64) -> Amounts {
    Amounts { cpu_milli: n * 1000, memory: 4 << 30, storage: 50 << 30, ..Amounts::default() }
}

#[test]
fn an_increase_is_in_force_to_its_last_day_and_what_was_granted_before_from_the_day_after() {
    let spec = raised("2026-11-30", json!({})).spec;
    let table =
        [("2026-11-24", "m", "8"), ("2026-11-30", "m", "8"), ("2026-12-01", "xs", "2"), ("2030-01-01", "xs", "2")];
    for (on, class, cpu) in table {
        assert_eq!(in_force(&spec, day(on)), grant(class, cpu), "{on}");
        assert_eq!(lasting(&spec), grant("xs", "2"), "{on}");
    }
    let for_good = environment("aaaaaa-prod", "Prod", json!({"quota": resources("2")})).spec;
    assert_eq!(in_force(&for_good, day("2030-01-01")), grant("xs", "2"));
    assert_eq!(lasting(&for_good), grant("xs", "2"));
    let no_day = raised("2026-02-30", json!({})).spec;
    assert_eq!(in_force(&no_day, today()), grant("xs", "2"), "a day that is none is over");
}

#[test]
fn the_objects_of_an_increase_that_is_over_are_those_of_the_grant_before_it() {
    let planned = |with: Value| crate::desired::planned("aaaaaa-prod", "Prod", with);
    let former = json!({"classRef": {"name": "xs"}, "quota": resources("1")});
    let until = |day: &str| json!({"quota": resources("2"), "temporary": {"until": day, "former": former}});
    assert_eq!(planned(until("2026-11-24")), planned(json!({"quota": resources("2")})));
    assert_eq!(planned(until("2026-11-23")), planned(json!({"quota": resources("1")})));
    // It returns while the environment is stopped, too.
    let stopped = json!({"lifecycle": "Suspended"});
    assert_eq!(
        planned(merge(until("2026-11-23"), stopped.clone())),
        planned(merge(json!({"quota": resources("1")}), stopped))
    );
}

#[test]
fn what_an_increase_booked_is_freed_after_it_down_to_what_is_still_used() {
    let paper = Some(PaperRef { namespace: "agency-ag-62".into(), name: "onb-2".into(), uid: "uid-2".into() });
    let entry = |amounts: Amounts| Booking {
        name: "aaaaaa-prod".into(),
        kind: HolderKind::Environment,
        resources: amounts.to_resources(),
        onboarding_ref: paper.clone(),
    };
    let ledger = Ledger { limit: cpu(16), booked: vec![entry(cpu(8))] };
    let spec = raised("2026-11-30", json!({})).spec;
    let freed = |on: &str, used: Amounts| {
        release(&ledger, "aaaaaa-prod", paper.as_ref(), to_book(&spec, day(on)).unwrap(), used)
    };
    assert_eq!(freed("2026-11-30", cpu(1)), None, "nothing is freed while it lasts");
    assert_eq!(freed("2026-12-01", cpu(5)), Some(vec![entry(cpu(5))]), "never below use");
    assert_eq!(freed("2026-12-01", cpu(1)), Some(vec![entry(cpu(2))]));
    assert_eq!(freed("2026-12-01", cpu(9)), None, "all of it is used");
    // Where the approver granted less of something for the while, the way back needs no headroom.
    let less = raised("2026-11-30", json!({"quota": {"cpu": "8", "memory": "1Gi"}})).spec;
    assert_eq!(to_book(&less, today()), Some(cpu(8)));
    assert_eq!(in_force(&less, today()).quota.memory, "1Gi");
}

fn outcome(class: &str, cpu: &str) -> Outcome {
    of(json!({
        "result": "Approved", "priority": 5, "decisionUIDs": ["d"], "decidedAt": "2026-11-24T09:00:00Z",
        "recordedAt": "2026-11-24T09:00:00.000000Z", "granted": grant(class, cpu)
    }))
}

/// A paper of an action on `aaaaaa-prod`.
fn paper(action: &str, with: Value) -> Onboarding {
    let base = json!({"spec": {
        "action": action, "system": null, "environment": null, "revision": 1,
        "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"}
    }});
    onboarding(merge(base, json!({"spec": with})))
}

fn change(class: &str, until: Option<&str>) -> Onboarding {
    paper("Change", json!({"environment": {"kind": "Prod", "classRef": {"name": class}, "until": until}}))
}

/// The grant that an approved change leaves, and until when it is one.
fn changed(paper: &Onboarding, existing: &Environment, cpu: &str) -> (Grant, Option<TemporaryGrant>) {
    let asked = paper.spec.environment.as_ref().unwrap();
    let (profile, system) = (profile(json!({})), tenant("aaaaaa", json!({})));
    let admission = admit::admit(&admit::Input {
        onboarding: paper,
        outcome: &outcome(&asked.class_ref.name, cpu),
        agency: "ag-62",
        plate: "aaaaaa",
        profile: &profile,
        site: "dc1",
        level: 1,
        day: today(),
        existing: Some(existing),
        system: Some(&system),
    });
    let spec = admission.unwrap().environment.spec;
    assert_eq!(spec.basis.onboarding_ref.map(|r| r.uid), paper.metadata.uid, "the paper of the increase is its ground");
    (Grant { class_ref: spec.class_ref, quota: spec.quota }, spec.temporary)
}

#[test]
fn a_change_raises_for_a_while_prolongs_or_replaces_and_the_way_back_is_what_was_granted_for_good() {
    let small = environment("aaaaaa-prod", "Prod", json!({"quota": resources("2")}));
    let until = |day: &str| Some(TemporaryGrant { until: day.into(), former: grant("xs", "2") });
    let temporary = change("m", Some("2027-03-31"));
    assert_eq!(changed(&temporary, &small, "8"), (grant("m", "8"), until("2027-03-31")));
    // Once more, while it lasts or after it: the way back leads past the increase.
    for existing in [raised("2026-12-31", json!({})), raised("2026-10-31", json!({}))] {
        assert_eq!(changed(&temporary, &existing, "8"), (grant("m", "8"), until("2027-03-31")));
        assert_eq!(changed(&change("m", None), &existing, "8"), (grant("m", "8"), None), "for good");
        assert_eq!(changed(&change("xs", None), &existing, "1"), (grant("xs", "1"), None), "back before its day");
    }
    let mut removed = raised("2026-12-31", json!({"lifecycle": "Decommissioned"}));
    removed.status.get_or_insert_default().stage = Some(Stage::Removed);
    let again =
        onboarding(json!({"spec": {"action": "AddEnvironment", "system": null, "tenantRef": {"name": "aaaaaa"}}}));
    assert_eq!(changed(&again, &removed, "2"), (grant("xs", "2"), None), "a name that is taken up again begins anew");
}

fn clocks() -> PolicyProfile {
    profile(json!({"clocks": [
        {"step": "EndNotice", "days": 14, "unit": "Calendar", "source": "[A]"},
        {"step": "Halting", "days": 10, "unit": "Calendar", "source": "[A]"}
    ]}))
}

fn with(environment: Environment) -> Register {
    register_with(|r| drop(r.environments.insert("aaaaaa-prod".into(), environment.into())))
}

#[test]
fn no_other_act_touches_an_increase() {
    let stopped = json!({"lifecycle": "Suspended"});
    let acts = [
        ("Extend", json!({"endDate": "2027-12-31"}), json!({})),
        ("Suspend", json!({}), json!({})),
        ("Decommission", json!({}), json!({})),
        ("Resume", json!({}), stopped),
    ];
    for (action, asked, standing) in acts {
        let before = raised("2026-12-31", standing);
        let (paper, register) = (paper(action, asked), with(before.clone()));
        let changed = act::of(paper.spec.action).unwrap().change(&Input {
            onboarding: &paper,
            outcome: &outcome("xs", "2"),
            decisions: &[],
            profile: &clocks(),
            register: &register,
            decided: today(),
            today: today(),
        });
        let after = changed.unwrap().environment.unwrap().spec;
        let kept =
            |spec: &berth_crds::EnvironmentSpec| (spec.class_ref.clone(), spec.quota.clone(), spec.temporary.clone());
        assert_eq!(kept(&after), kept(&before.spec), "{action}");
    }
}

#[test]
fn an_increase_is_told_as_near_its_end_and_as_over() {
    let (calendar, profile) = (register().calendar(), clocks());
    let clocks = Clocks { profile: &profile, calendar: &calendar };
    let of = |until: &str| told(&raised(until, json!({})).spec, &clocks, today());
    let former = "class \"xs\" with 2 CPU, 4Gi memory, 50Gi storage";
    let open = format!("Raised until 2026-12-09; then granted is {former} again.");
    assert_eq!(of("2026-12-09"), Some((Is::True, Reason::TemporaryGrant, open)));
    for last in ["2026-12-08", "2026-11-24"] {
        let near = format!("After {last} granted is {former} again: use no more by then, or ask for a `Change`.");
        assert_eq!(of(last), Some((Is::True, Reason::TemporaryGrantEndsSoon, near)));
    }
    let over = format!(
        "The increase was until 2026-11-23; granted is {former} again. What runs beyond it stays, nothing more starts, and what is used stays booked until it is given up."
    );
    assert_eq!(of("2026-11-23"), Some((Is::False, Reason::TemporaryGrantOver, over)));
    let for_good = environment("aaaaaa-prod", "Prod", json!({}));
    assert_eq!(told(&for_good.spec, &clocks, today()), None);
}

#[test]
fn what_an_increase_booked_is_lowered_under_its_own_paper_whatever_act_came_after_it() {
    let named = |uid: &str| json!({"namespace": "agency-ag-62", "name": "onb-a", "uid": uid});
    let by = |uid: &str, revision: i64| {
        let basis = json!({"type": "Paper", "onboardingRef": named(uid), "revision": revision});
        raised("2026-11-23", json!({"basis": basis}))
    };
    let by_hand = raised("2026-11-23", json!({"basis": {"type": "Direct", "reason": "x", "revision": 3}}));
    // The increase was written against revision 1, and made revision 2.
    let paper = |ready: &str| {
        let mut paper = decided(OutcomeResult::Approved, &["d"]);
        paper.spec.revision = Some(1);
        let ready = json!({"type": "Ready", "status": ready, "reason": "Ready", "message": "",
            "lastTransitionTime": "2026-11-24T10:00:00Z"});
        paper.status.as_mut().unwrap().conditions = vec![of(ready)];
        paper
    };
    let (done, open) = (paper("True"), paper("False"));
    let mut stranger = done.clone();
    stranger.metadata.uid = Some("uid-of-another".into());
    let mut undecided = done.clone();
    undecided.status = None;
    let held = |paper: Option<PaperRef>| Booking {
        name: "aaaaaa-prod".into(),
        kind: HolderKind::Environment,
        resources: cpu(8).to_resources(),
        onboarding_ref: paper,
    };
    let its_own = held(Some(of(named("uid-onb-a"))));
    let table = [
        ("it is the last act", by("uid-onb-a", 2), Some(&open), true),
        ("an act came after it", by("uid-extend", 3), Some(&done), true),
        ("an edit by hand came after it", by_hand, Some(&done), true),
        ("it is still to be carried out", by("uid-first", 1), Some(&open), false),
        ("it is, and another one came before it", by("uid-other", 2), Some(&open), false),
        ("it was carried out, which the environment does not show yet", by("uid-first", 1), Some(&done), false),
        ("the paper is not known yet", by("uid-extend", 3), None, false),
        ("the outcome is not known yet", by("uid-extend", 3), Some(&undecided), false),
        ("another paper has its name", by("uid-extend", 3), Some(&stranger), false),
    ];
    for (what, environment, paper, lowered) in table {
        assert_eq!(may_lower(&environment, &its_own, paper), lowered, "{what}");
    }
    assert!(may_lower(&by("uid-extend", 3), &held(None), None), "booked by hand");
}

#[test]
fn an_increase_that_is_none_or_has_no_day_to_come_is_a_defect() {
    let standing = || with(environment("aaaaaa-prod", "Prod", json!({"quota": resources("2")})));
    let judged = |paper: &Onboarding, register: &Register| {
        let bad = |verdict| matches!(verdict, Verdict::Failed | Verdict::Refused);
        let results = all(&subject(paper, "ag-62", &profile(json!({})), register, &[]));
        results.into_iter().filter(|r| bad(r.result)).map(|r| (r.id, r.message)).collect::<Vec<_>>()
    };
    let one = |id: &str, message: &str| vec![(id.to_owned(), message.to_owned())];
    assert_eq!(judged(&change("m", Some("2027-03-31")), &standing()), []);
    let no_day = |text: &str| format!("`spec.environment.until` is {text:?}; give a last day after 2026-11-24.");
    for text in ["2026-11-24", "2027-02-30"] {
        assert_eq!(judged(&change("m", Some(text)), &standing()), one("complete", &no_day(text)));
    }
    let new = onboarding(json!({"spec": {"environment": {"until": "2027-03-31"}}}));
    let message = "`spec.environment.until` is of action Change only; leave it out.";
    assert_eq!(judged(&new, &register()), one("complete", message));
    let none = "`spec.environment.until` is for an increase, and nothing more is asked than it returns to; ask for more, or leave it out.";
    assert_eq!(judged(&change("xs", Some("2027-03-31")), &standing()), one("current", none));
    let mut less = change("m", Some("2027-03-31"));
    less.spec.environment.as_mut().unwrap().quota = Some(of(json!({"cpu": "8", "memory": "1Gi", "storage": "50Gi"})));
    let message = "`spec.environment.until` is for an increase, and less memory is asked than it returns to; ask for more, or leave it out.";
    assert_eq!(judged(&less, &standing()), one("current", message));
    // It is measured by what it returns to, not by an increase that stands.
    let while_raised = with(raised("2026-12-31", json!({})));
    assert_eq!(judged(&change("m", Some("2027-06-30")), &while_raised), []);
    assert_eq!(judged(&change("xs", Some("2027-06-30")), &while_raised), one("current", none));
}
