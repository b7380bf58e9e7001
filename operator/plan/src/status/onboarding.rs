//! Status of an Onboarding.

use berth_crds::condition::{self, Is};
use berth_crds::decision::SignerRole;
use berth_crds::onboarding::{OnboardingStatus, Outcome, OutcomeResult, State, Summary};
use berth_crds::profile::{ClockStep, DayUnit};
use berth_crds::{ConditionType, Onboarding, PolicyProfile, Reason};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::checks::{self, Overall};
use crate::day::Calendar;

/// What happened last.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The checks were made and people must decide.
    Checked,
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
    /// Approved, withdrawn before headroom was booked.
    WithdrawnLate,
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
    /// Everything is there.
    Ready {
        /// Sentence for people.
        message: String,
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
    use ConditionType::{Approved, Booked, Ready, Reconciling, Rejected, Stalled, Withdrawn};
    status.observed_generation = onboarding.metadata.generation;
    let result = status.outcome.as_ref().map(|o| o.result);
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
    if matches!(event, Event::WithdrawnLate) || result == Some(OutcomeResult::Withdrawn) {
        set(Withdrawn, Is::True, Reason::Withdrawn, &message);
    }
    match event {
        Event::NoHeadroom { .. } => set(Booked, Is::False, Reason::NoHeadroom, &message),
        Event::Ready { .. } | Event::Stuck { booked: true, .. } => {
            set(Booked, Is::True, Reason::Booked, Reason::Booked.en());
        }
        Event::Decided { .. } if result == Some(OutcomeResult::Approved) => {
            set(Booked, Is::Unknown, Reason::NotYet, Reason::NotYet.en());
        }
        _ => {}
    }
    let ready = matches!(event, Event::Ready { .. });
    let stalled = stalled(event, result);
    set(Ready, Is::from(ready), reason, &message);
    set(Reconciling, Is::from(!ready && !stalled), reason, &message);
    set(Stalled, Is::from(stalled), reason, &message);
    let since = now.0.to_string();
    status.summary = Some(Summary { state, holder, since, due: due.map(|d| d.to_string()) });
    status
}

fn stalled(event: &Event, result: Option<OutcomeResult>) -> bool {
    match event {
        Event::Refused | Event::Waiting | Event::NoProfile | Event::WithdrawnLate | Event::Stuck { .. } => true,
        Event::Decided { .. } => result != Some(OutcomeResult::Approved),
        Event::Checked | Event::NoHeadroom { .. } | Event::Ready { .. } => false,
    }
}

/// State, holder, reason and sentence of an event.
fn summary(event: &Event, result: Option<OutcomeResult>, status: &OnboardingStatus) -> (State, String, Reason, String) {
    let signers = || status.signers.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(", ");
    let operator = || "operator".to_owned();
    let nobody = String::new;
    match event {
        Event::Checked => {
            (State::AwaitingApproval, signers(), Reason::AwaitingDecision, format!("Waiting for: {}.", signers()))
        }
        Event::Refused => (State::Refused, nobody(), refusal(status), checks::defects(&status.checks)),
        Event::Waiting => {
            (State::Submitted, "platform-operator".into(), Reason::MissingReference, checks::defects(&status.checks))
        }
        Event::NoProfile => {
            let message = "No PolicyProfile is in force on the day of submission: create one.".to_owned();
            (State::Submitted, "platform-operator".into(), Reason::MissingReference, message)
        }
        Event::Decided { message } => match result {
            Some(OutcomeResult::Approved) => {
                (State::Provisioning, operator(), Reason::Provisioning, Reason::Provisioning.en().into())
            }
            Some(OutcomeResult::Withdrawn) => (State::Withdrawn, nobody(), Reason::Withdrawn, message.clone()),
            Some(OutcomeResult::Returned) => (State::Returned, "requester".into(), Reason::Returned, message.clone()),
            _ => (State::Refused, nobody(), Reason::RejectedByDecision, message.clone()),
        },
        Event::WithdrawnLate => (State::Withdrawn, nobody(), Reason::Withdrawn, Reason::Withdrawn.en().into()),
        Event::NoHeadroom { message } => {
            (State::WaitingForCapacity, "platform-operator".into(), Reason::NoHeadroom, message.clone())
        }
        Event::Stuck { reason, message, .. } => (State::Approved, "platform-operator".into(), *reason, message.clone()),
        Event::Ready { message } => (State::HandedOver, "requester".into(), Reason::Ready, message.clone()),
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

/// Day until which the signers should decide: completeness check, then decision, in the profile's days.
pub fn due(profile: &PolicyProfile, calendar: &Calendar, submitted: Date, signers: &[SignerRole]) -> Option<Date> {
    if signers.is_empty() {
        return None;
    }
    let clock =
        |step| profile.spec.clocks.iter().find(|c| c.step == step).map_or((0, DayUnit::Working), |c| (c.days, c.unit));
    let (check, check_unit) = clock(ClockStep::Checking);
    let (decide, decide_unit) = clock(ClockStep::Decision);
    Some(calendar.due(calendar.due(submitted, check, check_unit), decide, decide_unit))
}
