//! The lines of routers, firewalls and DNS at an instant, and what changed between two: a person changes the device by
//! the difference. Lines have one order, so that two exports of one state are one text.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::text::reverse_zones;
use super::view::View;
use crate::ledger::canonical::sha256;

/// Which device a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Routers: a prefix and the aggregate that covers it.
    Route,
    /// Firewalls: the members of an agency's set.
    Firewall,
    /// DNS: reverse zones.
    Zone,
    /// DNS: names of addresses.
    Pointer,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// The device.
    pub table: Table,
    /// Route: the site. Firewall: the set. Zone: the zone. Pointer: the owner name.
    pub set: String,
    /// The prefix.
    pub prefix: IpNet,
    /// Route: the next shorter aggregate. Pointer: the target. Empty otherwise.
    pub value: String,
    /// Owner; empty for infrastructure and aggregates.
    pub agency: String,
    /// Plate of the system.
    pub tenant: String,
    /// Environment.
    pub environment: String,
    /// Network in which an assigned prefix counts; empty for prefixes of the plan.
    pub network: String,
}

impl Line {
    fn new(table: Table, set: impl Into<String>, prefix: impl Into<IpNet>) -> Self {
        let (set, prefix, none) = (set.into(), prefix.into(), String::new);
        Self { table, set, prefix, value: none(), agency: none(), tenant: none(), environment: none(), network: none() }
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is there no more: take it out of the device.
    Removed,
    /// It is there.
    Present,
    /// It is new: put it into the device.
    Added,
}

/// The set of an agency's prefixes in one family, as firewalls name it.
pub fn set_name(agency: &str, prefix: IpNet) -> String {
    let family = if matches!(prefix, IpNet::V4(_)) { 4 } else { 6 };
    format!("berth-{}-v{family}", if agency.is_empty() { "infrastructure" } else { agency })
}

/// Every line at the view's instant, in order. With a suffix, addresses of an environment are named
/// `<environment>.<suffix>` by a wildcard of its reverse zone (RFC 4592).
pub fn lines(view: &View, suffix: Option<&str>) -> BTreeSet<Line> {
    let mut all = BTreeSet::new();
    for (part, site) in view.sites() {
        let root = view.roots().into_iter().find(|root| root.contains(&part)).filter(|root| *root != part);
        let value = root.map(|root| root.to_string()).unwrap_or_default();
        all.insert(Line { value, ..Line::new(Table::Route, site, part) });
    }
    of_systems(view, suffix, &mut all);
    of_assignments(view, &mut all);
    all
}

fn of_systems(view: &View, suffix: Option<&str>, all: &mut BTreeSet<Line>) {
    let sites = view.sites();
    for (holding, system) in view.systems() {
        let announced = sites.iter().find(|(part, _)| part.contains(&holding.net));
        let site = announced.map(|(_, site)| site.clone()).or(system.site).unwrap_or_default();
        let aggregate = announced.map(|(part, _)| part.to_string()).unwrap_or_default();
        let agency = system.agency.unwrap_or_default();
        let named = |line: Line| Line { agency: agency.clone(), tenant: system.tenant.clone(), ..line };
        all.insert(named(Line { value: aggregate, ..Line::new(Table::Route, &site, holding.net) }));
        all.extend(
            reverse_zones(holding.net.into()).into_iter().map(|z| named(Line::new(Table::Zone, z, holding.net))),
        );
        for place in view.places(&system.tenant) {
            let Some(net) = view.environment(holding.net, place.kind) else { continue };
            let of_place = |line| Line { environment: place.name.clone(), ..named(line) };
            all.insert(of_place(Line { value: holding.net.to_string(), ..Line::new(Table::Route, &site, net) }));
            all.insert(of_place(Line::new(Table::Firewall, set_name(&agency, net.into()), net)));
            for (suffix, zone) in suffix.into_iter().zip(reverse_zones(net.into())) {
                let value = format!("{}.{}.", place.name, suffix.trim_end_matches('.'));
                all.insert(of_place(Line { value, ..Line::new(Table::Pointer, format!("*.{zone}"), net) }));
            }
        }
    }
}

fn of_assignments(view: &View, all: &mut BTreeSet<Line>) {
    for (net, assignment) in view.assignments() {
        let agency = view.owner(assignment).unwrap_or_default();
        let (system, environment) = view.holder(assignment);
        let line = Line {
            agency: agency.clone(),
            tenant: system.map(|system| system.tenant).unwrap_or_default(),
            environment: environment.unwrap_or_default(),
            network: assignment.network.clone(),
            ..Line::new(Table::Firewall, set_name(&agency, net), net)
        };
        let zones = reverse_zones(net);
        all.extend(zones.into_iter().map(|set| Line { table: Table::Zone, set, ..line.clone() }));
        all.insert(line);
    }
}

/// What changed, in order of lines; without an earlier state every line is present.
pub fn difference(before: Option<&BTreeSet<Line>>, now: &BTreeSet<Line>) -> Vec<(Change, Line)> {
    let Some(before) = before else { return now.iter().map(|line| (Change::Present, line.clone())).collect() };
    let gone = before.difference(now).map(|line| (Change::Removed, line.clone()));
    let mut all: Vec<_> = gone.chain(now.difference(before).map(|line| (Change::Added, line.clone()))).collect();
    all.sort_by(|(a, one), (b, other)| (one, a).cmp(&(other, b)));
    all
}

/// Identifies a state: the same lines have the same text, whoever reads them.
pub fn fingerprint(lines: &BTreeSet<Line>) -> String {
    let text: String = lines.iter().map(|line| format!("{line:?}\n")).collect();
    sha256(text)[..32].to_owned()
}
