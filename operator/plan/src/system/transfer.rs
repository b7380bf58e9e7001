//! A system passes to another agency. Both agencies submit a paper with the same words, each in its own namespace, and each
//! paper is decided like every other: who gives and who takes said yes, and an approver to both. The giving agency's paper
//! is the one that is carried out; the receiving agency's follows it.
//!
//! Owner, budget, bindings and labels change. Plate, namespaces, prefixes and workloads do not (domain §6.2 invariants 2, 3).

use std::sync::Arc;

use berth_crds::common::{DatedAgency, NameRef};
use berth_crds::onboarding::{Action, OutcomeResult, TransferRequest};
use berth_crds::{Onboarding, TenantSpec, names};
use jiff::civil::Date;
use kube::ResourceExt;

use super::{dated, environments, tenant_name};
use crate::register::Register;
use crate::{fulfil, life};

/// The Tenant with its new owner. Exactly one agency owns it on every day.
pub fn pass(tenant: &TenantSpec, asked: &TransferRequest, day: Date) -> TenantSpec {
    let mut changed = tenant.clone();
    let from = dated::end_last(&mut changed.owners, day).to_string();
    changed.owners.push(DatedAgency { agency_ref: asked.to.clone(), from, to: None, mark: None });
    changed.agency_ref = NameRef::to(&asked.to.name);
    changed
}

/// Why a system does not pass now. What is on its way out is removed by the word of the agency that gave it back, and only
/// on its paper: another owner could not sign, and the former one must not.
pub fn leaving(register: &Register, tenant: &str) -> Option<String> {
    let out = environments(register, tenant).filter(|e| e.spec.lifecycle.leaves());
    let out: Vec<String> = out.filter(|e| !life::is_removed(e)).map(|e| e.name_any()).collect();
    (!out.is_empty()).then(|| {
        format!(
            "On its way out: {}. Only its present owner can sign for that, so the system passes once it is removed, or after `Resume`.",
            out.join(", ")
        )
    })
}

/// Whether two papers speak of the same change of owner, from both sides.
pub fn matches(a: &Onboarding, b: &Onboarding) -> bool {
    let both = a.spec.action == Action::Transfer && b.spec.action == Action::Transfer;
    let same = tenant_name(a).is_some() && tenant_name(a) == tenant_name(b) && a.spec.transfer == b.spec.transfer;
    both && same && a.namespace() != b.namespace()
}

/// The agency whose paper a change of owner needs beside this one.
pub fn other<'a>(asked: &'a TransferRequest, agency: &str) -> &'a str {
    if asked.from.name == agency { &asked.to.name } else { &asked.from.name }
}

/// The approved paper of the other agency.
pub fn counterpart<'a>(onboarding: &Onboarding, others: &'a [Arc<Onboarding>]) -> Option<&'a Arc<Onboarding>> {
    others.iter().find(|other| matches(onboarding, other) && approved(other))
}

/// Approved, and neither taken back nor done.
fn approved(onboarding: &Onboarding) -> bool {
    let outcome = onboarding.status.as_ref().and_then(|s| s.outcome.as_ref());
    outcome.is_some_and(|o| o.result == OutcomeResult::Approved) && fulfil::open(onboarding)
}

/// Whether a paper lies in the namespace of one of the agencies that it names.
pub fn takes_part(onboarding: &Onboarding) -> bool {
    let namespace = onboarding.namespace().unwrap_or_default();
    let agency = names::agency_of_namespace(&namespace);
    onboarding.spec.transfer.as_ref().is_some_and(|t| agency == Some(&t.from.name) || agency == Some(&t.to.name))
}

/// Whether a paper is the one that is carried out.
pub fn gives(asked: &TransferRequest, agency: &str) -> bool {
    asked.from.name == agency
}
