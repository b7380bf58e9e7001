//! One claim's next call: the checked allocation protocol as a pure step function.
//!
//! Intent → lock (POST) → verify parent → confirm → bind. The process may die after any call; two operators may run
//! it at once with stale caches. Uniqueness rests on the block's name alone, everything else on compare-and-swap.

use std::collections::BTreeSet;

use berth_crds::address::{BlockState, BoundPrefix, PrefixClaimStatus};
use berth_crds::common::UidRef;
use berth_crds::{ConditionType, PrefixBlock, PrefixBlockSpec, PrefixClaim, Reason, condition, labels, names};
use ipnet::Ipv6Net;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::address;

/// Where the claim's block is numbered.
#[derive(Clone, Debug, PartialEq)]
pub enum Parent {
    /// Pools of the AddressPlan, in order.
    Pools {
        /// UID of the plan.
        uid: String,
        /// The pools.
        pools: Vec<Ipv6Net>,
    },
    /// A block of an agency.
    Block {
        /// UID of the block.
        uid: String,
        /// Its prefix.
        cidr: Ipv6Net,
    },
    /// The parent has no block yet.
    NotYet,
}

/// What is known besides the claim. All of it may be old.
#[derive(Clone, Debug)]
pub struct Known {
    /// The parent.
    pub parent: Parent,
    /// Length of the claim's block: a commune's block is a /52.
    pub length: u8,
    /// Blocks that are known to be taken: a hint.
    pub taken: BTreeSet<Ipv6Net>,
    /// Now.
    pub now: Time,
}

/// What the claim's own calls have shown so far.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The claim as last read or written.
    pub claim: PrefixClaim,
    /// Our block as last read or written.
    pub block: Option<PrefixBlock>,
    /// Whether the block was created or touched by this run: the collector's delete can no longer hit it.
    pub adopted: bool,
    /// Whether the parent was read after the lock.
    pub verified: bool,
    /// Candidates that belong to others.
    pub avoid: BTreeSet<Ipv6Net>,
}

impl Memory {
    /// Begins a run on a claim.
    pub fn new(claim: PrefixClaim) -> Self {
        Self { claim, block: None, adopted: false, verified: false, avoid: BTreeSet::new() }
    }
}

/// The next API call.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Replace the claim's status with the read resourceVersion.
    WriteClaim(Box<PrefixClaim>),
    /// POST the block: the lock. Never an apply, which would be an upsert.
    CreateBlock(Box<PrefixBlock>),
    /// Quorum GET of a block.
    GetBlock(String),
    /// Replace the block with the read resourceVersion (touch or confirm).
    WriteBlock(Box<PrefixBlock>),
    /// Quorum GET of the parent: same UID, confirmed, not releasing.
    VerifyParent,
    /// DELETE our Pending block with UID and resourceVersion preconditions.
    DeleteBlock(Box<PrefixBlock>),
    /// Nothing to do until something changes.
    Wait(Reason),
    /// The claim is bound.
    Done,
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub enum Answer {
    /// No call yet.
    Start,
    /// The claim after our write.
    Claim(Box<PrefixClaim>),
    /// The block after our write.
    Block(Box<PrefixBlock>),
    /// POST found the name taken.
    Taken,
    /// The block that a GET found.
    Found(Option<Box<PrefixBlock>>),
    /// Whether the parent is what the block says.
    Parent(bool),
    /// Our block is deleted.
    Deleted,
}

/// Takes the last answer in and says what to do next. A conflict is no answer: the caller reads again and starts over.
pub fn step(memory: &mut Memory, known: &Known, answer: Answer) -> Call {
    match answer {
        Answer::Start => {}
        Answer::Claim(claim) => memory.claim = *claim,
        Answer::Block(block) => {
            memory.block = Some(*block);
            memory.adopted = true;
        }
        Answer::Taken => return Call::GetBlock(names::block(&candidate(memory).unwrap_or_default())),
        Answer::Found(found) => return found_block(memory, known, found.map(|b| *b)),
        Answer::Parent(true) => memory.verified = true,
        Answer::Parent(false) => return parent_gone(memory, known),
        Answer::Deleted => {
            memory.block = None;
            return clear_candidate(memory, known);
        }
    }
    decide(memory, known)
}

fn decide(memory: &mut Memory, known: &Known) -> Call {
    if memory.claim.status.as_ref().is_some_and(|s| s.bound.is_some()) {
        return Call::Done;
    }
    let Some(cidr) = candidate(memory) else { return intend(memory, known) };
    match &memory.block {
        None => lock(memory, known, &cidr),
        Some(block) if block.spec.state == BlockState::Pending && !memory.verified => {
            if memory.adopted {
                Call::VerifyParent
            } else {
                touch(block)
            }
        }
        Some(block) if block.spec.state == BlockState::Pending => confirm(block),
        Some(block) if block.spec.state == BlockState::Confirmed => bind(memory, block, known),
        Some(block) => {
            // Our own block on its way out: another prefix, and no second look at this one in this run.
            memory.avoid.extend(address::parse(&block.spec.cidr));
            (memory.block, memory.adopted, memory.verified) = (None, false, false);
            clear_candidate(memory, known)
        }
    }
}

fn candidate(memory: &Memory) -> Option<String> {
    memory.claim.status.as_ref().and_then(|s| s.candidate.clone())
}

/// Step 1: the intent, written before the lock, so that a crash leaves no block that nobody looks for.
fn intend(memory: &Memory, known: &Known) -> Call {
    let parents = match &known.parent {
        Parent::NotYet => return Call::Wait(Reason::AddressPending),
        Parent::Pools { pools, .. } => pools.clone(),
        Parent::Block { cidr, .. } => vec![*cidr],
    };
    let taken: BTreeSet<Ipv6Net> = known.taken.union(&memory.avoid).copied().collect();
    let wish = memory.claim.spec.requested_cidr.as_deref().and_then(address::parse).filter(|w| {
        w.prefix_len() == known.length && parents.iter().any(|p| p.contains(w) && address::is_free(*w, *p, &taken))
    });
    let Some(cidr) = wish.or_else(|| address::choose(&parents, known.length, &taken).map(|(_, c)| c)) else {
        return exhausted(memory, known);
    };
    let mut claim = memory.claim.clone();
    let status = claim.status.get_or_insert_with(PrefixClaimStatus::default);
    status.candidate = Some(cidr.to_string());
    status.observed_generation = claim.metadata.generation;
    set(&mut claim, condition::Is::False, Reason::AddressPending, &known.now);
    Call::WriteClaim(Box::new(claim))
}

/// No prefix is free: said once in the status, then waited for.
fn exhausted(memory: &Memory, known: &Known) -> Call {
    let conditions = memory.claim.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let told =
        condition::get(conditions, ConditionType::Ready).is_some_and(|c| c.reason == Reason::PoolExhausted.as_str());
    if told {
        return Call::Wait(Reason::PoolExhausted);
    }
    let mut claim = memory.claim.clone();
    set(&mut claim, condition::Is::False, Reason::PoolExhausted, &known.now);
    Call::WriteClaim(Box::new(claim))
}

/// Step 2: the lock.
fn lock(memory: &Memory, known: &Known, cidr: &str) -> Call {
    let Some(net) = address::parse(cidr) else { return Call::Wait(Reason::InvalidSpec) };
    let (parent, parent_uid) = match &known.parent {
        Parent::NotYet => return Call::Wait(Reason::AddressPending),
        // The parent is another one by now: the intent lies outside it.
        Parent::Block { cidr, .. } if !cidr.contains(&net) => return clear_candidate(memory, known),
        Parent::Block { uid, cidr } => (*cidr, uid.clone()),
        Parent::Pools { uid, pools } => match pools.iter().find(|p| p.contains(&net)) {
            Some(pool) => (*pool, uid.clone()),
            None => return clear_candidate(memory, known),
        },
    };
    let spec = PrefixBlockSpec {
        cidr: cidr.to_owned(),
        parent: parent.to_string(),
        parent_uid,
        level: memory.claim.spec.level,
        claim_ref: UidRef { name: memory.claim.name_any(), uid: memory.claim.uid().unwrap_or_default() },
        state: BlockState::Pending,
        quarantine_until: None,
    };
    let mut block = PrefixBlock::new(&names::block(cidr), spec);
    block.metadata.labels = Some([(labels::ADDRESS_HEX.to_owned(), address::hex(net))].into());
    Call::CreateBlock(Box::new(block))
}

/// Step 2, when the name is taken: another's block means another candidate; our own is adopted by a touch.
fn found_block(memory: &mut Memory, known: &Known, found: Option<PrefixBlock>) -> Call {
    match found {
        None => decide(memory, known),
        Some(block) if Some(block.spec.claim_ref.uid.as_str()) != memory.claim.metadata.uid.as_deref() => {
            memory.avoid.extend(address::parse(&block.spec.cidr));
            clear_candidate(memory, known)
        }
        Some(block) => {
            let call = touch(&block);
            memory.block = Some(block);
            call
        }
    }
}

/// Changes the block's resourceVersion, so that a collector's delete in flight no longer meets its precondition.
fn touch(block: &PrefixBlock) -> Call {
    let mut block = block.clone();
    let count = block.annotations().get(labels::ADOPTIONS).and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    block.annotations_mut().insert(labels::ADOPTIONS.into(), (count + 1).to_string());
    Call::WriteBlock(Box::new(block))
}

/// Step 3 failed: give our Pending block up, then the intent.
fn parent_gone(memory: &Memory, known: &Known) -> Call {
    match &memory.block {
        Some(block) if block.spec.state == BlockState::Pending => Call::DeleteBlock(Box::new(block.clone())),
        _ => clear_candidate(memory, known),
    }
}

/// Step 4.
fn confirm(block: &PrefixBlock) -> Call {
    let mut block = block.clone();
    block.spec.state = BlockState::Confirmed;
    Call::WriteBlock(Box::new(block))
}

/// Step 5.
fn bind(memory: &Memory, block: &PrefixBlock, known: &Known) -> Call {
    let mut claim = memory.claim.clone();
    let status = claim.status.get_or_insert_with(PrefixClaimStatus::default);
    status.bound = Some(BoundPrefix { cidr: block.spec.cidr.clone(), block_uid: block.uid().unwrap_or_default() });
    status.observed_generation = claim.metadata.generation;
    set(&mut claim, condition::Is::True, Reason::Bound, &known.now);
    Call::WriteClaim(Box::new(claim))
}

fn clear_candidate(memory: &Memory, known: &Known) -> Call {
    let mut claim = memory.claim.clone();
    claim.status.get_or_insert_with(PrefixClaimStatus::default).candidate = None;
    set(&mut claim, condition::Is::False, Reason::AddressPending, &known.now);
    Call::WriteClaim(Box::new(claim))
}

fn set(claim: &mut PrefixClaim, is: condition::Is, reason: Reason, now: &Time) {
    let generation = claim.metadata.generation;
    let status = claim.status.get_or_insert_with(PrefixClaimStatus::default);
    condition::set(&mut status.conditions, ConditionType::Ready, is, reason, reason.en(), generation, now);
}

/// Whether a claim and a block point at each other: only then is the prefix the claimant's.
pub fn is_bound(claim: &PrefixClaim, block: &PrefixBlock) -> bool {
    let bound = claim.status.as_ref().and_then(|s| s.bound.as_ref());
    bound.is_some_and(|b| Some(b.block_uid.as_str()) == block.metadata.uid.as_deref() && b.cidr == block.spec.cidr)
        && Some(block.spec.claim_ref.uid.as_str()) == claim.metadata.uid.as_deref()
        && block.spec.state == BlockState::Confirmed
}
