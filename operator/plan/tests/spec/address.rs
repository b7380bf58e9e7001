//! Prefixes: known answers of reference/ipv6.md §2.5, §3.2 and §6.1, and I5–I7.

use std::collections::BTreeSet;

use berth_crds::address::{LeafRole, PrefixLevel};
use berth_crds::environment::{EnvironmentKind, Zone};
use berth_crds::{AddressPlanSpec, names};
use berth_plan::address::{choose, environment, hex, is_free, leaf, length, parse, pools, reverse_zone, sparse};
use ipnet::Ipv6Net;
use proptest::prelude::*;
use serde_json::json;

use crate::world::of;

fn net(text: &str) -> Ipv6Net {
    parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn plan(roots: &[&str]) -> AddressPlanSpec {
    let roots: Vec<_> = roots.iter().map(|cidr| json!({"cidr": cidr, "kind": "Documentation"})).collect();
    of(json!({"roots": roots, "departmentPools": ["1", "2"], "communePools": ["9", "a"]}))
}

/// The first `n` blocks that one claimant after the other gets.
fn given(parents: &[Ipv6Net], length: u8, n: usize) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let give = |_| {
        let (_, block) = choose(parents, length, &taken)?;
        taken.insert(block);
        Some(block.to_string())
    };
    (0..n).map_while(give).collect()
}

#[test]
fn the_order_of_eight_bits_is_that_of_rfc_3531() {
    let order: Vec<String> = (0..17).map(|k| format!("{:02x}", sparse(k, 8))).collect();
    assert_eq!(order.join(" "), "00 80 40 c0 20 a0 60 e0 10 90 50 d0 30 b0 70 f0 08");
    assert_eq!((0..4).map(|k| sparse(k, 2)).collect::<Vec<_>>(), [0, 2, 1, 3]);
    assert_eq!((sparse(0, 0), sparse(1, 16), sparse(0xffff, 16)), (0, 0x8000, 0xffff));
}

#[test]
fn departments_and_systems_are_numbered_as_in_the_worked_example() {
    let pools = pools(&plan(&["3fff:a10::/32"]), "1", PrefixLevel::Agency);
    assert_eq!(pools, [net("3fff:a10:1100::/40"), net("3fff:a10:1200::/40")]);
    let departments = given(&pools, 48, 17);
    let first = ["3fff:a10:1100::/48", "3fff:a10:1180::/48", "3fff:a10:1140::/48", "3fff:a10:11c0::/48"];
    assert_eq!((&departments[..4], departments[16].as_str()), (&first.map(String::from)[..], "3fff:a10:1108::/48"));
    assert_eq!(
        given(&[net("3fff:a10:1180::/48")], 56, 4),
        ["3fff:a10:1180::/56", "3fff:a10:1180:8000::/56", "3fff:a10:1180:4000::/56", "3fff:a10:1180:c000::/56"]
    );
}

#[test]
fn a_site_is_a_nibble_of_a_province_root_and_a_smaller_root_is_one_site() {
    let level = PrefixLevel::Commune;
    let thirty_two = pools(&plan(&["3fff:a10::/32"]), "2", level);
    assert_eq!(thirty_two, [net("3fff:a10:2900::/40"), net("3fff:a10:2a00::/40")]);
    let two_roots = pools(&plan(&["3fff:b20:3000::/36", "3fff:a10::/32"]), "1", level);
    let expected = ["3fff:b20:3900::/40", "3fff:b20:3a00::/40", "3fff:a10:1900::/40", "3fff:a10:1a00::/40"];
    assert_eq!(two_roots, expected.map(net), "appending a root moves nothing");
    assert_eq!(pools(&plan(&["3fff:a10::/32"]), "1", PrefixLevel::System), []);
    assert_eq!(pools(&plan(&["3fff:a10::/32"]), "x", level), []);
}

#[test]
fn environment_and_role_are_fixed_nibbles_of_the_system_block() {
    let (plan, system) = (plan(&["3fff:a10::/32"]), net("3fff:a10:1180:8000::/56"));
    let of = |kind| environment(&plan, system, kind).unwrap();
    let told: Vec<String> = EnvironmentKind::ALL.iter().map(|k| of(*k).to_string()).collect();
    let nibbles = ["8000", "8010", "8020", "8030", "8040", "8080"];
    assert_eq!(told, nibbles.map(|n| format!("3fff:a10:1180:{n}::/60")));
    let staging = of(EnvironmentKind::Staging);
    let pods = |zone| (LeafRole::Pods, zone);
    let roles =
        [LeafRole::LoadBalancers, LeafRole::VirtualMachines, LeafRole::Storage, LeafRole::Egress, LeafRole::Probes];
    let zones = [None, Some(Zone::App), Some(Zone::Mgmt), Some(Zone::Dmz), Some(Zone::Db)];
    let leaves = zones.map(pods).into_iter().chain(roles.map(|role| (role, None)));
    let told: Vec<String> = leaves.map(|(r, z)| leaf(&plan, staging, r, z).unwrap().to_string()).collect();
    let nibbles = ["8010", "8010", "8015", "8017", "8018", "8011", "8012", "8013", "8014", "8016"];
    assert_eq!(told, nibbles.map(|n| format!("3fff:a10:1180:{n}::/64")));
    assert_eq!(environment(&plan, net("3fff:a10:1180:8000::/64"), EnvironmentKind::Prod), None);
    assert_eq!(leaf(&plan, net("3fff:a10:1180:8000::/65"), LeafRole::Pods, None), None);
    assert_eq!(leaf(&plan, staging, LeafRole::Storage, Some(Zone::Db)), None, "a zone has pods alone");
}

#[test]
fn lengths_and_digits_are_data_of_the_plan_and_a_grant_of_a_forty_is_cut_by_other_lengths() {
    let small: AddressPlanSpec = of(json!({
        "roots": [{"cidr": "3fff:a10:1100::/40", "kind": "Documentation"}], "departmentPools": ["0"], "communePools": ["f"],
        "lengths": {"site": 40, "pool": 44, "agency": 48, "commune": 52, "system": 56, "environment": 60, "leaf": 64},
        "environments": [{"kind": "Prod", "digit": "a"}], "leaves": [{"role": "Pods", "digit": "f"}]
    }));
    assert_eq!(pools(&small, "7", PrefixLevel::Agency), [net("3fff:a10:1100::/44")], "the root is one site");
    assert_eq!(pools(&small, "7", PrefixLevel::Commune), [net("3fff:a10:11f0::/44")]);
    let levels = [PrefixLevel::Agency, PrefixLevel::Commune, PrefixLevel::System];
    assert_eq!(levels.map(|level| length(&small, level)), [48, 52, 56]);
    let prod = environment(&small, net("3fff:a10:1100::/56"), EnvironmentKind::Prod).unwrap();
    assert_eq!(prod, net("3fff:a10:1100:a0::/60"));
    assert_eq!(leaf(&small, prod, LeafRole::Pods, None), Some(net("3fff:a10:1100:af::/64")));
    assert_eq!(
        environment(&small, net("3fff:a10:1100::/56"), EnvironmentKind::Dev),
        None,
        "the plan has no digit for it"
    );
    assert_eq!(leaf(&small, prod, LeafRole::Pods, Some(Zone::Dmz)), None);
    let usual = plan(&["3fff:a10::/32"]);
    assert_eq!(
        levels.map(|level| length(&usual, level)),
        [48, 52, 56],
        "what an older plan does not name stays as it was"
    );
}

#[test]
fn prefix_name_hexadecimal_text_and_reverse_zone_are_the_known_answers() {
    let block = net("3fff:a10:1180:8000::/56");
    assert_eq!(names::block(&block.to_string()), "3fff-a10-1180-8000---56");
    assert_eq!(hex(block), "3fff0a10118080000000000000000000");
    assert_eq!(reverse_zone(block).unwrap(), "0.8.0.8.1.1.0.1.a.0.f.f.f.3.ip6.arpa");
    assert_eq!(reverse_zone(net("3fff:a10::/32")).unwrap(), "0.1.a.0.f.f.f.3.ip6.arpa");
}

#[test]
fn only_the_one_spelling_of_rfc_5952_is_read() {
    let good = [
        "2001:db8::/32",
        "2001:db8:0:1::/64",
        "2001:0:0:1::/64",
        "3fff:a10:0:8000::/56",
        "::/0",
        "2001:db8::1/128",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
    ];
    for text in good {
        assert_eq!(parse(text).map(|n| n.to_string()), Some(text.into()), "{text}");
    }
    let bad = [
        "",
        "/",
        "::",
        "10.0.0.0/8",
        "2001:DB8::/32",
        "2001:0db8::/32",
        "2001:db8::/032",
        "2001:db8::1/64",
        "2001:db8::0/32",
        "2001:db8:0:0:0:0:0:0/32",
        "2001::0:1:0:0/96",
        "2001:db8:0::1:0:0/96",
        "fe80::%eth0/64",
        "2001:db8::/129",
        "2001:db8::/-1",
        " 2001:db8::/32",
        "2001:db8::/32 ",
        "2001:db8::/３２",
        "2001:db8::/+32",
        "2001:db8::::/32",
        "2001:db8:::/32",
        "[2001:db8::]/32",
        "::ffff:1.2.3.4/128",
        "::ffff:0.0.0.0/96",
    ];
    for text in bad {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn the_last_block_of_a_parent_is_given_and_then_the_next_pool_begins() {
    let pools = [net("3fff:a10:1100::/40"), net("3fff:a10:1200::/40")];
    let last = net("3fff:a10:11ff::/48");
    let mut taken: BTreeSet<Ipv6Net> = pools[0].subnets(48).unwrap().filter(|c| *c != last).collect();
    assert_eq!((taken.len(), choose(&pools, 48, &taken)), (255, Some((pools[0], last))));
    taken.insert(last);
    assert_eq!(choose(&pools, 48, &taken), Some((pools[1], net("3fff:a10:1200::/48"))));
    assert_eq!(choose(&pools[..1], 48, &taken), None);
    assert_eq!(given(&[net("3fff:a10:1180::/56")], 56, 3), ["3fff:a10:1180::/56"], "a child as long as its parent");
    assert_eq!(given(&[net("3fff:a10:1180::/56")], 48, 1), Vec::<String>::new(), "a child longer than its parent");
}

#[test]
fn communes_are_far_apart_and_after_twenty_departments_the_closest_are_eight_apart() {
    let distance = |parent: &str, length: u8, n: usize| {
        let mut index: Vec<u128> =
            given(&[net(parent)], length, n).iter().map(|b| u128::from(net(b).network()) >> (128 - length)).collect();
        index.sort_unstable();
        index.windows(2).map(|w| w[1] - w[0]).min().unwrap()
    };
    assert_eq!(distance("3fff:a10:1100::/40", 48, 16), 16, "each of the first sixteen still has a free /44 around it");
    assert_eq!(distance("3fff:a10:1100::/40", 48, 20), 8);
    assert_eq!(distance("3fff:a10:1900::/40", 52, 100), 32);
}

/// Any prefix of up to 64 bits inside the documentation root.
fn any_net(lengths: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Ipv6Net> {
    (any::<u32>(), lengths).prop_map(|(bits, length)| {
        let base = u128::from(net("3fff:a10:1180::/48").network()) | (u128::from(bits) << 56);
        Ipv6Net::new(base.into(), length).unwrap().trunc()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_is_a_permutation_of_all_children(bits in 0u8..=12) {
        let all: BTreeSet<u128> = (0..1u128 << bits).map(|k| sparse(k, bits)).collect();
        prop_assert_eq!(all, (0..1u128 << bits).collect::<BTreeSet<_>>());
    }

    #[test]
    fn what_is_chosen_overlaps_nothing_that_is_taken_and_nothing_is_refused_while_there_is_room(
        taken in proptest::collection::btree_set(any_net(50..=64), 0..60)
    ) {
        let parent = net("3fff:a10:1180::/48");
        let overlaps = |a: &Ipv6Net, b: &Ipv6Net| a.contains(b) || b.contains(a);
        // First fit, as the peers do it, must agree on whether there is room.
        let room = parent.subnets(56).unwrap().any(|c| !taken.iter().any(|t| overlaps(t, &c)));
        let chosen = choose(&[parent], 56, &taken);
        prop_assert_eq!(chosen.is_some(), room);
        if let Some((of, block)) = chosen {
            prop_assert_eq!((of, block.prefix_len(), block.trunc()), (parent, 56, block));
            prop_assert!(parent.contains(&block) && !taken.iter().any(|t| overlaps(t, &block)));
        }
        prop_assert_eq!(choose(&[parent], 56, &taken), choose(&[parent], 56, &taken));
    }

    #[test]
    fn blocks_above_the_parent_take_nothing(above in 20u8..=48) {
        let parent = net("3fff:a10:1180::/48");
        let above = Ipv6Net::new(parent.network(), above).unwrap().trunc();
        prop_assert!(is_free(net("3fff:a10:1180:8000::/56"), parent, &BTreeSet::from([above])));
    }

    #[test]
    fn release_and_claim_again_gives_the_same_block(n in 1usize..60, released in 0usize..60) {
        let parents = [net("3fff:a10:1180::/48")];
        let mut taken: BTreeSet<Ipv6Net> = given(&parents, 56, n).iter().map(|t| net(t)).collect();
        let block = *taken.iter().nth(released % n).unwrap();
        taken.remove(&block);
        prop_assert_eq!(choose(&parents, 56, &taken).map(|(_, b)| b), Some(block));
    }

    #[test]
    fn text_name_and_hexadecimal_text_are_injective_and_sort_alike(a in any_net(48..=64), b in any_net(48..=64)) {
        let name = |n: Ipv6Net| names::block(&n.to_string());
        prop_assert_eq!(name(a) == name(b), a == b);
        prop_assert_eq!(parse(&a.to_string()), Some(a));
        prop_assert_eq!(hex(a).cmp(&hex(b)), a.network().cmp(&b.network()));
        prop_assert!(name(a).len() <= 43);
    }
}
