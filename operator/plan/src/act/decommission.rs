//! Decommission: suspended, halted, and after the hold and a signed reconciliation removed, each on its day. What was never
//! ready has nothing to halt, to hold or to reconcile: it is closed at once, and removed.

use berth_crds::environment::{Lifecycle, Schedule};
use berth_crds::profile::ClockStep;
use berth_crds::{Environment, Onboarding};

use super::{Act, Changed, Input, Part, Parts, target};
use crate::checks::Subject;
use crate::dossier::clock::Clocks;
use crate::fulfil::{Case, Way};
use crate::life;
use crate::register::Register;

/// Give the environment back.
pub struct Decommission;

impl Act for Decommission {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Target], may: &[Part::EffectiveDate, Part::ForceMajeure] }
    }

    fn defects(&self, s: &Subject) -> Vec<String> {
        target::day_defects(s)
    }

    fn unfit(&self, s: &Subject) -> Vec<String> {
        target::unfit(s, |s, environment| {
            leaving(environment).into_iter().chain(target::notice_defects(s, environment)).collect()
        })
    }

    fn way(&self, case: &Case) -> Way {
        target::way(case, leaving)
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let mut environment = target::changed(input)?;
        environment.spec.schedule = Some(schedule(input, &environment));
        environment.spec.lifecycle = Lifecycle::Decommissioned;
        Some(Changed { tenant: None, environment: Some(environment) })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        let environment = target::environment(&onboarding.spec, register)?;
        // What was never ready is not waited for; until it is removed a paper may take it back.
        never_used(environment).or_else(|| target::done(onboarding, register))
    }
}

/// The days of the steps, by the rule set of the paper. What is stopped already stays so.
fn schedule(input: &Input, environment: &Environment) -> Schedule {
    let begins = target::effective(input, environment);
    if life::never_ready(environment) {
        // Closed at once, so that nothing begins in it by then; nothing is halted, held or reconciled.
        let (today, remove) = (input.today.to_string(), begins.to_string());
        return Schedule { suspend: today, halt: None, remove: Some(remove) };
    }
    let calendar = input.register.calendar();
    let clocks = Clocks { profile: input.profile, calendar: &calendar };
    let halt = clocks.after(begins, ClockStep::Halting).unwrap_or(begins);
    // A rule set that says nothing of a hold lets nothing be removed.
    let remove = clocks.after(halt, ClockStep::Hold);
    Schedule {
        suspend: target::stops(input, environment, begins).to_string(),
        halt: Some(halt.to_string()),
        remove: remove.map(|day| day.to_string()),
    }
}

fn never_used(environment: &Environment) -> Option<String> {
    let spec = &environment.spec;
    let remove = spec.schedule.as_ref().filter(|_| life::is_unused(spec))?.remove.as_deref()?;
    let name = environment.metadata.name.as_deref().unwrap_or_default();
    Some(format!("The environment {name} was never ready: it is removed from {remove} on, and nothing is reconciled."))
}

fn leaving(environment: &Environment) -> Option<String> {
    let leaving = environment.spec.lifecycle.leaves();
    target::gone(environment).or_else(|| leaving.then(|| "The environment is on its way out already.".to_owned()))
}
