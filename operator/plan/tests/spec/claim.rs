//! The allocation protocol (reference/ipv6.md §2.2, §2.4): two operators, two claims, a collector and a parent that is
//! released and re-created, on a tiny store, in any order of calls and with a crash after any of them.
//!
//! `the_test_itself_finds_…` weakens the store around the protocol and expects the same run to find the damage.

use std::collections::{BTreeMap, BTreeSet};

use berth_crds::address::{BlockState, BoundPrefix};
use berth_crds::{ConditionType, PrefixBlock, PrefixClaim, Reason, condition, names};
use berth_plan::address;
use berth_plan::claim::{Answer, Call, Known, Memory, Parent, ParentBlock, is_bound, step};
use ipnet::Ipv6Net;
use kube::ResourceExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::world::{at, kind};

/// Sixteen /56 lie in it; caches disagree about the first four, so that two claims and their leavings meet there.
const PARENT: &str = "3fff:a10:1180::/52";
const CLAIMS: [&str; 2] = ["tenant-aaaaaa", "tenant-bbbbbb"];

fn net(text: &str) -> Ipv6Net {
    address::parse(text).unwrap()
}

/// How the world around the protocol is broken, to see that the test would notice.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mutant {
    None,
    CollectorWithoutPrecondition,
    ParentNeverVerified,
    ParentReleasedWithoutCounting,
    ClaimWithoutCompareAndSwap,
}

/// An API server that knows claims, blocks and one parent.
struct Store {
    mutant: Mutant,
    /// The collector takes Confirmed blocks too, when their claim is bound to another one.
    thorough: bool,
    next: u64,
    claims: BTreeMap<String, PrefixClaim>,
    /// Every version of every claim: what a stale cache may still hold.
    history: Vec<PrefixClaim>,
    blocks: BTreeMap<String, PrefixBlock>,
    parent_uid: String,
    parent_uids: Vec<String>,
    releasing: bool,
    /// Whether others are at work on their Pending blocks.
    busy: bool,
}

/// Somebody wrote in between: read again and start over.
struct Conflict;

impl Store {
    fn new(mutant: Mutant, wishes: [bool; 2]) -> Self {
        let parent_uid = "parent-0".to_owned();
        let mut store = Self {
            mutant,
            thorough: false,
            next: 1,
            claims: BTreeMap::new(),
            history: vec![],
            blocks: BTreeMap::new(),
            parent_uids: vec![parent_uid.clone()],
            parent_uid,
            releasing: false,
            busy: false,
        };
        for (name, wish) in CLAIMS.iter().zip(wishes) {
            let spec = json!({"level": "System", "siteRef": {"name": "dc1"}, "parentClaimRef": {"name": "agency-ag-62"},
                "claimant": {"kind": "Tenant", "name": name, "uid": format!("uid-of-{name}")},
                "requestedCIDR": wish.then_some("3fff:a10:1180:800::/56")});
            let mut claim: PrefixClaim = kind("PrefixClaim", name, spec);
            claim.metadata.resource_version = Some(store.revision());
            store.keep(claim);
        }
        store
    }

    fn revision(&mut self) -> String {
        self.next += 1;
        self.next.to_string()
    }

    fn keep(&mut self, claim: PrefixClaim) {
        self.history.push(claim.clone());
        self.claims.insert(claim.name_any(), claim);
    }

    fn write_claim(&mut self, mut claim: PrefixClaim) -> Result<PrefixClaim, Conflict> {
        let now = &self.claims[&claim.name_any()];
        if now.resource_version() != claim.resource_version() && self.mutant != Mutant::ClaimWithoutCompareAndSwap {
            return Err(Conflict);
        }
        claim.metadata.resource_version = Some(self.revision());
        self.keep(claim.clone());
        Ok(claim)
    }

    fn create(&mut self, mut block: PrefixBlock) -> Option<PrefixBlock> {
        if self.blocks.contains_key(&block.name_any()) {
            return None;
        }
        assert!(net(&block.spec.parent).contains(&net(&block.spec.cidr)), "the schema refuses it: {:?}", block.spec);
        assert_eq!(block.name_any(), names::block(&block.spec.cidr));
        let n = self.revision();
        block.metadata.uid = Some(format!("block-{n}"));
        block.metadata.resource_version = Some(n);
        self.blocks.insert(block.name_any(), block.clone());
        Some(block)
    }

    fn is_current(&self, block: &PrefixBlock) -> bool {
        let now = self.blocks.get(&block.name_any());
        now.is_some_and(|n| n.uid() == block.uid() && n.resource_version() == block.resource_version())
    }

    fn write_block(&mut self, mut block: PrefixBlock) -> Result<PrefixBlock, Conflict> {
        if !self.is_current(&block) {
            return Err(Conflict);
        }
        block.metadata.resource_version = Some(self.revision());
        self.blocks.insert(block.name_any(), block.clone());
        Ok(block)
    }

    /// Deletes exactly the block that was read; one that is gone is as good as deleted.
    fn delete(&mut self, block: &PrefixBlock) -> Result<(), Conflict> {
        match self.blocks.get(&block.name_any()) {
            None => Ok(()),
            Some(_) if self.is_current(block) => {
                self.blocks.remove(&block.name_any());
                Ok(())
            }
            Some(_) => Err(Conflict),
        }
    }

    /// The parent block as a quorum read shows it.
    fn parent(&self, child: &PrefixBlock) -> Option<PrefixBlock> {
        let state = if self.releasing { "Releasing" } else { "Confirmed" };
        let spec = json!({"cidr": PARENT, "parent": "3fff:a10:1100::/40", "parentUID": "plan", "level": "Commune",
            "claimRef": {"name": "agency-ag-62", "uid": "c"}, "claimant": {"kind": "Agency", "name": "ag-62", "uid": "a"},
            "state": state});
        let mut parent: PrefixBlock = kind("PrefixBlock", &names::block(PARENT), spec);
        parent.metadata.uid = Some(self.parent_uid.clone());
        if self.mutant == Mutant::ParentNeverVerified {
            parent.metadata.uid = Some(child.spec.parent_uid.clone());
            parent.spec.state = BlockState::Confirmed;
        }
        Some(parent)
    }
}

/// One operator at work on one claim.
struct Run {
    memory: Memory,
    known: Known,
    call: Call,
}

impl Run {
    fn start(claim: PrefixClaim, parent_uid: String, taken: BTreeSet<Ipv6Net>) -> Self {
        let parent = Parent::Blocks(vec![ParentBlock { uid: parent_uid, cidr: net(PARENT) }]);
        let known = Known { taken, ..Known::new(parent, 56, at("09:00")) };
        let mut memory = Memory::new(claim);
        let call = step(&mut memory, &known, Answer::Start);
        Self { memory, known, call }
    }

    /// Makes the call and asks for the next one; `false` when the run is over.
    fn go(&mut self, store: &mut Store) -> Result<bool, Conflict> {
        let answer = match self.call.clone() {
            Call::Done | Call::Wait(_) | Call::After(_) => return Ok(false),
            Call::WriteClaim(claim) => Answer::Claim(Box::new(store.write_claim(*claim)?)),
            Call::CreateBlock(block) => match store.create(*block) {
                Some(block) => Answer::Block(Box::new(block)),
                None => Answer::Taken,
            },
            Call::GetBlock(name) => {
                let found = store.blocks.get(&name).cloned();
                self.known.rested = found.as_ref().filter(|_| !store.busy).and_then(ResourceExt::resource_version);
                Answer::Found(found.map(Box::new))
            }
            Call::WriteBlock(block) => Answer::Block(Box::new(store.write_block(*block)?)),
            Call::GetParent(_) => Answer::Parent(store.parent(self.memory.block.as_ref().unwrap()).map(Box::new)),
            Call::DeleteBlock(block) => {
                assert_eq!(block.spec.state, BlockState::Pending, "an adopter gives up Pending blocks only");
                store.delete(&block)?;
                Answer::Deleted
            }
            other => unreachable!("no claim here is released: {other:?}"),
        };
        self.call = step(&mut self.memory, &self.known, answer);
        Ok(true)
    }
}

/// The collector's three calls: read the block, then the claim, then delete with preconditions.
enum Collect {
    Read(PrefixBlock),
    Unwanted(PrefixBlock),
}

/// A Pending block is wanted while its claim intends it, a Confirmed one until its claim is bound to another block.
fn is_wanted(store: &Store, block: &PrefixBlock) -> bool {
    let claim = store.claims.get(&block.spec.claim_ref.name).filter(|c| c.uid().unwrap() == block.spec.claim_ref.uid);
    let Some(claim) = claim else { return false };
    let status = claim.status.clone().unwrap_or_default();
    match block.spec.state {
        BlockState::Pending => status.candidate.as_ref() == Some(&block.spec.cidr),
        _ => status.bound.is_none_or(|b| Some(b.block_uid) == block.uid()),
    }
}

/// What the collector looks at: Pending blocks (§2.4 step 7), and Confirmed ones when it is to leave nothing behind.
fn collectable(store: &Store) -> Vec<PrefixBlock> {
    let looks = |b: &&PrefixBlock| store.thorough || b.spec.state == BlockState::Pending;
    store.blocks.values().filter(looks).cloned().collect()
}

fn collect(store: &mut Store, at: Option<Collect>, pick: usize) -> Option<Collect> {
    match at {
        None => {
            let blocks = collectable(store);
            (!blocks.is_empty()).then(|| Collect::Read(blocks[pick % blocks.len()].clone()))
        }
        Some(Collect::Read(block)) => (!is_wanted(store, &block)).then_some(Collect::Unwanted(block)),
        Some(Collect::Unwanted(block)) => {
            if store.mutant == Mutant::CollectorWithoutPrecondition {
                store.blocks.remove(&block.name_any());
            } else {
                let _ = store.delete(&block);
            }
            None
        }
    }
}

#[derive(Clone, Debug)]
enum Event {
    /// An operator makes its next call for a claim, or begins with an old claim, an old parent and any idea of what is taken.
    Call { operator: usize, claim: usize, old: usize, taken: u8 },
    /// An operator dies and forgets what it knew.
    Crash { operator: usize },
    /// The collector makes its next call.
    Collect(usize),
    /// The parent's release makes its next call: `Releasing`, then counting children, then gone and re-created.
    Release,
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        16 => (0usize..2, 0usize..2, 0usize..8, 0u8..16)
            .prop_map(|(operator, claim, old, taken)| Event::Call { operator, claim, old, taken }),
        1 => (0usize..2).prop_map(|operator| Event::Crash { operator }),
        3 => (0usize..4).prop_map(Event::Collect),
        1 => Just(Event::Release),
    ]
}

type Case = ([bool; 2], Vec<Event>);

fn any_case(events: usize) -> impl Strategy<Value = Case> {
    (any::<[bool; 2]>(), proptest::collection::vec(any_event(), events / 2..events))
}

/// Candidates of the parent that a mask names.
fn masked(mask: u8) -> BTreeSet<Ipv6Net> {
    let four = ["3fff:a10:1180::/56", "3fff:a10:1180:800::/56", "3fff:a10:1180:400::/56", "3fff:a10:1180:c00::/56"];
    four.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, text)| net(text)).collect()
}

/// What must hold after every single call (I1, I2, I3 and the protocol's own promises).
fn violation(store: &Store, bound: &mut BTreeMap<String, String>) -> Option<String> {
    for claim in store.claims.values() {
        let name = claim.name_any();
        let cidr = claim.status.as_ref().and_then(|s| s.bound.as_ref()).map(|b| b.cidr.clone());
        if let Some(before) = bound.get(&name)
            && cidr.as_ref() != Some(before)
        {
            return Some(format!("{name} was bound to {before} and is now bound to {cidr:?}"));
        }
        let Some(cidr) = cidr else { continue };
        if !store.blocks.get(&names::block(&cidr)).is_some_and(|block| is_bound(claim, block)) {
            return Some(format!("{name} is bound to {cidr}, whose block does not point back"));
        }
        bound.insert(name, cidr);
    }
    let all: Vec<Ipv6Net> = bound.values().map(|c| net(c)).collect();
    if all.len() == 2 && (all[0].contains(&all[1]) || all[1].contains(&all[0])) {
        return Some(format!("overlap: {bound:?}"));
    }
    let orphan =
        store.blocks.values().find(|b| b.spec.state == BlockState::Confirmed && b.spec.parent_uid != store.parent_uid);
    orphan.map(|b| format!("{} is confirmed under {}, which is gone", b.spec.cidr, b.spec.parent_uid))
}

/// Lives through the events; then, without faults, every claim must bind.
fn live(mutant: Mutant, thorough: bool, (wishes, events): &Case) -> Result<(), String> {
    let mut store = Store { thorough, ..Store::new(mutant, *wishes) };
    let mut runs: BTreeMap<(usize, usize), Run> = BTreeMap::new();
    let mut collector = None;
    let mut bound = BTreeMap::new();
    for event in events {
        match event {
            Event::Call { operator, claim, old, taken } => {
                let key = (*operator, *claim);
                match runs.get_mut(&key) {
                    Some(run) => {
                        if !run.go(&mut store).unwrap_or(false) {
                            runs.remove(&key);
                        }
                    }
                    None => {
                        let versions: Vec<&PrefixClaim> =
                            store.history.iter().rev().filter(|c| c.name_any() == CLAIMS[*claim]).collect();
                        // Half of the reads are fresh, the others are as old as can be.
                        let version = versions[old.saturating_sub(4) % versions.len()].clone();
                        let uids = &store.parent_uids;
                        let uid = uids[uids.len() - 1 - old % 2 % uids.len()].clone();
                        runs.insert(key, Run::start(version, uid, masked(*taken)));
                    }
                }
            }
            Event::Crash { operator } => runs.retain(|(o, _), _| o != operator),
            Event::Collect(pick) => collector = collect(&mut store, collector.take(), *pick),
            Event::Release if !store.releasing => store.releasing = true,
            Event::Release => {
                store.releasing = false;
                if store.blocks.is_empty() || mutant == Mutant::ParentReleasedWithoutCounting {
                    store.parent_uid = format!("parent-{}", store.parent_uids.len());
                    store.parent_uids.push(store.parent_uid.clone());
                }
            }
        }
        if let Some(what) = violation(&store, &mut bound) {
            return Err(format!("after {event:?}: {what}"));
        }
    }
    settle(&mut store, &mut bound)
}

/// Faults end: fresh reads, one operator, the collector to its end. A few rounds must bind every claim.
fn settle(store: &mut Store, bound: &mut BTreeMap<String, String>) -> Result<(), String> {
    store.releasing = false;
    for _ in 0..3 {
        for name in CLAIMS {
            let taken = store.blocks.values().map(|b| net(&b.spec.cidr)).collect();
            let mut run = Run::start(store.claims[name].clone(), store.parent_uid.clone(), taken);
            let mut calls = 0;
            while run.go(store).unwrap_or(false) {
                calls += 1;
                if let Some(what) = violation(store, bound) {
                    return Err(format!("while settling: {what}"));
                }
                if calls > 64 {
                    return Err(format!("{name} makes calls without end, the next is {:?}", run.call));
                }
            }
        }
        for block in collectable(store).into_iter().filter(|b| !is_wanted(store, b)).collect::<Vec<_>>() {
            let _ = store.delete(&block);
        }
    }
    let unbound: Vec<&str> = CLAIMS.into_iter().filter(|name| !bound.contains_key(*name)).collect();
    let leaked = if store.thorough { store.blocks.len() - bound.len() } else { 0 };
    if unbound.is_empty() && leaked == 0 { Ok(()) } else { Err(format!("unbound {unbound:?}, {leaked} blocks leaked")) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_calls_no_staleness_and_no_crash_breaks_the_protocol_and_every_claim_binds(case in any_case(90)) {
        let outcome = live(Mutant::None, false, &case);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    /// Of two runs that stand at different candidates of one claim, the slower may confirm a block that the claim no
    /// longer wants. It is never bound, but §2.4 step 7 leaves it for ever; collecting it is safe and enough.
    #[test]
    fn a_collector_that_takes_confirmed_blocks_of_claims_bound_elsewhere_breaks_nothing_and_leaves_nothing(
        case in any_case(90)
    ) {
        let outcome = live(Mutant::None, true, &case);
        prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    }
}

#[test]
fn the_test_itself_finds_what_each_weaker_protocol_breaks() {
    for mutant in [
        Mutant::CollectorWithoutPrecondition,
        Mutant::ParentNeverVerified,
        Mutant::ParentReleasedWithoutCounting,
        Mutant::ClaimWithoutCompareAndSwap,
    ] {
        let config = Config { cases: 20_000, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
        let seed = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, seed);
        let found = runner
            .run(&any_case(90), |case| live(mutant, false, &case).map_err(proptest::test_runner::TestCaseError::fail));
        assert!(found.is_err(), "nobody noticed {mutant:?}");
    }
}

/// The calls of one undisturbed run, by name.
fn calls(store: &mut Store, mut run: Run) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let text = format!("{:?}", run.call);
        told.push(text.split('(').next().unwrap().to_owned());
        if !run.go(store).unwrap_or(false) {
            return told;
        }
    }
}

fn fresh(store: &Store, taken: BTreeSet<Ipv6Net>) -> Run {
    Run::start(store.claims[CLAIMS[0]].clone(), store.parent_uid.clone(), taken)
}

#[test]
fn an_undisturbed_claim_takes_five_calls() {
    let mut store = Store::new(Mutant::None, [false, false]);
    let run = fresh(&store, BTreeSet::new());
    let expected = ["WriteClaim", "CreateBlock", "GetParent", "WriteBlock", "WriteClaim", "Done"];
    assert_eq!(calls(&mut store, run), expected);
    let claim = &store.claims[CLAIMS[0]];
    let block = store.blocks.values().next().unwrap();
    assert!(is_bound(claim, block));
    assert_eq!(block.spec.cidr, "3fff:a10:1180::/56");
    assert_eq!(block.labels()["berth.dev/address"], "3fff0a10118000000000000000000000");
    let ready = condition::get(&claim.status.as_ref().unwrap().conditions, ConditionType::Ready).unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("True", Reason::Bound.as_str()));
    let run = fresh(&store, BTreeSet::new());
    assert_eq!(calls(&mut store, run), ["Done"], "a bound claim needs nothing");
}

#[test]
fn a_crash_after_any_call_is_taken_up_where_it_was_with_a_touch() {
    let adopt = ["CreateBlock", "GetBlock", "WriteBlock"];
    let rest: [(usize, Vec<&str>); 5] = [
        (0, vec!["WriteClaim", "CreateBlock", "GetParent", "WriteBlock", "WriteClaim", "Done"]),
        (1, vec!["CreateBlock", "GetParent", "WriteBlock", "WriteClaim", "Done"]),
        (2, [&adopt[..], &["GetParent", "WriteBlock", "WriteClaim", "Done"]].concat()),
        (3, [&adopt[..], &["GetParent", "WriteBlock", "WriteClaim", "Done"]].concat()),
        (4, [&adopt[..], &["WriteClaim", "Done"]].concat()),
    ];
    for (made, expected) in rest {
        let mut store = Store::new(Mutant::None, [false, false]);
        let mut run = fresh(&store, BTreeSet::new());
        for _ in 0..made {
            assert!(run.go(&mut store).unwrap_or(false));
        }
        let run = fresh(&store, BTreeSet::new());
        assert_eq!(calls(&mut store, run), expected, "after {made} calls");
        assert_eq!(store.blocks.len(), 1);
    }
}

#[test]
fn a_pending_block_is_left_to_the_run_that_created_it_until_nobody_writes_it() {
    for made in [2, 3] {
        let mut store = Store::new(Mutant::None, [false, false]);
        let mut first = fresh(&store, BTreeSet::new());
        for _ in 0..made {
            assert!(first.go(&mut store).unwrap_or(false));
        }
        store.busy = true;
        let second = fresh(&store, BTreeSet::new());
        assert_eq!(calls(&mut store, second), ["CreateBlock", "GetBlock", "After"], "after {made} calls");
        let rest = calls(&mut store, first);
        assert_eq!(rest[rest.len() - 3..], ["WriteBlock", "WriteClaim", "Done"], "the first run is not disturbed");
    }
}

#[test]
fn a_wish_is_taken_when_it_is_free_and_never_trusted_otherwise() {
    let wish = "3fff:a10:1180:800::/56";
    let taken = |text: &str| BTreeSet::from([net(text)]);
    for (taken, expected) in [
        (BTreeSet::new(), wish),
        (taken("3fff:a10:1180::/56"), wish),
        (taken(wish), "3fff:a10:1180::/56"),
        (taken("3fff:a10:1180:800::/60"), "3fff:a10:1180::/56"),
    ] {
        let mut store = Store::new(Mutant::None, [true, false]);
        let run = fresh(&store, taken);
        calls(&mut store, run);
        assert_eq!(store.blocks.values().next().unwrap().spec.cidr, expected);
    }
}

#[test]
fn another_claims_block_costs_three_calls_and_another_candidate() {
    let mut store = Store::new(Mutant::None, [false, false]);
    let other = Run::start(store.claims[CLAIMS[1]].clone(), store.parent_uid.clone(), BTreeSet::new());
    calls(&mut store, other);
    let run = fresh(&store, BTreeSet::new());
    let expected = [
        "WriteClaim",
        "CreateBlock",
        "GetBlock",
        "WriteClaim",
        "WriteClaim",
        "CreateBlock",
        "GetParent",
        "WriteBlock",
        "WriteClaim",
        "Done",
    ];
    assert_eq!(calls(&mut store, run), expected);
    assert_eq!(store.blocks.len(), 2);
}

#[test]
fn a_parent_that_is_gone_takes_the_pending_block_and_the_intent_with_it() {
    let mut store = Store::new(Mutant::None, [false, false]);
    let mut run = fresh(&store, BTreeSet::new());
    store.releasing = true;
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(format!("{:?}", run.call).split('(').next().unwrap().to_owned());
        assert!(run.go(&mut store).unwrap_or(false));
    }
    assert_eq!(told, ["WriteClaim", "CreateBlock", "GetParent", "DeleteBlock", "WriteClaim"]);
    assert_eq!((store.blocks.len(), store.claims[CLAIMS[0]].status.as_ref().unwrap().candidate.clone()), (0, None));
}

#[test]
fn a_claim_waits_for_its_parent_and_for_room() {
    let store = Store::new(Mutant::None, [false, false]);
    let known = |parent, taken| Known { taken, ..Known::new(parent, 56, at("09:00")) };
    let mut memory = Memory::new(store.claims[CLAIMS[0]].clone());
    let waits = step(&mut memory, &known(Parent::NotYet, BTreeSet::new()), Answer::Start);
    assert_eq!(waits, Call::Wait(Reason::AddressPending));
    let parent = Parent::Blocks(vec![ParentBlock { uid: "parent-0".into(), cidr: net(PARENT) }]);
    let known = known(parent, net(PARENT).subnets(56).unwrap().collect());
    // It says so once, and then waits.
    let Call::WriteClaim(claim) = step(&mut memory, &known, Answer::Start) else { panic!("nobody is told") };
    let ready = condition::get(&claim.status.as_ref().unwrap().conditions, ConditionType::Ready).unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", Reason::PoolExhausted.as_str()));
    assert_eq!(ready.message, "The address pool is exhausted. 3fff:a10:1180::/52 has no room for a /56.");
    assert_eq!(step(&mut memory, &known, Answer::Claim(claim)), Call::Wait(Reason::PoolExhausted));
}

#[test]
fn nothing_is_given_while_the_cluster_has_lost_prefixes_and_what_is_bound_or_leaves_goes_on() {
    let store = Store::new(Mutant::None, [false, false]);
    let claim = store.claims[CLAIMS[0]].clone();
    let parent = Parent::Blocks(vec![ParentBlock { uid: "parent-0".into(), cidr: net(PARENT) }]);
    let why = "The exported ledger has 1 prefixes that the cluster does not have.";
    let known = Known { frozen: Some(why.into()), ..Known::new(parent, 56, at("09:00")) };
    let with = |change: fn(&mut PrefixClaim)| {
        let mut claim = claim.clone();
        change(&mut claim);
        step(&mut Memory::new(claim), &known, Answer::Start)
    };
    // Neither a choice nor the lock of an earlier choice.
    let intends = |c: &mut PrefixClaim| c.status.get_or_insert_default().candidate = Some("3fff:a10:1180::/56".into());
    for call in [with(|_| {}), with(intends)] {
        let Call::WriteClaim(told) = call else { panic!("nobody is told") };
        let ready = condition::get(&told.status.as_ref().unwrap().conditions, ConditionType::Ready).unwrap();
        assert_eq!((ready.reason.as_str(), ready.message.as_str()), ("AllocationFrozen", why));
        let again = step(&mut Memory::new(*told), &known, Answer::Start);
        assert_eq!(again, Call::Wait(Reason::AllocationFrozen), "it says so once");
    }
    let bound = with(|c| {
        let bound = BoundPrefix { cidr: "3fff:a10:1180::/56".into(), block_uid: "b".into() };
        c.status.get_or_insert_default().bound = Some(bound);
    });
    assert_eq!(bound, Call::Done);
    let leaving = with(|c| c.metadata.deletion_timestamp = Some(at("08:00")));
    assert!(matches!(leaving, Call::LetGo(_) | Call::Done), "{leaving:?}");
}
