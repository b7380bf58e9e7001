//! GoLive: permission to operate, after a positive readiness verdict.

use berth_crds::environment::EnvironmentKind;
use berth_crds::{ConditionType, Onboarding, Reason, Tenant, condition};
use kube::ResourceExt;

use super::record_level::of;
use super::{Act, Changed, Input, Part, Parts, whole};
use crate::checks::Subject;
use crate::fulfil::{Case, Way, never};
use crate::life;
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
        golive::lacking(&tenant.spec).into_iter().chain(nothing(s.register, tenant)).collect()
    }

    fn way(&self, case: &Case) -> Way {
        whole::way(case, permitted, |case, tenant| match golive::lacking(&tenant.spec) {
            Some(message) => never(Reason::LevelNotApproved, message),
            None => nothing(case.register, tenant).map_or(Way::Act, |message| never(Reason::InvalidSpec, message)),
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

/// Why nothing could operate: production is missing, or its namespaces are going or gone. What is only on its way out can
/// be resumed.
fn nothing(register: &Register, tenant: &Tenant) -> Option<String> {
    let name = tenant.name_any();
    let mut standing = system::environments(register, &name).filter(|e| !life::is_leaving_for_good(e));
    let production = standing.any(|e| e.spec.kind == EnvironmentKind::Prod);
    (!production).then(|| format!("{name} has no production environment: nothing could operate."))
}

fn permitted(onboarding: &Onboarding, tenant: &Tenant) -> bool {
    tenant.spec.permissions.iter().any(|permission| of(onboarding, Some(&permission.onboarding_ref)))
}
