//! The word of an agency that what is given back is saved and reconciled: it makes no outcome, it comes after one.

use berth_crds::onboarding::{Action, OutcomeResult};
use berth_crds::{Decision, Environment, Reason};
use kube::ResourceExt;

use super::{Case, Judged, asked_by, is_contractor, is_pipeline, out_of_order, undated};
use crate::fulfil::made_by;
use crate::life;

/// Why it does not count, if it does not.
pub(super) fn void_reason(
    case: &Case,
    decision: &Decision,
    outcome: Option<OutcomeResult>,
    before: &[Judged],
) -> Option<Reason> {
    let early = || (!reconcilable(case, outcome)).then_some(Reason::VoidTooEarly);
    let order = || out_of_order(case, decision, before).then_some(Reason::VoidOutOfOrder);
    by_stranger(case, decision)
        .or_else(|| by_former_owner(case))
        .or_else(order)
        .or_else(|| undated(case, decision))
        .or_else(early)
}

/// Who reconciles is a person of the agency, and not the one who asked for the removal.
fn by_stranger(case: &Case, decision: &Decision) -> Option<Reason> {
    let by = &decision.spec.by;
    if by.groups.iter().any(|g| is_contractor(g)) {
        return Some(Reason::VoidContractor);
    }
    if is_pipeline(&by.username) {
        return Some(Reason::VoidPipeline);
    }
    asked_by(case.onboarding, &by.username).then_some(Reason::VoidSelfApproval)
}

/// After a change of owner nobody destroys what is another's by now.
fn by_former_owner(case: &Case) -> Option<Reason> {
    let tenant = case.register.tenants.get(&environment(case)?.spec.tenant_ref.name).map(AsRef::as_ref);
    let namespace = case.onboarding.namespace().unwrap_or_default();
    (!life::is_owners(&namespace, tenant)).then_some(Reason::VoidNotOwner)
}

/// The paper's own environment.
fn environment<'a>(case: &Case<'a>) -> Option<&'a Environment> {
    let name = &case.onboarding.spec.environment_ref.as_ref()?.name;
    case.register.environments.get(name).map(AsRef::as_ref)
}

/// What is reconciled stands still: the paper's own environment is halted, as it was seen.
fn reconcilable(case: &Case, outcome: Option<OutcomeResult>) -> bool {
    let halted = environment(case).is_some_and(|environment| {
        let ours = made_by(&environment.spec.basis, case.onboarding.metadata.uid.as_deref());
        ours && life::rests(environment)
    });
    case.onboarding.spec.action == Action::Decommission && outcome == Some(OutcomeResult::Approved) && halted
}
