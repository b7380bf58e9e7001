//! Status of an Onboarding.

use berth_crds::common::NameRef;
use berth_crds::condition::{self, Is};
use berth_crds::decision::SignerRole;
use berth_crds::onboarding::{OnboardingStatus, Outcome, OutcomeResult, State, Summary};
use berth_crds::profile::ClockStep;
use berth_crds::{ConditionType, Onboarding, Reason, names};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::act;
use crate::checks::{self, Overall};
use crate::day;
use crate::dossier::chain::Submission;
use crate::dossier::clock::{self, Clocks};
use crate::dossier::holder::{self, Holder};
use crate::dossier::state;

/// What happened last.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The checks were made and people must decide.
    Checked,
    /// Some signed, others must still sign.
    Signed {
        /// Those who must.
        missing: Vec<SignerRole>,
    },
    /// The checks or the law end the request.
    Refused,
    /// The request names something that does not exist.
    Waiting,
    /// No rule set is in force on the day of submission.
    NoProfile,
    /// The outcome is made.
    Decided {
        /// Sentence of who decided.
        message: String,
    },
    /// Approved, and withdrawn before headroom was booked, or given back before it was ready.
    WithdrawnLate {
        /// Sentence for people.
        message: String,
    },
    /// Approved, no headroom yet.
    NoHeadroom {
        /// What lacks.
        message: String,
    },
    /// Approved and booked, but the entries cannot be made.
    Stuck {
        /// Why.
        reason: Reason,
        /// What to do.
        message: String,
        /// Whether headroom is booked: then it no longer stands in the queue.
        booked: bool,
    },
    /// Approved; the other agency's paper is still missing.
    AwaitsOther {
        /// Which paper.
        message: String,
    },
    /// Approved; an earlier paper is still being carried out.
    Follows {
        /// Which paper.
        message: String,
    },
    /// Everything is there.
    Ready {
        /// Sentence for people.
        message: String,
        /// What it is handed over to: use, or the wait for a permission to operate.
        state: State,
    },
    /// What was handed over is used, stopped or given back.
    Lives {
        /// Its state.
        state: State,
    },
}

/// Adds an event to a status; the summary and every condition follow.
pub fn record(
    onboarding: &Onboarding,
    mut status: OnboardingStatus,
    event: &Event,
    due: Option<Date>,
    now: &Time,
) -> OnboardingStatus {
    use ConditionType::{Approved, Booked, Overdue, Ready, Reconciling, Rejected, Stalled, Withdrawn};
    status.observed_generation = onboarding.metadata.generation;
    let result = status.outcome.as_ref().map(|o| o.result);
    // What never books says nothing of headroom; a change of owner does once it had to wait for it.
    let told = condition::get(&status.conditions, Booked).is_some();
    let books = told || act::books(onboarding.spec.action);
    let by_rule = status.outcome.as_ref().is_some_and(|o| o.decision_uids.is_empty());
    let (state, holder, reason, message) = summary(event, result, &status);
    // Who approved is said once and stays.
    let approval = match (event, condition::get(&status.conditions, Approved)) {
        (Event::Decided { message }, _) => message.clone(),
        (_, Some(said)) => said.message.clone(),
        (_, None) => Reason::Approved.en().to_owned(),
    };
    let mut set = |type_, is, reason: Reason, message: &str| {
        condition::set(&mut status.conditions, type_, is, reason, message, onboarding.metadata.generation, now);
    };
    if result == Some(OutcomeResult::Approved) {
        set(Approved, Is::True, Reason::Approved, &approval);
    }
    if result == Some(OutcomeResult::Rejected) {
        let why = if by_rule { reason } else { Reason::RejectedByDecision };
        set(Rejected, Is::True, why, &message);
    }
    if matches!(event, Event::WithdrawnLate { .. }) || result == Some(OutcomeResult::Withdrawn) {
        set(Withdrawn, Is::True, Reason::Withdrawn, &message);
    }
    match event {
        Event::NoHeadroom { .. } => set(Booked, Is::False, Reason::NoHeadroom, &message),
        Event::Ready { .. } | Event::Stuck { booked: true, .. } if books => {
            set(Booked, Is::True, Reason::Booked, Reason::Booked.en());
        }
        Event::Decided { .. } if books && result == Some(OutcomeResult::Approved) => {
            set(Booked, Is::Unknown, Reason::NotYet, Reason::NotYet.en());
        }
        _ => {}
    }
    let ready = matches!(event, Event::Ready { .. } | Event::Lives { .. });
    let stalled = stalled(event, result);
    set(Ready, Is::from(ready), reason, &message);
    set(Reconciling, Is::from(!ready && !stalled), reason, &message);
    set(Stalled, Is::from(stalled), reason, &message);
    let due = due.map(|d| d.to_string());
    let same = status.summary.take().filter(|old| old.state == state && old.holder == holder);
    // Somebody else holds it, or until another day: what was overdue has been done.
    if same.as_ref().is_none_or(|old| old.due != due) && condition::get(&status.conditions, Overdue).is_some() {
        let (reason, generation) = (Reason::InTime, onboarding.metadata.generation);
        condition::set(&mut status.conditions, Overdue, Is::False, reason, reason.en(), generation, now);
    }
    let since = same.map_or_else(|| now.0.to_string(), |old| old.since);
    status.summary = Some(Summary { state, holder, since, due });
    status.agency_ref = onboarding.namespace().and_then(|ns| Some(NameRef::to(names::agency_of_namespace(&ns)?)));
    status
}

fn stalled(event: &Event, result: Option<OutcomeResult>) -> bool {
    match event {
        Event::Refused | Event::Waiting | Event::NoProfile | Event::WithdrawnLate { .. } | Event::Stuck { .. } => true,
        Event::Decided { .. } => result != Some(OutcomeResult::Approved),
        Event::Checked | Event::Signed { .. } | Event::NoHeadroom { .. } | Event::AwaitsOther { .. } => false,
        Event::Follows { .. } | Event::Ready { .. } | Event::Lives { .. } => false,
    }
}

/// State, holder, reason and sentence of an event.
fn summary(event: &Event, result: Option<OutcomeResult>, status: &OnboardingStatus) -> (State, String, Reason, String) {
    let missing = match event {
        Event::Signed { missing } => missing,
        _ => &status.signers,
    };
    let (state, reason, message) = told(event, result, status, missing);
    let holders = match event {
        Event::AwaitsOther { .. } => vec![Holder::OtherAgency],
        _ => holder::of(state, missing),
    };
    (state, holder::text(&holders), reason, message)
}

fn told(
    event: &Event,
    result: Option<OutcomeResult>,
    status: &OnboardingStatus,
    missing: &[SignerRole],
) -> (State, Reason, String) {
    match event {
        Event::Checked | Event::Signed { .. } => {
            let state = state::to_sign(missing);
            let appraisal = state == State::UnderAppraisal;
            let reason = if appraisal { Reason::UnderAppraisal } else { Reason::AwaitingDecision };
            let roles: Vec<&str> = missing.iter().map(|r| r.as_str()).collect();
            (state, reason, format!("Waiting for: {}.", roles.join(", ")))
        }
        Event::Refused => (State::Refused, refusal(status), checks::defects(&status.checks)),
        Event::Waiting => (State::Checking, Reason::MissingReference, checks::defects(&status.checks)),
        Event::NoProfile => {
            let message = "No PolicyProfile is in force on the day of submission: create one.".to_owned();
            (State::Submitted, Reason::MissingReference, message)
        }
        Event::Decided { message } => match result {
            Some(OutcomeResult::Approved) => {
                (State::Provisioning, Reason::Provisioning, Reason::Provisioning.en().into())
            }
            Some(OutcomeResult::Withdrawn) => (State::Withdrawn, Reason::Withdrawn, message.clone()),
            Some(OutcomeResult::Returned) => (State::Returned, Reason::Returned, message.clone()),
            _ => (State::Refused, Reason::RejectedByDecision, message.clone()),
        },
        Event::WithdrawnLate { message } => (State::Withdrawn, Reason::Withdrawn, message.clone()),
        Event::NoHeadroom { message } => (State::WaitingForCapacity, Reason::NoHeadroom, message.clone()),
        Event::AwaitsOther { message } => (State::Approved, Reason::AwaitingOtherAgency, message.clone()),
        Event::Follows { message } => (State::Provisioning, Reason::AwaitingEarlierPaper, message.clone()),
        Event::Stuck { reason, message, .. } => (State::Approved, *reason, message.clone()),
        Event::Ready { message, state } => (*state, Reason::Ready, message.clone()),
        Event::Lives { state } => (*state, Reason::Ready, format!("{}.", state.words().en)),
    }
}

/// The law's refusal says more than a defect.
fn refusal(status: &OnboardingStatus) -> Reason {
    let refused = status.checks.iter().find(|c| c.result == berth_crds::onboarding::Verdict::Refused);
    match refused {
        Some(check) => Reason::parse(&check.reason).unwrap_or(Reason::RefusedByLaw),
        None => Reason::CheckFailed,
    }
}

/// The outcome of a request that the checks end: no Decision made it.
pub fn refusal_outcome(onboarding: &Onboarding, now: &Time) -> Outcome {
    Outcome {
        result: OutcomeResult::Rejected,
        decision_uids: Vec::new(),
        granted: None,
        decided_at: onboarding.metadata.creation_timestamp.clone().unwrap_or_else(|| now.clone()),
        recorded_at: k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime(now.0),
        priority: crate::decide::USUAL_PRIORITY,
    }
}

/// The event that the checks come to.
pub fn after_checks(overall: Overall) -> Event {
    match overall {
        Overall::Decidable => Event::Checked,
        Overall::Waiting => Event::Waiting,
        Overall::Defective | Overall::Refused => Event::Refused,
    }
}

/// What the time limit of an event is computed from.
pub struct Times<'a> {
    /// Limits and working days.
    pub clocks: Clocks<'a>,
    /// The submissions of the dossier, oldest first.
    pub chain: &'a [Submission],
    /// Level of the system.
    pub level: i64,
    /// Roles that must sign.
    pub signers: &'a [SignerRole],
    /// Day on which the appraiser said yes.
    pub appraised: Option<Date>,
    /// Day of the event.
    pub today: Date,
}

/// The last day on which who holds the request after an event acts in time; `None` where no limit runs.
pub fn due(event: &Event, result: Option<OutcomeResult>, times: &Times) -> Option<Date> {
    let steps = clock::steps(times.signers, times.level);
    let until = |step: ClockStep| steps.iter().position(|s| *s == step).map_or(&steps[..], |at| &steps[..=at]);
    let appraises = |missing: &[SignerRole]| state::to_sign(missing) == State::UnderAppraisal;
    let appraisal = steps.get(1).copied().unwrap_or(ClockStep::Decision);
    match event {
        Event::Checked if appraises(times.signers) => times.clocks.due(times.chain, until(appraisal)),
        Event::Signed { missing } if appraises(missing) => times.clocks.due(times.chain, until(appraisal)),
        Event::Checked | Event::Signed { .. } => match times.appraised {
            Some(day) => times.clocks.after(day, ClockStep::Decision),
            None => times.clocks.due(times.chain, &steps),
        },
        Event::Waiting => times.clocks.due(times.chain, &[ClockStep::Checking]),
        Event::Decided { .. } if result == Some(OutcomeResult::Returned) => {
            times.clocks.after(times.today, ClockStep::Supplement)
        }
        Event::NoHeadroom { .. } => times.clocks.after(times.today, ClockStep::Capacity),
        _ => None,
    }
}

/// Whether the checks are still to be made, or to be made again when the registers change.
pub fn awaits_checks(status: &OnboardingStatus) -> bool {
    let state = status.summary.as_ref().map(|s| s.state);
    status.outcome.is_none() && matches!(state, None | Some(State::Submitted | State::Checking))
}

/// The status of a request whose limit has just passed; `None` when that is said already or none has. Nothing else
/// follows from it: silence is never an approval.
pub fn overdue(onboarding: &Onboarding, today: Date, now: &Time) -> Option<OnboardingStatus> {
    let mut status = onboarding.status.clone()?;
    let summary = status.summary.clone()?;
    let due = summary.due.as_deref().and_then(day::parse)?;
    if !clock::is_overdue(Some(due), today) || condition::is_true(&status.conditions, ConditionType::Overdue) {
        return None;
    }
    let message = format!("{} should have acted by {due}: ask there, or its superior.", summary.holder);
    let (type_, generation) = (ConditionType::Overdue, onboarding.metadata.generation);
    condition::set(&mut status.conditions, type_, Is::True, Reason::Overdue, message, generation, now);
    Some(status)
}
