//! Conditions (design §2 conventions, §3.5; reference/api-ux.md §2: written on first sight, observedGeneration in both
//! places, kstatus).

use berth_crds::environment::{EnvironmentStatus, NamespaceStatus};
use berth_crds::onboarding::{OnboardingStatus, OutcomeResult, State};
use berth_crds::{ConditionType, Environment, Reason};
use berth_plan::desired::Blocked;
use berth_plan::status::environment::{Progress, blocked, planned};
use berth_plan::status::onboarding::{Event, record};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use proptest::prelude::*;
use serde_json::json;

use crate::desired;
use crate::world::*;

const OF_ENVIRONMENT: [&str; 8] =
    ["Addressed", "NamespacesReady", "QuotaReady", "NetworkReady", "AccessReady", "Ready", "Reconciling", "Stalled"];

/// `Type=Status/Reason` of each condition, in order.
fn told(conditions: &[Condition]) -> Vec<String> {
    conditions.iter().map(|c| format!("{}={}/{}", c.type_, c.status, c.reason)).collect()
}

fn value<'a>(conditions: &'a [Condition], type_: &str) -> &'a str {
    conditions.iter().find(|c| c.type_ == type_).map_or("absent", |c| c.status.as_str())
}

/// What holds of every status of every kind.
fn assert_kstatus(conditions: &[Condition], observed: Option<i64>, generation: Option<i64>) {
    let is = |type_: &str| value(conditions, type_);
    assert_eq!(observed, generation, "status.observedGeneration");
    for c in conditions {
        assert_eq!(c.observed_generation, generation, "observedGeneration of {}", c.type_);
        assert!(Reason::parse(&c.reason).is_some(), "{} is not in the catalogue", c.reason);
    }
    for type_ in ["Ready", "Reconciling", "Stalled"] {
        assert_ne!(is(type_), "absent", "{type_}");
    }
    if is("Ready") == "True" {
        assert_eq!((is("Reconciling"), is("Stalled")), ("False", "False"), "Ready means finished");
    } else {
        assert_ne!((is("Reconciling"), is("Stalled")), ("False", "False"), "neither ready, nor at work, nor stuck");
    }
    if is("Stalled") == "True" {
        assert_eq!(is("Reconciling"), "False", "stuck and at work at once");
    }
    let mut types: Vec<&str> = conditions.iter().map(|c| c.type_.as_str()).collect();
    types.sort_unstable();
    types.dedup();
    assert_eq!(types.len(), conditions.len(), "one condition per type");
}

fn fresh() -> Environment {
    environment("aaaaaa-prod", "Prod", json!({}))
}

fn after(environment: &Environment, progress: &Progress, clock: &str) -> EnvironmentStatus {
    let desired = desired::planned("aaaaaa-prod", "Prod", json!({}));
    let namespaces: Vec<NamespaceStatus> = desired.intended();
    planned(environment, Some(&tenant("aaaaaa", json!({}))), &desired, namespaces, progress, &at(clock))
}

fn failed(at: ConditionType, reason: Reason) -> Progress {
    Progress::Failed { at, reason, message: format!("because of {}", reason.as_str()) }
}

#[test]
fn each_step_of_an_environment_sets_every_condition() {
    let table = [
        (
            Progress::Named,
            [
                "True/NoBackEnd",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "False/Provisioning",
                "True/Provisioning",
                "False/Provisioning",
            ],
        ),
        (
            Progress::Created,
            [
                "True/NoBackEnd",
                "True/Done",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "False/Provisioning",
                "True/Provisioning",
                "False/Provisioning",
            ],
        ),
        (
            Progress::Done,
            [
                "True/NoBackEnd",
                "True/Done",
                "True/Done",
                "True/Done",
                "True/Done",
                "True/Ready",
                "False/Ready",
                "False/Ready",
            ],
        ),
        (
            failed(ConditionType::NamespacesReady, Reason::NamespaceForeign),
            [
                "True/NoBackEnd",
                "False/NamespaceForeign",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "False/NamespaceForeign",
                "False/NamespaceForeign",
                "True/NamespaceForeign",
            ],
        ),
        (
            failed(ConditionType::QuotaReady, Reason::QuotaPending),
            [
                "True/NoBackEnd",
                "True/Done",
                "False/QuotaPending",
                "Unknown/NotYet",
                "Unknown/NotYet",
                "False/QuotaPending",
                "True/QuotaPending",
                "False/QuotaPending",
            ],
        ),
        (
            failed(ConditionType::AccessReady, Reason::ApplyFailed),
            [
                "True/NoBackEnd",
                "True/Done",
                "True/Done",
                "True/Done",
                "False/ApplyFailed",
                "False/ApplyFailed",
                "True/ApplyFailed",
                "False/ApplyFailed",
            ],
        ),
    ];
    for (progress, expected) in table {
        let expected: Vec<String> = OF_ENVIRONMENT.iter().zip(expected).map(|(t, e)| format!("{t}={e}")).collect();
        let status = after(&fresh(), &progress, "09:00");
        assert_eq!(told(&status.conditions), expected, "{progress:?}");
        assert_kstatus(&status.conditions, status.observed_generation, Some(1));
        assert_eq!(status.granted.is_some(), progress == Progress::Done, "granted is in force only when all is done");
        assert_eq!((status.agency.as_deref(), status.system.as_deref()), (Some("ag-62"), Some("IS-01")));
        assert_eq!(status.prefix.as_deref(), Some("3fff:a10:1180:8000::/60"));
    }
}

#[test]
fn an_environment_that_cannot_be_planned_says_what_is_missing() {
    let pending = Blocked { reason: Reason::AddressPending, message: "Waiting for an IPv6 prefix.".into() };
    let status = blocked(&fresh(), &pending, &at("09:00"));
    let expected = [
        "Addressed=False/AddressPending",
        "NamespacesReady=Unknown/NotYet",
        "QuotaReady=Unknown/NotYet",
        "NetworkReady=Unknown/NotYet",
        "AccessReady=Unknown/NotYet",
        "Ready=False/AddressPending",
        "Reconciling=True/AddressPending",
        "Stalled=False/AddressPending",
    ];
    assert_eq!(told(&status.conditions), expected);
    assert_kstatus(&status.conditions, status.observed_generation, Some(1));
    let missing = Blocked { reason: Reason::MissingReference, message: "The class \"xs\" does not exist.".into() };
    let status = blocked(&fresh(), &missing, &at("09:00"));
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.message.as_str()), ("False", "The class \"xs\" does not exist."));
    assert_eq!(value(&status.conditions, "Stalled"), "True");
    assert_kstatus(&status.conditions, status.observed_generation, Some(1));
}

#[test]
fn a_transition_time_moves_only_when_the_value_does() {
    let mut environment = fresh();
    environment.status = Some(after(&environment, &Progress::Created, "09:00"));
    environment.status = Some(after(&environment, &Progress::Created, "10:00"));
    let status = after(&environment, &Progress::Done, "11:00");
    let since = |type_: &str| status.conditions.iter().find(|c| c.type_ == type_).unwrap().last_transition_time.clone();
    let times = ["Addressed", "NamespacesReady", "Stalled", "QuotaReady", "Ready", "Reconciling"].map(since);
    assert_eq!(times, ["09:00", "09:00", "09:00", "11:00", "11:00", "11:00"].map(at));
}

fn any_progress() -> impl Strategy<Value = Progress> {
    let types = prop_oneof![
        Just(ConditionType::Addressed),
        Just(ConditionType::NamespacesReady),
        Just(ConditionType::QuotaReady),
        Just(ConditionType::NetworkReady),
        Just(ConditionType::AccessReady)
    ];
    prop_oneof![
        Just(Progress::Named),
        Just(Progress::Created),
        Just(Progress::Done),
        (types, proptest::sample::select(Reason::ALL)).prop_map(|(at, reason)| failed(at, reason)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happened_before_every_condition_is_set_and_ready_is_true_only_when_done(
        progresses in proptest::collection::vec((any_progress(), 1i64..4, any::<bool>()), 1..8)
    ) {
        let mut environment = fresh();
        for (progress, generation, is_blocked) in progresses {
            environment.metadata.generation = Some(generation);
            let status = if is_blocked {
                blocked(&environment, &Blocked { reason: Reason::InvalidSpec, message: "x".into() }, &at("09:00"))
            } else {
                after(&environment, &progress, "09:00")
            };
            let types: Vec<&str> = status.conditions.iter().map(|c| c.type_.as_str()).collect();
            prop_assert_eq!(types, OF_ENVIRONMENT);
            assert_kstatus(&status.conditions, status.observed_generation, Some(generation));
            let done = !is_blocked && progress == Progress::Done;
            prop_assert_eq!(value(&status.conditions, "Ready") == "True", done);
            let all = OF_ENVIRONMENT[..5].iter().all(|t| value(&status.conditions, t) == "True");
            prop_assert_eq!(all, done, "Ready is computed from the steps");
            environment.status = Some(status);
        }
    }

    #[test]
    fn the_same_pass_again_changes_nothing(progress in any_progress()) {
        let mut environment = fresh();
        environment.status = Some(after(&environment, &progress, "09:00"));
        prop_assert_eq!(Some(after(&environment, &progress, "10:00")), environment.status);
    }
}

fn recorded(outcome: Option<(OutcomeResult, &[&str])>, event: &Event) -> OnboardingStatus {
    let mut onboarding = outcome.map_or_else(|| onboarding(json!({})), |(result, by)| decided(result, by));
    onboarding.metadata.generation = Some(1);
    let mut status = onboarding.status.clone().unwrap_or_default();
    status.signers = vec![berth_crds::decision::SignerRole::Approver];
    record(&onboarding, status, event, Some(day("2026-12-10")), &at("09:00"))
}

#[test]
fn each_event_of_a_request_says_its_state_its_holder_and_whether_anybody_is_at_work() {
    use OutcomeResult::{Approved, Rejected, Returned, Withdrawn};
    let message = || "By minh as approver.".to_owned();
    let by: &[&str] = &["d"];
    let stuck = Event::Stuck { reason: Reason::MissingReference, message: message(), booked: false };
    let ready = |state| Event::Ready { message: message(), state };
    let told_by = || Event::Decided { message: message() };
    let table = [
        (None, Event::Checked, State::AwaitingApproval, "approver", "working"),
        (None, Event::Waiting, State::Checking, "platform-operator", "stuck"),
        (Some((Rejected, &[][..])), Event::Refused, State::Refused, "", "stuck"),
        (Some((Rejected, by)), told_by(), State::Refused, "", "stuck"),
        (Some((Returned, by)), told_by(), State::Returned, "requester", "stuck"),
        (Some((Withdrawn, by)), told_by(), State::Withdrawn, "", "stuck"),
        (Some((Approved, by)), told_by(), State::Provisioning, "operator", "working"),
        (Some((Approved, by)), Event::WithdrawnLate { message: message() }, State::Withdrawn, "", "stuck"),
        (
            Some((Approved, by)),
            Event::NoHeadroom { message: message() },
            State::WaitingForCapacity,
            "platform-operator",
            "working",
        ),
        (Some((Approved, by)), Event::Follows { message: message() }, State::Provisioning, "operator", "working"),
        (Some((Approved, by)), stuck, State::Approved, "platform-operator", "stuck"),
        (Some((Approved, by)), ready(State::HandedOver), State::HandedOver, "requester", "ready"),
        (Some((Approved, by)), ready(State::AwaitingGoLive), State::AwaitingGoLive, "requester", "ready"),
        (Some((Approved, by)), Event::Lives { state: State::Closed }, State::Closed, "", "ready"),
    ];
    for (outcome, event, state, holder, is) in table {
        let status = recorded(outcome, &event);
        let summary = status.summary.clone().unwrap();
        assert_eq!((summary.state, summary.holder.as_str()), (state, holder), "{event:?}");
        assert_eq!((summary.since.as_str(), summary.due.as_deref()), ("2026-11-24T09:00:00Z", Some("2026-12-10")));
        let c = &status.conditions;
        let expected = match is {
            "ready" => ("True", "False", "False"),
            "working" => ("False", "True", "False"),
            _ => ("False", "False", "True"),
        };
        assert_eq!((value(c, "Ready"), value(c, "Reconciling"), value(c, "Stalled")), expected, "{event:?}");
        assert_kstatus(c, status.observed_generation, Some(1));
        assert!(!(value(c, "Approved") == "True" && value(c, "Rejected") == "True"), "both yes and no: {event:?}");
        let approved = outcome.is_some_and(|(result, _)| result == Approved);
        assert_eq!(value(c, "Approved") == "True", approved, "{event:?}");
        let late = matches!(event, Event::WithdrawnLate { .. });
        let withdrawn = late || outcome.is_some_and(|(result, _)| result == Withdrawn);
        assert_eq!(value(c, "Withdrawn") == "True", withdrawn, "{event:?}");
    }
}

#[test]
fn waiting_for_headroom_is_told_as_booked_false() {
    let status =
        recorded(Some((OutcomeResult::Approved, &["d"])), &Event::NoHeadroom { message: "Not enough cpu.".into() });
    let booked = status.conditions.iter().find(|c| c.type_ == "Booked").unwrap();
    assert_eq!(
        (booked.status.as_str(), booked.reason.as_str(), booked.message.as_str()),
        ("False", "NoHeadroom", "Not enough cpu.")
    );
    let ready = recorded(
        Some((OutcomeResult::Approved, &["d"])),
        &Event::Ready { message: "Xong.".into(), state: State::HandedOver },
    );
    assert_eq!(value(&ready.conditions, "Booked"), "True");
}
