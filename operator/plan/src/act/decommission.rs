//! Decommission: suspended, halted, and after the hold and a signed reconciliation removed, each on its day.

use berth_crds::environment::{Lifecycle, Schedule};
use berth_crds::profile::ClockStep;
use berth_crds::{Environment, Onboarding};

use super::{Act, Changed, Input, Part, Parts, target};
use crate::checks::Subject;
use crate::dossier::clock::Clocks;
use crate::fulfil::{Case, Way};
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
        target::done(onboarding, register)
    }
}

/// The days of the steps, by the rule set of the paper. What is stopped already stays so.
fn schedule(input: &Input, environment: &Environment) -> Schedule {
    let calendar = input.register.calendar();
    let clocks = Clocks { profile: input.profile, calendar: &calendar };
    let begins = target::effective(input, environment);
    let halt = clocks.after(begins, ClockStep::Halting).unwrap_or(begins);
    // A rule set that says nothing of a hold lets nothing be removed.
    let remove = clocks.after(halt, ClockStep::Hold);
    Schedule {
        suspend: target::stops(input, environment, begins).to_string(),
        halt: Some(halt.to_string()),
        remove: remove.map(|day| day.to_string()),
    }
}

fn leaving(environment: &Environment) -> Option<String> {
    let leaving = environment.spec.lifecycle.leaves();
    target::gone(environment).or_else(|| leaving.then(|| "The environment is on its way out already.".to_owned()))
}
