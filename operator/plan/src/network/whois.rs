//! Whose an address is, or was: environment, system, agency, governing body, decision, block, since when. That it is
//! nobody's, kept or in quarantine is an answer, not an error.

use berth_crds::address::Assignment;
use berth_crds::common::Basis;
use berth_crds::{Reason, names};
use ipnet::{IpNet, Ipv6Net};
use jiff::Timestamp;

use super::held::{Hold, Holding};
use super::view::{System, View};
use crate::address;

/// What an address was at the instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A system's.
    Held,
    /// Assigned by another authority.
    Imported,
    /// Given up, and kept from others.
    Quarantined,
    /// Kept: in an agency's block that no system has, or in a part of a root that is no pool.
    Reserved,
    /// In a pool, and nobody's.
    Free,
    /// In no root and no assignment.
    #[default]
    Outside,
}

impl Standing {
    /// The sentence of the catalogue.
    pub fn reason(self) -> Reason {
        match self {
            Self::Held => Reason::AddressHeld,
            Self::Imported => Reason::AddressImported,
            Self::Quarantined => Reason::AddressQuarantined,
            Self::Reserved => Reason::AddressReserved,
            Self::Free => Reason::AddressFree,
            Self::Outside => Reason::AddressOutside,
        }
    }
}

/// One answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What the address was.
    pub standing: Standing,
    /// The narrowest prefix that is known and has the address in it.
    pub prefix: Option<IpNet>,
    /// Name of the PrefixBlock that holds it.
    pub block: Option<String>,
    /// Namespace whose pods are numbered in it.
    pub namespace: Option<String>,
    /// Environment.
    pub environment: Option<String>,
    /// System that has it, or had it before its quarantine.
    pub system: Option<System>,
    /// Owner: of the system, of the block, or of the assignment.
    pub agency: Option<String>,
    /// Ground of the environment's grant: paper and decisions.
    pub basis: Option<Basis>,
    /// Held: when it was given. Quarantined: when it was given up. `None`: not known, or nothing of the kind.
    pub since: Option<Timestamp>,
    /// Quarantined: until when it is kept. Held: when it was given up later, if it was.
    pub until: Option<Timestamp>,
    /// The assignment of another authority.
    pub assignment: Option<Assignment>,
    /// How many systems are numbered in what was asked about, when that is wider than one system's block.
    pub systems_inside: usize,
}

/// Whose an address or prefix was at the view's instant. More than one answer only where several networks use one
/// prefix; the narrowest first.
pub fn whois(view: &View, asked: IpNet) -> Vec<Answer> {
    let mut imported: Vec<_> = view.assignments().filter(|(net, _)| net.contains(&asked)).collect();
    imported.sort_by_key(|(net, a)| (std::cmp::Reverse(net.prefix_len()), a.network.clone()));
    if !imported.is_empty() {
        return imported.into_iter().map(|(net, assignment)| of_assignment(view, net, assignment)).collect();
    }
    let IpNet::V6(asked) = asked else { return vec![Answer::default()] };
    let Some(root) = view.roots().into_iter().find(|root| root.contains(&asked)) else {
        return vec![Answer::default()];
    };
    let around = view.held().filter(|(holding, _)| holding.net.contains(&asked));
    let narrowest = around.max_by_key(|(holding, _)| (holding.net.prefix_len(), holding.since));
    let answer = match narrowest {
        Some((holding, Hold::Quarantined)) => quarantined(view, holding),
        Some((holding, Hold::Held)) => match holding.tenant() {
            Some(plate) => of_system(view, holding, plate, asked),
            None => of_agency(view, holding),
        },
        None => unheld(view, root, asked),
    };
    let systems_inside = view.systems().filter(|(holding, _)| asked.contains(&holding.net) && asked != holding.net);
    let systems_inside = systems_inside.count();
    vec![Answer { systems_inside, ..answer }]
}

fn of_assignment(view: &View, net: IpNet, assignment: &Assignment) -> Answer {
    let (system, environment) = view.holder(assignment);
    let kind = |plate: &str, name: &str| view.places(plate).into_iter().find(|place| place.name == name);
    let place = system.as_ref().zip(environment.as_deref()).and_then(|(system, name)| kind(&system.tenant, name));
    Answer {
        standing: Standing::Imported,
        prefix: Some(net),
        environment,
        agency: view.owner(assignment),
        basis: place.and_then(|place| place.basis),
        system,
        assignment: Some(assignment.clone()),
        ..Answer::default()
    }
}

fn of_system(view: &View, holding: &Holding, plate: &str, asked: Ipv6Net) -> Answer {
    let system = view.system(plate);
    let block = Answer {
        standing: Standing::Held,
        prefix: Some(holding.net.into()),
        block: Some(names::block(&holding.net.to_string())),
        agency: system.agency.clone(),
        since: holding.since,
        until: holding.until,
        system: Some(system),
        ..Answer::default()
    };
    let mut places = view.places(plate).into_iter();
    let of_place = |kind| view.environment(holding.net, kind).filter(|net| net.contains(&asked));
    let Some((place, net)) = places.find_map(|place| of_place(place.kind).map(|net| (place, net))) else {
        return block;
    };
    let stands = view.world.register.environments.get(&place.name);
    let namespaces = stands.and_then(|e| e.status.as_ref()).map(|s| s.namespaces.as_slice()).unwrap_or_default();
    let leaf = namespaces.iter().find_map(|namespace| {
        let leaf = address::parse(namespace.prefix.as_deref()?)?;
        leaf.contains(&asked).then(|| (leaf, namespace.name.clone()))
    });
    Answer {
        prefix: Some(leaf.as_ref().map_or(net, |(leaf, _)| *leaf).into()),
        namespace: leaf.map(|(_, namespace)| namespace),
        environment: Some(place.name),
        basis: place.basis,
        // The environment has its part of the block since it was made, never longer than the system has the block.
        since: holding.since.max(place.since),
        ..block
    }
}

fn of_agency(view: &View, holding: &Holding) -> Answer {
    Answer {
        standing: Standing::Reserved,
        prefix: Some(holding.net.into()),
        block: Some(names::block(&holding.net.to_string())),
        agency: holding.agency().map(str::to_owned),
        since: holding.since,
        until: holding.until.filter(|until| view.moment.at < *until),
        ..Answer::default()
    }
}

fn quarantined(view: &View, holding: &Holding) -> Answer {
    let system = holding.tenant().map(|plate| view.system(plate));
    let owner = system.as_ref().and_then(|system| system.agency.clone());
    Answer {
        standing: Standing::Quarantined,
        prefix: Some(holding.net.into()),
        block: Some(names::block(&holding.net.to_string())),
        agency: owner.or_else(|| holding.agency().map(str::to_owned)),
        system,
        since: holding.until,
        until: holding.free_from,
        ..Answer::default()
    }
}

/// In a pool it is free to be given; elsewhere in a root it is kept for infrastructure and for what comes.
fn unheld(view: &View, root: Ipv6Net, asked: Ipv6Net) -> Answer {
    let sites = view.sites();
    let site = sites.iter().find(|(part, _)| part.contains(&asked));
    let pool = site.and_then(|(_, name)| view.pools(name).into_iter().find(|pool| pool.contains(&asked)));
    let standing = if pool.is_some() { Standing::Free } else { Standing::Reserved };
    let known = pool.or(site.map(|(part, _)| *part)).unwrap_or(root);
    Answer { standing, prefix: Some(known.into()), ..Answer::default() }
}
