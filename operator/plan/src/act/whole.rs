//! What acts on a whole system have in common.

use berth_crds::{Onboarding, Reason, Tenant};

use super::Input;
use crate::checks::Subject;
use crate::fulfil::{Case, Way, after, foreign, never};
use crate::system::{self, Made};

/// The way of an act on a system: `stands` says whether the register has it already, `then` what it waits for.
pub fn way(case: &Case, stands: fn(&Onboarding, &Tenant) -> bool, then: fn(&Case, &Tenant) -> Way) -> Way {
    let Some(tenant) = system::tenant(case.onboarding, case.register) else {
        return never(Reason::MissingReference, "The system is gone; nothing can be recorded about it.".into());
    };
    if stands(case.onboarding, tenant) {
        return Way::Stands;
    }
    let receives = case.onboarding.spec.transfer.as_ref().is_some_and(|asked| asked.to.name == case.agency);
    if let Some(foreign) = foreign(case).filter(|_| !receives) {
        return foreign;
    }
    if let Some(full) = system::full(tenant) {
        return never(Reason::InvalidSpec, full);
    }
    // The paper that made the system, or the last act on it, is finished first: it is known by the system's basis.
    after(case, tenant.spec.basis.onboarding_ref.as_ref(), then(case, tenant))
}

/// The system of a paper and the Decisions that made its outcome.
pub fn made<'a>(input: &Input<'a>) -> Option<(&'a Tenant, Made)> {
    let tenant = system::tenant(input.onboarding, input.register)?;
    Some((tenant.as_ref(), Made::of(input.onboarding, input.outcome, input.decisions)))
}

/// The system as checks see it.
pub fn of<'a>(s: &Subject<'a>) -> Option<&'a Tenant> {
    system::tenant(s.onboarding, s.register).map(AsRef::as_ref)
}
