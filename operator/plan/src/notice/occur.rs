//! What a paper shows that somebody is to be told of. Everything here stays visible in the paper, or was written by the
//! operator that looks: nothing that happened while nobody looked is missed.

use berth_crds::environment::Stage;
use berth_crds::notice::Occasion;
use berth_crds::onboarding::{Action, OnboardingStatus, Outcome, OutcomeResult};
use berth_crds::{ConditionType, Connection, Environment, Onboarding, Reason, condition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// What.
    pub occasion: Occasion,
    /// When.
    pub at: Time,
    /// Tells it from the same occasion of the same paper at another time; empty where there is one only.
    pub mark: String,
}

/// What an Onboarding shows.
pub fn of_onboarding(paper: &Onboarding) -> Vec<Seen> {
    let Some(status) = &paper.status else { return Vec::new() };
    let of = |occasion| Some(Seen { occasion, at: at(occasion, paper, status)?, mark: mark(occasion, status) });
    Occasion::ALL.iter().copied().filter_map(of).collect()
}

/// What a Connection shows.
pub fn of_connection(paper: &Connection) -> Vec<Seen> {
    let conditions = paper.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let soon = is_true(conditions, ConditionType::Expiring);
    soon.map(|at| Seen { occasion: Occasion::Expiring, at, mark: String::new() }).into_iter().collect()
}

/// What the life of an environment shows; it is told under the paper that the environment stands by.
pub fn of_environment(environment: &Environment) -> Vec<Seen> {
    let Some(status) = &environment.status else { return Vec::new() };
    let near = condition::get(&status.conditions, ConditionType::Expiring);
    let near = near.filter(|c| c.status == "True" && c.reason == Reason::LastDayNear.as_str());
    let ending = near.map(|c| Seen {
        occasion: Occasion::Ending,
        at: c.last_transition_time.clone(),
        mark: environment.spec.end_date.clone().unwrap_or_default(),
    });
    // A removal that has begun is told when it is done.
    let reached = status.stage.filter(|stage| *stage != Stage::Removing).zip(status.stage_since.clone());
    let stage = reached.map(|(stage, at)| {
        let mark = format!("{stage:?} {}", at.0);
        Seen { occasion: Occasion::Stage, at, mark }
    });
    ending.into_iter().chain(stage).collect()
}

/// When an occasion of a request arose, if it has.
fn at(occasion: Occasion, paper: &Onboarding, status: &OnboardingStatus) -> Option<Time> {
    let outcome = status.outcome.as_ref();
    let decided = |result| outcome.filter(|o| o.result == result).map(|o| o.decided_at.clone());
    match occasion {
        Occasion::Receipt if status.checks.is_empty() || outcome.is_some_and(by_rule) => None,
        Occasion::Receipt => paper.metadata.creation_timestamp.clone(),
        Occasion::Returned => decided(OutcomeResult::Returned),
        Occasion::Approved => decided(OutcomeResult::Approved),
        Occasion::Refused => decided(OutcomeResult::Rejected),
        Occasion::Waiting => {
            let booked = condition::get(&status.conditions, ConditionType::Booked)?;
            (booked.reason == Reason::NoHeadroom.as_str()).then(|| booked.last_transition_time.clone())
        }
        Occasion::Overdue => is_true(&status.conditions, ConditionType::Overdue),
        Occasion::HandedOver if !hands_over(paper.spec.action) => None,
        Occasion::HandedOver => is_true(&status.conditions, ConditionType::Ready),
        Occasion::Scheduled if !stops(paper.spec.action) => None,
        Occasion::Scheduled => is_true(&status.conditions, ConditionType::Ready),
        Occasion::Expiring | Occasion::Ending | Occasion::Stage => None,
    }
}

/// A request that the checks ended was never received: it is refused, and that is told.
fn by_rule(outcome: &Outcome) -> bool {
    outcome.result == OutcomeResult::Rejected && outcome.decision_uids.is_empty()
}

/// Whether what was asked is handed over with minutes when it is there.
fn hands_over(action: Action) -> bool {
    matches!(action, Action::New | Action::AddEnvironment | Action::Change)
}

/// Whether what was asked sets the days of a stop.
fn stops(action: Action) -> bool {
    matches!(action, Action::Suspend | Action::Decommission)
}

/// A request may be overdue several times: with another holder, or on another day.
fn mark(occasion: Occasion, status: &OnboardingStatus) -> String {
    match (occasion, &status.summary) {
        (Occasion::Overdue, Some(told)) => format!("{} {}", told.due.as_deref().unwrap_or_default(), told.holder),
        _ => String::new(),
    }
}

fn is_true(conditions: &[Condition], type_: ConditionType) -> Option<Time> {
    let found = condition::get(conditions, type_).filter(|c| c.status == "True")?;
    Some(found.last_transition_time.clone())
}
