//! Prefixes: in which order they are chosen, and what follows from them without a search.

mod choose;

use std::net::Ipv6Addr;

use berth_crds::AddressPlanSpec;
use berth_crds::address::PrefixLevel;
use berth_crds::environment::{EnvironmentKind, Zone};
use ipnet::Ipv6Net;

pub use choose::{Ask, Choice, Pool, Refused, Rule, choose, is_free, pick, sparse};

/// Length of an environment's prefix.
pub const ENVIRONMENT_LENGTH: u8 = 60;
/// Length of a leaf.
pub const LEAF_LENGTH: u8 = 64;
/// Length of a pool.
pub const POOL_LENGTH: u8 = 40;
/// Length of a site's part of a root.
pub const SITE_LENGTH: u8 = 36;

/// Reads a prefix only in its one spelling: masked, lower case, RFC 5952. An IPv4-mapped address has two spellings and
/// is no address of a plan: refused.
pub fn parse(text: &str) -> Option<Ipv6Net> {
    let net: Ipv6Net = text.parse().ok()?;
    (net.trunc() == net && !text.contains('.') && net.to_string() == text).then_some(net)
}

/// The `index`-th child of a prefix.
pub fn child(parent: Ipv6Net, length: u8, index: u128) -> Option<Ipv6Net> {
    let bits = length.checked_sub(parent.prefix_len())?;
    if length > 128 || (bits < 128 && index >> bits != 0) {
        return None;
    }
    // A /0 has one child of its own length: nothing to shift.
    let offset = index.checked_shl(128 - u32::from(length)).unwrap_or(0);
    Ipv6Net::new(Ipv6Addr::from(u128::from(parent.network()) | offset), length).ok()
}

/// Pools of one level on one site, in the plan's order.
pub fn pools(plan: &AddressPlanSpec, site_digit: &str, level: PrefixLevel) -> Vec<Ipv6Net> {
    let digits = match level {
        PrefixLevel::Agency => &plan.department_pools,
        PrefixLevel::Commune => &plan.commune_pools,
        PrefixLevel::System => return Vec::new(),
    };
    let Ok(site) = u128::from_str_radix(site_digit, 16) else { return Vec::new() };
    plan.roots
        .iter()
        .filter_map(|root| parse(&root.cidr))
        .filter_map(|root| if root.prefix_len() < SITE_LENGTH { child(root, SITE_LENGTH, site) } else { Some(root) })
        .flat_map(|site| digits.iter().filter_map(move |d| child(site, POOL_LENGTH, u128::from_str_radix(d, 16).ok()?)))
        .collect()
}

/// Fixed nibble of an environment kind.
pub fn kind_nibble(kind: EnvironmentKind) -> u128 {
    match kind {
        EnvironmentKind::Prod => 0,
        EnvironmentKind::Staging => 1,
        EnvironmentKind::Acceptance => 2,
        EnvironmentKind::Dev => 3,
        EnvironmentKind::Training => 4,
        EnvironmentKind::Recovery => 8,
    }
}

/// Fixed nibble of a zone's pods.
pub fn zone_nibble(zone: Option<Zone>) -> u128 {
    match zone {
        None | Some(Zone::App) => 0,
        Some(Zone::Mgmt) => 5,
        Some(Zone::Dmz) => 7,
        Some(Zone::Db) => 8,
    }
}

/// Prefix of an environment in its system's block.
pub fn environment(system: Ipv6Net, kind: EnvironmentKind) -> Option<Ipv6Net> {
    child(system, ENVIRONMENT_LENGTH, kind_nibble(kind))
}

/// Prefix of a zone's pods in its environment's prefix.
pub fn leaf(environment: Ipv6Net, zone: Option<Zone>) -> Option<Ipv6Net> {
    child(environment, LEAF_LENGTH, zone_nibble(zone))
}

/// 32 hexadecimal digits of the network address: text order is address order.
pub fn hex(net: Ipv6Net) -> String {
    format!("{:032x}", u128::from(net.network()))
}

/// Reverse zone of a block (RFC 3596 §2.5): every level of the plan ends on a nibble, so each block has exactly one.
pub fn reverse_zone(net: Ipv6Net) -> Option<String> {
    let digits = hex(net);
    let digits = net.prefix_len().is_multiple_of(4).then(|| &digits[..usize::from(net.prefix_len() / 4)])?;
    Some(digits.chars().rev().flat_map(|digit| [digit, '.']).chain("ip6.arpa".chars()).collect())
}
