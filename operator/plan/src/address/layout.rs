//! How a plan cuts its roots: pools, environments and leaves follow from it without a search.

use berth_crds::AddressPlanSpec;
use berth_crds::address::{LeafRole, PrefixLevel};
use berth_crds::environment::{EnvironmentKind, Zone};
use ipnet::Ipv6Net;

use super::{child, parse};

/// Roots of the plan, in its order.
pub fn roots(plan: &AddressPlanSpec) -> Vec<Ipv6Net> {
    plan.roots.iter().filter_map(|root| parse(&root.cidr)).collect()
}

/// Length of a block of a level.
pub fn length(plan: &AddressPlanSpec, level: PrefixLevel) -> u8 {
    let lengths = &plan.lengths;
    bits(match level {
        PrefixLevel::Agency => lengths.agency,
        PrefixLevel::Commune => lengths.commune,
        PrefixLevel::System => lengths.system,
    })
}

/// The schema keeps lengths between 20 and 64; what is out of range fits nowhere.
pub fn bits(length: i64) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn digit(text: &str) -> Option<u128> {
    u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 1)
}

/// Pools of one level on one site, in the plan's order: root by root, so that a root is used up before the next begins.
pub fn pools(plan: &AddressPlanSpec, site_digit: &str, level: PrefixLevel) -> Vec<Ipv6Net> {
    let digits = match level {
        PrefixLevel::Agency => &plan.department_pools,
        PrefixLevel::Commune => &plan.commune_pools,
        PrefixLevel::System => return Vec::new(),
    };
    let Some(site) = digit(site_digit) else { return Vec::new() };
    let sites = roots(plan).into_iter().filter_map(|root| site_of(plan, root, site));
    sites.flat_map(|site| digits.iter().filter_map(move |d| child(site, bits(plan.lengths.pool), digit(d)?))).collect()
}

/// A site's part of a root, by the site's digit as its register has it.
pub fn site_part(plan: &AddressPlanSpec, root: Ipv6Net, site_digit: &str) -> Option<Ipv6Net> {
    site_of(plan, root, digit(site_digit)?)
}

/// A site's part of a root; a root as long as a site is one site, whatever its digit.
fn site_of(plan: &AddressPlanSpec, root: Ipv6Net, digit: u128) -> Option<Ipv6Net> {
    let length = bits(plan.lengths.site);
    if root.prefix_len() < length { child(root, length, digit) } else { Some(root) }
}

/// Every pool of every site that there can be: the space from which agencies are numbered.
pub fn assignable(plan: &AddressPlanSpec) -> Vec<Ipv6Net> {
    let digits = || (0..16u8).map(|d| format!("{d:x}"));
    let levels = [PrefixLevel::Agency, PrefixLevel::Commune];
    let mut all: Vec<Ipv6Net> =
        digits().flat_map(|site| levels.map(|level| pools(plan, &site, level))).flatten().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Prefix of an environment in its system's block; `None` when the plan has no digit for its kind or the block no room.
pub fn environment(plan: &AddressPlanSpec, system: Ipv6Net, kind: EnvironmentKind) -> Option<Ipv6Net> {
    let entry = plan.environments.iter().find(|e| e.kind == kind)?;
    child(system, bits(plan.lengths.environment), digit(&entry.digit)?)
}

/// Leaf of a role in an environment's prefix; `None` when the plan has no digit for it. Pods of zone `app` have the leaf
/// of pods without a zone.
pub fn leaf(plan: &AddressPlanSpec, environment: Ipv6Net, role: LeafRole, zone: Option<Zone>) -> Option<Ipv6Net> {
    let zone = zone.filter(|zone| *zone != Zone::App);
    let entry = plan.leaves.iter().find(|l| l.role == role && l.zone == zone)?;
    child(environment, bits(plan.lengths.leaf), digit(&entry.digit)?)
}
