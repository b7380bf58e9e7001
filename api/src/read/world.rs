//! What is asked, held against the registers: everything that it names exists and fits.

use berth_crds::{
    AddressPlan, Agency, Environment, EnvironmentClass, OnboardingSpec, Site, Tenant, names,
    onboarding::{Action, EnvironmentRequest, Grant},
};
use berth_plan::address;
use ipnet::Ipv6Net;

use super::{Findings, quantity};
use crate::{identity::Caller, name, problem::Result, registers::Registers};

/// The part of the registers that one request names.
#[derive(Debug, Default)]
pub struct World {
    /// The class.
    pub class: Option<EnvironmentClass>,
    /// All sites.
    pub sites: Vec<Site>,
    /// The governing body of a new system.
    pub governing_body: Option<Agency>,
    /// The unit that operates a new system.
    pub operator: Option<Agency>,
    /// Earlier owners of a new system, in order.
    pub former_owners: Vec<Option<Agency>>,
    /// Giving and receiving agency of a change of owner.
    pub transfer: [Option<Agency>; 2],
    /// The tenant that gets another environment, if the caller may see it.
    pub tenant: Option<Tenant>,
    /// The environment that is changed, or that is in the way of another of its kind.
    pub environment: Option<Environment>,
    /// The address plan.
    pub plan: Option<AddressPlan>,
}

impl World {
    /// Reads it.
    pub async fn read(registers: &Registers, caller: &Caller, spec: &OnboardingSpec) -> Result<Self> {
        let class_id = spec.environment.as_ref().map(|e| e.class_ref.name.as_str()).unwrap_or_default();
        let wish = spec.environment.as_ref().and_then(|e| e.requested_prefix.as_ref());
        let mut world = Self::default();
        (world.class, world.sites) = futures::try_join!(registers.class(class_id), registers.sites())?;
        if let Some(system) = &spec.system {
            let (governing, operator) = (&system.governing_body_ref.name, &system.operator_ref.name);
            (world.governing_body, world.operator) =
                futures::try_join!(registers.agency(governing), registers.agency(operator))?;
            let owners = system.former_owners.iter().map(|owner| registers.agency(&owner.agency_ref.name));
            world.former_owners = futures::future::try_join_all(owners).await?;
        }
        if let Some(asked) = &spec.transfer {
            let (from, to) = futures::try_join!(registers.agency(&asked.from.name), registers.agency(&asked.to.name))?;
            world.transfer = [from, to];
        }
        if wish.is_some() {
            world.plan = registers.address_plan().await?;
        }
        if let Some(tenant) = &spec.tenant_ref {
            world.tenant = registers.tenant(caller, &tenant.name).await?;
            if let (Some(_), Some(environment)) = (&world.tenant, &spec.environment) {
                world.environment = registers.get(&names::environment(&tenant.name, environment.kind.suffix())).await?;
            }
        }
        if let Some(target) = &spec.environment_ref {
            world.environment = registers.environment(caller, &target.name).await?.map(|(environment, _)| environment);
        }
        Ok(world)
    }

    /// Adds what does not fit; aliases in `spec` become ids.
    pub fn check(&self, findings: &mut Findings, spec: &mut OnboardingSpec) {
        self.system(findings, spec);
        match spec.action {
            Action::AddEnvironment => self.addition(findings, spec),
            Action::New => {}
            Action::RecordLevel | Action::GoLive => self.own_system(findings, spec),
            Action::Transfer => self.transfer(findings, spec),
            _ => self.change(findings, spec),
        }
        if let Some(environment) = &spec.environment {
            self.class(findings, environment);
            self.prefix(findings, environment);
        }
    }

    fn system(&self, findings: &mut Findings, spec: &mut OnboardingSpec) {
        let Some(system) = &mut spec.system else { return };
        let path = |part: &str| format!("onboarding.spec.system.{part}");
        resolve(findings, &path("governing_body"), &mut system.governing_body_ref.name, self.governing_body.as_ref());
        resolve(findings, &path("operator"), &mut system.operator_ref.name, self.operator.as_ref());
        for (i, (owner, found)) in system.former_owners.iter_mut().zip(&self.former_owners).enumerate() {
            resolve(findings, &path(&format!("former_owners[{i}].agency")), &mut owner.agency_ref.name, found.as_ref());
        }
    }

    /// An act on a system as a whole is its owner's.
    fn own_system(&self, findings: &mut Findings, spec: &OnboardingSpec) {
        let Some(tenant) = spec.tenant_ref.as_ref().filter(|_| self.tenant.is_none()) else { return };
        if !findings.has("onboarding.spec.tenant") {
            let help = "does not exist or is not yours: see `berth tenant list`";
            findings.bad("onboarding.spec.tenant", &name::tenant(&tenant.name), help);
        }
    }

    /// The receiving agency may not see the system yet: the operator knows whether it exists.
    fn transfer(&self, findings: &mut Findings, spec: &mut OnboardingSpec) {
        let Some(asked) = &mut spec.transfer else { return };
        let [from, to] = &self.transfer;
        for (part, id, found) in [("from_agency", &mut asked.from.name, from), ("to_agency", &mut asked.to.name, to)] {
            resolve(findings, &format!("onboarding.spec.transfer.{part}"), id, found.as_ref());
        }
        if asked.from == asked.to {
            findings.add("onboarding.spec.transfer", "names one agency twice: name who gives and who takes");
        }
    }

    fn addition(&self, findings: &mut Findings, spec: &OnboardingSpec) {
        let (Some(tenant), Some(asked)) = (&spec.tenant_ref, &spec.environment) else { return };
        if self.tenant.is_none() && !findings.has("onboarding.spec.tenant") {
            let help = "does not exist or is not yours: see `berth tenant list`";
            findings.bad("onboarding.spec.tenant", &name::tenant(&tenant.name), help);
        }
        if self.environment.is_some() {
            let there = name::environment(&names::environment(&tenant.name, asked.kind.suffix()));
            let kind = format!("{:?}", asked.kind).to_uppercase();
            let help = format!("exists already as {there}: ask for a CHANGE of it, or for another kind");
            findings.bad("onboarding.spec.environment.kind", &kind, &help);
        }
    }

    fn change(&self, findings: &mut Findings, spec: &OnboardingSpec) {
        let Some(target) = &spec.environment_ref else { return };
        let Some(environment) = &self.environment else {
            if !findings.has("onboarding.spec.target.name") {
                let help = "does not exist or is not yours: see `berth env list`";
                findings.bad("onboarding.spec.target.name", &name::environment(&target.name), help);
            }
            return;
        };
        if environment.metadata.uid.as_deref() != Some(target.uid.as_str())
            && !findings.has("onboarding.spec.target.uid")
        {
            findings.bad("onboarding.spec.target.uid", &target.uid, "is not the environment's uid: read it again");
        }
        let now = environment.spec.basis.revision.unwrap_or(0);
        if let Some(seen) = spec.revision.filter(|seen| *seen != now) {
            let help =
                format!("{seen} is not the revision of today, {now}: the environment was changed since, read it again");
            findings.add("onboarding.spec.target.revision", help);
        }
        let asked = spec.environment.as_ref().filter(|asked| environment.spec.kind != asked.kind);
        if let Some(asked) = asked {
            let help = format!(
                "{:?} is not the environment's kind, {:?}: a kind never changes",
                asked.kind, environment.spec.kind
            );
            findings.add("onboarding.spec.environment.kind", help);
        }
    }

    fn class(&self, findings: &mut Findings, asked: &EnvironmentRequest) {
        let field = "onboarding.spec.environment.class";
        let quota = asked.quota.as_ref().map(|quota| ("onboarding.spec.environment.quota", quota));
        fits_class(findings, field, &asked.class_ref.name, self.class.as_ref(), &self.sites, quota);
    }

    /// A wish outside the province's roots belongs to somebody else.
    fn prefix(&self, findings: &mut Findings, asked: &EnvironmentRequest) {
        let Some(wish) = asked.requested_prefix.as_ref().and_then(|wish| wish.parse::<Ipv6Net>().ok()) else { return };
        let Some(plan) = &self.plan else { return };
        if !address::roots(&plan.spec).iter().any(|root| root.contains(&wish)) {
            let help = "is not in the province's address plan: leave it out, a prefix is chosen for you";
            findings.bad("onboarding.spec.environment.requested_prefix", &wish.to_string(), help);
        }
    }
}

/// A changed grant fits its class.
pub async fn check_grant(findings: &mut Findings, registers: &Registers, grant: &Grant) -> Result<()> {
    let (class, sites) = futures::try_join!(registers.class(&grant.class_ref.name), registers.sites())?;
    let quota = Some(("granted.quota", &grant.quota));
    fits_class(findings, "granted.class", &grant.class_ref.name, class.as_ref(), &sites, quota);
    Ok(())
}

fn fits_class(
    findings: &mut Findings,
    field: &str,
    id: &str,
    class: Option<&EnvironmentClass>,
    sites: &[Site],
    quota: Option<(&str, &berth_crds::common::Resources)>,
) {
    let Some(class) = class else {
        if !findings.has(field) {
            findings.bad(field, &name::class(id), "is not in the catalogue: see `berth catalog classes`");
        }
        return;
    };
    let runtime = class.spec.runtime;
    if !sites.iter().any(|site| site.spec.runtimes.contains(&runtime)) {
        let help = format!("needs runtime {runtime:?}, which no site offers: choose a class that is available");
        findings.bad(field, &name::class(id), &help);
    }
    if let Some((field, quota)) = quota {
        quantity::within(findings, field, quota, &class.spec.resources, id);
    }
}

/// An id or alias becomes the id.
fn resolve(findings: &mut Findings, field: &str, id: &mut String, found: Option<&Agency>) {
    match found.and_then(|agency| agency.metadata.name.clone()) {
        Some(known) => *id = known,
        None if findings.has(field) => {}
        None => {
            findings.bad(field, &name::agency(id), "is not an agency of the register: see `berth catalog agencies`")
        }
    }
}
