use berth_crds::{
    OnboardingSpec,
    common::Identity,
    decision::DecisionStatus,
    onboarding::{OnboardingStatus, Outcome, OutcomeResult},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

use super::*;

fn caller(username: &str) -> Caller {
    Caller { username: username.into(), groups: Vec::new() }
}

fn onboarding(outcome: Option<OutcomeResult>) -> Onboarding {
    let requester = Identity { username: "lan".into(), groups: Vec::new() };
    let mut onboarding = Onboarding::new("onb-x", OnboardingSpec { requester, ..OnboardingSpec::default() });
    onboarding.metadata.uid = Some("u-1".into());
    let now = jiff::Timestamp::UNIX_EPOCH;
    let outcome = outcome.map(|result| Outcome {
        result,
        decision_uids: Vec::new(),
        granted: None,
        decided_at: Time(now),
        recorded_at: MicroTime(now),
        priority: 5,
    });
    onboarding.status = Some(OnboardingStatus { outcome, ..OnboardingStatus::default() });
    onboarding
}

fn act(role: SignerRole, verdict: DecisionVerdict, request_id: Option<&str>) -> Act {
    let spec = DecisionSpec {
        onboarding_ref: Some(UidRef { name: "onb-x".into(), uid: "u-1".into() }),
        role,
        verdict,
        request_id: request_id.map(Into::into),
        ..DecisionSpec::default()
    };
    Act { agency: "ag-62".into(), uid: String::new(), spec, dry: false }
}

fn approve() -> Act {
    act(SignerRole::Approver, DecisionVerdict::Approve, Some("a"))
}

fn withdraw() -> Act {
    act(SignerRole::Requester, DecisionVerdict::Withdraw, None)
}

fn decision(n: u32, by: &str, act: &Act, effect: Option<Effect>) -> Decision {
    let by = Identity { username: by.into(), groups: Vec::new() };
    let name = names::decision("onb-x", act.spec.role.as_str(), n);
    let mut decision = Decision::new(&name, DecisionSpec { by, ..act.spec.clone() });
    decision.status = Some(DecisionStatus { effect, ..DecisionStatus::default() });
    decision
}

fn reason(result: Result<Next>) -> Reason {
    result.unwrap_err().reason()
}

fn after(who: &str, act: &Act, outcome: Option<OutcomeResult>, existing: &[Decision]) -> Result<Next> {
    next(
        &caller(who),
        act,
        &onboarding(outcome),
        existing,
        Thing::new("Onboarding", "agencies/ag-62/onboardings/onb-x"),
    )
}

#[test]
fn numbers_go_up_only_over_void_decisions() {
    let by = |act: &Act| Act { spec: DecisionSpec { request_id: Some("b".into()), ..act.spec.clone() }, ..approve() };
    assert_eq!(after("hoa", &approve(), None, &[]), Ok(Next::Number(1)));
    let void = [
        decision(1, "minh", &by(&approve()), Some(Effect::Void)),
        decision(2, "minh", &by(&approve()), Some(Effect::Void)),
    ];
    assert_eq!(after("hoa", &approve(), None, &void), Ok(Next::Number(3)));
    let standing = [decision(1, "minh", &by(&approve()), None)];
    assert_eq!(reason(after("hoa", &approve(), None, &standing)), Reason::AlreadyDecided);
}

#[test]
fn a_request_id_of_another_act_is_refused_and_never_taken_for_a_retry() {
    let first = [decision(1, "hoa", &approve(), Some(Effect::Effective))];
    let granted = Some(berth_crds::onboarding::Grant::default());
    let other = |spec: DecisionSpec| Act { spec, ..approve() };
    let changes = [
        DecisionSpec { verdict: DecisionVerdict::ApproveWithChanges, granted, ..approve().spec },
        DecisionSpec { reason: Some("Khác.".into()), ..approve().spec },
        DecisionSpec { verdict: DecisionVerdict::Reject, ..approve().spec },
    ];
    for spec in changes {
        assert_eq!(reason(after("hoa", &other(spec), None, &first)), Reason::RequestIdReused);
    }
}

#[test]
fn a_retry_finds_the_first_try_and_nobody_elses() {
    let first = [decision(1, "hoa", &approve(), Some(Effect::Effective))];
    assert_eq!(after("hoa", &approve(), Some(OutcomeResult::Approved), &first), Ok(Next::Retry));
    assert_eq!(reason(after("minh", &approve(), None, &first)), Reason::AlreadyDecided);
    let without_id = act(SignerRole::Approver, DecisionVerdict::Approve, None);
    let first = [decision(1, "hoa", &without_id, None)];
    assert_eq!(reason(after("hoa", &without_id, None, &first)), Reason::AlreadyDecided);
}

#[test]
fn the_requester_withdraws_and_never_decides() {
    assert_eq!(reason(after("lan", &approve(), None, &[])), Reason::SelfApproval);
    assert_eq!(reason(after("hoa", &withdraw(), None, &[])), Reason::PermissionDenied);
    assert_eq!(after("lan", &withdraw(), None, &[]), Ok(Next::Number(1)));
    let corrected = [decision(1, "lan", &act(SignerRole::Requester, DecisionVerdict::Correct, None), None)];
    assert_eq!(after("lan", &withdraw(), None, &corrected), Ok(Next::Number(2)));
}

#[test]
fn whom_a_request_is_made_for_does_not_decide_it_and_a_pipeline_does_not_sign_for_the_owner() {
    let mut paper = onboarding(None);
    paper.spec.on_behalf_of = Some("hoa".into());
    let told = |who: &str, act: &Act| {
        next(&caller(who), act, &paper, &[], Thing::new("Onboarding", "agencies/ag-62/onboardings/onb-x"))
    };
    assert_eq!(reason(told("hoa", &approve())), Reason::SelfApproval);
    assert_eq!(told("minh", &approve()), Ok(Next::Number(1)));
    assert_eq!(reason(told("hoa", &withdraw())), Reason::PermissionDenied, "nor takes it back");
    let minutes = act(SignerRole::Owner, DecisionVerdict::Reconcile, None);
    assert_eq!(reason(told("system:serviceaccount:pipelines:so-y-te", &minutes)), Reason::PermissionDenied);
}

#[test]
fn nothing_is_decided_after_the_outcome_or_a_withdrawal() {
    for outcome in [OutcomeResult::Approved, OutcomeResult::Rejected, OutcomeResult::Withdrawn] {
        assert_eq!(reason(after("hoa", &approve(), Some(outcome), &[])), Reason::AlreadyDecided, "{outcome:?}");
    }
    let withdrawn = [decision(1, "lan", &withdraw(), None)];
    assert_eq!(reason(after("hoa", &approve(), None, &withdrawn)), Reason::AlreadyDecided);
    assert_eq!(
        after("lan", &withdraw(), Some(OutcomeResult::Approved), &[]),
        Ok(Next::Number(1)),
        "it waits in the queue"
    );
    assert_eq!(reason(after("lan", &withdraw(), Some(OutcomeResult::Rejected), &[])), Reason::AlreadyDecided);
}

#[test]
fn a_recreated_request_is_not_the_one_that_was_read() {
    let stale = Act { uid: "u-0".into(), ..approve() };
    assert_eq!(reason(after("hoa", &stale, None, &[])), Reason::InvalidArgument);
    // A decision about the earlier one takes its number and has no say.
    let mut earlier = decision(1, "minh", &approve(), None);
    earlier.spec.onboarding_ref.as_mut().unwrap().uid = "u-0".into();
    assert_eq!(after("hoa", &approve(), None, &[earlier]), Ok(Next::Number(2)));
}
