//! Suspend: exposure closed, access read only, growth refused, until a Resume.

use berth_crds::environment::{Lifecycle, Schedule};
use berth_crds::{Environment, Onboarding};

use super::{Act, Changed, Input, Part, Parts, target};
use crate::checks::Subject;
use crate::fulfil::{Case, Way};
use crate::register::Register;

/// Stop for a while.
pub struct Suspend;

impl Act for Suspend {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Target], may: &[Part::EffectiveDate, Part::ForceMajeure] }
    }

    fn defects(&self, s: &Subject) -> Vec<String> {
        target::day_defects(s)
    }

    fn unfit(&self, s: &Subject) -> Vec<String> {
        target::unfit(s, |s, environment| {
            stopped(environment).into_iter().chain(target::notice_defects(s, environment)).collect()
        })
    }

    fn way(&self, case: &Case) -> Way {
        target::way(case, stopped)
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let mut environment = target::changed(input)?;
        let suspend = target::stops(input, &environment, target::effective(input, &environment));
        environment.spec.lifecycle = Lifecycle::Suspended;
        environment.spec.schedule = Some(Schedule { suspend: suspend.to_string(), halt: None, remove: None });
        Some(Changed { tenant: None, environment: Some(environment) })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        target::done(onboarding, register)
    }
}

fn stopped(environment: &Environment) -> Option<String> {
    target::gone(environment).or_else(|| match environment.spec.lifecycle {
        Lifecycle::Active => None,
        Lifecycle::Suspended => Some("The environment is suspended already.".to_owned()),
        Lifecycle::Decommissioned | Lifecycle::Released => {
            Some("The environment is on its way out already.".to_owned())
        }
    })
}
