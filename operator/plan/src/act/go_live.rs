//! GoLive: permission to operate, after a positive readiness verdict.

use berth_crds::environment::EnvironmentKind;
use berth_crds::{ConditionType, Onboarding, Reason, Tenant, condition};
use kube::ResourceExt;

use super::record_level::of;
use super::{Act, Changed, Input, Part, Parts, whole};
use crate::checks::Subject;
use crate::fulfil::{Case, Way, never};
use crate::register::Register;
use crate::system::{self, golive};

/// Permission to operate.
pub struct GoLive;

impl Act for GoLive {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Tenant], may: &[] }
    }

    fn defects(&self, _: &Subject) -> Vec<String> {
        Vec::new()
    }

    fn unfit(&self, s: &Subject) -> Vec<String> {
        let Some(tenant) = whole::of(s) else { return Vec::new() };
        let name = tenant.name_any();
        let production = system::environments(s.register, &name).any(|e| e.spec.kind == EnvironmentKind::Prod);
        let nothing = (!production).then(|| format!("{name} has no production environment: nothing could operate."));
        golive::lacking(&tenant.spec).into_iter().chain(nothing).collect()
    }

    fn way(&self, case: &Case) -> Way {
        whole::way(case, permitted, |_, tenant| match golive::lacking(&tenant.spec) {
            Some(message) => never(Reason::LevelNotApproved, message),
            None => Way::Act,
        })
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let (tenant, made) = whole::made(input)?;
        let mut changed = tenant.clone();
        changed.spec = golive::permit(&tenant.spec, &made, input.today.max(input.decided));
        changed.spec.basis = made.basis(&tenant.spec.basis);
        Some(Changed { tenant: Some(changed), environment: None })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        let status = system::tenant(onboarding, register)?.status.as_ref()?;
        let told = condition::get(&status.conditions, ConditionType::Operating)?;
        (told.status == "True").then(|| told.message.clone())
    }
}

fn permitted(onboarding: &Onboarding, tenant: &Tenant) -> bool {
    tenant.spec.permissions.iter().any(|permission| of(onboarding, Some(&permission.onboarding_ref)))
}
