//! Every state, holder and next step has its words in Vietnamese and in English; the stored summary is what the papers say.

use std::collections::BTreeSet;

use berth_crds::common::{Bilingual, NameRef};
use berth_crds::decision::SignerRole::{self, Appraiser, Approver, GoverningBody};
use berth_crds::environment::{Lifecycle, NamespaceStatus};
use berth_crds::onboarding::{Action, CheckResult, OnboardingStatus, OutcomeResult, State, Verdict};
use berth_crds::{ConditionType, Reason};
use berth_plan::dossier::holder::{self, Holder};
use berth_plan::dossier::state::{Papers, handed_over, missing, of};
use berth_plan::status::onboarding::{Event, record};
use serde_json::json;
use unicode_normalization::is_nfc;

use crate::world::*;

fn assert_words(what: &str, words: &Bilingual) {
    assert!(!words.vi.is_ascii() && is_nfc(&words.vi) && words.vi.trim() == words.vi, "{what}: {:?}", words.vi);
    assert!(words.en.is_ascii() && !words.en.is_empty() && words.en.trim() == words.en, "{what}: {:?}", words.en);
}

#[test]
fn every_state_and_holder_has_words_of_its_own_in_both_languages() {
    let mut seen = BTreeSet::new();
    for state in State::ALL {
        for (what, words) in [("words", state.words()), ("next", state.next())] {
            assert_words(&format!("{what} of {state:?}"), &words);
            assert!(seen.insert(words.vi.clone()) && seen.insert(words.en.clone()), "{state:?}: {words:?} twice");
        }
        assert!(state.next().vi.ends_with('.') && state.next().en.ends_with('.'), "{state:?}");
    }
    for holder in Holder::ALL {
        assert_words(holder.key(), &holder.words());
        assert_eq!(holder::words(holder.key()), holder.words());
    }
    assert_eq!(holder::words("appraiser, governing-body").en, "the security unit, the governing body of the system");
    assert_eq!((holder::words("").vi, holder::words("somebody").vi), (String::new(), "somebody".to_owned()));
}

#[test]
fn the_sixteen_states_of_the_data_are_there_and_nothing_else_but_withdrawn() {
    let en: Vec<String> = State::ALL.iter().map(|s| s.words().en).collect();
    let data = [
        "Draft",
        "Submitted",
        "Checking",
        "Returned for supplements",
        "Under appraisal",
        "Awaiting approval",
        "Refused",
        "Approved",
        "Waiting for capacity",
        "Provisioning",
        "Handed over",
        "Awaiting permission to operate",
        "Operating",
        "Suspended",
        "Decommissioning",
        "Closed",
        "Withdrawn",
    ];
    assert_eq!(en, data);
    let practice = [State::Returned.words().vi, State::AwaitingGoLive.words().vi];
    assert_eq!(practice, ["Yêu cầu bổ sung, hoàn thiện hồ sơ", "Chờ đưa vào vận hành, khai thác"]);
    assert!(State::Submitted.next().vi.contains("Giấy tiếp nhận hồ sơ và hẹn trả kết quả"));
}

#[test]
fn a_system_from_level_3_waits_for_its_permission_and_a_lifecycle_goes_before_it() {
    let operating = json!({"status": {"conditions": [{"type": "Operating", "status": "True", "reason": "Done",
        "message": "", "lastTransitionTime": "2026-11-24T00:00:00Z"}]}});
    let system = |level: i64, with| {
        let mut tenant = tenant("aaaaaa", json!({"level": level}));
        tenant.status = serde_json::from_value(merge(json!({}), with)).ok();
        tenant
    };
    let in_ = |lifecycle, namespaces: usize| {
        let mut environment = environment("aaaaaa-prod", "Prod", json!({}));
        environment.spec.lifecycle = lifecycle;
        let one = NamespaceStatus { name: "aaaaaa-prod".into(), ..Default::default() };
        environment.status.get_or_insert_default().namespaces = vec![one; namespaces];
        environment
    };
    let (none, yes) = (json!({}), operating["status"].clone());
    let table = [
        (Action::New, 2, none.clone(), Lifecycle::Active, 1, State::HandedOver),
        (Action::New, 3, none.clone(), Lifecycle::Active, 1, State::AwaitingGoLive),
        (Action::AddEnvironment, 3, none.clone(), Lifecycle::Active, 1, State::AwaitingGoLive),
        (Action::New, 3, yes.clone(), Lifecycle::Active, 1, State::Operating),
        (Action::New, 1, yes.clone(), Lifecycle::Active, 1, State::Operating),
        (Action::New, 3, yes.clone(), Lifecycle::Suspended, 1, State::Suspended),
        (Action::New, 3, yes.clone(), Lifecycle::Decommissioned, 1, State::Decommissioning),
        (Action::New, 3, yes.clone(), Lifecycle::Decommissioned, 0, State::Closed),
        (Action::Suspend, 3, none.clone(), Lifecycle::Suspended, 1, State::Suspended),
        (Action::Suspend, 3, none.clone(), Lifecycle::Active, 1, State::HandedOver),
        (Action::Decommission, 3, none.clone(), Lifecycle::Decommissioned, 1, State::Decommissioning),
        (Action::Decommission, 3, none.clone(), Lifecycle::Decommissioned, 0, State::Closed),
        (Action::Resume, 3, none.clone(), Lifecycle::Suspended, 1, State::HandedOver),
        (Action::Change, 3, none, Lifecycle::Active, 1, State::HandedOver),
    ];
    for (action, level, status, lifecycle, namespaces, expected) in table {
        let found = handed_over(action, Some(&system(level, status)), Some(&in_(lifecycle, namespaces)));
        assert_eq!(found, expected, "{action:?} at level {level}, {lifecycle:?}");
    }
}

#[test]
fn who_has_signed_is_no_longer_missing_and_a_void_yes_is_none() {
    let signers = [Appraiser, GoverningBody];
    let yes = |name: &str, effect| decision(name, "Approve", "minh", "09:00", json!({"status": {"effect": effect}}));
    assert_eq!(missing(&signers, &[], &[]), signers);
    assert_eq!(missing(&signers, &[yes("appraiser.1", "Effective")], &[]), [GoverningBody]);
    assert_eq!(missing(&signers, &[yes("appraiser.1", "Void")], &[]), signers);
}

/// What happened to a request, one thing after the other.
fn ways() -> Vec<(Vec<Event>, Option<OutcomeResult>, State)> {
    use OutcomeResult::{Approved, Rejected, Returned, Withdrawn};
    let said = || Event::Decided { message: "By minh.".into() };
    let full = || Event::NoHeadroom { message: "Not enough cpu is left.".into() };
    let stuck = || Event::Stuck { reason: Reason::AlreadyExists, message: "x".into(), booked: true };
    let follows = || Event::Follows { message: "\"onb-first\" is still being carried out.".into() };
    let ready = || Event::Ready { message: "x".into(), state: State::HandedOver };
    let late = || Event::WithdrawnLate { message: String::new() };
    let signed = || Event::Signed { missing: vec![GoverningBody] };
    vec![
        (vec![Event::Checked], None, State::UnderAppraisal),
        (vec![Event::Checked, signed()], None, State::AwaitingApproval),
        (vec![Event::Refused], Some(Rejected), State::Refused),
        (vec![Event::Checked, said()], Some(Rejected), State::Refused),
        (vec![Event::Checked, said()], Some(Returned), State::Returned),
        (vec![Event::Checked, said()], Some(Withdrawn), State::Withdrawn),
        (vec![Event::Checked, said()], Some(Approved), State::Provisioning),
        (vec![Event::Checked, said(), full()], Some(Approved), State::WaitingForCapacity),
        (vec![Event::Checked, said(), follows()], Some(Approved), State::Provisioning),
        (vec![Event::Checked, said(), full(), late()], Some(Approved), State::Withdrawn),
        (vec![Event::Checked, said(), stuck()], Some(Approved), State::Approved),
        (vec![Event::Checked, said(), full(), ready()], Some(Approved), State::HandedOver),
    ]
}

#[test]
fn the_summary_that_is_stored_can_be_rebuilt_from_the_papers() {
    for (events, result, expected) in ways() {
        let paper = onboarding(json!({}));
        let verdict = if events == [Event::Refused] { Verdict::Failed } else { Verdict::Passed };
        let check = CheckResult { id: "complete".into(), result: verdict, ..Default::default() };
        let signers = vec![Appraiser, GoverningBody];
        let mut status = OnboardingStatus { checks: vec![check], signers, ..Default::default() };
        let mut left: Vec<SignerRole> = status.signers.clone();
        for event in &events {
            if let (Event::Decided { .. } | Event::Refused, Some(result)) = (event, result) {
                status.outcome = decided(result, &["d"]).status.unwrap().outcome;
            }
            if let Event::Signed { missing } = event {
                left.clone_from(missing);
            }
            status = record(&paper, status, event, None, &at("09:00"));
        }
        let papers = Papers { action: Action::New, status: &status, missing: &left, tenant: None, environment: None };
        let (state, summary) = (of(&papers), status.summary.clone().unwrap());
        assert_eq!((state, summary.state), (expected, expected), "{events:?}");
        assert_eq!(summary.holder, holder::text(&holder::of(state, &left)), "{events:?}");
        assert_eq!(status.agency_ref, Some(NameRef::to("ag-62")));
    }
    let fresh = OnboardingStatus::default();
    let papers = Papers { action: Action::New, status: &fresh, missing: &[Approver], tenant: None, environment: None };
    assert_eq!(of(&papers), State::Submitted);
    assert_eq!(ConditionType::Overdue.as_str(), "Overdue");
}
