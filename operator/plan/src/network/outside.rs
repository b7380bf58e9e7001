//! Whether the devices outside the cluster know of an environment: what they must know, and what a person last said that
//! they were set to. Berth does not look into devices; it says whose word there is.

use berth_crds::address::Assignment;
use berth_crds::change::Outside;
use berth_crds::common::UidRef;
use berth_crds::condition::{self, Is};
use berth_crds::{AddressPlan, ConditionType, Environment, NetworkChange, Reason, Tenant};
use jiff::civil::Date;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

use crate::ledger::acts::order;
use crate::{as_of, day};

/// What devices must know of an environment on a day; `None` before it has a prefix.
pub fn facts(environment: &Environment, tenant: &Tenant, plan: Option<&AddressPlan>, on: Date) -> Option<Outside> {
    let own = environment.status.as_ref()?.prefix.clone()?;
    let assigned = plan.map(|plan| plan.spec.assignments.as_slice()).unwrap_or_default().iter();
    let assigned = assigned.filter(|a| has(a, environment) && day::covers(&a.from, a.to.as_deref(), on));
    let mut prefixes: Vec<String> = assigned.map(|a| a.cidr.clone()).chain([own]).collect();
    prefixes.sort();
    prefixes.dedup();
    let owner = as_of::holder(&tenant.spec.owners, on).unwrap_or_else(|| tenant.spec.agency_ref.name.clone());
    let environment_ref = UidRef { name: environment.name_any(), uid: environment.uid().unwrap_or_default() };
    Some(Outside { environment_ref, agency: owner, prefixes })
}

/// Whether an assignment is the environment's, or its whole system's.
pub fn has(assignment: &Assignment, environment: &Environment) -> bool {
    let holder = &assignment.holder;
    let named = holder.environment_ref.as_ref().is_some_and(|reference| reference.name == environment.name_any());
    named || holder.tenant_ref.as_ref() == Some(&environment.spec.tenant_ref)
}

/// What is said of the devices: the newest word about the very environment counts.
pub fn said<'a>(facts: &Outside, changes: impl IntoIterator<Item = &'a NetworkChange>) -> (Is, Reason, String) {
    let about = changes.into_iter().filter_map(|change| {
        let entry = change.spec.environments.iter().find(|e| e.environment_ref == facts.environment_ref)?;
        Some((change, entry))
    });
    match about.max_by_key(|(change, _)| order(&change.metadata)) {
        None => (Is::Unknown, Reason::OutsidePending, Reason::OutsidePending.en().into()),
        Some((change, entry)) => {
            let (by, reference) = (&change.spec.by.username, &change.spec.reference);
            if entry == facts {
                let message = format!("{} Said by {by:?}, ticket {reference:?}.", Reason::OutsideAcknowledged.en());
                return (Is::True, Reason::OutsideAcknowledged, message);
            }
            let was = format!(
                "Ticket {reference:?} of {by:?} had {} in the set of {:?}",
                entry.prefixes.join(", "),
                entry.agency
            );
            let now = format!("{} in the set of {:?}", facts.prefixes.join(", "), facts.agency);
            (Is::False, Reason::OutsideChanged, format!("{} {was}; now it is {now}.", Reason::OutsideChanged.en()))
        }
    }
}

/// Sets the condition.
pub fn tell<'a>(
    conditions: &mut Vec<Condition>,
    facts: Option<&Outside>,
    changes: impl IntoIterator<Item = &'a NetworkChange>,
    generation: Option<i64>,
    now: &Time,
) {
    let pending = || (Is::Unknown, Reason::NotYet, Reason::NotYet.en().to_owned());
    let (is, reason, message) = facts.map_or_else(pending, |facts| said(facts, changes));
    condition::set(conditions, ConditionType::OutsideReady, is, reason, message, generation, now);
}
