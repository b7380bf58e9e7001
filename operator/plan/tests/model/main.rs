//! The allocation protocol, state by state (reference/ipv6.md §2.4): two operators, two claims, a collector, a parent
//! that is released and re-created, claims that are released and given back, crashes, arbitrarily old reads.
//!
//! It runs `berth_plan::claim::step` and `berth_plan::collect::step` themselves, on real objects (`compact`). The search
//! is exhaustive within the bounds that it prints. Seven weaker protocols must each be caught.

// Helpers of tests are tests: a broken fixture should stop them at once.
#![allow(clippy::unwrap_used, missing_docs)]

mod compact;
mod world;

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model, Property};

use compact::{ClaimV, KnownV, PARENT, StateV};
use world::{Bounds, Mutant, State};

const WHOLE: &str = "a bound claim and its confirmed block point at each other";
const ONE_PREFIX: &str = "a claim has one prefix";
const LIVING_PARENT: &str = "a confirmed block lies in a living parent of the same UID";

/// One step of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An operator begins with a claim of some version and an idea of the parent and of what is taken.
    Begin {
        operator: u8,
        claim: u8,
        version: u8,
        known: KnownV,
    },
    /// It makes its next call.
    GoOn {
        operator: u8,
    },
    /// It dies and forgets.
    Crash {
        operator: u8,
    },
    /// The collector begins to look at a block, or makes its next call.
    Sweep {
        block: u8,
    },
    GoOnSweeping,
    /// Somebody deletes a claim, or claims anew what was deleted.
    Delete {
        claim: u8,
    },
    Create {
        claim: u8,
    },
    /// The parent was given up, its quarantine passed, and an agency gets it anew.
    NewParent,
    /// The first quarantines end.
    TimePasses,
}

impl Model for Bounds {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        for operator in 0..3u8 {
            if state.runs[usize::from(operator)].is_some() {
                actions.push(Step::GoOn { operator });
                if state.crashes < self.crashes {
                    actions.push(Step::Crash { operator });
                }
            } else if operator != 1 || state.runs[0].is_some() {
                self.beginnings(state, operator, actions);
            }
        }
        match state.sweep {
            Some(_) => actions.push(Step::GoOnSweeping),
            None => actions.extend(
                (0..self.blocks).filter(|b| state.blocks[usize::from(*b)].is_some()).map(|block| Step::Sweep { block }),
            ),
        }
        for claim in 0..3u8 {
            let parent = usize::from(claim) == PARENT;
            let more = if parent { state.parents < self.parents } else { state.releases < self.releases };
            match state.claim(claim) {
                Some(c) if more && !c.deleting && (parent || c.bound.is_some()) => actions.push(Step::Delete { claim }),
                None if !parent => actions.push(Step::Create { claim }),
                _ => {}
            }
        }
        if state.claim(PARENT as u8).is_none() {
            actions.push(Step::NewParent);
        }
        if self.releases > 0 && !state.late {
            actions.push(Step::TimePasses);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Begin { operator, claim, version, known } => {
                state.runs[usize::from(operator)] = Some(state.begin(self, claim, usize::from(version), known)?);
            }
            Step::GoOn { operator } => {
                let run = state.runs[usize::from(operator)]?;
                state.runs[usize::from(operator)] = state.go_on(self, run).ok()?;
            }
            Step::Crash { operator } => {
                state.runs[usize::from(operator)] = None;
                state.crashes += 1;
            }
            Step::Sweep { block } => state.begin_sweep(block),
            Step::GoOnSweeping => state.go_on_sweeping(self).ok()?,
            Step::Delete { claim } => {
                let now = state.claim(claim)?;
                state.claims[usize::from(claim)].push(ClaimV { rev: now.rev + 1, deleting: true, ..now });
                if usize::from(claim) == PARENT { state.parents += 1 } else { state.releases += 1 }
            }
            Step::Create { claim } => {
                let i = usize::from(claim);
                let last = *state.claims[i].last()?;
                state.exists[i] = true;
                state.held[i] = 0;
                state.claims[i].push(ClaimV {
                    uid: last.uid + 1,
                    candidate: None,
                    bound: None,
                    told: None,
                    deleting: false,
                    finalizer: true,
                    ..last
                });
            }
            Step::NewParent => {
                let uid = state.parents;
                let block = state.blocks[PARENT]?;
                let last = *state.claims[PARENT].last()?;
                let owner = (PARENT as u8, uid);
                state.blocks[PARENT] = Some(world::new_parent(block, uid, owner));
                state.claims[PARENT].push(ClaimV {
                    uid,
                    bound: Some((PARENT as u8, uid)),
                    told: None,
                    deleting: false,
                    finalizer: true,
                    ..last
                });
                state.exists[PARENT] = true;
            }
            Step::TimePasses => state.late = true,
        }
        // Two operators are alike.
        state.runs[..2].sort_unstable();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(WHOLE, |_, s: &State| (0..2u8).all(|c| is_whole(s, c))),
            Property::always("no block is of two claims", |_, s: &State| {
                // A claim on its way out has its block no longer: it only waits to be let go.
                let bound = |c| s.claim(c).filter(|c| !c.deleting)?.bound.map(|(block, _)| block);
                bound(0).is_none() || bound(0) != bound(1)
            }),
            Property::always(ONE_PREFIX, |_, s: &State| s.held.iter().all(|held| held.count_ones() < 2)),
            Property::always(LIVING_PARENT, |_, s: &State| {
                let parent = s.blocks[PARENT].unwrap();
                let lives = matches!(parent.state, StateV::Confirmed | StateV::Releasing);
                let confirmed = s.blocks[..PARENT].iter().flatten().filter(|b| b.state == StateV::Confirmed);
                confirmed.into_iter().all(|b| lives && b.parent_uid == parent.uid)
            }),
            Property::always("a block in quarantine goes to nobody but its claimant", |_, s: &State| {
                (0..2).all(|i| s.blocks[i].is_none_or(|b| s.kept_for[i].is_none_or(|kept| kept == b.owner.0)))
            }),
            Property::sometimes("a claim is bound", |_, s: &State| s.claim(0).is_some_and(|c| c.bound.is_some())),
            Property::sometimes("the parent is re-created", |m: &Bounds, s: &State| {
                m.parents == 0 || s.blocks[PARENT].unwrap().uid > 0
            }),
            Property::sometimes("a claimant has its block back", |m: &Bounds, s: &State| {
                m.claim_writes[0] < 6
                    || s.claims[0].iter().filter_map(|c| Some((c.uid, c.bound?.0))).collect::<BTreeSet<_>>().len() > 1
            }),
        ]
    }
}

impl Bounds {
    /// Every run that an idle operator may begin: any version of any claim, any parent that ever was, and what a cache
    /// may say about what is taken.
    fn beginnings(&self, state: &State, operator: u8, actions: &mut Vec<Step>) {
        let claims = if operator == 2 { PARENT as u8..3 } else { 0..PARENT as u8 };
        for claim in claims {
            for (version, seen) in state.claims[usize::from(claim)].iter().enumerate() {
                let uids = if seen.candidate.is_some() && seen.bound.is_some() { 0..=0 } else { 0..=state.parents };
                let chooses = seen.candidate.is_none() && self.blocks == 2;
                let kept = (0..2).filter(|i| state.kept_for[*i] == Some(claim)).map(|i| 1 << i).sum::<u8>();
                for parent_uid in uids {
                    for taken in if chooses { 0..2u8 } else { 0..1 } {
                        let taken = if self.blocks == 1 { 0b10 } else { taken };
                        let known = KnownV { parent_uid, taken, returning: kept };
                        actions.push(Step::Begin { operator, claim, version: version as u8, known });
                    }
                }
            }
        }
    }
}

/// A bound claim's block is confirmed and points back, unless the claim is on its way out.
fn is_whole(s: &State, c: u8) -> bool {
    let Some(claim) = s.claim(c).filter(|claim| !claim.deleting) else { return true };
    let Some((block, uid)) = claim.bound else { return true };
    let Some(block) = s.blocks[usize::from(block)] else { return false };
    block.uid == uid && block.owner == (c, claim.uid) && block.state == StateV::Confirmed
}

/// One contested block, nothing released.
const BASE: Bounds = Bounds {
    mutant: Mutant::None,
    blocks: 1,
    block_writes: 5,
    claim_writes: [4, 4],
    old_parent: false,
    crashes: 0,
    parents: 0,
    releases: 0,
};
/// The parent was re-created before, and caches may still know the former one.
const AFTER: Bounds = Bounds { old_parent: true, parents: 1, claim_writes: [5, 1], ..BASE };

/// The parent is released and re-created.
const PARENT_GOES: Bounds = Bounds { parents: 1, claim_writes: [2, 1], ..BASE };

/// What is searched, each to its end.
const SEARCHES: &[(&str, Bounds)] = &[
    ("two claims, one block, a crash", Bounds { crashes: 1, ..BASE }),
    ("two claims, two blocks", Bounds { blocks: 2, claim_writes: [3, 3], ..BASE }),
    ("the parent is released and re-created", PARENT_GOES),
    ("the parent was re-created, caches know the former", AFTER),
    ("a claim is released and claimed again", Bounds { releases: 1, block_writes: 6, claim_writes: [6, 0], ..BASE }),
    ("a claim wants what another one released", Bounds { releases: 1, claim_writes: [3, 1], ..BASE }),
];

#[test]
fn the_protocol_holds_in_every_state_within_the_bounds() {
    let mut states = 0;
    for (name, bounds) in SEARCHES {
        let checker = bounds.checker().threads(2).spawn_bfs().join();
        let (found, depth) = (checker.unique_state_count(), checker.max_depth());
        println!("{found:>8} states, {depth} deep: {name}: {bounds:?}");
        checker.assert_properties();
        states += found;
    }
    println!("{states:>8} states in all");
    assert!(states >= 1_000_000, "the bounds leave {states} states only");
}

/// Each weaker protocol, the bounds that are wide enough to see its harm, and the property that it breaks.
const MUTANTS: &[(Mutant, Bounds, &str)] = &[
    (Mutant::NoIntent, Bounds { blocks: 2, ..BASE }, ONE_PREFIX),
    (Mutant::NoParentCheck, PARENT_GOES, LIVING_PARENT),
    (Mutant::ChildrenListedBeforeReleasing, PARENT_GOES, LIVING_PARENT),
    (Mutant::AdopterDeletesConfirmed, PARENT_GOES, WHOLE),
    (Mutant::AdoptionWithoutTouch, AFTER, WHOLE),
    (Mutant::CollectorWithoutRevision, Bounds { block_writes: 6, ..AFTER }, WHOLE),
    (Mutant::RevisionsRepeat, Bounds { block_writes: 6, ..AFTER }, WHOLE),
];

#[test]
fn each_of_the_seven_weaker_protocols_is_caught() {
    for (mutant, bounds, property) in MUTANTS {
        let weaker = Bounds { mutant: *mutant, ..*bounds };
        let checker = weaker.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        let caught = checker.discovery(property).map(|path| path.into_actions().len());
        println!("{mutant:?}: {property:?} breaks after {caught:?} steps");
        assert!(caught.is_some(), "nobody noticed {mutant:?}");
    }
    assert_eq!(MUTANTS.len(), 7);
}
