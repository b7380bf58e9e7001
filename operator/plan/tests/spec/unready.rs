//! What was asked for and never became ready: it is given back at once, and who asked for it ends first (design §4).

use std::sync::Arc;

use berth_crds::common::{Booking, HolderKind, PaperRef};
use berth_crds::environment::{EnvironmentStatus, Lifecycle, Stage};
use berth_crds::onboarding::{OnboardingStatus, OutcomeResult, State};
use berth_crds::{ConditionType, Environment, Onboarding, Reason, condition};
use berth_plan::desired::Blocked;
use berth_plan::fulfil::{Case, Way, given_back, open, taken_back};
use berth_plan::life;
use berth_plan::register::Register;
use berth_plan::status::{environment::blocked, onboarding::Event, onboarding::record};
use serde_json::{Value, json};

use crate::life::{act_of, carried_out, defects, paper, schedule, step, with_clocks};
use crate::world::*;

/// Production that was made for `onb-a` and waits for something.
fn waiting(with: Value) -> Environment {
    environment("aaaaaa-prod", "Prod", merge(json!({"basis": paper_basis("uid-onb-a", 1)}), with))
}

/// The same after an edit by hand: only its booking still names who asked for it.
fn by_hand() -> Environment {
    let mut environment = waiting(json!({}));
    environment.spec.basis = of(json!({"type": "Direct", "reason": "x", "revision": 1}));
    environment
}

fn ready(with: Value) -> Environment {
    let mut environment = waiting(with);
    environment.status.get_or_insert_default().granted = Some(environment.spec.quota.clone());
    environment
}

/// An approved paper that gives `aaaaaa-prod` back.
fn gives_back(with: Value) -> Arc<Onboarding> {
    let mut asked = paper("Decommission", json!({}));
    asked.status = decided(OutcomeResult::Approved, &["d"]).status;
    let named = json!({"metadata": {"name": "onb-b", "uid": "uid-onb-b"}});
    let value = merge(serde_json::to_value(&asked).unwrap(), named);
    Arc::new(of(merge(value, with)))
}

#[test]
fn what_was_never_ready_is_given_back_without_notice_halt_hold_and_reconciliation() {
    let leaving = |asked: Value, with: Value| {
        let changed = carried_out(&paper("Decommission", asked), &with_clocks(waiting(with)));
        assert_eq!(changed.spec.lifecycle, Lifecycle::Decommissioned);
        changed
    };
    let days = |environment: &Environment| environment.spec.schedule.clone().unwrap();
    let at_once = schedule("2026-11-24", None, Some("2026-11-24"));
    let gone = leaving(json!({}), json!({}));
    assert_eq!(days(&gone), at_once);
    let open = json!({"exposure": ["Internet"]});
    assert_eq!(days(&leaving(json!({}), open.clone())), at_once, "nobody reached it: nothing is announced");
    let soon = gives_back(json!({"spec": {"effectiveDate": "2026-11-26"}}));
    assert_eq!(defects(&soon, "ag-62", &with_clocks(waiting(open.clone()))), []);
    assert_eq!(defects(&soon, "ag-62", &with_clocks(ready(open))).len(), 1, "what was ready is announced");
    let later = leaving(json!({"effectiveDate": "2026-12-01"}), json!({}));
    assert_eq!(days(&later), schedule("2026-11-24", None, Some("2026-12-01")), "closed until the day that was asked");

    assert_eq!(life::stage(&gone.spec, today()), Stage::Suspended);
    assert_eq!(life::next(&gone.spec, today()), step(Stage::Removed, "2026-11-24"));
    let owner = tenant("aaaaaa", json!({}));
    let wants = |environment: &Environment, on| life::wants_removal(environment, Some(&owner), &[], on);
    assert!(wants(&gone, today()), "nothing is there to be reconciled");
    assert!(!wants(&later, today()) && wants(&later, day("2026-12-01")));
    let told = act_of(&soon).done(&soon, &with_clocks(gone.clone()));
    let message =
        "The environment aaaaaa-prod was never ready: it is removed from 2026-11-24 on, and nothing is reconciled.";
    assert_eq!(told.as_deref(), Some(message), "a paper may take it back until then");
    let with = |change: fn(&mut Environment)| {
        let mut environment = gone.clone();
        change(&mut environment);
        environment
    };
    let by_hand = with(|e| e.spec.basis = of(json!({"type": "Direct", "reason": "x"})));
    let over = with(|e| e.status.get_or_insert_default().stage = Some(Stage::Removed));
    for environment in [by_hand, over] {
        assert!(!wants(&environment, today()), "{environment:?}");
    }
    // What was ready once goes the long way, whatever became of it since.
    let once = carried_out(&paper("Decommission", json!({})), &with_clocks(ready(json!({}))));
    assert_eq!(days(&once), schedule("2026-11-24", Some("2026-12-04"), Some("2027-01-04")));
}

/// The way of a paper that gives `aaaaaa-prod` back, while papers of these uids are being carried out.
fn way_of(asked: &Onboarding, register: &Register, booking: Option<&Booking>, being: &[&str]) -> Way {
    act_of(asked).way(&Case {
        onboarding: asked,
        agency: "ag-62",
        environment: "aaaaaa-prod",
        booking,
        register,
        open: &|paper| being.contains(&paper.uid.as_str()),
        others: &[],
        today: today(),
    })
}

#[test]
fn who_asked_for_it_ends_before_it_is_given_back_so_that_nothing_is_made_anew() {
    let (asked, back) = (decided(OutcomeResult::Approved, &["d"]), gives_back(json!({})));
    let register = with_clocks(waiting(json!({})));
    let first = PaperRef { namespace: "agency-ag-62".into(), name: "onb-first".into(), uid: "uid-onb-a".into() };
    assert_eq!(way_of(&back, &register, None, &["uid-onb-a"]), Way::Later { paper: Some(first.clone()) });
    let papers = [back.clone()];
    let by = given_back(&asked, &waiting(json!({})), &papers).unwrap();
    let message = taken_back(by);
    assert_eq!(message, "\"onb-b\" gives the environment back before it was ready.");
    let status = asked.status.clone().unwrap();
    let event = Event::WithdrawnLate { message: message.clone() };
    let mut ended = asked.clone();
    ended.status = Some(record(&asked, status, &event, None, &at("10:00")));
    let OnboardingStatus { summary, conditions, .. } = ended.status.clone().unwrap();
    let told = condition::get(&conditions, ConditionType::Withdrawn).map(|c| c.message.as_str());
    assert_eq!((summary.map(|s| s.state), told), (Some(State::Withdrawn), Some(message.as_str())));
    assert!(open(&asked) && !open(&ended));
    assert_eq!(way_of(&back, &register, None, &[]), Way::Act);
    let by_hand = with_clocks(by_hand());
    let resources = of(json!({"cpu": "2", "memory": "4Gi", "storage": "50Gi"}));
    let kind = HolderKind::Environment;
    let booked = Booking { name: "aaaaaa-prod".into(), kind, resources, onboarding_ref: Some(first.clone()) };
    assert_eq!(way_of(&back, &by_hand, Some(&booked), &["uid-onb-a"]), Way::Later { paper: Some(first) });
    assert_eq!(way_of(&back, &by_hand, Some(&booked), &[]), Way::Act);
}

#[test]
fn a_request_ends_for_nothing_but_an_approved_paper_that_gives_back_what_it_waits_for() {
    let asked = decided(OutcomeResult::Approved, &["d"]);
    let ends = |asked: &Onboarding, environment: &Environment, back: Value| {
        given_back(asked, environment, &[gives_back(back)]).is_some()
    };
    assert!(ends(&asked, &waiting(json!({})), json!({})));
    let said = |type_: &str| {
        json!({"type": type_, "status": "True", "reason": "X", "message": "",
        "lastTransitionTime": "2026-11-24T10:00:00Z"})
    };
    let papers = [
        json!({"status": null}),
        json!({"status": {"conditions": [said("Withdrawn")]}}),
        json!({"status": {"conditions": [said("Ready")]}}),
        json!({"spec": {"action": "Suspend"}}),
        json!({"spec": {"environmentRef": {"uid": "another"}}}),
        json!({"spec": {"revision": 2}}),
        json!({"metadata": {"namespace": "agency-ag-71"}}),
    ];
    for back in papers {
        assert!(!ends(&asked, &waiting(json!({})), back.clone()), "{back}");
    }
    assert!(!ends(&asked, &ready(json!({})), json!({})), "it was ready: that is waited for");
    let anothers = waiting(json!({"basis": paper_basis("uid-other", 1)}));
    assert!(!ends(&asked, &anothers, json!({})));
    assert!(ends(&asked, &by_hand(), json!({})), "whoever asked for it waits for it, edited or not");
    let another = json!({"metadata": {"name": "onb-c", "uid": "uid-onb-c"}});
    assert!(!ends(gives_back(json!({})).as_ref(), &by_hand(), another), "of two that give back neither ends the other");
    let resume = onboarding(json!({"spec": {"action": "Resume"}}));
    assert!(!ends(&resume, &by_hand(), json!({})), "it did not ask for it");
}

#[test]
fn a_name_that_is_taken_up_again_is_no_record_any_more_before_its_first_pass_has_ended() {
    let mut again = waiting(json!({}));
    let removed = json!({"conditions": [], "stage": "Removed", "stageSince": "2026-10-01T00:00:00Z"});
    again.status = Some(of::<EnvironmentStatus>(removed));
    let why = Blocked { reason: Reason::MissingReference, message: "The class is gone.".into() };
    let status = blocked(&again, &why, &at("09:00"));
    assert_eq!((status.stage, status.stage_since), (Some(Stage::Active), Some(at("09:00"))));
    again.spec.lifecycle = Lifecycle::Decommissioned;
    let status = blocked(&again, &why, &at("09:00"));
    assert_eq!(status.stage, Some(Stage::Removed), "that is what it was given back from");
}
