//! Acts that cannot wait for a paper → what of them is in force, and what is said of it. An act holds from when the API
//! server made it; its longest time is kept here too, whatever admission let through.

use berth_crds::condition::{self, Is};
use berth_crds::environment::Access;
use berth_crds::intervention::{GRANT_HOURS, HOLD_HOURS, Intervene};
use berth_crds::{ConditionType, Environment, Intervention, Reason};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

use crate::ledger::acts::{created, order};

/// The owner is told of an isolation within this time [A].
const NOTICE: SignedDuration = SignedDuration::from_hours(4);

/// What is looked at.
pub struct Input<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// Every act; those about others say nothing.
    pub acts: &'a [std::sync::Arc<Intervention>],
    /// When papers about the environment that were approved were submitted.
    pub papers: &'a [Timestamp],
    /// Months after which the access list must be confirmed again.
    pub review_months: Option<i64>,
    /// Now.
    pub now: Timestamp,
    /// The day of an instant, where the province is.
    pub day_of: &'a dyn Fn(Timestamp) -> Date,
}

/// What is in force of the acts on one environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// What each kind of act comes to: condition, value, reason, sentence; only of kinds that were used.
    told: Vec<(ConditionType, Is, Reason, String)>,
    /// Nothing is written but to take access away.
    pub held: bool,
    /// Nothing gets in or out.
    pub isolated: bool,
    /// Who is let in besides the list.
    pub granted: Vec<Access>,
    /// The next instant that changes something by itself.
    pub wake: Option<Timestamp>,
    /// The last day on which the access list need not be confirmed again.
    pub review_due: Option<Date>,
}

/// What is in force now.
pub fn standing(input: &Input) -> Standing {
    let uid = input.environment.uid().unwrap_or_default();
    let about = |act: &&std::sync::Arc<Intervention>| act.spec.environment_ref.uid == uid;
    let mut acts: Vec<&Intervention> = input.acts.iter().filter(about).map(AsRef::as_ref).collect();
    acts.sort_by_key(|act| order(&act.metadata));
    let mut standing = Standing::default();
    hold(&acts, input, &mut standing);
    isolation(&acts, &mut standing);
    grants(&acts, input, &mut standing);
    review(&acts, input, &mut standing);
    standing
}

fn made(act: &Intervention) -> Timestamp {
    created(&act.metadata)
}

/// When an act ends by itself.
fn end(act: &Intervention, hours: i64) -> Timestamp {
    let longest = made(act).checked_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX);
    act.spec.until.as_ref().map_or(longest, |until| until.0.min(longest))
}

/// Who did it and why.
fn whose(act: &Intervention) -> String {
    format!("By {:?}: {}", act.spec.by.username, act.spec.reason)
}

fn last<'a>(acts: &[&'a Intervention], kinds: [Intervene; 2]) -> Option<&'a Intervention> {
    acts.iter().rev().find(|act| kinds.contains(&act.spec.act)).copied()
}

fn hold(acts: &[&Intervention], input: &Input, standing: &mut Standing) {
    let Some(act) = last(acts, [Intervene::Hold, Intervene::EndHold]) else { return };
    let until = end(act, HOLD_HOURS);
    standing.held = act.spec.act == Intervene::Hold && input.now < until;
    let (is, reason) = if standing.held { (Is::True, Reason::Held) } else { (Is::False, Reason::HoldEnded) };
    let message = match act.spec.act {
        Intervene::Hold => format!("{} {} Until {until}.", reason.en(), whose(act)),
        _ => format!("{} {}", reason.en(), whose(act)),
    };
    if standing.held {
        standing.wake_at(until);
    }
    standing.told.push((ConditionType::Held, is, reason, message));
}

fn isolation(acts: &[&Intervention], standing: &mut Standing) {
    let Some(act) = last(acts, [Intervene::Isolate, Intervene::EndIsolation]) else { return };
    standing.isolated = act.spec.act == Intervene::Isolate;
    let since = made(act);
    let (is, reason, message) = match standing.isolated {
        true => {
            let notice = since.checked_add(NOTICE).unwrap_or(since);
            let told = format!("Since {since}; it ends only by an act. Tell the owner by {notice} [A].");
            (Is::True, Reason::Isolated, format!("{} {} {told}", Reason::Isolated.en(), whose(act)))
        }
        false => (Is::False, Reason::IsolationEnded, format!("{} {}", Reason::IsolationEnded.en(), whose(act))),
    };
    standing.told.push((ConditionType::Isolated, is, reason, message));
}

fn grants(acts: &[&Intervention], input: &Input, standing: &mut Standing) {
    let given: Vec<&&Intervention> = acts.iter().filter(|act| act.spec.act == Intervene::Grant).collect();
    let Some(newest) = given.last() else { return };
    let ended = last(acts, [Intervene::EndGrants; 2]).map(made);
    let over = |act: &Intervention| ended.is_some_and(|at| made(act) <= at) || end(act, GRANT_HOURS) <= input.now;
    let running: Vec<&&&Intervention> = given.iter().filter(|act| !over(act)).collect();
    for act in &running {
        let Some(access) = &act.spec.access else { continue };
        standing.granted.push(Access { expires: Some((input.day_of)(input.now).to_string()), ..access.clone() });
        standing.wake_at(end(act, GRANT_HOURS));
    }
    let owed = |act: &Intervention| !input.papers.iter().any(|paper| *paper >= made(act));
    let (is, reason, words) = match running.last() {
        Some(act) => (Is::True, Reason::EmergencyGranted, sentence(act)),
        None => match given.iter().find(|act| owed(act)) {
            Some(act) => (Is::False, Reason::PaperOwed, sentence(act)),
            None => (Is::False, Reason::EmergencyEnded, sentence(newest)),
        },
    };
    standing.told.push((ConditionType::EmergencyAccess, is, reason, format!("{} {words}", reason.en())));
}

fn sentence(act: &Intervention) -> String {
    let who = act.spec.access.as_ref();
    let who = who.map(|a| format!("{:?} {:?} as {:?}", a.subject.kind, a.subject.name, a.role)).unwrap_or_default();
    format!("{who} until {}. {}", end(act, GRANT_HOURS), whose(act))
}

/// The list is confirmed anew within a time that the rule set gives by level; the first review counts from the beginning.
fn review(acts: &[&Intervention], input: &Input, standing: &mut Standing) {
    let confirmed = last(acts, [Intervene::ConfirmAccess; 2]);
    let since = confirmed.map_or_else(|| created(&input.environment.metadata), made);
    let since = (input.day_of)(since);
    let last = confirmed.map_or_else(
        || "Nobody has confirmed it yet.".to_owned(),
        |act| format!("Last confirmed by {:?} on {since}: {}.", act.spec.by.username, act.spec.reason),
    );
    let due = input.review_months.and_then(|months| since.checked_add(months.months()).ok());
    let (is, reason, message) = match due {
        None => (Is::Unknown, Reason::NoReviewRule, format!("{} {last}", Reason::NoReviewRule.en())),
        Some(due) => {
            let (is, reason) = match (confirmed, (input.day_of)(input.now) <= due) {
                (Some(_), true) => (Is::True, Reason::AccessConfirmed),
                (None, true) => (Is::True, Reason::AccessReviewPending),
                (_, false) => (Is::False, Reason::AccessReviewDue),
            };
            (is, reason, format!("{} {last} Next by {due}.", reason.en()))
        }
    };
    standing.review_due = due;
    standing.told.push((ConditionType::AccessReviewed, is, reason, message));
}

impl Standing {
    fn wake_at(&mut self, at: Timestamp) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Sets the conditions.
    pub fn tell(&self, conditions: &mut Vec<Condition>, generation: Option<i64>, now: &Time) {
        for (type_, is, reason, message) in &self.told {
            condition::set(conditions, *type_, *is, *reason, message, generation, now);
        }
    }

    /// Sets what no pass has to begin with: the review, and again what was told before. An act that came after the pass began
    /// is left to the next one, which tells it to people as well.
    pub fn keep(&self, conditions: &mut Vec<Condition>, generation: Option<i64>, now: &Time) {
        for (type_, is, reason, message) in &self.told {
            if *type_ == ConditionType::AccessReviewed || stands(conditions, *type_, *is, *reason, message) {
                condition::set(conditions, *type_, *is, *reason, message, generation, now);
            }
        }
    }

    /// What begins or ends with this: must be written before anything is planned from it, and told where people look.
    pub fn turns(&self, conditions: &[Condition]) -> Vec<(Reason, &str)> {
        let acts = self.told.iter().filter(|(type_, ..)| *type_ != ConditionType::AccessReviewed);
        let turned = acts.filter(|(type_, is, reason, message)| !stands(conditions, *type_, *is, *reason, message));
        turned.map(|(_, _, reason, message)| (*reason, message.as_str())).collect()
    }

    /// The environment with whom emergency lets in.
    pub fn with_grants(&self, environment: &Environment) -> Environment {
        let mut environment = environment.clone();
        environment.spec.access.extend(self.granted.iter().cloned());
        environment
    }
}

/// Whether this is what the conditions say. A stored message may be shorter than what was said, never another one.
fn stands(conditions: &[Condition], type_: ConditionType, is: Is, reason: Reason, message: &str) -> bool {
    condition::get(conditions, type_).is_some_and(|c| {
        c.status == is.as_str() && c.reason == reason.as_str() && message.starts_with(c.message.as_str())
    })
}

/// Whether the environment's status says that nothing gets in or out.
pub fn is_isolated(environment: &Environment) -> bool {
    says(environment, ConditionType::Isolated)
}

/// Whether the environment's status says that repair is on hold.
pub fn is_held(environment: &Environment) -> bool {
    says(environment, ConditionType::Held)
}

fn says(environment: &Environment, type_: ConditionType) -> bool {
    environment.status.as_ref().is_some_and(|status| condition::is_true(&status.conditions, type_))
}
