//! Prefixes: in which order they are chosen, and what follows from them without a search.

use std::collections::BTreeSet;
use std::net::Ipv6Addr;

use berth_crds::AddressPlanSpec;
use berth_crds::address::PrefixLevel;
use berth_crds::environment::{EnvironmentKind, Zone};
use ipnet::Ipv6Net;

/// Length of an environment's prefix.
pub const ENVIRONMENT_LENGTH: u8 = 60;
/// Length of a leaf.
pub const LEAF_LENGTH: u8 = 64;
/// Length of a pool.
pub const POOL_LENGTH: u8 = 40;
/// Length of a site's part of a root.
pub const SITE_LENGTH: u8 = 36;

/// Reads a prefix only in its one spelling: masked, lower case, RFC 5952.
pub fn parse(text: &str) -> Option<Ipv6Net> {
    let net: Ipv6Net = text.parse().ok()?;
    (net.trunc() == net && net.to_string() == text).then_some(net)
}

/// The `index`-th child of a prefix.
fn child(parent: Ipv6Net, length: u8, index: u128) -> Option<Ipv6Net> {
    let bits = length.checked_sub(parent.prefix_len())?;
    if length > 128 || (bits < 128 && index >> bits != 0) {
        return None;
    }
    let base = u128::from(parent.network()) | (index << (128 - u32::from(length)));
    Ipv6Net::new(Ipv6Addr::from(base), length).ok()
}

/// Bit-reversed value of `k` in `bits` bits (RFC 3531's order that leaves the most room around each block).
pub fn sparse(k: u32, bits: u8) -> u32 {
    if bits == 0 { 0 } else { k.reverse_bits() >> (32 - u32::from(bits)) }
}

/// First free child of the parents in sparse order.
///
/// `taken` holds everything that must not be given, of any length; it is a hint, the lock is the block's name.
/// Parents are tried in order, so that the second pool begins when the first is full.
pub fn choose(parents: &[Ipv6Net], length: u8, taken: &BTreeSet<Ipv6Net>) -> Option<(Ipv6Net, Ipv6Net)> {
    for parent in parents {
        let bits = length.checked_sub(parent.prefix_len())?;
        for k in 0..(1u32 << bits.min(16)) {
            let candidate = child(*parent, length, u128::from(sparse(k, bits)))?;
            if is_free(candidate, *parent, taken) {
                return Some((*parent, candidate));
            }
        }
    }
    None
}

/// Whether nothing that is taken overlaps a child, the blocks above it apart: those are its parents.
pub fn is_free(child: Ipv6Net, parent: Ipv6Net, taken: &BTreeSet<Ipv6Net>) -> bool {
    !taken.iter().any(|t| child.contains(t) || (t.contains(&child) && !t.contains(&parent)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn net(text: &str) -> Ipv6Net {
        parse(text).unwrap()
    }

    #[test]
    fn the_order_for_eight_bits_is_the_known_answer() {
        let order: Vec<String> = (0..17).map(|k| format!("{:02x}", sparse(k, 8))).collect();
        assert_eq!(order.join(" "), "00 80 40 c0 20 a0 60 e0 10 90 50 d0 30 b0 70 f0 08");
    }

    #[test]
    fn departments_and_systems_are_numbered_as_in_the_worked_example() {
        let plan = AddressPlanSpec {
            roots: vec![berth_crds::address::AddressRoot { cidr: "3fff:a10::/32".into(), ..Default::default() }],
            department_pools: vec!["1".into()],
            commune_pools: vec!["9".into()],
        };
        let pools = pools(&plan, "1", PrefixLevel::Agency);
        assert_eq!(pools, [net("3fff:a10:1100::/40")]);
        let mut taken = BTreeSet::new();
        let mut given = Vec::new();
        for _ in 0..4 {
            let (_, block) = choose(&pools, 48, &taken).unwrap();
            taken.insert(block);
            given.push(block.to_string());
        }
        assert_eq!(given, ["3fff:a10:1100::/48", "3fff:a10:1180::/48", "3fff:a10:1140::/48", "3fff:a10:11c0::/48"]);
        let second = choose(&[net("3fff:a10:1180::/48")], 56, &BTreeSet::from([net("3fff:a10:1180::/56")])).unwrap().1;
        assert_eq!(second, net("3fff:a10:1180:8000::/56"));
        assert_eq!(environment(second, EnvironmentKind::Staging).unwrap(), net("3fff:a10:1180:8010::/60"));
    }

    #[test]
    fn names_and_hexadecimal_texts_are_the_known_answers() {
        let block = net("3fff:a10:1180:8000::/56");
        assert_eq!(berth_crds::names::block(&block.to_string()), "3fff-a10-1180-8000---56");
        assert_eq!(hex(block), "3fff0a10118080000000000000000000");
        assert_eq!(leaf(net("3fff:a10:1180:8000::/60"), Some(Zone::Db)).unwrap(), net("3fff:a10:1180:8008::/64"));
    }

    #[test]
    fn only_the_one_spelling_of_a_prefix_is_read() {
        for bad in [
            "3FFF:a10::/32",
            "3fff:a10::1/32",
            "3fff:0a10::/32",
            "10.0.0.0/8",
            "3fff:a10::/032",
            "::ffff:1.2.3.4/96",
            "3fff::%1/20",
            "3fff:a10:0::/32",
            "x",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        for good in ["::/0", "3fff:a10::/32", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"] {
            assert!(parse(good).is_some(), "{good}");
        }
    }

    #[test]
    fn a_full_parent_gives_nothing_and_the_next_pool_begins() {
        let (a, b) = (net("3fff:a10:1100::/40"), net("3fff:a10:1200::/40"));
        let taken: BTreeSet<_> = (0..256).map(|i| child(a, 48, i).unwrap()).collect();
        assert_eq!(choose(&[a], 48, &taken), None);
        assert_eq!(choose(&[a, b], 48, &taken).unwrap().1, net("3fff:a10:1200::/48"));
    }

    proptest! {
        #[test]
        fn chosen_blocks_lie_in_their_parent_and_never_overlap(n in 1usize..50) {
            let parent = net("3fff:a10:1180::/48");
            let mut taken = BTreeSet::new();
            for _ in 0..n {
                let (_, block) = choose(&[parent], 56, &taken).unwrap();
                prop_assert!(parent.contains(&block));
                prop_assert!(taken.iter().all(|t: &Ipv6Net| !t.contains(&block) && !block.contains(t)));
                taken.insert(block);
            }
        }
    }
}
