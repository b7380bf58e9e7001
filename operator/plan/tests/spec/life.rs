//! The life of an environment: stages by days, acts on it, and what a removal waits for (design §4 "Leaving is a lifecycle").

use std::sync::Arc;

use berth_crds::decision::Effect;
use berth_crds::environment::{Lifecycle, NextStep, Schedule, Stage};
use berth_crds::onboarding::{Action, Outcome, OutcomeResult, Verdict};
use berth_crds::{ConditionType, Decision, Environment, Onboarding, PolicyProfile, Reason};
use berth_plan::act::{self, Act, Input};
use berth_plan::checks;
use berth_plan::decide::{self, weigh};
use berth_plan::dossier::clock::Clocks;
use berth_plan::fulfil::{Case, Way};
use berth_plan::life;
use berth_plan::register::Register;
use berth_plan::status::{self, environment::Progress};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use serde_json::{Value, json};

use crate::desired::planned;
use crate::world::*;

/// Days of the steps, so short that every one shows in a test.
pub fn clocks() -> PolicyProfile {
    let step = |step: &str, days: i64, unit: &str| json!({"step": step, "days": days, "unit": unit, "source": "[A]"});
    profile(json!({"clocks": [
        step("Checking", 5, "Working"), step("StopNotice", 7, "Working"), step("Halting", 10, "Calendar"),
        step("Hold", 30, "Calendar"), step("EndNotice", 14, "Calendar")
    ]}))
}

pub fn with_clocks(environment: Environment) -> Register {
    register_with(|r| {
        r.environments.insert("aaaaaa-prod".into(), Arc::new(environment));
        r.profiles.insert("vn-2026".into(), Arc::new(clocks()));
    })
}

/// Production that was ready.
fn prod(with: Value) -> Environment {
    let mut environment = environment("aaaaaa-prod", "Prod", with);
    environment.status.get_or_insert_default().granted = Some(environment.spec.quota.clone());
    environment
}

fn staged(with: Value, stage: Stage) -> Environment {
    let mut environment = prod(with);
    environment.status.get_or_insert_default().stage = Some(stage);
    environment
}

/// A paper of an action on `aaaaaa-prod`.
pub fn paper(action: &str, with: Value) -> Onboarding {
    let base = json!({"spec": {
        "action": action, "system": null, "environment": null, "revision": 1,
        "environmentRef": {"name": "aaaaaa-prod", "uid": "uid-aaaaaa-prod"}
    }});
    onboarding(merge(base, json!({"spec": with})))
}

pub fn act_of(paper: &Onboarding) -> &'static dyn Act {
    act::of(paper.spec.action).unwrap()
}

/// The environment after a paper that was approved and carried out today.
pub fn carried_out(paper: &Onboarding, register: &Register) -> Environment {
    carried_out_on(paper, register, today(), today())
}

/// The environment after a paper that was approved on one day and carried out on another.
fn carried_out_on(paper: &Onboarding, register: &Register, decided: Date, on: Date) -> Environment {
    let outcome = Outcome {
        result: OutcomeResult::Approved,
        decision_uids: vec!["uid-d".into()],
        granted: None,
        decided_at: at("09:00"),
        recorded_at: MicroTime(at("09:00").0),
        priority: 5,
    };
    let changed = act_of(paper).change(&Input {
        onboarding: paper,
        outcome: &outcome,
        decisions: &[],
        profile: &clocks(),
        register,
        decided,
        today: on,
    });
    changed.unwrap().environment.unwrap()
}

fn way_of(paper: &Onboarding, register: &Register) -> Way {
    act_of(paper).way(&Case {
        onboarding: paper,
        agency: "ag-62",
        environment: "aaaaaa-prod",
        booking: None,
        register,
        open: &|_| false,
        others: &[],
        today: today(),
    })
}

/// Messages of the checks that are not in order.
pub fn defects(paper: &Onboarding, agency: &str, register: &Register) -> Vec<(String, String)> {
    let all = checks::all(&subject(paper, agency, &clocks(), register, &[]));
    let bad = all.into_iter().filter(|c| matches!(c.result, Verdict::Failed | Verdict::Refused));
    bad.map(|c| (c.id, c.message)).collect()
}

pub fn schedule(suspend: &str, halt: Option<&str>, remove: Option<&str>) -> Schedule {
    Schedule { suspend: suspend.into(), halt: halt.map(Into::into), remove: remove.map(Into::into) }
}

pub fn step(stage: Stage, on: &str) -> Option<NextStep> {
    Some(NextStep { stage, day: on.into() })
}

#[test]
fn stage_and_next_step_follow_from_the_days_of_the_spec_alone() {
    let leaving = json!({"lifecycle": "Decommissioned",
        "schedule": {"suspend": "2026-11-24", "halt": "2026-12-04", "remove": "2027-01-04"}});
    let ending = merge(leaving.clone(), json!({"endDate": "2026-11-20"}));
    let stopped = json!({"lifecycle": "Suspended", "schedule": {"suspend": "2026-11-24"}});
    let table = [
        ("Prod", json!({}), "2026-11-24", Stage::Active, None),
        ("Prod", json!({"endDate": "2026-11-23"}), "2026-11-24", Stage::Active, None),
        ("Dev", json!({"endDate": "2026-11-24"}), "2026-11-24", Stage::Active, step(Stage::Suspended, "2026-11-25")),
        ("Dev", json!({"endDate": "2026-11-24"}), "2026-11-25", Stage::Suspended, None),
        ("Dev", json!({"endDate": "2026-02-30"}), "2026-11-25", Stage::Active, None),
        ("Prod", stopped.clone(), "2026-11-23", Stage::Active, step(Stage::Suspended, "2026-11-24")),
        ("Prod", stopped, "2026-11-24", Stage::Suspended, None),
        ("Prod", json!({"lifecycle": "Suspended"}), "2026-11-24", Stage::Suspended, None),
        ("Prod", leaving.clone(), "2026-11-23", Stage::Active, step(Stage::Suspended, "2026-11-24")),
        ("Prod", leaving.clone(), "2026-11-24", Stage::Suspended, step(Stage::Halted, "2026-12-04")),
        ("Prod", leaving.clone(), "2026-12-03", Stage::Suspended, step(Stage::Halted, "2026-12-04")),
        ("Prod", leaving.clone(), "2026-12-04", Stage::Halted, step(Stage::Removed, "2027-01-04")),
        ("Prod", leaving, "2027-02-01", Stage::Halted, step(Stage::Removed, "2027-01-04")),
        ("Prod", json!({"lifecycle": "Decommissioned"}), "2026-11-24", Stage::Suspended, None),
        // A stop that is to begin long after the last day.
        ("Dev", ending.clone(), "2026-11-20", Stage::Active, step(Stage::Suspended, "2026-11-21")),
        ("Dev", ending.clone(), "2026-11-21", Stage::Suspended, step(Stage::Halted, "2026-12-04")),
        ("Prod", ending, "2026-11-21", Stage::Active, step(Stage::Suspended, "2026-11-24")),
    ];
    for (n, (kind, with, on, stage, next)) in table.into_iter().enumerate() {
        let spec = environment("aaaaaa-x", kind, with).spec;
        assert_eq!((life::stage(&spec, day(on)), life::next(&spec, day(on))), (stage, next), "case {n}");
    }
}

#[test]
fn a_stopped_environment_is_read_by_everybody_on_its_list_and_changed_by_nobody() {
    let list = json!([
        {"subject": {"kind": "Group", "name": "berth:ag-62:requester"}, "role": "Admin"},
        {"subject": {"kind": "User", "name": "hoa"}, "role": "Edit"},
        {"subject": {"kind": "User", "name": "cũ"}, "role": "View", "expires": "2026-11-23"}
    ]);
    let bound = |with: Value| {
        let desired = planned("aaaaaa-prod", "Prod", merge(json!({"access": list}), with));
        let bindings = desired.namespaces[0].access.clone().into_iter();
        let names = |b: &k8s_openapi::api::rbac::v1::RoleBinding| {
            b.subjects.iter().flatten().map(|s| s.name.clone()).collect::<Vec<_>>()
        };
        bindings.map(|b| (b.role_ref.name.clone(), names(&b))).collect::<Vec<_>>()
    };
    let both = || vec!["hoa".to_owned(), "berth:ag-62:requester".to_owned()];
    let sorted = |mut all: Vec<(String, Vec<String>)>| {
        all.iter_mut().for_each(|(_, names)| names.sort());
        all
    };
    let mut reading = both();
    reading.sort();
    let view = vec![("berth-tenant-view".to_owned(), reading)];
    assert_eq!(
        bound(json!({})),
        [
            ("berth-tenant-admin".to_owned(), vec!["berth:ag-62:requester".to_owned()]),
            ("berth-tenant-edit".to_owned(), vec!["hoa".to_owned()])
        ]
    );
    assert_eq!(sorted(bound(json!({"lifecycle": "Suspended"}))), view);
    let halted = json!({"lifecycle": "Decommissioned", "schedule": {"suspend": "2026-11-01", "halt": "2026-11-02"}});
    assert_eq!(sorted(bound(halted)), view);
}

#[test]
fn a_halted_environment_starts_nothing_and_gets_everything_back_with_a_resume() {
    let pods = |with: Value| {
        let desired = planned("aaaaaa-prod", "Prod", with);
        desired.namespaces[0].quota.spec.clone().unwrap().hard.unwrap()["pods"].0.clone()
    };
    let schedule = json!({"suspend": "2026-11-01", "halt": "2026-11-02", "remove": "2026-11-03"});
    assert_eq!(pods(json!({"lifecycle": "Decommissioned", "schedule": schedule})), "0");
    assert_eq!(pods(json!({"lifecycle": "Suspended", "schedule": {"suspend": "2026-11-01"}})), "20");
    let mut halted = prod(json!({"lifecycle": "Decommissioned", "schedule": schedule}));
    halted.status.get_or_insert_default().stage = Some(Stage::Halted);
    let back = carried_out(&paper("Resume", json!({})), &with_clocks(halted));
    let mut expected = prod(json!({})).spec;
    expected.basis = back.spec.basis.clone();
    assert_eq!(back.spec, expected, "exactly as it was but for its ground");
    assert_eq!((back.spec.basis.revision, back.spec.basis.decision_uids), (Some(2), vec!["uid-d".to_owned()]));
}

#[test]
fn a_decommission_writes_every_day_of_its_way_by_the_rule_set() {
    let leaving = |with: Value, environment: Value| {
        let changed = carried_out(&paper("Decommission", with), &with_clocks(prod(environment)));
        assert_eq!(changed.spec.lifecycle, Lifecycle::Decommissioned);
        changed.spec.schedule.unwrap()
    };
    // Ten calendar days to the halt, thirty to the removal; a limit that ends on a day off ends on the next working day.
    let today = schedule("2026-11-24", Some("2026-12-04"), Some("2027-01-04"));
    assert_eq!(leaving(json!({}), json!({})), today);
    let announced = schedule("2026-12-03", Some("2026-12-14"), Some("2027-01-13"));
    assert_eq!(leaving(json!({}), json!({"exposure": ["Internet"]})), announced, "seven working days of notice");
    assert_eq!(leaving(json!({"forceMajeure": "Cháy"}), json!({"exposure": ["Internet"]})), today);
    let later = schedule("2026-12-01", Some("2026-12-11"), Some("2027-01-11"));
    assert_eq!(leaving(json!({"effectiveDate": "2026-12-01"}), json!({})), later);
    // What is stopped today does not open again for it.
    let stopped = json!({"lifecycle": "Suspended", "schedule": {"suspend": "2026-10-01"}});
    let stays = Schedule { suspend: "2026-11-24".into(), ..later };
    assert_eq!(leaving(json!({"effectiveDate": "2026-12-01"}), stopped), stays);
}

#[test]
fn a_notice_runs_from_the_day_on_which_the_stop_was_decided_and_can_be_told() {
    let begins = |asked: Value, exposure: Value, decided: &str, on: &str| {
        let register = with_clocks(prod(json!({"exposure": exposure})));
        carried_out_on(&paper("Suspend", asked), &register, day(decided), day(on)).spec.schedule.unwrap().suspend
    };
    let (open, inside) = (json!(["Internet"]), json!([]));
    let on = |asked: &str| json!({"effectiveDate": asked});
    let urgent = json!({"effectiveDate": "2026-11-20", "forceMajeure": "Cháy"});
    let table = [
        (json!({}), &open, "2026-11-18", "2026-11-18", "2026-11-27"),
        (on("2026-11-18"), &open, "2026-11-18", "2026-11-18", "2026-11-27"),
        (on("2026-12-10"), &open, "2026-11-18", "2026-11-18", "2026-12-10"),
        // Decided in time, and carried out weeks later.
        (on("2026-11-27"), &open, "2026-11-18", "2026-12-01", "2026-12-10"),
        (on("2026-11-27"), &inside, "2026-11-18", "2026-12-01", "2026-12-01"),
        (json!({}), &inside, "2026-11-18", "2026-12-01", "2026-12-01"),
        (urgent.clone(), &open, "2026-11-18", "2026-11-18", "2026-11-20"),
        (urgent, &open, "2026-11-18", "2026-12-01", "2026-12-01"),
    ];
    for (n, (asked, exposure, decided, carried, expected)) in table.into_iter().enumerate() {
        assert_eq!(begins(asked, exposure.clone(), decided, carried), expected, "case {n}");
    }
    let late =
        carried_out_on(&paper("Decommission", json!({})), &with_clocks(prod(json!({}))), today(), day("2027-01-11"));
    assert_eq!(
        late.spec.schedule,
        Some(schedule("2027-01-11", Some("2027-01-21"), Some("2027-02-22"))),
        "not halted at once"
    );
}

#[test]
fn without_a_hold_in_the_rule_set_nothing_is_ever_removed() {
    let register = with_clocks(prod(json!({})));
    let paper = paper("Decommission", json!({}));
    let outcome =
        json!({"result": "Approved", "decidedAt": "2026-11-24T09:00:00Z", "recordedAt": "2026-11-24T09:00:01.000000Z"});
    let changed = act_of(&paper).change(&Input {
        onboarding: &paper,
        outcome: &of(outcome),
        decisions: &[],
        profile: &profile(json!({})),
        register: &register,
        decided: today(),
        today: today(),
    });
    let spec = changed.unwrap().environment.unwrap().spec;
    assert_eq!(spec.schedule, Some(schedule("2026-11-24", Some("2026-11-24"), None)));
    assert!(!life::may_be_removed(&spec, day("2099-01-01")));
}

#[test]
fn all_defects_of_a_paper_on_an_environment_are_told_at_once() {
    let exposed = with_clocks(prod(json!({"exposure": ["Internet"]})));
    let asked =
        json!({"revision": 7, "tenantRef": {"name": "aaaaaa"}, "effectiveDate": "2026-11-26", "endDate": "2027-01-01"});
    let current = "`spec.revision` is 7, the environment is at 1; read it again and ask anew. `spec.effectiveDate` is 2026-11-26; a service that is reached from outside is announced first: give 2026-12-03 or later, or `spec.forceMajeure` with the reason. The notice runs from the decision: a late one moves the day.";
    let complete = "`spec.tenantRef` is not used by action Suspend; leave it out. `spec.endDate` is not used by action Suspend; leave it out.";
    assert_eq!(
        defects(&paper("Suspend", asked), "ag-62", &exposed),
        [("complete".to_owned(), complete.to_owned()), ("current".to_owned(), current.to_owned())]
    );
    let cases: [(&str, Value, Environment, &str); 9] = [
        ("Extend", json!({}), prod(json!({})), "`spec.endDate` is missing; action Extend needs it."),
        ("Extend", json!({"endDate": "2026-11-24"}), prod(json!({})), "give a date after 2026-11-24"),
        ("Extend", json!({"endDate": "2027-01-01"}), prod(json!({"endDate": "2027-01-01"})), "give a later one"),
        ("Suspend", json!({"effectiveDate": "2026-11-23"}), prod(json!({})), "give 2026-11-24 or later"),
        ("Suspend", json!({}), prod(json!({"lifecycle": "Suspended"})), "suspended already"),
        ("Resume", json!({}), prod(json!({})), "not stopped"),
        ("Decommission", json!({}), prod(json!({"lifecycle": "Decommissioned"})), "on its way out already"),
        ("Extend", json!({"endDate": "2027-01-01"}), prod(json!({"lifecycle": "Decommissioned"})), "`Resume` first"),
        ("Resume", json!({}), staged(json!({"lifecycle": "Decommissioned"}), Stage::Removing), "no way back"),
    ];
    for (action, with, environment, expected) in cases {
        let told = defects(&paper(action, with), "ag-62", &with_clocks(environment));
        assert!(told.iter().any(|(_, message)| message.contains(expected)), "{action}: {told:?}");
    }
    let foreign = defects(&paper("Suspend", json!({})), "ag-71", &with_clocks(prod(json!({}))));
    assert_eq!(foreign.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["ownership"]);
    let fine = defects(&paper("Suspend", json!({"effectiveDate": "2026-12-03"})), "ag-62", &exposed);
    assert_eq!(fine, []);
}

#[test]
fn what_is_stopped_does_not_grow() {
    let change = paper("Change", json!({"environment": {"kind": "Prod", "classRef": {"name": "xs"}}}));
    for lifecycle in ["Suspended", "Decommissioned"] {
        let register = with_clocks(prod(json!({"lifecycle": lifecycle})));
        let told = defects(&change, "ag-62", &register);
        assert!(told.iter().any(|(_, m)| m.contains("does not change its size")), "{lifecycle}: {told:?}");
        let way = berth_plan::fulfil::way(&Case {
            onboarding: &change,
            agency: "ag-62",
            environment: "aaaaaa-prod",
            booking: None,
            register: &register,
            open: &|_| false,
            others: &[],
            today: today(),
        });
        assert!(matches!(way, Way::Never { reason: Reason::InvalidSpec, .. }), "approved before the stop: {way:?}");
    }
}

#[test]
fn what_was_asked_in_time_does_not_grow_after_the_last_day() {
    let way = |last: &str| {
        let dev = environment("aaaaaa-dev", "Dev", json!({"endDate": last}));
        let register = register_with(|r| {
            r.environments.insert("aaaaaa-dev".into(), Arc::new(dev));
        });
        let change = onboarding(json!({"spec": {
            "action": "Change", "system": null, "environment": {"kind": "Dev"}, "revision": 1,
            "environmentRef": {"name": "aaaaaa-dev", "uid": "uid-aaaaaa-dev"}
        }}));
        berth_plan::fulfil::way(&Case {
            onboarding: &change,
            agency: "ag-62",
            environment: "aaaaaa-dev",
            booking: None,
            register: &register,
            open: &|_| false,
            others: &[],
            today: today(),
        })
    };
    assert_eq!(way("2026-11-24"), Way::Change);
    let message =
        "The environment is stopped and does not change its size; its last day is over: ask for `Extend` first.";
    assert_eq!(way("2026-11-23"), Way::Never { reason: Reason::InvalidSpec, message: message.into() });
}

#[test]
fn of_a_removal_and_a_resume_the_first_to_be_written_stands() {
    let leaving = json!({"lifecycle": "Decommissioned", "schedule": {"suspend": "2026-11-01", "halt": "2026-11-02"}});
    let resume = paper("Resume", json!({}));
    assert_eq!(way_of(&resume, &with_clocks(staged(leaving.clone(), Stage::Halted))), Way::Act);
    let late = way_of(&resume, &with_clocks(staged(leaving, Stage::Removing)));
    let message = "The environment is being removed, or gone: there is no way back.".to_owned();
    assert_eq!(late, Way::Never { reason: Reason::InvalidSpec, message });
    let stands = prod(json!({"basis": paper_basis("uid-onb-a", 2)}));
    assert_eq!(way_of(&resume, &with_clocks(stands)), Way::Stands);
    let stale = paper("Resume", json!({"revision": 3}));
    assert!(matches!(way_of(&stale, &with_clocks(prod(json!({"lifecycle": "Suspended"})))), Way::Never { .. }));
}

/// A decommission of ag-62 that is approved and carried out, with its environment.
fn decommissioned(stage: Stage) -> (Onboarding, Register) {
    let mut asked = paper("Decommission", json!({}));
    asked.status = decided(OutcomeResult::Approved, &["uid-approver.1"]).status;
    let spec = json!({
        "lifecycle": "Decommissioned", "basis": paper_basis("uid-onb-a", 2),
        "schedule": {"suspend": "2026-10-01", "halt": "2026-10-02", "remove": "2026-11-24"}
    });
    (asked, with_clocks(staged(spec, stage)))
}

fn minutes() -> Value {
    json!({"spec": {"by": {"groups": ["berth:ag-62:requester"]}, "document": {
        "issuer": "Sở Y tế", "number": "07/BB-SYT", "date": "2026-11-20", "signer": "Trần Thị Bình",
        "sha256": "0".repeat(64)
    }}})
}

fn judged(asked: &Onboarding, register: &Register, by: &str, with: Value) -> Reason {
    let decisions = [decision("owner.1", "Reconcile", by, "10:00", merge(minutes(), with))];
    let case = decide::Case {
        onboarding: asked,
        decisions: &decisions,
        profile: &clocks(),
        signers: &[berth_crds::decision::SignerRole::Approver],
        register,
        day: today(),
        day_of: &utc,
        booked: true,
    };
    let (judged, made) = weigh(&case);
    assert_eq!((judged.len(), made), (1, None));
    judged[0].reason
}

#[test]
fn a_reconciliation_counts_once_what_it_is_about_stands_still_and_by_another_than_who_asked() {
    let (asked, register) = decommissioned(Stage::Halted);
    assert_eq!(judged(&asked, &register, "binh", json!({})), Reason::Effective);
    assert_eq!(judged(&asked, &register, "lan", json!({})), Reason::VoidSelfApproval);
    let hired = json!({"spec": {"by": {"groups": ["berth:ag-62:contractor"]}}});
    assert_eq!(judged(&asked, &register, "thuê", hired), Reason::VoidContractor);
    // Whoever asked holds the token of a pipeline too, and may have asked in somebody's name.
    let pipeline = "system:serviceaccount:pipelines:so-y-te";
    assert_eq!(judged(&asked, &register, pipeline, json!({})), Reason::VoidPipeline);
    let mut for_binh = asked.clone();
    for_binh.spec.on_behalf_of = Some("binh".into());
    assert_eq!(judged(&for_binh, &register, "binh", json!({})), Reason::VoidSelfApproval);
    let later = json!({"spec": {"document": {"date": "2026-11-25"}}});
    assert_eq!(judged(&asked, &register, "binh", later), Reason::VoidLetter);
    let mut passed_on = register.clone();
    passed_on.tenants.insert("aaaaaa".into(), Arc::new(tenant("aaaaaa", json!({"agencyRef": {"name": "ag-71"}}))));
    assert_eq!(judged(&asked, &passed_on, "binh", json!({})), Reason::VoidNotOwner);
    let (asked, running) = decommissioned(Stage::Suspended);
    assert_eq!(judged(&asked, &running, "binh", json!({})), Reason::VoidTooEarly);
    let mut other = decommissioned(Stage::Halted).0;
    other.spec.action = Action::Suspend;
    assert_eq!(judged(&other, &register, "binh", json!({})), Reason::VoidTooEarly);
}

#[test]
fn an_environment_is_halted_once_everything_was_scaled_and_until_then_suspended_whatever_its_days_say() {
    let spec = json!({"lifecycle": "Decommissioned",
        "schedule": {"suspend": "2026-10-01", "halt": "2026-10-02", "remove": "2026-11-24"}});
    let desired = planned("aaaaaa-prod", "Prod", spec.clone());
    let written = |before: Stage, progress: &Progress| {
        let environment = staged(spec.clone(), before);
        let status =
            status::environment::planned(&environment, None, &desired, desired.intended(), progress, &at("09:00"));
        (status.stage, status.next)
    };
    let stopped = |reason| Progress::Failed { at: ConditionType::QuotaReady, reason, message: String::new() };
    let short = [
        Progress::Named,
        Progress::Created,
        stopped(Reason::TooManyWorkloads),
        stopped(Reason::QuotaPending),
        stopped(Reason::Contested),
        stopped(Reason::ApplyFailed),
    ];
    let halted = || (Some(Stage::Halted), step(Stage::Removed, "2026-11-24"));
    for before in [Stage::Active, Stage::Suspended] {
        for progress in &short {
            let told = written(before, progress);
            assert_eq!(told, (Some(Stage::Suspended), step(Stage::Halted, "2026-10-02")), "{before:?} {progress:?}");
        }
        assert_eq!(written(before, &Progress::Done), halted(), "{before:?}");
    }
    // Seen so once, it is not told otherwise because a later pass fails.
    for progress in short.iter().chain([&Progress::Done]) {
        assert_eq!(written(Stage::Halted, progress), halted(), "{progress:?}");
    }
}

#[test]
fn what_is_halted_rests_while_no_later_pass_finds_something_that_it_cannot_bring_to_that() {
    let spec = json!({"lifecycle": "Decommissioned", "basis": paper_basis("uid-onb-a", 2),
        "schedule": {"suspend": "2026-10-01", "halt": "2026-10-02", "remove": "2026-11-24"}});
    let desired = planned("aaaaaa-prod", "Prod", spec.clone());
    let after = |before: Stage, progress: &Progress| {
        let mut environment = staged(spec.clone(), before);
        let status =
            status::environment::planned(&environment, None, &desired, desired.intended(), progress, &at("09:00"));
        let told_since = status.stage_since.clone();
        environment.status = Some(status);
        (environment, told_since)
    };
    let (asked, _) = decommissioned(Stage::Halted);
    let signed = {
        let mut decision = decision("owner.1", "Reconcile", "binh", "10:00", minutes()).as_ref().clone();
        decision.status.get_or_insert_default().effect = Some(Effect::Effective);
        [Arc::new(decision)]
    };
    let owner = tenant("aaaaaa", json!({}));
    let counts = |environment: &Environment| {
        let wants = life::wants_removal(environment, Some(&owner), &signed, today());
        let judged = judged(&asked, &with_clocks(environment.clone()), "binh", json!({}));
        (life::rests(environment), wants, judged)
    };
    let (failing, since) = after(
        Stage::Halted,
        &Progress::Failed { at: ConditionType::QuotaReady, reason: Reason::TooManyWorkloads, message: String::new() },
    );
    assert_eq!(counts(&failing), (false, false, Reason::VoidTooEarly), "something of it may run");
    assert_eq!(since, None, "nobody is told");
    let (well, since) = after(Stage::Halted, &Progress::Done);
    assert_eq!((counts(&well), since), ((true, true, Reason::Effective), None));
    let (first, since) = after(Stage::Suspended, &Progress::Done);
    assert_eq!((counts(&first), since), ((true, true, Reason::Effective), Some(at("09:00"))));
}

#[test]
fn nothing_is_removed_before_its_day_its_halt_and_its_signed_reconciliation() {
    let (_, register) = decommissioned(Stage::Halted);
    let halted = register.environments["aaaaaa-prod"].as_ref().clone();
    let owner = tenant("aaaaaa", json!({}));
    let wants = |environment: &Environment, decisions: &[Arc<Decision>], on| {
        life::wants_removal(environment, Some(&owner), decisions, on)
    };
    let signed = |effect: Option<Effect>, uid: &str| {
        let mut decision = decision("owner.1", "Reconcile", "binh", "10:00", minutes()).as_ref().clone();
        decision.spec.onboarding_ref.as_mut().unwrap().uid = uid.into();
        decision.status.get_or_insert_default().effect = effect;
        vec![Arc::new(decision)]
    };
    let good = signed(Some(Effect::Effective), "uid-onb-a");
    assert!(wants(&halted, &good, today()));
    assert!(!wants(&halted, &good, day("2026-11-23")), "a day too early");
    let another = tenant("aaaaaa", json!({"agencyRef": {"name": "ag-71"}}));
    for tenant in [Some(&another), None] {
        assert!(!life::wants_removal(&halted, tenant, &good, today()), "signed by who does not own it");
    }
    for missing in [
        vec![],
        signed(None, "uid-onb-a"),
        signed(Some(Effect::Void), "uid-onb-a"),
        signed(Some(Effect::Effective), "uid-other"),
    ] {
        assert!(!wants(&halted, &missing, today()), "{missing:?}");
    }
    let with = |change: fn(&mut Environment)| {
        let mut environment = halted.clone();
        change(&mut environment);
        environment
    };
    let not_halted = with(|e| e.status.as_mut().unwrap().stage = Some(Stage::Suspended));
    let resumed = with(|e| (e.spec.lifecycle, e.spec.schedule) = (Lifecycle::Active, None));
    let by_hand = with(|e| e.spec.schedule = None);
    for environment in [not_halted, resumed, by_hand] {
        assert!(!wants(&environment, &good, today()), "{:?}", environment.spec);
    }
    let begun = with(|e| e.status.as_mut().unwrap().stage = Some(Stage::Removing));
    assert!(life::wants_removal(&begun, Some(&another), &[], today()), "what has begun goes on");
    assert_eq!([4, 5, 6].map(|due| life::braked(due, 5)), [false, false, true]);
}

#[test]
fn a_system_has_left_when_every_environment_that_it_had_is_removed() {
    let removed = staged(json!({"lifecycle": "Decommissioned"}), Stage::Removed);
    let standing = prod(json!({}));
    let revived = staged(json!({}), Stage::Removed);
    assert!(life::has_left([&removed], false));
    assert!(!life::has_left([&removed, &standing], true));
    assert!(!life::has_left([&revived], true), "the name is taken up again");
    assert_eq!([true, false].map(|before| life::has_left([], before)), [true, false], "new, or its records are gone");
}

#[test]
fn a_last_day_is_told_in_time_and_for_environments_other_than_production_only() {
    let calendar = register().calendar();
    let profile = clocks();
    let clocks = Clocks { profile: &profile, calendar: &calendar };
    let told = |kind: &str, with: Value| {
        life::ending(&environment("aaaaaa-x", kind, with).spec, &clocks, today()).map(|(reason, _)| reason)
    };
    assert_eq!(told("Dev", json!({"endDate": "2026-12-09"})), None);
    assert_eq!(told("Dev", json!({"endDate": "2026-12-08"})), Some(Reason::LastDayNear));
    assert_eq!(told("Dev", json!({"endDate": "2026-11-24"})), Some(Reason::LastDayNear), "the last day itself");
    assert_eq!(told("Dev", json!({"endDate": "2026-11-23"})), Some(Reason::LastDayOver));
    assert_eq!(told("Prod", json!({"endDate": "2026-11-25"})), None);
    assert_eq!(told("Dev", json!({"endDate": "2026-11-25", "lifecycle": "Suspended"})), None);
    let stops = |on: &str, last: &str| json!({"endDate": last, "lifecycle": "Suspended", "schedule": {"suspend": on}});
    assert_eq!(told("Dev", stops("2026-11-25", "2026-11-25")), None, "a stop that begins by then says enough");
    assert_eq!(told("Dev", stops("2027-06-30", "2026-11-25")), Some(Reason::LastDayNear));
    assert_eq!(told("Dev", stops("2027-06-30", "2026-11-23")), Some(Reason::LastDayOver));
}
