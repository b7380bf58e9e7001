//! Resume: the end of a stop, of a suspension as of a decommission that has removed nothing yet.

use berth_crds::environment::Lifecycle;
use berth_crds::{Environment, Onboarding};

use super::{Act, Changed, Input, Part, Parts, target};
use crate::checks::Subject;
use crate::fulfil::{Case, Way};
use crate::register::Register;

/// End a stop.
pub struct Resume;

impl Act for Resume {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Target], may: &[] }
    }

    fn defects(&self, _: &Subject) -> Vec<String> {
        Vec::new()
    }

    fn unfit(&self, s: &Subject) -> Vec<String> {
        target::unfit(s, |_, environment| running(environment).into_iter().collect())
    }

    fn way(&self, case: &Case) -> Way {
        target::way(case, running)
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let mut environment = target::changed(input)?;
        environment.spec.lifecycle = Lifecycle::Active;
        environment.spec.schedule = None;
        Some(Changed { tenant: None, environment: Some(environment) })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        target::done(onboarding, register)
    }
}

fn running(environment: &Environment) -> Option<String> {
    let active = environment.spec.lifecycle == Lifecycle::Active;
    target::gone(environment).or_else(|| {
        active.then(|| "The environment is not stopped; if its last day is over, ask for `Extend`.".to_owned())
    })
}
