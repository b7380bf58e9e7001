//! What the life of an environment shows: days, stages, the last day; told under the paper that it stands by.

use berth_crds::Environment;
use berth_crds::environment::Stage;
use berth_crds::onboarding::Action;

use super::*;

/// An environment that stands by `onb-a`, with a status, and a schedule.
fn living(status: Value) -> Environment {
    let schedule = json!({"suspend": "2026-12-08", "halt": "2027-01-07", "remove": "2027-02-06"});
    let mut basis = paper_basis("uid-onb-a", 2);
    basis["onboardingRef"]["name"] = json!("onb-a");
    let with = json!({"basis": basis, "lifecycle": "Decommissioned", "schedule": schedule, "endDate": "2026-12-20"});
    let mut environment = environment("aaaaaa-prod", "Prod", with);
    environment.status = Some(of(status));
    environment
}

fn with_life(environment: Environment) -> Register {
    let mut register = peopled();
    register.environments.insert("aaaaaa-prod".into(), Arc::new(environment));
    register
}

fn decommission() -> Onboarding {
    let mut paper = checked(merge(outcome(Approved, &["d"]), json!({"conditions": [said("Ready", "True", "Ready")]})));
    paper.spec.action = Action::Decommission;
    paper
}

/// Notices about the life of the environment: occasion, subject in both languages.
fn letters(environment: Environment) -> Vec<(Occasion, String, String)> {
    let all = drafts(&with_life(environment), &[decommission()], &[], &rules());
    let ours = all.into_iter().filter(|d| matches!(d.spec.occasion, Occasion::Stage | Occasion::Ending));
    ours.map(|d| {
        let of = |language| letter(&d.spec, language).unwrap().subject;
        (d.spec.occasion, of(Language::Vi), of(Language::En))
    })
    .collect()
}

/// Each occasion of a life, with the draft that tells it.
pub fn shown() -> Vec<(Occasion, Draft)> {
    let near = json!({"stage": "Halted", "stageSince": "2026-11-24T10:00:00Z",
        "conditions": [said("Expiring", "True", "LastDayNear")]});
    let all = drafts(&with_life(living(near)), &[decommission()], &[], &rules());
    let ours = [Occasion::Scheduled, Occasion::Stage, Occasion::Ending];
    ours.map(|o| (o, all.iter().find(|d| d.spec.occasion == o).unwrap_or_else(|| panic!("{o:?}")).clone())).into()
}

#[test]
fn a_return_is_told_with_its_days_and_each_step_when_it_is_reached() {
    let draft = shown().remove(0).1;
    let body = letter(&draft.spec, Language::En).unwrap().body;
    let days = "Suspended from: 2026-12-08\nWorkloads scaled to zero from: 2027-01-07\nMay be removed from: 2027-02-06";
    assert!(body.contains(days), "{body}");
    let reached = |stage: &str| letters(living(json!({"stage": stage, "stageSince": "2026-11-24T10:00:00Z"})));
    let halted = reached("Halted");
    assert_eq!(
        halted,
        [(
            Occasion::Stage,
            "Môi trường aaaaaa-prod: dừng hẳn (mọi tiến trình về 0)".to_owned(),
            "Environment aaaaaa-prod: halted (workloads scaled to zero)".to_owned()
        )]
    );
    for (stage, words) in [("Suspended", "suspended (exposure"), ("Removed", "removed (its"), ("Active", "in use")] {
        let told = reached(stage);
        assert!(told.len() == 1 && told[0].2.contains(words), "{stage}: {told:?}");
    }
    assert_eq!(reached("Removing"), [], "what has begun is told when it is done");
    assert_eq!(letters(living(json!({"stage": "Active"}))), [], "in use as from its beginning");
}

#[test]
fn a_stage_that_comes_again_is_another_notice_and_an_edit_by_hand_has_no_paper_to_tell_it_under() {
    let at = |since: &str| {
        let environment = living(json!({"stage": "Suspended", "stageSince": since}));
        let all = drafts(&with_life(environment), &[decommission()], &[], &rules());
        all.into_iter().find(|d| d.spec.occasion == Occasion::Stage).map(|d| d.name)
    };
    let first = at("2026-11-24T10:00:00Z");
    assert_eq!(first, at("2026-11-24T10:00:00Z"));
    assert_ne!(first, at("2026-12-24T10:00:00Z"));
    let mut by_hand = living(json!({"stage": "Suspended", "stageSince": "2026-11-24T10:00:00Z"}));
    by_hand.spec.basis = of(json!({"type": "Direct", "reason": "x", "revision": 3}));
    assert_eq!(letters(by_hand), []);
}

#[test]
fn the_stage_is_dated_when_it_changes_and_not_when_it_is_first_seen() {
    use berth_plan::status::environment::enter;
    let mut status = berth_crds::environment::EnvironmentStatus::default();
    enter(&mut status, Stage::Active, &at("08:00"));
    assert_eq!((status.stage, status.stage_since.clone()), (Some(Stage::Active), None));
    enter(&mut status, Stage::Suspended, &at("09:00"));
    enter(&mut status, Stage::Suspended, &at("10:00"));
    assert_eq!((status.stage, status.stage_since), (Some(Stage::Suspended), Some(at("09:00"))));
}
