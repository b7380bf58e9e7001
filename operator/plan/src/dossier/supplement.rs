//! The requester's own limit after a return: it begins when the return reached them, never when it was decided or sent.

use berth_crds::condition::{self, Is};
use berth_crds::onboarding::{OnboardingStatus, State};
use berth_crds::{ConditionType, Notice, Onboarding, Reason};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::day;

/// What is known of a notice whose arrival starts a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is on its way.
    Awaited,
    /// It arrived; the last day of the limit, where the rule set has one.
    At(Option<Date>),
    /// There was nobody to send it to.
    Nobody,
}

/// What a notice shows; `None` of one that starts no limit.
pub fn arrival(notice: &Notice) -> Option<Arrival> {
    notice.spec.occasion.row().clock?;
    let status = notice.status.as_ref();
    Some(match status.and_then(|s| s.delivered_at.as_ref().map(|_| s.due.as_deref().and_then(day::parse))) {
        Some(due) => Arrival::At(due),
        None if notice.spec.recipients.is_empty() => Arrival::Nobody,
        None => Arrival::Awaited,
    })
}

/// The last day of the limit. `told` says whether notices tell of the return: then none runs until it arrived. Where nobody
/// is told, the day of the decision counts, and what was said once (`now`) stays.
pub fn limit(
    now: Option<Date>,
    told: bool,
    arrival: Option<Arrival>,
    by_decision: impl FnOnce() -> Option<Date>,
) -> Option<Date> {
    match arrival.filter(|_| told) {
        Some(Arrival::At(due)) => due,
        Some(Arrival::Awaited) => now,
        None if told => now,
        Some(Arrival::Nobody) | None => now.or_else(by_decision),
    }
}

/// The status of a returned request with another last day; `None` when it says that already. What was overdue by the old
/// one is not by the new one, until that has passed.
pub fn status(onboarding: &Onboarding, due: Option<Date>, now: &Time) -> Option<OnboardingStatus> {
    let mut status = onboarding.status.clone()?;
    let summary = status.summary.as_mut().filter(|summary| summary.state == State::Returned)?;
    let due = due.map(|due| due.to_string());
    if summary.due == due {
        return None;
    }
    summary.due = due;
    if condition::is_true(&status.conditions, ConditionType::Overdue) {
        let (overdue, generation) = (ConditionType::Overdue, onboarding.metadata.generation);
        let (reason, message) = (Reason::InTime, Reason::InTime.en());
        condition::set(&mut status.conditions, overdue, Is::False, reason, message, generation, now);
    }
    Some(status)
}
