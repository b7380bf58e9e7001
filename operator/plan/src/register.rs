//! What is known when something is decided: the registers, and questions about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::onboarding::Action;
use berth_crds::tenant::MigrationStage;
use berth_crds::{Agency, Environment, EnvironmentClass, OnboardingSpec, PolicyProfile, Site, Tenant, WorkingCalendar};
use jiff::civil::Date;

use crate::day;
use crate::fulfil::made_by;

/// The registers, by name, and the day on which they are read.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// Bodies.
    pub agencies: BTreeMap<String, Arc<Agency>>,
    /// Data centres.
    pub sites: BTreeMap<String, Arc<Site>>,
    /// Catalogue.
    pub classes: BTreeMap<String, Arc<EnvironmentClass>>,
    /// Rule sets.
    pub profiles: BTreeMap<String, Arc<PolicyProfile>>,
    /// Working calendars.
    pub calendars: BTreeMap<String, Arc<WorkingCalendar>>,
    /// Information systems.
    pub tenants: BTreeMap<String, Arc<Tenant>>,
    /// Environments.
    pub environments: BTreeMap<String, Arc<Environment>>,
}

impl Register {
    /// Whether a body exists on a day.
    pub fn in_force(&self, agency: &str, day: Date) -> bool {
        self.agencies.get(agency).is_some_and(|a| day::within(&a.spec.in_force, day))
    }

    /// Bodies in force on a day that follow `agency`, directly or through others.
    pub fn successors(&self, agency: &str, day: Date) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![agency.to_owned()];
        let mut seen = std::collections::BTreeSet::from([agency.to_owned()]);
        while let Some(name) = open.pop() {
            for (id, body) in &self.agencies {
                if body.spec.predecessors.iter().any(|p| p.agency_ref.name == name) && seen.insert(id.clone()) {
                    if day::within(&body.spec.in_force, day) {
                        found.push(id.clone());
                    } else {
                        open.push(id.clone());
                    }
                }
            }
        }
        found.sort();
        found
    }

    /// The id of a body from its id or an alias that is in use on a day.
    pub fn resolve(&self, text: &str, day: Date) -> Option<String> {
        if self.agencies.contains_key(text) {
            return Some(text.to_owned());
        }
        self.agencies
            .iter()
            .find(|(_, a)| a.spec.aliases.iter().any(|al| al.value == text && day::within(&al.in_force, day)))
            .map(|(id, _)| id.clone())
    }

    /// The Vietnamese name of a body on a day, its last known name otherwise.
    pub fn title(&self, agency: &str, day: Date) -> String {
        let Some(body) = self.agencies.get(agency) else { return agency.to_owned() };
        let names = &body.spec.names;
        let now = names.iter().rev().find(|n| day::within(&n.in_force, day)).or(names.last());
        now.map_or_else(|| agency.to_owned(), |n| n.value.vi.clone())
    }

    /// Whether two bodies are one unit: the same, or one above the other on a day.
    pub fn same_unit(&self, a: &str, b: &str, day: Date) -> bool {
        a == b || self.is_above(a, b, day) || self.is_above(b, a, day)
    }

    fn is_above(&self, upper: &str, lower: &str, day: Date) -> bool {
        let mut open = vec![lower.to_owned()];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(body) = self.agencies.get(&name) else { continue };
            for parent in body.spec.parents.iter().filter(|p| day::covers(&p.from, p.to.as_deref(), day)) {
                if parent.agency_ref.name == upper {
                    return true;
                }
                open.push(parent.agency_ref.name.clone());
            }
        }
        false
    }

    /// The rule set in force on a day.
    pub fn profile(&self, day: Date) -> Option<&Arc<PolicyProfile>> {
        self.profiles.values().find(|p| day::within(&p.spec.in_force, day))
    }

    /// Working days of all known years.
    pub fn calendar(&self) -> day::Calendar {
        day::Calendar::new(self.calendars.values().map(|c| &c.spec))
    }

    /// The site that hosts an agency's systems: the one it names, or the only one.
    pub fn site_of(&self, agency: &str) -> Option<&Arc<Site>> {
        let named = self.agencies.get(agency).and_then(|a| a.spec.site_ref.as_ref());
        match named {
            Some(site) => self.sites.get(&site.name),
            None if self.sites.len() == 1 => self.sites.values().next(),
            None => None,
        }
    }

    /// The site that a request books and builds on: its system's own; for one that the register does not have yet, the
    /// site that hosts its agency's systems. `paper` is the request's UID, which one that is only checked has not got.
    pub fn site_for(&self, spec: &OnboardingSpec, agency: &str, paper: Option<&str>) -> Option<&Arc<Site>> {
        self.site_of_system(self.system_of(spec, agency, paper).as_deref(), agency)
    }

    /// The site of a system: its own where the register has it, else the one that hosts its agency's systems.
    pub fn site_of_system(&self, plate: Option<&str>, agency: &str) -> Option<&Arc<Site>> {
        match plate.and_then(|plate| self.tenants.get(plate)) {
            Some(tenant) => self.sites.get(&tenant.spec.site_ref.name),
            None => self.site_of(agency),
        }
    }

    /// The plate of the system that a request is about, if the register has it: for a new one, of the system that the
    /// request made or takes up.
    pub fn system_of(&self, spec: &OnboardingSpec, agency: &str, paper: Option<&str>) -> Option<String> {
        match spec.action {
            Action::New => paper.and_then(|uid| self.made_for(spec, uid)).or_else(|| self.taken_up(spec, agency)),
            _ => self.tenant_of(spec),
        }
    }

    /// The plate of the system of a request's code that the request made or took up.
    pub fn made_for(&self, spec: &OnboardingSpec, uid: &str) -> Option<String> {
        let code = spec.system.as_ref().map(|system| &system.code)?;
        let made = |tenant: &Tenant| made_by(&tenant.spec.basis, Some(uid));
        let found = self.tenants.iter().find(|(_, tenant)| &tenant.spec.code == code && made(tenant))?;
        Some(found.0.clone())
    }

    /// The plate of the system that a request for a new one takes up: the agency's own, which an inventory brought and
    /// which is not on the cloud yet.
    pub fn taken_up(&self, spec: &OnboardingSpec, agency: &str) -> Option<String> {
        let code = spec.system.as_ref().filter(|_| spec.action == Action::New).map(|system| &system.code)?;
        let own = |tenant: &Tenant| &tenant.spec.code == code && tenant.spec.agency_ref.name == agency;
        let found = self.tenants.iter().find(|(_, tenant)| own(tenant))?;
        (found.1.spec.migration_stage == MigrationStage::Inventoried).then(|| found.0.clone())
    }

    /// Another system that has the code of a request for a new one: not the one that the paper made, nor the one that it
    /// takes up. `paper` is its UID, which a request that is only checked has not got.
    pub fn other_of_code(
        &self,
        spec: &OnboardingSpec,
        agency: &str,
        paper: Option<&str>,
    ) -> Option<(&String, &Tenant)> {
        let code = spec.system.as_ref().filter(|_| spec.action == Action::New).map(|system| &system.code)?;
        let taken_up = self.taken_up(spec, agency);
        let other = |plate: &String, tenant: &Tenant| {
            &tenant.spec.code == code && !made_by(&tenant.spec.basis, paper) && taken_up.as_ref() != Some(plate)
        };
        let mut tenants = self.tenants.iter().map(|(plate, tenant)| (plate, tenant.as_ref()));
        tenants.find(|(plate, tenant)| other(plate, tenant))
    }

    /// Level of the system that a request is about. Only a new system and a level dossier bring a level; every other
    /// action takes what the register says.
    pub fn level_of(&self, spec: &OnboardingSpec) -> Option<i64> {
        match spec.action {
            Action::New => spec.system.as_ref().map(|system| system.level),
            Action::RecordLevel => spec.level.as_ref().map(|asked| asked.level),
            _ => self.tenants.get(&self.tenant_of(spec)?).map(|tenant| tenant.spec.level),
        }
    }

    /// The tenant that a request is about, if it exists already. A reference that an action does not use must not speak
    /// for it: a change is about its environment's tenant, whatever else the paper names.
    pub fn tenant_of(&self, spec: &OnboardingSpec) -> Option<String> {
        let named = || spec.tenant_ref.as_ref().map(|t| t.name.clone());
        let of_environment = || {
            let name = &spec.environment_ref.as_ref()?.name;
            Some(self.environments.get(name)?.spec.tenant_ref.name.clone())
        };
        match spec.action {
            Action::New => None,
            Action::AddEnvironment | Action::RecordLevel | Action::GoLive | Action::Transfer => named(),
            Action::Change => of_environment(),
            _ => of_environment().or_else(named),
        }
    }
}
