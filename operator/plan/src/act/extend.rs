//! Extend: a later last day.

use berth_crds::{Environment, Onboarding};

use super::{Act, Changed, Input, Part, Parts, target};
use crate::checks::Subject;
use crate::day;
use crate::fulfil::{Case, Way};
use crate::register::Register;

/// A later last day.
pub struct Extend;

impl Act for Extend {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Target, Part::EndDate], may: &[] }
    }

    fn defects(&self, s: &Subject) -> Vec<String> {
        let Some(text) = &s.onboarding.spec.end_date else { return Vec::new() };
        let late = day::parse(text).is_some_and(|last| last > s.day);
        if late { Vec::new() } else { vec![format!("`spec.endDate` is {text:?}; give a date after {}.", s.day)] }
    }

    fn unfit(&self, s: &Subject) -> Vec<String> {
        target::unfit(s, apt)
    }

    fn way(&self, case: &Case) -> Way {
        target::way(case, leaving)
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let mut environment = target::changed(input)?;
        environment.spec.end_date = Some(input.onboarding.spec.end_date.clone()?);
        Some(Changed { tenant: None, environment: Some(environment) })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        target::done(onboarding, register)
    }
}

fn apt(s: &Subject, environment: &Environment) -> Vec<String> {
    let asked = s.onboarding.spec.end_date.as_deref().and_then(day::parse);
    let now = environment.spec.end_date.as_deref().and_then(day::parse);
    let no_later = now.zip(asked).filter(|(now, asked)| asked <= now);
    let no_later = no_later
        .map(|(now, asked)| format!("`spec.endDate` is {asked}; the last day is {now} already, give a later one."));
    no_later.into_iter().chain(leaving(environment)).collect()
}

fn leaving(environment: &Environment) -> Option<String> {
    let leaving = environment.spec.lifecycle.leaves();
    target::gone(environment)
        .or_else(|| leaving.then(|| "The environment is on its way out: ask for `Resume` first.".to_owned()))
}
