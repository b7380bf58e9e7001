//! Actions other than `New`, `AddEnvironment` and `Change`: each has a file of its own with what a paper of it must say, its
//! way once it is approved, and what it changes in the registers. None of them books, but the one that changes the owner.

mod decommission;
mod extend;
mod go_live;
mod record_level;
mod resume;
mod suspend;
mod target;
mod transfer;
mod whole;

use std::sync::Arc;

use berth_crds::onboarding::{Action, OnboardingSpec, Outcome};
use berth_crds::{Decision, Environment, Onboarding, PolicyProfile, Tenant};
use jiff::civil::Date;

use crate::checks::Subject;
use crate::fulfil::{Case, Way};
use crate::register::Register;

/// A part of a paper that some actions have and others have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `system`.
    System,
    /// `tenantRef`.
    Tenant,
    /// `environmentRef` with `revision`.
    Target,
    /// `environment`.
    Environment,
    /// `endDate`.
    EndDate,
    /// `effectiveDate`.
    EffectiveDate,
    /// `forceMajeure`.
    ForceMajeure,
    /// `level`.
    Level,
    /// `transfer`.
    Transfer,
}

impl Part {
    /// All parts.
    pub const ALL: &[Self] = &[
        Self::System,
        Self::Tenant,
        Self::Target,
        Self::Environment,
        Self::EndDate,
        Self::EffectiveDate,
        Self::ForceMajeure,
        Self::Level,
        Self::Transfer,
    ];

    /// Its field in the paper, and in the door's message.
    pub fn fields(self) -> (&'static str, &'static str) {
        match self {
            Self::System => ("system", "system"),
            Self::Tenant => ("tenantRef", "tenant"),
            Self::Target => ("environmentRef", "target"),
            Self::Environment => ("environment", "environment"),
            Self::EndDate => ("endDate", "end_date"),
            Self::EffectiveDate => ("effectiveDate", "effective_date"),
            Self::ForceMajeure => ("forceMajeure", "force_majeure"),
            Self::Level => ("level", "level"),
            Self::Transfer => ("transfer", "transfer"),
        }
    }

    /// Whether a paper has it.
    pub fn given(self, spec: &OnboardingSpec) -> bool {
        match self {
            Self::System => spec.system.is_some(),
            Self::Tenant => spec.tenant_ref.is_some(),
            Self::Target => spec.environment_ref.is_some(),
            Self::Environment => spec.environment.is_some(),
            Self::EndDate => spec.end_date.is_some(),
            Self::EffectiveDate => spec.effective_date.is_some(),
            Self::ForceMajeure => spec.force_majeure.is_some(),
            Self::Level => spec.level.is_some(),
            Self::Transfer => spec.transfer.is_some(),
        }
    }
}

/// Parts of an action's papers. Every part that is in neither list is a stranger to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Without these it is not complete.
    pub needs: &'static [Part],
    /// These may be there.
    pub may: &'static [Part],
}

impl Parts {
    /// Whether the action has no use for a part.
    pub fn is_stranger(&self, part: Part) -> bool {
        !self.needs.contains(&part) && !self.may.contains(&part)
    }
}

/// Parts of an action's papers. One that asks for resources has no act of its own.
pub fn parts(action: Action) -> Parts {
    let resources: &[Part] = match action {
        Action::New => &[Part::System, Part::Environment],
        Action::AddEnvironment => &[Part::Tenant, Part::Environment],
        _ => &[Part::Target, Part::Environment],
    };
    of(action).map_or(Parts { needs: resources, may: &[] }, |act| act.parts())
}

/// Whether an action asks for resources, and so for headroom.
pub fn books(action: Action) -> bool {
    of(action).is_none()
}

/// What an approved act is carried out with.
pub struct Input<'a> {
    /// The paper.
    pub onboarding: &'a Onboarding,
    /// Its outcome.
    pub outcome: &'a Outcome,
    /// Decisions on it.
    pub decisions: &'a [Arc<Decision>],
    /// Rule set of the paper.
    pub profile: &'a PolicyProfile,
    /// The registers as the way was found from.
    pub register: &'a Register,
    /// Day of the outcome.
    pub decided: Date,
    /// Today.
    pub today: Date,
}

/// Register entries as they are to be. Each was changed from what the registers had, so its resourceVersion is the lock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// The tenant, when it changes. Written first.
    pub tenant: Option<Tenant>,
    /// The environment, when it changes.
    pub environment: Option<Environment>,
}

/// One action.
pub trait Act: Sync {
    /// Parts of its papers.
    fn parts(&self) -> Parts;

    /// What is wrong with what the paper says by itself: for the check `complete`, all at once.
    fn defects(&self, subject: &Subject) -> Vec<String>;

    /// Why it cannot be done on what is in force: for the check `current`, all at once.
    fn unfit(&self, subject: &Subject) -> Vec<String>;

    /// The way of an approved paper; `Way::Act` when the registers are to be changed now.
    fn way(&self, case: &Case) -> Way;

    /// The registers as it changes them; `None` when something that it needs is gone.
    fn change(&self, input: &Input) -> Option<Changed>;

    /// One sentence once everything that follows is in force; `None` while it is not. Asked when the way is `Way::Stands`.
    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String>;
}

/// The act of an action; `None` for those that ask for resources.
pub fn of(action: Action) -> Option<&'static dyn Act> {
    match action {
        Action::New | Action::AddEnvironment | Action::Change => None,
        Action::Extend => Some(&extend::Extend),
        Action::Suspend => Some(&suspend::Suspend),
        Action::Resume => Some(&resume::Resume),
        Action::Decommission => Some(&decommission::Decommission),
        Action::Transfer => Some(&transfer::Transfer),
        Action::RecordLevel => Some(&record_level::RecordLevel),
        Action::GoLive => Some(&go_live::GoLive),
    }
}
