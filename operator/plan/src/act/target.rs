//! What acts on one environment have in common.

use berth_crds::common::{Basis, BasisType};
use berth_crds::environment::Stage;
use berth_crds::onboarding::OnboardingSpec;
use berth_crds::profile::ClockStep;
use berth_crds::{ConditionType, Environment, Onboarding, PolicyProfile, Reason, condition};
use jiff::civil::Date;

use super::Input;
use crate::admit::paper;
use crate::checks::Subject;
use crate::day::Calendar;
use crate::dossier::clock::Clocks;
use crate::fulfil::{Case, Way, after, foreign, made_by, never, outdated};
use crate::register::Register;
use crate::{day, life};

/// The environment that a paper names, as the registers have it.
pub fn environment<'a>(spec: &OnboardingSpec, register: &'a Register) -> Option<&'a Environment> {
    Some(register.environments.get(&spec.environment_ref.as_ref()?.name)?.as_ref())
}

/// What stands against a paper that was written against an environment: it is gone, another one, or has changed. `apt`
/// adds what stands against this act on the environment as it is.
pub fn unfit(s: &Subject, apt: fn(&Subject, &Environment) -> Vec<String>) -> Vec<String> {
    let spec = &s.onboarding.spec;
    let Some(reference) = &spec.environment_ref else { return Vec::new() };
    let Some(environment) = environment(spec, s.register) else {
        return vec![format!("`spec.environmentRef.name` names {:?}, which does not exist.", reference.name)];
    };
    if made_by(&environment.spec.basis, s.onboarding.metadata.uid.as_deref()) {
        return Vec::new();
    }
    let (asked, now) = (spec.revision.unwrap_or(0), environment.spec.basis.revision.unwrap_or(0));
    let other = (environment.metadata.uid.as_deref() != Some(&reference.uid))
        .then(|| format!("`spec.environmentRef.uid` is not the UID of {:?}; read it again.", reference.name));
    let stale = (asked != now)
        .then(|| format!("`spec.revision` is {asked}, the environment is at {now}; read it again and ask anew."));
    other.into_iter().chain(stale).chain(apt(s, environment)).collect()
}

/// The way of an act on an environment: like that of a change, without a booking.
pub fn way(case: &Case, too_late: fn(&Environment) -> Option<String>) -> Way {
    let Some(seen) = environment(&case.onboarding.spec, case.register) else {
        return never(Reason::MissingReference, format!("The environment {:?} is gone; ask anew.", case.environment));
    };
    if made_by(&seen.spec.basis, case.onboarding.metadata.uid.as_deref()) {
        return Way::Stands;
    }
    if let Some(refused) = foreign(case).or_else(|| outdated(case, seen)) {
        return refused;
    }
    if let Some(message) = too_late(seen) {
        return never(Reason::InvalidSpec, message);
    }
    // After an edit by hand the booking still names the paper that asked for it.
    let basis = seen.spec.basis.onboarding_ref.as_ref();
    let earlier = basis.or_else(|| case.booking.and_then(|booking| booking.onboarding_ref.as_ref()));
    after(case, earlier, Way::Act)
}

/// What is being removed, or is gone, is nobody's to change.
pub fn gone(environment: &Environment) -> Option<String> {
    life::is_leaving_for_good(environment)
        .then(|| "The environment is being removed, or gone: there is no way back.".to_owned())
}

/// The environment with the paper as its basis; what else changes is the caller's.
pub fn changed(input: &Input) -> Option<Environment> {
    let mut environment = environment(&input.onboarding.spec, input.register)?.clone();
    environment.spec.basis = Basis {
        type_: BasisType::Paper,
        onboarding_ref: Some(paper(input.onboarding)),
        decision_uids: input.outcome.decision_uids.clone(),
        revision: Some(environment.spec.basis.revision.unwrap_or(0) + 1),
        reason: None,
    };
    Some(environment)
}

/// Done when everything that follows from the environment's spec as it is now is in force.
pub fn done(onboarding: &Onboarding, register: &Register) -> Option<String> {
    let environment = environment(&onboarding.spec, register)?;
    let status = environment.status.as_ref()?;
    let current = status.observed_generation == environment.metadata.generation;
    (current && condition::is_true(&status.conditions, ConditionType::Ready)).then(|| told(environment))
}

fn told(environment: &Environment) -> String {
    let status = environment.status.clone().unwrap_or_default();
    let name = environment.metadata.name.as_deref().unwrap_or_default();
    let stage = status.stage.unwrap_or_default();
    let next = status.next.map(|next| format!(" Next: {:?} on {}.", next.stage, next.day)).unwrap_or_default();
    match environment.spec.end_date.as_deref().filter(|_| stage == Stage::Active) {
        Some(last) => format!("The environment {name} is {stage:?} until {last}.{next}"),
        None => format!("The environment {name} is {stage:?}.{next}"),
    }
}

/// The first day on which a stop may begin that is announced on `told`: a service that is reached from outside is
/// announced (NĐ 224/2026 Đ13 [L]; number and unit are the rule set's). What was never ready was never reached.
pub fn earliest_stop(environment: &Environment, told: Date, profile: &PolicyProfile, calendar: &Calendar) -> Date {
    let announced = !environment.spec.exposure.is_empty() && !life::never_ready(environment);
    let notice = announced.then(|| Clocks { profile, calendar }.after(told, ClockStep::StopNotice)).flatten();
    notice.unwrap_or(told)
}

/// What is wrong with the day from which a stop counts.
pub fn day_defects(s: &Subject) -> Vec<String> {
    let Some(text) = &s.onboarding.spec.effective_date else { return Vec::new() };
    let Some(day) = day::parse(text) else {
        return vec![format!("`spec.effectiveDate` is {text:?}; give a day of the calendar.")];
    };
    if day < s.day {
        return vec![format!("`spec.effectiveDate` is {text:?}; give {} or later.", s.day)];
    }
    Vec::new()
}

/// A planned stop that is announced too late (domain §6.2 invariant 19), unless a reason says why it must be.
pub fn notice_defects(s: &Subject, environment: &Environment) -> Vec<String> {
    let spec = &s.onboarding.spec;
    let Some(day) = spec.effective_date.as_deref().and_then(day::parse) else { return Vec::new() };
    let first = earliest_stop(environment, s.day, s.profile, &s.register.calendar());
    if day >= first || spec.force_majeure.is_some() {
        return Vec::new();
    }
    vec![format!(
        "`spec.effectiveDate` is {day}; a service that is reached from outside is announced first: give {first} or later, or `spec.forceMajeure` with the reason. The notice runs from the decision: a late one moves the day."
    )]
}

/// The day from which a decided stop counts: the one that was asked, but not before what the notice allows. The notice runs
/// from today: before the decision nobody was told, and a paper that is carried out late announces nothing backwards.
pub fn effective(input: &Input, environment: &Environment) -> Date {
    let spec = &input.onboarding.spec;
    let told = input.today.max(input.decided);
    let first = match &spec.force_majeure {
        Some(_) => told,
        None => earliest_stop(environment, told, input.profile, &input.register.calendar()),
    };
    spec.effective_date.as_deref().and_then(day::parse).map_or(first, |asked| asked.max(first))
}

/// The day of the suspension that a stop writes: what is stopped today, by whatever ground, does not open again for it.
pub fn stops(input: &Input, environment: &Environment, begins: Date) -> Date {
    let stopped = life::stage(&environment.spec, input.today) != Stage::Active;
    if stopped { begins.min(input.today) } else { begins }
}
