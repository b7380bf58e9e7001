//! A whole system: its level, its permission to operate, its owner; and who signs for whom.
//!
//! Each is a function from the Tenant as it is to the Tenant as it shall be. They are apart from the approval of resources
//! (design §3.6): what is granted is not yet allowed to operate, and what is decided about a system's level changes no
//! running environment by itself.

mod dated;
pub mod delegation;
pub mod golive;
pub mod level;
pub mod transfer;

use std::sync::Arc;

use berth_crds::agency::DayRange;
use berth_crds::common::{Basis, BasisType, DatedAgency, Document, PaperRef};
use berth_crds::decision::SignerRole;
use berth_crds::onboarding::{Action, Outcome};
use berth_crds::tenant::{LevelRecord, LevelStatus};
use berth_crds::{Decision, Environment, Onboarding, Tenant};
use jiff::civil::Date;
use kube::ResourceExt;

use crate::life;
use crate::register::Register;

/// Most entries of a dated list, as the schema has it.
const MOST: usize = 32;

/// The system that an act is about, where it is about a system as a whole.
pub fn tenant_name(onboarding: &Onboarding) -> Option<&str> {
    let whole = matches!(onboarding.spec.action, Action::RecordLevel | Action::GoLive | Action::Transfer);
    let named = onboarding.spec.tenant_ref.as_ref().filter(|_| whole);
    named.map(|tenant| tenant.name.as_str())
}

/// The same, as the register has it.
pub fn tenant<'a>(onboarding: &Onboarding, register: &'a Register) -> Option<&'a Arc<Tenant>> {
    register.tenants.get(tenant_name(onboarding)?)
}

/// Environments of a system, by name.
pub fn environments<'a>(register: &'a Register, tenant: &'a str) -> impl Iterator<Item = &'a Arc<Environment>> {
    register.environments.values().filter(move |e| e.spec.tenant_ref.name == tenant)
}

/// Those of them that are there, or to be there: what is removed is a record, and has nothing that could follow an owner or
/// a level.
pub fn standing<'a>(register: &'a Register, tenant: &'a str) -> impl Iterator<Item = &'a Arc<Environment>> {
    environments(register, tenant).filter(|e| !life::is_removed(e))
}

/// Why the register entry takes no further record.
pub fn full(tenant: &Tenant) -> Option<String> {
    let spec = &tenant.spec;
    let lists = [spec.levels.len(), spec.permissions.len(), spec.owners.len()];
    lists.into_iter().any(|n| n >= MOST).then(|| {
        format!("The entry of {:?} holds no more records: a platform operator must shorten it.", tenant.name_any())
    })
}

/// Goes on with a duty: the same body stays, another one follows from a day on.
pub fn continue_with(duty: &mut Vec<DatedAgency>, next: Vec<DatedAgency>, day: Date) {
    let Some(next) = next.into_iter().last() else { return };
    if duty.last().is_some_and(|last| last.agency_ref == next.agency_ref) {
        return;
    }
    let from = dated::end_last(duty, day).to_string();
    duty.push(DatedAgency { from, ..next });
}

/// Another level is proposed from a day on.
pub fn propose(levels: &mut Vec<LevelRecord>, level: i64, day: Date) {
    let from = dated::end_last(levels, day).to_string();
    let in_force = DayRange { from, to: None };
    levels.push(LevelRecord { level, status: LevelStatus::Proposed, in_force, ..LevelRecord::default() });
}

/// The Decisions that made an outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// The paper.
    pub paper: PaperRef,
    /// UIDs of the Decisions.
    pub decision_uids: Vec<String>,
    /// The document that each role signed.
    pub documents: Vec<(SignerRole, Document)>,
}

impl Made {
    /// From a paper, its outcome and the Decisions on it.
    pub fn of(onboarding: &Onboarding, outcome: &Outcome, decisions: &[Arc<Decision>]) -> Self {
        let uids = outcome.decision_uids.clone();
        let of_outcome = decisions.iter().filter(|d| d.uid().is_some_and(|uid| uids.contains(&uid)));
        let documents = of_outcome.filter_map(|d| Some((d.spec.role, d.spec.document.clone()?))).collect();
        Self { paper: crate::admit::paper(onboarding), decision_uids: uids, documents }
    }

    /// What a role signed.
    fn document(&self, role: SignerRole) -> Option<Document> {
        self.documents.iter().find(|(signed, _)| *signed == role).map(|(_, document)| document.clone())
    }

    /// The ground of an entry that is changed.
    pub fn basis(&self, before: &Basis) -> Basis {
        Basis {
            type_: BasisType::Paper,
            onboarding_ref: Some(self.paper.clone()),
            decision_uids: self.decision_uids.clone(),
            revision: Some(before.revision.unwrap_or(0) + 1),
            reason: None,
        }
    }
}
