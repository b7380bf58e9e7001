//! Steps 1 to 5: from a claim to its prefix.

use std::collections::BTreeSet;

use berth_crds::address::{BlockState, BoundPrefix};
use berth_crds::common::UidRef;
use berth_crds::condition::Is;
use berth_crds::{AddressPlan, PrefixBlock, PrefixBlockSpec, Reason, labels, names};
use ipnet::Ipv6Net;
use kube::ResourceExt;

use super::{ADOPT_AFTER, Call, GiveUp, Known, Leaving, Memory, Parent, decide, give_up, owns, say, set, touch};
use crate::address::{self, Ask};

/// Step 1: the intent, written before the lock, so that a crash leaves no block that nobody looks for.
pub(super) fn intend(memory: &Memory, known: &Known) -> Call {
    match &known.parent {
        Parent::NotYet => return Call::Wait(Reason::AddressPending),
        Parent::Refused => return say(memory, known, Reason::AddressPlanRefused),
        Parent::Pools { .. } | Parent::Blocks(_) => {}
    }
    let mut parents = known.parent.nets();
    parents.retain(|parent| !known.reserved.iter().any(|range| range.contains(parent)));
    let mut taken: BTreeSet<Ipv6Net> = known.taken.union(&memory.avoid).copied().collect();
    taken.extend(&known.reserved);
    let ask = Ask {
        parents: &parents,
        length: known.length,
        taken: &taken,
        returning: known.returning.difference(&memory.avoid).copied().collect(),
        wish: memory.claim.spec.requested_cidr.as_deref(),
        grows: known.grows,
    };
    let Some(choice) = address::pick(&ask) else { return say(memory, known, Reason::PoolExhausted) };
    let mut claim = memory.claim.clone();
    let status = claim.status.get_or_insert_default();
    status.candidate = Some(choice.prefix.to_string());
    status.choice = Some(choice.to_string());
    status.wish_refused = choice.refused.map(|why| why.to_string());
    set(&mut claim, Is::False, Reason::AddressPending, Reason::AddressPending.en(), &known.now);
    Call::WriteClaim(Box::new(claim))
}

/// Step 2: the lock.
pub(super) fn lock(memory: &Memory, known: &Known, cidr: &str) -> Call {
    let Some(net) = address::parse(cidr) else { return Call::Wait(Reason::InvalidSpec) };
    if known.parent == Parent::NotYet {
        return Call::Wait(Reason::AddressPending);
    }
    // The parents are others by now: the intent lies outside them.
    let Some((parent, parent_uid)) = home(&known.parent, net) else { return clear_candidate(memory, known) };
    let spec = PrefixBlockSpec {
        cidr: cidr.to_owned(),
        parent: parent.to_string(),
        parent_uid,
        level: memory.claim.spec.level,
        claim_ref: claim_ref(memory),
        claimant: memory.claim.spec.claimant.clone(),
        state: BlockState::Pending,
        quarantine_until: None,
    };
    let mut block = PrefixBlock::new(&names::block(cidr), spec);
    block.metadata.labels = Some([(labels::ADDRESS_HEX.to_owned(), address::hex(net))].into());
    Call::CreateBlock(Box::new(block))
}

/// The parent in which a prefix would be numbered, and its UID.
fn home(parent: &Parent, net: Ipv6Net) -> Option<(Ipv6Net, String)> {
    match parent {
        Parent::NotYet | Parent::Refused => None,
        Parent::Blocks(blocks) => blocks.iter().find(|b| b.cidr.contains(&net)).map(|b| (b.cidr, b.uid.clone())),
        Parent::Pools { uid, pools } => pools.iter().find(|p| p.contains(&net)).map(|pool| (*pool, uid.clone())),
    }
}

fn claim_ref(memory: &Memory) -> UidRef {
    UidRef { name: memory.claim.name_any(), uid: memory.claim.uid().unwrap_or_default() }
}

/// Step 2, when the name is taken: what this claimant had before is handed back, our own block is adopted by a touch,
/// another's means another candidate.
pub(super) fn found(memory: &mut Memory, known: &Known, found: Option<PrefixBlock>) -> Call {
    let Some(block) = found else { return decide(memory, known) };
    if block.spec.state == BlockState::Quarantined && block.spec.claimant == memory.claim.spec.claimant {
        return hand_back(memory, known, block);
    }
    if !owns(&memory.claim, &block) {
        memory.avoid.extend(address::parse(&block.spec.cidr));
        return clear_candidate(memory, known);
    }
    let call = adopt(&block, known);
    memory.block = Some(block);
    call
}

/// Step 2, when our block was created by another run: by a touch, once it is clear that nobody is at work on it.
pub(super) fn adopt(block: &PrefixBlock, known: &Known) -> Call {
    let rests = block.resource_version().is_some_and(|seen| known.rested.as_ref() == Some(&seen));
    if block.spec.state == BlockState::Pending && !rests {
        return Call::After(ADOPT_AFTER);
    }
    touch(block)
}

/// The same claimant (kind, name and UID) gets its block back while it is kept from others (§2.6). The write replaces
/// the resourceVersion, so a collector's delete in flight misses.
///
/// The end of the quarantine stays until the block is confirmed: a claim that goes before leaves it as it was. The parent
/// is the one of today, verified like any other: a plan that was created anew keeps the prefixes of the old one.
fn hand_back(memory: &mut Memory, known: &Known, mut block: PrefixBlock) -> Call {
    if known.parent == Parent::NotYet {
        return Call::Wait(Reason::AddressPending);
    }
    let net = address::parse(&block.spec.cidr);
    let parent = net.and_then(|net| home(&known.parent, net)).filter(|(cidr, _)| cidr.to_string() == block.spec.parent);
    let Some((_, uid)) = parent else {
        memory.avoid.extend(net);
        return clear_candidate(memory, known);
    };
    (block.spec.claim_ref, block.spec.parent_uid) = (claim_ref(memory), uid);
    block.spec.state = BlockState::Pending;
    Call::WriteBlock(Box::new(block))
}

/// Step 3: the parent is read after the lock.
pub(super) fn verify(block: &PrefixBlock, parent: &Parent) -> Call {
    match parent {
        Parent::NotYet => Call::Wait(Reason::AddressPending),
        Parent::Pools { .. } | Parent::Refused => Call::GetPlan,
        Parent::Blocks(_) => Call::GetParent(names::block(&block.spec.parent)),
    }
}

/// Whether the plan is the one that the block was numbered from.
pub(super) fn plan_holds(memory: &Memory, plan: Option<&AddressPlan>) -> bool {
    let uid = memory.block.as_ref().map(|b| b.spec.parent_uid.as_str());
    uid.is_some() && plan.and_then(|p| p.metadata.uid.as_deref()) == uid
}

/// Whether the parent block is there, the same, confirmed and not on its way out.
pub(super) fn parent_holds(memory: &Memory, parent: Option<&PrefixBlock>) -> bool {
    let Some((block, parent)) = memory.block.as_ref().zip(parent) else { return false };
    parent.metadata.uid.as_deref() == Some(block.spec.parent_uid.as_str())
        && parent.spec.state == BlockState::Confirmed
        && parent.metadata.deletion_timestamp.is_none()
}

/// Step 3's answer: on to the confirmation, or give our Pending block up and then the intent.
pub(super) fn verified(memory: &mut Memory, known: &Known, holds: bool) -> Call {
    if holds {
        memory.verified = true;
        return decide(memory, known);
    }
    let pending = memory.block.as_ref().filter(|block| block.spec.state == BlockState::Pending);
    match pending.map(|block| give_up(block, &Leaving::default())) {
        Some(GiveUp::Next(call)) => call,
        _ => {
            memory.forget_block();
            clear_candidate(memory, known)
        }
    }
}

/// Step 4.
pub(super) fn confirm(block: &PrefixBlock) -> Call {
    let mut block = block.clone();
    (block.spec.state, block.spec.quarantine_until) = (BlockState::Confirmed, None);
    Call::WriteBlock(Box::new(block))
}

/// Step 5.
pub(super) fn bind(memory: &Memory, block: &PrefixBlock, known: &Known) -> Call {
    let mut claim = memory.claim.clone();
    let status = claim.status.get_or_insert_default();
    status.bound = Some(BoundPrefix { cidr: block.spec.cidr.clone(), block_uid: block.uid().unwrap_or_default() });
    let (reason, message) = match &status.wish_refused {
        None => (Reason::Bound, Reason::Bound.en().to_owned()),
        Some(why) => (Reason::WishRefused, format!("{} {why}", Reason::WishRefused.en())),
    };
    set(&mut claim, Is::True, reason, &message, &known.now);
    Call::WriteClaim(Box::new(claim))
}

/// Gives the intent up; the next one is chosen in the same run.
pub(super) fn clear_candidate(memory: &Memory, known: &Known) -> Call {
    let mut claim = memory.claim.clone();
    let status = claim.status.get_or_insert_default();
    (status.candidate, status.choice, status.wish_refused) = (None, None, None);
    set(&mut claim, Is::False, Reason::AddressPending, Reason::AddressPending.en(), &known.now);
    Call::WriteClaim(Box::new(claim))
}
