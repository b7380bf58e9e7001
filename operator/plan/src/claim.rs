//! One claim's next call: the checked allocation protocol (reference/ipv6.md §2.4) as a pure step function.
//!
//! Intent → lock (POST) → verify parent → confirm → bind; a claim that is being deleted gives its block up. The process
//! may die after any call; two operators may run it at once with stale caches. Uniqueness rests on the block's name
//! alone, everything else on compare-and-swap. `tests/model` checks this very function, state by state.

mod grow;
mod import;
mod release;
mod take;

use std::collections::BTreeSet;

use berth_crds::address::{BlockState, Claimant};
use berth_crds::condition::{self, Is};
use berth_crds::{AddressPlan, ConditionType, PrefixBlock, PrefixClaim, Reason, labels, names};
use ipnet::Ipv6Net;
use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

pub use grow::{MOST_BLOCKS, further};
pub use import::{Import, import};
pub(crate) use release::{GiveUp, give_up};
pub use release::{Leaving, quarantine, server_time};

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
    /// Blocks of an agency, in order: the first, and those by which it grew.
    Blocks(Vec<ParentBlock>),
    /// The plan is refused: nothing new is numbered from it.
    Refused,
    /// The parent has no block yet.
    NotYet,
}

/// A block that others are numbered in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentBlock {
    /// UID of the block.
    pub uid: String,
    /// Its prefix.
    pub cidr: Ipv6Net,
}

impl Parent {
    /// Where the claim may be numbered, in order.
    pub fn nets(&self) -> Vec<Ipv6Net> {
        match self {
            Self::Pools { pools, .. } => pools.clone(),
            Self::Blocks(blocks) => blocks.iter().map(|block| block.cidr).collect(),
            Self::Refused | Self::NotYet => Vec::new(),
        }
    }
}

/// How long a Pending block that another run created is left to that run: two operators that each touched what the other
/// has just created would undo each other's next write, again and again. It spares work only; safety rests on the touch.
pub const ADOPT_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// What is known besides the claim. All of it may be old.
#[derive(Clone, Debug)]
pub struct Known {
    /// The parent.
    pub parent: Parent,
    /// Length of the claim's block: a commune's block is a /52.
    pub length: u8,
    /// Prefixes that are known to be taken: a hint.
    pub taken: BTreeSet<Ipv6Net>,
    /// Prefixes in quarantine that this claimant had: a hint, too.
    pub returning: BTreeSet<Ipv6Net>,
    /// Ranges of the platform: nothing in one is chosen, and nothing is numbered in a block that lies in one.
    pub reserved: BTreeSet<Ipv6Net>,
    /// The full block that this claim's block is to lie beside.
    pub grows: Option<Ipv6Net>,
    /// Why nothing is given: the exported ledger speaks of prefixes that the cluster has lost.
    pub frozen: Option<String>,
    /// resourceVersion of our Pending block that nobody has written for [`ADOPT_AFTER`], by the caller's own watch.
    pub rested: Option<String>,
    /// Now.
    pub now: Time,
}

impl Known {
    /// A world in which nothing is taken.
    pub fn new(parent: Parent, length: u8, now: Time) -> Self {
        let (taken, returning, reserved) = Default::default();
        Self { parent, length, taken, returning, reserved, grows: None, frozen: None, rested: None, now }
    }
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
    /// How far the giving up is, when the claim is being deleted.
    pub leaving: Leaving,
}

impl Memory {
    /// Begins a run on a claim.
    pub fn new(claim: PrefixClaim) -> Self {
        let (avoid, leaving) = (BTreeSet::new(), Leaving::default());
        Self { claim, block: None, adopted: false, verified: false, avoid, leaving }
    }

    fn forget_block(&mut self) {
        (self.block, self.adopted, self.verified) = (None, false, false);
    }

    fn candidate(&self) -> Option<&str> {
        self.claim.status.as_ref()?.candidate.as_deref()
    }
}

/// The next API call.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Replace the claim's status with the read resourceVersion.
    WriteClaim(Box<PrefixClaim>),
    /// Replace the claim, without our finalizer, with the read resourceVersion.
    LetGo(Box<PrefixClaim>),
    /// Quorum GET of a claim.
    GetClaim(String),
    /// POST the block: the lock. Never an apply, which would be an upsert.
    CreateBlock(Box<PrefixBlock>),
    /// Quorum GET of a block.
    GetBlock(String),
    /// Replace the block with the read resourceVersion (touch, hand back, confirm, release, quarantine).
    WriteBlock(Box<PrefixBlock>),
    /// DELETE the block with UID and resourceVersion preconditions.
    DeleteBlock(Box<PrefixBlock>),
    /// Quorum GET of the AddressPlan, the parent of agencies.
    GetPlan,
    /// Quorum GET of the parent block.
    GetParent(String),
    /// Quorum LIST of the blocks numbered in a block, in any state.
    ListChildren(Box<PrefixBlock>),
    /// Quorum LIST of what still carries addresses of a block.
    ListUsers(Claimant),
    /// Nothing to do until something changes.
    Wait(Reason),
    /// Nothing to do until this much time has passed on the API server's clock.
    After(SignedDuration),
    /// Nothing is left to do.
    Done,
}

/// The answer to a call.
#[derive(Clone, Debug)]
pub enum Answer {
    /// No call yet.
    Start,
    /// The claim after our write.
    Claim(Box<PrefixClaim>),
    /// The claim that a GET found.
    FoundClaim(Option<Box<PrefixClaim>>),
    /// The block after our write.
    Block(Box<PrefixBlock>),
    /// POST found the name taken.
    Taken,
    /// The block that a GET found.
    Found(Option<Box<PrefixBlock>>),
    /// The plan that a GET found.
    Plan(Option<Box<AddressPlan>>),
    /// The parent block that a GET found.
    Parent(Option<Box<PrefixBlock>>),
    /// How many blocks are numbered in ours.
    Children(usize),
    /// How many objects still carry our addresses.
    Users(usize),
    /// Our block is deleted.
    Deleted,
}

/// Takes the last answer in and says what to do next. A conflict is no answer: the caller reads again and starts over.
pub fn step(memory: &mut Memory, known: &Known, answer: Answer) -> Call {
    let leaving = memory.claim.metadata.deletion_timestamp.is_some();
    match answer {
        Answer::Start | Answer::FoundClaim(_) => {}
        Answer::Claim(claim) => memory.claim = *claim,
        Answer::Block(block) => {
            memory.block = Some(*block);
            memory.adopted = true;
        }
        Answer::Taken => return Call::GetBlock(names::block(memory.candidate().unwrap_or_default())),
        Answer::Found(found) if leaving => release::found(memory, found.map(|b| *b)),
        Answer::Found(found) => return take::found(memory, known, found.map(|b| *b)),
        Answer::Plan(plan) => return take::verified(memory, known, take::plan_holds(memory, plan.as_deref())),
        Answer::Parent(parent) => return take::verified(memory, known, take::parent_holds(memory, parent.as_deref())),
        Answer::Children(n) => memory.leaving.children = Some(n),
        Answer::Users(n) => memory.leaving.users = Some(n),
        Answer::Deleted => {
            memory.forget_block();
            if !leaving {
                return take::clear_candidate(memory, known);
            }
        }
    }
    decide(memory, known)
}

fn decide(memory: &mut Memory, known: &Known) -> Call {
    if memory.claim.metadata.deletion_timestamp.is_some() {
        return release::next(memory, known);
    }
    if memory.claim.status.as_ref().is_some_and(|s| s.bound.is_some()) {
        return Call::Done;
    }
    if known.frozen.is_some() {
        return say(memory, known, Reason::AllocationFrozen);
    }
    let Some(cidr) = memory.candidate().map(str::to_owned) else { return take::intend(memory, known) };
    match &memory.block {
        None => take::lock(memory, known, &cidr),
        Some(block) if block.spec.state == BlockState::Pending && !memory.verified => {
            if memory.adopted {
                take::verify(block, &known.parent)
            } else {
                take::adopt(block, known)
            }
        }
        Some(block) if block.spec.state == BlockState::Pending => take::confirm(block),
        Some(block) if block.spec.state == BlockState::Confirmed => take::bind(memory, block, known),
        Some(_) => {
            // Our own block on its way out: another prefix, and no second look at this one in this run.
            memory.avoid.extend(crate::address::parse(&cidr));
            memory.forget_block();
            take::clear_candidate(memory, known)
        }
    }
}

/// Changes the block's resourceVersion, so that a collector's delete in flight no longer meets its precondition.
pub(crate) fn touch(block: &PrefixBlock) -> Call {
    let mut block = block.clone();
    let count = block.annotations().get(labels::ADOPTIONS).and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
    block.annotations_mut().insert(labels::ADOPTIONS.into(), (count + 1).to_string());
    Call::WriteBlock(Box::new(block))
}

/// Says once in the status why the claim waits, and then waits.
fn say(memory: &Memory, known: &Known, reason: Reason) -> Call {
    let conditions = memory.claim.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
    let message = waiting(known, reason);
    let told = |c: &Condition| c.reason == reason.as_str() && c.message == message;
    if condition::get(conditions, ConditionType::Ready).is_some_and(told) {
        return Call::Wait(reason);
    }
    let mut claim = memory.claim.clone();
    set(&mut claim, Is::False, reason, &message, &known.now);
    Call::WriteClaim(Box::new(claim))
}

/// What a claim that waits says: where there is no room, by name; what the cluster has lost.
pub fn waiting(known: &Known, reason: Reason) -> String {
    if let (Reason::AllocationFrozen, Some(why)) = (reason, &known.frozen) {
        return why.clone();
    }
    let full = if reason == Reason::PoolExhausted { known.parent.nets() } else { Vec::new() };
    let (en, length) = (reason.en(), known.length);
    match full.as_slice() {
        [] => en.to_owned(),
        [one] => format!("{en} {one} has no room for a /{length}."),
        [first, .., last] => format!("{en} None of {} has room for a /{length}, from {first} to {last}.", full.len()),
    }
}

fn set(claim: &mut PrefixClaim, is: Is, reason: Reason, message: &str, now: &Time) {
    let generation = claim.metadata.generation;
    let status = claim.status.get_or_insert_default();
    status.observed_generation = generation;
    condition::set(&mut status.conditions, ConditionType::Ready, is, reason, message, generation, now);
}

/// Whether a claim and a block point at each other: only then is the prefix the claimant's.
pub fn is_bound(claim: &PrefixClaim, block: &PrefixBlock) -> bool {
    let bound = claim.status.as_ref().and_then(|s| s.bound.as_ref());
    bound.is_some_and(|b| Some(b.block_uid.as_str()) == block.metadata.uid.as_deref() && b.cidr == block.spec.cidr)
        && owns(claim, block)
        && block.spec.state == BlockState::Confirmed
}

/// Whether a block names this very claim, not one of the same name.
pub fn owns(claim: &PrefixClaim, block: &PrefixBlock) -> bool {
    Some(block.spec.claim_ref.uid.as_str()) == claim.metadata.uid.as_deref()
}
