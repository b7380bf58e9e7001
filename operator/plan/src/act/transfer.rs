//! Transfer: another owner, by a paper of each agency. The only act that books: with the receiving agency, before it is
//! carried out.

use berth_crds::agency::AgencyType;
use berth_crds::{ConditionType, Onboarding, Reason, Tenant, condition};
use kube::ResourceExt;

use super::{Act, Changed, Input, Part, Parts, whole};
use crate::checks::Subject;
use crate::fulfil::{Case, Way, made_by, never};
use crate::register::Register;
use crate::system::{self, transfer};

/// Another owner.
pub struct Transfer;

impl Act for Transfer {
    fn parts(&self) -> Parts {
        Parts { needs: &[Part::Tenant, Part::Transfer], may: &[] }
    }

    fn defects(&self, s: &Subject) -> Vec<String> {
        let Some(asked) = &s.onboarding.spec.transfer else { return Vec::new() };
        let stranger = (!transfer::takes_part(s.onboarding)).then(|| {
            format!(
                "`spec.transfer` is from {:?} to {:?}; {:?} is neither, and may not ask for it.",
                asked.from.name, asked.to.name, s.agency
            )
        });
        let same = (asked.from == asked.to).then(|| "`spec.transfer` names one agency twice; name two.".to_owned());
        stranger.into_iter().chain(same).collect()
    }

    fn unfit(&self, s: &Subject) -> Vec<String> {
        let Some(asked) = &s.onboarding.spec.transfer else { return Vec::new() };
        let leaving = whole::of(s).and_then(|tenant| transfer::leaving(s.register, &tenant.name_any()));
        let Some(to) = s.register.agencies.get(&asked.to.name) else { return leaving.into_iter().collect() };
        let gone = (!s.register.in_force(&asked.to.name, s.day))
            .then(|| format!("`spec.transfer.to` is {:?}, which is not in force on {}.", asked.to.name, s.day));
        let enterprise = (to.spec.type_ == AgencyType::Enterprise)
            .then(|| format!("`spec.transfer.to` is {:?}, an enterprise: it never owns a system.", asked.to.name));
        gone.into_iter().chain(enterprise).chain(leaving).collect()
    }

    fn way(&self, case: &Case) -> Way {
        whole::way(case, passed, |case, tenant| {
            let Some(asked) = &case.onboarding.spec.transfer else {
                return never(Reason::InvalidSpec, "`spec.transfer` is missing.".into());
            };
            if tenant.spec.agency_ref != asked.from {
                let message = "The system belongs to another body by now; its owner must ask.";
                return never(Reason::NotActingForAgency, message.into());
            }
            if let Some(leaving) = transfer::leaving(case.register, &tenant.name_any()) {
                return never(Reason::InvalidSpec, leaving);
            }
            // The receiving agency's paper is carried out by the giving agency's.
            let decided = transfer::counterpart(case.onboarding, case.others).is_some();
            if transfer::gives(asked, case.agency) && decided { Way::Act } else { Way::Later { paper: None } }
        })
    }

    fn change(&self, input: &Input) -> Option<Changed> {
        let (tenant, made) = whole::made(input)?;
        let asked = input.onboarding.spec.transfer.as_ref()?;
        let mut changed = tenant.clone();
        changed.spec = transfer::pass(&tenant.spec, asked, input.today.max(input.decided));
        changed.spec.basis = made.basis(&tenant.spec.basis);
        Some(Changed { tenant: Some(changed), environment: None })
    }

    fn done(&self, onboarding: &Onboarding, register: &Register) -> Option<String> {
        let tenant = system::tenant(onboarding, register)?;
        let (name, owner) = (tenant.metadata.name.as_deref()?, tenant.spec.agency_ref.name.as_str());
        let follows = system::standing(register, name).all(|environment| {
            let status = environment.status.as_ref();
            status.is_some_and(|s| {
                s.agency.as_deref() == Some(owner) && condition::is_true(&s.conditions, ConditionType::Ready)
            })
        });
        follows.then(|| format!("{name} belongs to {owner}."))
    }
}

fn passed(onboarding: &Onboarding, tenant: &Tenant) -> bool {
    let to = onboarding.spec.transfer.as_ref().map(|asked| &asked.to);
    made_by(&tenant.spec.basis, onboarding.metadata.uid.as_deref()) || to == Some(&tenant.spec.agency_ref)
}
