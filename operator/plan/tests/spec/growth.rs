//! Several roots, and growing: where the next block lies, why, and who claims it.

use std::collections::BTreeSet;

use berth_crds::PrefixClaim;
use berth_crds::address::PrefixLevel;
use berth_plan::address::{Ask, Rule, choose, open_pools, parse, pick};
use berth_plan::claim::{Answer, Call, Known, MOST_BLOCKS, Memory, Parent, ParentBlock, further, step};
use ipnet::Ipv6Net;
use proptest::prelude::*;
use serde_json::json;

use crate::world::{at, kind};

const POOL: &str = "3fff:a10:1100::/40";

fn net(text: &str) -> Ipv6Net {
    parse(text).unwrap()
}

fn nets(texts: &[&str]) -> BTreeSet<Ipv6Net> {
    texts.iter().map(|text| net(text)).collect()
}

/// The prefix and the sentence for an auditor.
fn picked(parents: &[Ipv6Net], taken: &BTreeSet<Ipv6Net>, grows: Option<Ipv6Net>) -> Option<(String, String)> {
    let ask = Ask { parents, length: 48, taken, returning: BTreeSet::new(), wish: None, grows };
    pick(&ask).map(|choice| (choice.prefix.to_string(), choice.to_string()))
}

#[test]
fn the_second_root_begins_when_the_first_has_no_room_and_the_choice_says_so() {
    let plan = json!({"roots": [{"cidr": "3fff:a10::/36", "kind": "Documentation"}, {"cidr": "3fff:b10::/32", "kind": "Documentation"}],
        "departmentPools": ["1", "2"], "communePools": ["9"]});
    let pools = open_pools(&kind("AddressPlan", "default", plan), "1", PrefixLevel::Agency);
    let texts = ["3fff:a10:100::/40", "3fff:a10:200::/40", "3fff:b10:1100::/40", "3fff:b10:1200::/40"];
    assert_eq!(pools, texts.map(net), "the pools of the first root come first");
    let full = |pools: &[Ipv6Net]| pools.iter().flat_map(|p| p.subnets(48).unwrap()).collect::<BTreeSet<_>>();
    let told = |taken| picked(&pools, &taken, None).unwrap().1;
    assert_eq!(
        told(full(&pools[..1])),
        "3fff:a10:200::/48 is the first free one, number 1 in the sparse order of 3fff:a10:200::/40. \
         3fff:a10:100::/40, which comes before it, has no room."
    );
    assert_eq!(
        told(full(&pools[..2])),
        "3fff:b10:1100::/48 is the first free one, number 1 in the sparse order of 3fff:b10:1100::/40. \
         2 pools before it have no room, from 3fff:a10:100::/40 to 3fff:a10:200::/40."
    );
    assert_eq!(picked(&pools, &full(&pools), None), None);
    // A block that comes free in the first root is given before the second is used further.
    let mut taken = full(&pools[..2]);
    taken.remove(&net("3fff:a10:2ff::/48"));
    assert_eq!(picked(&pools, &taken, None).unwrap().0, "3fff:a10:2ff::/48");
}

#[test]
fn a_full_block_grows_by_its_buddy_and_else_by_the_nearest_that_is_free() {
    let (pool, first) = ([net(POOL)], net("3fff:a10:1140::/48"));
    let grown = |taken: &[&str]| {
        let taken = nets(&[taken, &["3fff:a10:1140::/48"]].concat());
        picked(&pool, &taken, Some(first)).unwrap()
    };
    let buddy =
        "3fff:a10:1140::/48 is full, and 3fff:a10:1141::/48 is its buddy: together they are 3fff:a10:1140::/47.";
    assert_eq!(grown(&[]), ("3fff:a10:1141::/48".into(), buddy.into()));
    let near = "3fff:a10:1140::/48 is full, its buddy is taken, and 3fff:a10:1142::/48 is the nearest free one: \
        both lie in 3fff:a10:1140::/46.";
    assert_eq!(grown(&["3fff:a10:1141::/48"]), ("3fff:a10:1142::/48".into(), near.into()));
    // What is taken as a whole around it is seen from inside, too.
    assert_eq!(grown(&["3fff:a10:1140::/44"]).0, "3fff:a10:1150::/48");
    let mut taken: BTreeSet<Ipv6Net> = pool[0].subnets(48).unwrap().collect();
    let two = [pool[0], net("3fff:a10:1200::/40")];
    let told = picked(&two, &taken, Some(first)).unwrap().1;
    assert!(told.starts_with("3fff:a10:1200::/48 is the first free one") && told.ends_with("has no room."), "{told}");
    taken.extend(two[1].subnets(48).unwrap());
    assert_eq!(picked(&two, &taken, Some(first)), None);
    // A block of another pool than all that are open now: the order decides.
    assert_eq!(picked(&two[1..], &BTreeSet::new(), Some(first)).unwrap().0, "3fff:a10:1200::/48");
}

#[test]
fn what_the_claimant_had_before_comes_back_before_anything_is_chosen_beside_a_full_block() {
    let (parents, taken) = ([net(POOL)], nets(&["3fff:a10:1140::/48", "3fff:a10:1180::/48"]));
    let returning = nets(&["3fff:a10:1180::/48"]);
    let ask = Ask {
        parents: &parents,
        length: 48,
        taken: &taken,
        returning,
        wish: None,
        grows: Some(net("3fff:a10:1140::/48")),
    };
    assert_eq!(pick(&ask).map(|c| (c.prefix, c.rule)), Some((net("3fff:a10:1180::/48"), Rule::GivenBack)));
}

/// An agency's claim, bound to a block or not.
fn claim(name: &str, bound: Option<&str>) -> PrefixClaim {
    let spec = json!({"level": "Agency", "siteRef": {"name": "dc1"}, "requestedCIDR": "3fff:a10:1140::/48",
        "claimant": {"kind": "Agency", "name": "ag-62", "uid": "a-1"}});
    let mut claim: PrefixClaim = kind("PrefixClaim", name, spec);
    let status = json!({"bound": bound.map(|cidr| json!({"cidr": cidr, "blockUID": "b"}))});
    claim.status = Some(serde_json::from_value(status).unwrap());
    claim
}

fn systems(blocks: &[&str]) -> BTreeSet<Ipv6Net> {
    blocks.iter().flat_map(|block| net(block).subnets(56).unwrap()).collect()
}

#[test]
fn an_agency_whose_blocks_are_full_claims_one_more_by_a_name_that_everybody_finds() {
    let (one, two) = ("3fff:a10:1140::/48", "3fff:a10:1141::/48");
    let full =
        |blocks: &[&PrefixClaim], length, taken: &BTreeSet<Ipv6Net>| further(blocks, length, taken, &BTreeSet::new());
    let (first, second) = (claim("agency-ag-62", Some(one)), claim("agency-ag-62.2", Some(two)));
    let grown = full(&[&first], 56, &systems(&[one])).unwrap();
    assert_eq!(grown.metadata.name.as_deref(), Some("agency-ag-62.2"));
    assert_eq!(grown.metadata.finalizers, Some(vec!["berth.dev/prefix".to_owned()]));
    let spec = json!({"level": "Agency", "siteRef": {"name": "dc1"}, "growsClaimRef": {"name": "agency-ag-62"},
        "claimant": {"kind": "Agency", "name": "ag-62", "uid": "a-1"}});
    assert_eq!(serde_json::to_value(&grown.spec).unwrap(), spec, "a wish was for the first block");
    let third = full(&[&first, &second], 56, &systems(&[one, two])).unwrap();
    assert_eq!(third.metadata.name.as_deref(), Some("agency-ag-62.3"));
    assert_eq!(third.spec.grows_claim_ref, grown.spec.grows_claim_ref, "they all lie around the first");
    // Room is left, room is on its way, the agency is on its way out, or it has enough.
    assert_eq!(full(&[&first, &second], 56, &systems(&[one])), None);
    assert_eq!(full(&[&first, &claim("agency-ag-62.2", None)], 56, &systems(&[one])), None);
    assert_eq!(full(&[&claim("agency-ag-62", None)], 56, &BTreeSet::new()), None);
    assert_eq!(full(&[], 56, &BTreeSet::new()), None);
    let mut leaving = first.clone();
    leaving.metadata.deletion_timestamp = Some(at("10:00"));
    assert_eq!(full(&[&leaving], 56, &systems(&[one])), None);
    assert_eq!(full(&[&first; MOST_BLOCKS], 56, &systems(&[one])), None);
    // A range of the platform around its block leaves it none.
    let around = |range: &str| further(&[&first], 56, &BTreeSet::new(), &nets(&[range])).is_some();
    assert_eq!([one, "3fff:a10:1140::/49", "3fff:a10:1100::/40"].map(around), [true, false, true]);
}

#[test]
fn a_system_is_numbered_in_the_first_of_its_agencys_blocks_that_has_room() {
    let (one, two) = ("3fff:a10:1140::/48", "3fff:a10:1141::/48");
    let spec = json!({"level": "System", "siteRef": {"name": "dc1"}, "parentClaimRef": {"name": "agency-ag-62"},
        "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "t-1"}});
    let mut memory = Memory::new(kind("PrefixClaim", "tenant-aaaaaa", spec));
    let blocks = [("u-1", one), ("u-2", two)].map(|(uid, cidr)| ParentBlock { uid: uid.into(), cidr: net(cidr) });
    let known = Known { taken: systems(&[one]), ..Known::new(Parent::Blocks(blocks.to_vec()), 56, at("10:00")) };
    let Call::WriteClaim(intent) = step(&mut memory, &known, Answer::Start) else { panic!("no intent") };
    let told = intent.status.as_ref().unwrap();
    assert_eq!(told.candidate.as_deref(), Some("3fff:a10:1141::/56"));
    assert!(told.choice.as_ref().unwrap().ends_with("3fff:a10:1140::/48, which comes before it, has no room."));
    let Call::CreateBlock(mut block) = step(&mut memory, &known, Answer::Claim(intent)) else { panic!("no lock") };
    assert_eq!((block.spec.parent.as_str(), block.spec.parent_uid.as_str()), (two, "u-2"));
    block.metadata.uid = Some("b-1".into());
    let verify = step(&mut memory, &known, Answer::Block(block));
    assert_eq!(
        verify,
        Call::GetParent("3fff-a10-1141---48".into()),
        "the parent that it lies in is the one that is read"
    );
}

#[test]
fn nothing_is_chosen_in_a_range_of_the_platform_and_a_refused_plan_says_so_to_its_claims() {
    let spec = json!({"level": "System", "siteRef": {"name": "dc1"}, "parentClaimRef": {"name": "agency-ag-62"},
        "claimant": {"kind": "Tenant", "name": "aaaaaa", "uid": "t-1"}});
    let claim: PrefixClaim = kind("PrefixClaim", "tenant-aaaaaa", spec);
    let block = ParentBlock { uid: "u-1".into(), cidr: net("3fff:a10:1140::/48") };
    let first = |reserved: &[&str], parent: Parent| {
        let known = Known { reserved: nets(reserved), ..Known::new(parent, 56, at("10:00")) };
        let Call::WriteClaim(claim) = step(&mut Memory::new(claim.clone()), &known, Answer::Start) else { panic!() };
        let status = claim.status.unwrap();
        (status.candidate, status.conditions[0].reason.clone())
    };
    let blocks = || Parent::Blocks(vec![block.clone()]);
    let pending = |cidr: &str| (Some(cidr.to_owned()), "AddressPending".to_owned());
    assert_eq!(first(&["3fff:a10:1140::/112"], blocks()), pending("3fff:a10:1140:8000::/56"));
    assert_eq!(first(&["3fff:a10:1140::/49"], blocks()), pending("3fff:a10:1140:8000::/56"));
    // The whole block lies in a range of the platform: nothing more is numbered in it.
    for around in ["3fff:a10:1140::/48", "3fff:a10:1100::/40", "3fff:a10::/32"] {
        assert_eq!(first(&[around], blocks()), (None, "PoolExhausted".to_owned()), "{around}");
    }
    assert_eq!(first(&[], Parent::Refused), (None, "AddressPlanRefused".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_grows_is_free_and_found_whenever_there_is_room(
        taken in proptest::collection::btree_set(0u128..256, 0..256), at in 0u128..256
    ) {
        let pool = net(POOL);
        let nth = |n: u128| pool.subnets(48).unwrap().nth(n as usize).unwrap();
        let first = nth(at);
        let mut all: BTreeSet<Ipv6Net> = taken.into_iter().map(nth).collect();
        all.insert(first);
        let found = picked(&[pool], &all, Some(first)).map(|(prefix, _)| net(&prefix));
        prop_assert_eq!(found.is_some(), choose(&[pool], 48, &all).is_some());
        if let Some(found) = found {
            prop_assert!(!all.contains(&found) && pool.contains(&found));
            // Nothing that is free shares a longer prefix with the first.
            let common = |other: Ipv6Net| (u128::from(other.network()) ^ u128::from(first.network())).leading_zeros();
            let nearest = pool.subnets(48).unwrap().filter(|n| !all.contains(n)).map(common).max();
            prop_assert_eq!(Some(common(found)), nearest);
        }
    }
}
