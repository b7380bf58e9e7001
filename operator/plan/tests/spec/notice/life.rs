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
    for (stage, words) in
        [("Suspended", "suspended (exposure"), ("Removed", "removed (it has no"), ("Active", "in use")]
    {
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
fn what_was_told_under_one_paper_is_not_told_again_under_the_next() {
    let status = json!({"stage": "Suspended", "stageSince": "2026-11-24T10:00:00Z",
        "conditions": [said("Expiring", "True", "LastDayNear")]});
    let due_under = |uid: &str, name: &str, recorded: &BTreeSet<(String, String)>| {
        let mut environment = living(status.clone());
        let basis = environment.spec.basis.onboarding_ref.as_mut().unwrap();
        (basis.uid, basis.name) = (uid.into(), name.into());
        let papers = [("uid-onb-a", "onb-a"), ("uid-onb-b", "onb-b")].map(|(uid, name)| {
            let mut paper = decommission();
            (paper.metadata.uid, paper.metadata.name) = (Some(uid.into()), Some(name.into()));
            paper.status.as_mut().unwrap().environment_ref = Some(of(json!({"name": "aaaaaa-prod"})));
            paper
        });
        let all = with_world(&with_life(environment), &papers, &[], |world| due(world, &rules(), recorded));
        let ours = all.into_iter().filter(|d| matches!(d.spec.occasion, Occasion::Stage | Occasion::Ending));
        ours.collect::<Vec<_>>()
    };
    let first = due_under("uid-onb-a", "onb-a", &BTreeSet::new());
    let told: BTreeSet<(Occasion, &str)> =
        first.iter().map(|d| (d.spec.occasion, d.spec.about.name.as_str())).collect();
    assert_eq!(told, BTreeSet::from([(Occasion::Ending, "onb-a"), (Occasion::Stage, "onb-a")]));
    let recorded = first.into_iter().map(|d| (d.namespace, d.name)).collect();
    // A paper that resumes it is carried out: until its pass has ended, the stage is the one before.
    assert_eq!(due_under("uid-onb-b", "onb-b", &recorded), []);
    let untold = due_under("uid-onb-b", "onb-b", &BTreeSet::new());
    assert_eq!(untold.len(), 2, "nobody was told: then it is told under the paper that it stands by now");
}

/// ag-62 passed `aaaaaa` on to ag-71, which owns it from a day on; both have people, and a system that listens.
fn passed_on(environment: Environment, from: &str) -> Register {
    let before = day(from).yesterday().unwrap().to_string();
    let owners = json!([
        {"agencyRef": {"name": "ag-62"}, "from": "2026-01-01", "to": before},
        {"agencyRef": {"name": "ag-71"}, "from": from}
    ]);
    let mut register = with_life(environment);
    let tenant = tenant("aaaaaa", json!({"agencyRef": {"name": "ag-71"}, "owners": owners}));
    register.tenants.insert("aaaaaa".into(), Arc::new(tenant));
    let body = agency("ag-71", json!({"contacts": [contact("Dossiers", "minh", "Vi")]}));
    register.agencies.insert("ag-71".into(), Arc::new(body));
    register
}

#[test]
fn whoever_owns_the_system_when_it_happens_is_told_and_nobody_is_told_twice_because_it_passed_on() {
    let status = json!({"stage": "Halted", "stageSince": "2026-11-24T10:00:00Z",
        "conditions": [said("Expiring", "True", "LastDayNear")]});
    let hook = |name: &str, agency: &str| Hook { name: name.into(), agencies: vec![agency.into()], ..Hook::default() };
    let rules = Rules { webhooks: vec![hook("former", "ag-62"), hook("owner", "ag-71")], ..rules() };
    let mut paper = decommission();
    paper.spec.form =
        Some(of(json!({"contact": {"name": "Lan", "title": "x", "phone": "1", "email": "lan-form@so.tinh.gov.vn"}})));
    let due_under = |paper: &Onboarding, register: &Register, recorded: &BTreeSet<(String, String)>| {
        let all = with_world(register, std::slice::from_ref(paper), &[], |world| due(world, &rules, recorded));
        let ours = all.into_iter().filter(|d| matches!(d.spec.occasion, Occasion::Stage | Occasion::Ending));
        ours.collect::<Vec<_>>()
    };
    let due_in = |register: &Register, recorded: &BTreeSet<_>| due_under(&paper, register, recorded);
    let shown = |draft: &Draft| {
        let to: Vec<String> = draft.spec.recipients.iter().map(|r| r.to.clone()).collect();
        let greets = letter(&draft.spec, Language::Vi).unwrap().body.contains("Kính gửi: Cơ quan ag-71");
        (draft.namespace.clone(), to, greets)
    };
    let none = BTreeSet::new();
    let after = due_in(&passed_on(living(status.clone()), "2026-11-20"), &none);
    let to_owner = || ("agency-ag-71".to_owned(), vec!["minh@so.tinh.gov.vn".to_owned(), "owner".to_owned()], true);
    assert_eq!(after.iter().map(shown).collect::<Vec<_>>(), [to_owner(), to_owner()]);
    // It passed on the day after: what happened before is the former owner's to know.
    let before = due_in(&passed_on(living(status.clone()), "2026-11-25"), &none);
    let people = ["lan@so.tinh.gov.vn", "alice@so.tinh.gov.vn", "lan-form@so.tinh.gov.vn", "former"];
    let to_former = || ("agency-ag-62".to_owned(), people.map(str::to_owned).to_vec(), false);
    assert_eq!(before.iter().map(shown).collect::<Vec<_>>(), [to_former(), to_former()]);
    // Told in the morning, passed on in the afternoon.
    let recorded = before.iter().map(|d| (d.namespace.clone(), d.name.clone())).collect();
    assert_eq!(due_in(&passed_on(living(status.clone()), "2026-11-24"), &recorded), []);
    // A paper of the new owner is no matter of the former one, whenever the stage began.
    let mut theirs = paper.clone();
    theirs.metadata.namespace = Some("agency-ag-71".into());
    theirs.metadata.creation_timestamp = Some(at("12:00"));
    let under_theirs = due_under(&theirs, &passed_on(living(status.clone()), "2026-11-25"), &none);
    assert_eq!(under_theirs.iter().map(|d| d.namespace.as_str()).collect::<Vec<_>>(), ["agency-ag-71"; 2]);
    // The same holds of a paper of somebody who gave the system up since.
    let mut between = passed_on(living(status), "2026-11-25");
    let mut passed = between.tenants["aaaaaa"].as_ref().clone();
    passed.spec.agency_ref.name = "ag-73".into();
    between.tenants.insert("aaaaaa".into(), Arc::new(passed));
    theirs.metadata.creation_timestamp = Some(of(json!("2026-11-25T09:00:00Z")));
    let under_theirs = due_under(&theirs, &between, &none);
    assert_eq!(under_theirs.iter().map(|d| d.namespace.as_str()).collect::<Vec<_>>(), ["agency-ag-71"; 2]);
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
