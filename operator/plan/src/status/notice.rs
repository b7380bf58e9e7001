//! Status of a Notice.

use berth_crds::condition::{self, Is};
use berth_crds::notice::{Channel, Delivery, MAX_ANSWER, NoticeStatus};
use berth_crds::{ConditionType, Notice, Reason};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::notice::{delivered_at, pending};

/// One try to deliver a notice to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How.
    pub channel: Channel,
    /// To whom.
    pub to: String,
    /// Why it failed; `None` when the server took it.
    pub failure: Option<String>,
}

/// The status after some attempts; `None` when it says the same as before: a server that refuses all night is written
/// down once. `due` says when a time limit ends that begins at an instant.
pub fn record(
    notice: &Notice,
    attempts: &[Attempt],
    now: &Time,
    due: impl Fn(&Time) -> Option<Date>,
) -> Option<NoticeStatus> {
    let before = notice.status.clone().unwrap_or_default();
    let mut status = before.clone();
    status.observed_generation = notice.metadata.generation;
    for attempt in attempts {
        note(&mut status.deliveries, attempt, now);
    }
    if status.delivered_at.is_none() {
        status.delivered_at = delivered_at(&notice.spec, &status.deliveries);
        status.due = status.delivered_at.as_ref().and_then(due).map(|d| d.to_string());
    }
    conditions(notice, &mut status, now);
    let said = |s: &NoticeStatus| s.conditions.iter().map(Condition::clone).collect::<Vec<_>>();
    let same = before.deliveries == status.deliveries && said(&before) == said(&status);
    (!same).then_some(status)
}

fn note(deliveries: &mut Vec<Delivery>, attempt: &Attempt, now: &Time) {
    let found = deliveries.iter().position(|d| d.channel == attempt.channel && d.to == attempt.to);
    let at = found.unwrap_or_else(|| {
        deliveries.push(Delivery { channel: attempt.channel, to: attempt.to.clone(), ..Delivery::default() });
        deliveries.len() - 1
    });
    let delivery = &mut deliveries[at];
    // What has arrived has arrived: a second copy changes nothing.
    if delivery.at.is_some() {
        return;
    }
    match &attempt.failure {
        Some(failure) => delivery.failure = Some(failure.chars().take(MAX_ANSWER).collect()),
        None => {
            delivery.at = Some(now.clone());
            delivery.failure = None;
        }
    }
}

fn conditions(notice: &Notice, status: &mut NoticeStatus, now: &Time) {
    let seen = Notice { status: Some(status.clone()), ..notice.clone() };
    let left = pending(&seen);
    let failures = status.deliveries.iter().filter_map(|d| Some(format!("{}: {}", d.to, d.failure.as_deref()?)));
    let failures: Vec<String> = failures.collect();
    let (is, reason, message) = match (notice.spec.recipients.is_empty(), left.is_empty(), failures.is_empty()) {
        (true, ..) => (Is::False, Reason::NoRecipient, Reason::NoRecipient.en().to_owned()),
        (_, true, _) => (Is::True, Reason::NoticeDelivered, Reason::NoticeDelivered.en().to_owned()),
        (_, _, true) => (Is::False, Reason::NoticePending, Reason::NoticePending.en().to_owned()),
        _ => (Is::False, Reason::NoticeRefused, failures.join(" ")),
    };
    // Nobody to tell is nothing to wait for: people must name somebody, and then later notices go there.
    let (stalled, done) = (reason == Reason::NoRecipient, reason == Reason::NoticeDelivered);
    let mut set = |type_, is: Is| {
        condition::set(&mut status.conditions, type_, is, reason, message.clone(), notice.metadata.generation, now);
    };
    set(ConditionType::Delivered, is);
    set(ConditionType::Ready, Is::from(done));
    set(ConditionType::Reconciling, Is::from(!done && !stalled));
    set(ConditionType::Stalled, Is::from(stalled));
}
