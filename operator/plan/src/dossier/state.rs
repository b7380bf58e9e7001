//! The states of practice, from the papers: `status.summary` can be rebuilt from what stands here.

use std::collections::BTreeSet;
use std::sync::Arc;

use berth_crds::decision::{DecisionVerdict, Effect, SignerRole};
use berth_crds::environment::{Lifecycle, Stage};
use berth_crds::onboarding::{Action, OnboardingStatus, OutcomeResult, State};
use berth_crds::{ConditionType, Decision, Environment, Reason, Tenant, condition};
use kube::ResourceExt;

use crate::checks::{self, Overall};
use crate::decide::Judged;

/// The lowest level that operates only after a level decision and a readiness verdict (NĐ 331/2026 Đ28.3, Đ30.6 [D]).
pub const NEEDS_PERMISSION: i64 = 3;

/// What a state is computed from.
pub struct Papers<'a> {
    /// What is asked.
    pub action: Action,
    /// Checks, outcome and conditions of the request.
    pub status: &'a OnboardingStatus,
    /// Roles that have not signed yet.
    pub missing: &'a [SignerRole],
    /// The system, once there is one.
    pub tenant: Option<&'a Tenant>,
    /// The environment, once there is one.
    pub environment: Option<&'a Environment>,
}

/// The state.
pub fn of(papers: &Papers) -> State {
    let status = papers.status;
    let Some(outcome) = &status.outcome else { return undecided(papers) };
    let is = |type_| condition::is_true(&status.conditions, type_);
    match outcome.result {
        OutcomeResult::Rejected => State::Refused,
        OutcomeResult::Returned => State::Returned,
        OutcomeResult::Withdrawn => State::Withdrawn,
        OutcomeResult::Approved if is(ConditionType::Withdrawn) => State::Withdrawn,
        OutcomeResult::Approved if is(ConditionType::Ready) => {
            handed_over(papers.action, papers.tenant, papers.environment)
        }
        OutcomeResult::Approved if is(ConditionType::Stalled) => State::Approved,
        OutcomeResult::Approved if waits_for_other(status) => State::Approved,
        OutcomeResult::Approved => {
            let booked = condition::get(&status.conditions, ConditionType::Booked);
            let waits = booked.is_some_and(|c| c.reason == Reason::NoHeadroom.as_str());
            if waits { State::WaitingForCapacity } else { State::Provisioning }
        }
    }
}

/// Whether the paper of the other agency is awaited.
fn waits_for_other(status: &OnboardingStatus) -> bool {
    let ready = condition::get(&status.conditions, ConditionType::Ready);
    ready.is_some_and(|c| c.reason == Reason::AwaitingOtherAgency.as_str())
}

fn undecided(papers: &Papers) -> State {
    if papers.status.checks.is_empty() {
        return State::Submitted;
    }
    match checks::overall(&papers.status.checks) {
        Overall::Decidable => to_sign(papers.missing),
        Overall::Waiting => State::Checking,
        Overall::Defective | Overall::Refused => State::Refused,
    }
}

/// The state while people must sign: appraisal comes before approval.
pub fn to_sign(missing: &[SignerRole]) -> State {
    if missing.contains(&SignerRole::Appraiser) { State::UnderAppraisal } else { State::AwaitingApproval }
}

/// The state of a request that is done: of its system, as far as the request brought it about.
pub fn handed_over(action: Action, tenant: Option<&Tenant>, environment: Option<&Environment>) -> State {
    let follows = matches!(action, Action::New | Action::AddEnvironment | Action::RecordLevel | Action::GoLive);
    let stops = matches!(action, Action::Suspend | Action::Decommission);
    if !stops && !follows {
        return State::HandedOver;
    }
    let operates = tenant.and_then(|t| t.status.as_ref());
    let operates = operates.is_some_and(|s| condition::is_true(&s.conditions, ConditionType::Operating));
    let level = tenant.map_or(0, |t| t.spec.level);
    let stage = environment.and_then(|e| e.status.as_ref()?.stage);
    match environment.map(|e| e.spec.lifecycle) {
        // What is announced has not begun.
        Some(Lifecycle::Suspended) if stage != Some(Stage::Active) => State::Suspended,
        Some(Lifecycle::Active) if stage == Some(Stage::Suspended) => State::Suspended,
        Some(lifecycle) if lifecycle.leaves() && emptied(environment) => State::Closed,
        Some(lifecycle) if lifecycle.leaves() => State::Decommissioning,
        _ if stops => State::HandedOver,
        _ if operates => State::Operating,
        _ if level >= NEEDS_PERMISSION => State::AwaitingGoLive,
        _ => State::HandedOver,
    }
}

fn emptied(environment: Option<&Environment>) -> bool {
    environment.and_then(|e| e.status.as_ref()).is_none_or(|s| s.namespaces.is_empty())
}

/// Roles that have not said yes yet, in the order of the rule set. Decisions count as recorded, or as just judged.
pub fn missing(signers: &[SignerRole], decisions: &[Arc<Decision>], judged: &[Judged]) -> Vec<SignerRole> {
    let counts = |d: &&Arc<Decision>| {
        let now = judged.iter().find(|j| j.name == d.name_any()).map(|j| j.effect);
        let effect = d.status.as_ref().and_then(|s| s.effect).or(now);
        let yes = matches!(d.spec.verdict, DecisionVerdict::Approve | DecisionVerdict::ApproveWithChanges);
        yes && effect == Some(Effect::Effective)
    };
    let signed: BTreeSet<SignerRole> = decisions.iter().filter(counts).map(|d| d.spec.role).collect();
    signers.iter().copied().filter(|role| !signed.contains(role)).collect()
}
