//! The life of an environment in days: what is in force today, and which step comes next. Everything follows from its
//! spec, which papers change; no step is taken because a process was awake on the day.

use std::sync::Arc;

use berth_crds::common::BasisType;
use berth_crds::decision::{DecisionVerdict, Effect};
use berth_crds::environment::{EnvironmentKind, Lifecycle, NextStep, Schedule, Stage};
use berth_crds::profile::ClockStep;
use berth_crds::{ConditionType, Decision, Environment, EnvironmentSpec, Reason, Tenant, condition, names};
use jiff::civil::Date;

use crate::day;
use crate::dossier::clock::Clocks;

/// What is in force on a day, as far as days decide: a removal is begun by its own act, never by a date alone.
pub fn stage(spec: &EnvironmentSpec, today: Date) -> Stage {
    let reached = |text: Option<&str>| text.and_then(day::parse).is_some_and(|on| on <= today);
    let halt = spec.schedule.as_ref().and_then(|s| s.halt.as_deref());
    match spec.lifecycle {
        Lifecycle::Decommissioned if reached(halt) => Stage::Halted,
        // A stop that is to begin later does not put the last day off.
        _ if stopped_by(spec, today) || ended(spec, today) => Stage::Suspended,
        _ => Stage::Active,
    }
}

/// Whether a stop that a paper or a hand decided has begun on a day.
fn stopped_by(spec: &EnvironmentSpec, day: Date) -> bool {
    let begun = |schedule: &Schedule| day::parse(&schedule.suspend).is_some_and(|begins| begins <= day);
    // Stopped by hand, without dates: at once.
    spec.lifecycle != Lifecycle::Active && spec.schedule.as_ref().is_none_or(begun)
}

/// What is in force, as days and a removal have it.
pub fn now(environment: &Environment, today: Date) -> Stage {
    match recorded(environment) {
        Some(gone @ (Stage::Removing | Stage::Removed)) => gone,
        _ => stage(&environment.spec, today),
    }
}

/// The stage that was written down, as far as it binds: whatever is in use again is not what was removed.
fn recorded(environment: &Environment) -> Option<Stage> {
    let stage = environment.status.as_ref().and_then(|s| s.stage)?;
    let gone = matches!(stage, Stage::Removing | Stage::Removed);
    (!gone || environment.spec.lifecycle.leaves()).then_some(stage)
}

/// Whether an environment's namespaces are being deleted or gone.
pub fn is_leaving_for_good(environment: &Environment) -> bool {
    matches!(recorded(environment), Some(Stage::Removing | Stage::Removed))
}

/// Whether an environment has not been ready since it was made, or since its name was taken up again: nothing was handed
/// over, and nothing has run in it.
pub fn never_ready(environment: &Environment) -> bool {
    let granted = environment.status.as_ref().is_some_and(|s| s.granted.is_some());
    !granted && !is_leaving_for_good(environment)
}

/// Whether a paper gave an environment back that had never been ready: then its schedule has no halt, and it goes without
/// a hold and a reconciliation. By hand nobody gives one back like this.
pub fn is_unused(spec: &EnvironmentSpec) -> bool {
    let leaving = spec.lifecycle == Lifecycle::Decommissioned && spec.basis.type_ == BasisType::Paper;
    leaving && spec.schedule.as_ref().is_some_and(|s| s.halt.is_none() && s.remove.is_some())
}

/// Whether an environment stands still, as it was seen: halted, and no pass since then found anything of it that it could
/// not bring to that.
pub fn rests(environment: &Environment) -> bool {
    let Some(status) = &environment.status else { return false };
    let failed = condition::get(&status.conditions, ConditionType::QuotaReady).is_some_and(|c| c.status == "False");
    recorded(environment) == Some(Stage::Halted) && !failed
}

/// Whether an environment is a record only.
pub fn is_removed(environment: &Environment) -> bool {
    recorded(environment) == Some(Stage::Removed)
}

/// Whether nothing of an environment is to stand any more: it is being removed, or a hand set it aside without dates.
pub fn is_over(environment: &Environment) -> bool {
    let by_hand = environment.spec.lifecycle.leaves() && environment.spec.schedule.is_none();
    by_hand || is_leaving_for_good(environment)
}

/// Whether what an environment adopted is to be given back as it is: nothing of it is stopped, deleted or waited for.
pub fn is_given_back(environment: &Environment) -> bool {
    environment.spec.lifecycle == Lifecycle::Released && !is_removed(environment)
}

/// Why an environment may not be changed in size: what is stopped does not grow.
pub fn no_growth(environment: &Environment, today: Date) -> Option<String> {
    let next = match (environment.spec.lifecycle, now(environment, today)) {
        (_, Stage::Removing | Stage::Removed) => "it is being removed, or gone",
        (Lifecycle::Active, Stage::Active) => return None,
        (Lifecycle::Active, _) => "its last day is over: ask for `Extend` first",
        (_, _) => "ask for `Resume` first",
    };
    Some(format!("The environment is stopped and does not change its size; {next}."))
}

/// Whether the last day of an environment other than production is over.
fn ended(spec: &EnvironmentSpec, today: Date) -> bool {
    last_day(spec).is_some_and(|last| last < today)
}

/// The day after which an environment is suspended by itself: production never is.
pub fn last_day(spec: &EnvironmentSpec) -> Option<Date> {
    spec.end_date.as_deref().and_then(day::parse).filter(|_| spec.kind != EnvironmentKind::Prod)
}

/// Whether the dates allow a removal today.
pub fn may_be_removed(spec: &EnvironmentSpec, today: Date) -> bool {
    let remove = spec.schedule.as_ref().and_then(|s| s.remove.as_deref()).and_then(day::parse);
    let rests = stage(spec, today) == Stage::Halted || is_unused(spec);
    rests && remove.is_some_and(|on| on <= today)
}

/// The next step that comes by its date; one whose day has come and which waits for something else stays the next.
pub fn next(spec: &EnvironmentSpec, today: Date) -> Option<NextStep> {
    let step = |stage, on: Date| NextStep { stage, day: on.to_string() };
    let read = |text: Option<&String>| text.and_then(|text| day::parse(text));
    let ends = last_day(spec).and_then(|last| last.tomorrow().ok());
    let (suspend, halt, remove) = match (spec.lifecycle, &spec.schedule) {
        (Lifecycle::Active, _) => (ends, None, None),
        (_, Some(Schedule { suspend, halt, remove })) => {
            let stops = read(Some(suspend)).into_iter().chain(ends).min();
            (stops, read(halt.as_ref()), read(remove.as_ref()))
        }
        (_, None) => return None,
    };
    let steps = [(Stage::Suspended, suspend), (Stage::Halted, halt)];
    let coming = steps.into_iter().find_map(|(stage, on)| Some(step(stage, on.filter(|on| *on > today)?)));
    coming.or_else(|| remove.map(|on| step(Stage::Removed, on)))
}

/// Whether a paper lies with the agency that owns the system: who owned it before has no say in what becomes of it.
pub fn is_owners(namespace: &str, tenant: Option<&Tenant>) -> bool {
    tenant.is_some_and(|tenant| names::agency_namespace(&tenant.spec.agency_ref.name) == namespace)
}

/// Whether the system passed on since the paper that an environment stands by: then nobody can sign on it any more.
pub fn is_anothers(environment: &Environment, tenant: Option<&Tenant>) -> bool {
    let paper = environment.spec.basis.onboarding_ref.as_ref();
    paper.is_some_and(|paper| !is_owners(&paper.namespace, tenant))
}

/// The Decision by which the owner signed that what is to be removed is saved and reconciled: an effective one on the very
/// paper that the environment stands by, of the agency that owns its system.
pub fn reconciliation<'a>(
    environment: &Environment,
    tenant: Option<&Tenant>,
    decisions: &'a [Arc<Decision>],
) -> Option<&'a Decision> {
    let paper = environment.spec.basis.onboarding_ref.as_ref()?;
    if is_anothers(environment, tenant) {
        return None;
    }
    let signed = decisions.iter().find(|decision| {
        let about = decision.spec.onboarding_ref.as_ref().is_some_and(|r| r.uid == paper.uid);
        let counts = decision.status.as_ref().and_then(|s| s.effect) == Some(Effect::Effective);
        about && counts && decision.spec.verdict == DecisionVerdict::Reconcile
    });
    signed.map(AsRef::as_ref)
}

/// Whether an environment is to be removed: its day has come, and it stands still and its reconciliation is signed, or it
/// was never used; or its removal has begun.
pub fn wants_removal(
    environment: &Environment,
    tenant: Option<&Tenant>,
    decisions: &[Arc<Decision>],
    today: Date,
) -> bool {
    match recorded(environment) {
        Some(Stage::Removing) => true,
        Some(Stage::Removed) => false,
        _ if !may_be_removed(&environment.spec, today) => false,
        _ if is_unused(&environment.spec) => true,
        // Halted as it was seen, not only by its date: what still runs is not removed.
        _ => rests(environment) && reconciliation(environment, tenant, decisions).is_some(),
    }
}

/// The brake on removals: how many are due at one time, as the objects have it, against what a person allowed. Above it
/// nothing is begun; what was begun goes on, because it cannot be taken back.
pub fn braked(due: usize, most: u16) -> bool {
    due > usize::from(most)
}

/// Whether a system has left: it had environments, and each of them is removed. `before` is what was known when no record
/// of one is left.
pub fn has_left<'a>(environments: impl IntoIterator<Item = &'a Environment>, before: bool) -> bool {
    let mut environments = environments.into_iter().peekable();
    if environments.peek().is_none() {
        return before;
    }
    environments.all(is_removed)
}

/// Whether an environment's last day is near, counted in days of the rule set, or over; the sentence for people.
pub fn ending(spec: &EnvironmentSpec, clocks: &Clocks, today: Date) -> Option<(Reason, String)> {
    // A stop that has begun, or begins by then, says enough.
    let last = last_day(spec).filter(|last| !stopped_by(spec, today.max(*last)))?;
    if last < today {
        let message = format!("The last day was {last}: it is suspended; ask for `Extend` or `Decommission`.");
        return Some((Reason::LastDayOver, message));
    }
    let noticed = clocks.after(today, ClockStep::EndNotice)?;
    (last <= noticed).then(|| {
        (Reason::LastDayNear, format!("It is suspended after {last}; ask for `Extend` in time, or let it end."))
    })
}
