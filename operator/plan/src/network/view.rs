//! The registers, prefixes and assignments as of an instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_crds::address::{Assignment, LevelLengths};
use berth_crds::audit::{Act, AuditEntry};
use berth_crds::common::Basis;
use berth_crds::environment::EnvironmentKind;
use berth_crds::{AddressPlan, EnvironmentSpec, PrefixBlock, TenantSpec, names};
use ipnet::{IpNet, Ipv6Net};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;

use super::held::{Hold, Holding, holdings};
use crate::address;
use crate::as_of;
use crate::day;
use crate::ledger::acts::created;
use crate::register::Register;

/// Everything that answers are made from.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Agencies, sites, tenants, environments.
    pub register: Register,
    /// The plan, once there is one.
    pub plan: Option<Arc<AddressPlan>>,
    /// Blocks in every state.
    pub blocks: Vec<Arc<PrefixBlock>>,
    /// The ledger, for instants that have passed; empty where only now is asked about.
    pub ledger: Vec<AuditEntry>,
}

/// An instant and the day that it lies in, where the province is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub at: Timestamp,
    /// Its day: owners, names and assignments are dated by days.
    pub day: Date,
}

impl Moment {
    /// The moment of an instant.
    pub fn new(at: Timestamp, zone: &TimeZone) -> Self {
        Self { at, day: at.to_zoned(zone.clone()).date() }
    }
}

/// A system as it was known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// Plate.
    pub tenant: String,
    /// Code of the province's register.
    pub code: String,
    /// Its Vietnamese name.
    pub title: String,
    /// Owner.
    pub agency: Option<String>,
    /// Governing body (chủ quản).
    pub governing_body: Option<String>,
    /// Site that hosts it.
    pub site: Option<String>,
}

/// An environment as it was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `<plate>-<kind>`.
    pub name: String,
    /// What it is for.
    pub kind: EnvironmentKind,
    /// When it was made; `None`: before the ledger that is at hand begins.
    pub since: Option<Timestamp>,
    /// Ground of its grant.
    pub basis: Option<Basis>,
}

/// What is known of an instant.
pub struct View<'a> {
    /// What it is made from.
    pub world: &'a World,
    /// The instant.
    pub moment: Moment,
    held: Vec<Holding>,
    acts: BTreeMap<(&'a str, &'a str), Vec<(Timestamp, &'a AuditEntry)>>,
}

impl<'a> View<'a> {
    /// The world as of an instant.
    pub fn new(world: &'a World, moment: Moment) -> Self {
        let mut acts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let registered = world.ledger.iter().filter(|e| matches!(e.act, Act::Registered | Act::Removed));
        for entry in registered {
            if let Ok(at) = entry.effective_at.parse() {
                let key = (entry.object.kind.as_str(), entry.object.name.as_str());
                acts.entry(key).or_default().push((at, entry));
            }
        }
        acts.values_mut().for_each(|all| all.sort_by_key(|(at, _)| *at));
        Self { world, moment, held: holdings(&world.ledger, world.blocks.iter().map(Arc::as_ref)), acts }
    }

    /// Prefixes that were held or in quarantine, in order of address.
    pub fn held(&self) -> impl Iterator<Item = (&Holding, Hold)> {
        self.held.iter().filter_map(|holding| Some((holding, holding.at(self.moment.at)?)))
    }

    /// Systems' prefixes that were held.
    pub fn systems(&self) -> impl Iterator<Item = (&Holding, System)> {
        let held = self.held().filter(|(_, hold)| *hold == Hold::Held);
        held.filter_map(|(holding, _)| Some((holding, self.system(holding.tenant()?))))
    }

    /// What was recorded of an object last; `None` before it was registered and after it was removed.
    fn recorded<S: DeserializeOwned>(&self, kind: &str, name: &str) -> Option<(Timestamp, S)> {
        let all = self.acts.get(&(kind, name))?;
        let past = || all.iter().filter(|(at, _)| *at <= self.moment.at);
        let (_, last) = past().next_back().filter(|(_, entry)| entry.act == Act::Registered)?;
        let made = past().find(|(_, entry)| entry.object.uid == last.object.uid)?.0;
        Some((made, serde_json::from_str(last.after.as_deref()?).ok()?))
    }

    /// A system: by its entry in the register, whose intervals are dated; by the ledger when it is gone from there.
    pub fn system(&self, plate: &str) -> System {
        let entry = self.world.register.tenants.get(plate).map(|tenant| tenant.spec.clone());
        let Some(spec) = entry.or_else(|| Some(self.recorded::<TenantSpec>("Tenant", plate)?.1)) else {
            return System { tenant: plate.to_owned(), ..System::default() };
        };
        let on = as_of::system(&spec, self.moment.day);
        System {
            tenant: plate.to_owned(),
            code: spec.code,
            title: spec.display_name.vi,
            // An entry whose intervals begin later than its prefix: then the owner of today is the best that is known.
            agency: on.owner.or(Some(spec.agency_ref.name)),
            governing_body: on.governing_body,
            site: Some(spec.site_ref.name),
        }
    }

    /// A system's environments, in order of their nibbles.
    pub fn places(&self, plate: &str) -> Vec<Place> {
        EnvironmentKind::ALL.iter().filter_map(|kind| self.place(plate, *kind)).collect()
    }

    /// One environment of a system, if there was one.
    pub fn place(&self, plate: &str, kind: EnvironmentKind) -> Option<Place> {
        let name = names::environment(plate, kind.suffix());
        let recorded = self.recorded::<EnvironmentSpec>("Environment", &name);
        let stands = self.world.register.environments.get(&name).filter(|e| created(&e.metadata) <= self.moment.at);
        match (stands, recorded) {
            (Some(stands), recorded) => {
                let basis = recorded.map_or_else(|| stands.spec.basis.clone(), |(_, spec)| spec.basis);
                Some(Place { name, kind, since: Some(created(&stands.metadata)), basis: Some(basis) })
            }
            (None, Some((made, spec))) => Some(Place { name, kind, since: Some(made), basis: Some(spec.basis) }),
            (None, None) => None,
        }
    }

    /// Assignments of other authorities that counted.
    pub fn assignments(&self) -> impl Iterator<Item = (IpNet, &'a Assignment)> {
        let all = self.world.plan.as_deref().map(|plan| plan.spec.assignments.as_slice()).unwrap_or_default();
        let on = self.moment.day;
        let counted = all.iter().filter(move |a| day::covers(&a.from, a.to.as_deref(), on));
        counted.filter_map(|a| Some((a.cidr.parse().ok()?, a)))
    }

    /// The system and the environment that have an assignment, where a system has it.
    pub fn holder(&self, assignment: &Assignment) -> (Option<System>, Option<String>) {
        let holder = &assignment.holder;
        let environment = holder.environment_ref.as_ref().map(|reference| reference.name.clone());
        let of_environment = environment.as_deref().and_then(|name| name.split('-').next());
        let plate = holder.tenant_ref.as_ref().map(|reference| reference.name.as_str()).or(of_environment);
        (plate.map(|plate| self.system(plate)), environment)
    }

    /// The owner of an assignment: an agency, or that of the system that has it; `None` for infrastructure.
    pub fn owner(&self, assignment: &Assignment) -> Option<String> {
        let named = assignment.holder.agency_ref.as_ref().map(|reference| reference.name.clone());
        named.or_else(|| self.holder(assignment).0?.agency)
    }

    /// How the plan cuts; the usual way where there is no plan yet.
    pub fn lengths(&self) -> LevelLengths {
        self.world.plan.as_deref().map(|plan| plan.spec.lengths.clone()).unwrap_or_default()
    }

    /// Prefix of a kind of environment in its system's block.
    pub fn environment(&self, system: Ipv6Net, kind: EnvironmentKind) -> Option<Ipv6Net> {
        address::environment(&self.world.plan.as_deref()?.spec, system, kind)
    }

    /// Roots of the plan.
    pub fn roots(&self) -> Vec<Ipv6Net> {
        self.world.plan.as_deref().map(|plan| address::roots(&plan.spec)).unwrap_or_default()
    }

    /// The part of a root that a site numbers from, with the site: what the site announces.
    pub fn sites(&self) -> Vec<(Ipv6Net, String)> {
        let Some(plan) = self.world.plan.as_deref() else { return Vec::new() };
        let of_root = |root: Ipv6Net| {
            let sites = self.world.register.sites.iter();
            sites.filter_map(move |(name, site)| {
                Some((address::site_part(&plan.spec, root, &site.spec.address_digit)?, name.clone()))
            })
        };
        let mut all: Vec<_> = self.roots().into_iter().flat_map(of_root).collect();
        all.sort();
        all
    }

    /// Pools from which agencies are numbered on a site's part.
    pub fn pools(&self, site: &str) -> Vec<Ipv6Net> {
        use berth_crds::address::PrefixLevel::{Agency, Commune};
        let digit = self.world.register.sites.get(site).map(|site| site.spec.address_digit.clone());
        let (Some(plan), Some(digit)) = (self.world.plan.as_deref(), digit) else { return Vec::new() };
        let of = |level| address::pools(&plan.spec, &digit, level);
        let mut all: Vec<_> = of(Agency).into_iter().chain(of(Commune)).collect();
        all.sort();
        all
    }
}
