//! Small values that stand for the real objects, and the production step functions behind them.
//!
//! A state of the model must be cheap to copy and to hash; the production functions take real objects. Every call of
//! them is made on real objects, once per distinct input, and remembered.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use berth_crds::address::{BlockState, BoundPrefix, Claimant, ClaimantKind, PrefixClaimStatus, PrefixLevel};
use berth_crds::common::{NameRef, UidRef};
use berth_crds::{
    ConditionType, PrefixBlock, PrefixBlockSpec, PrefixClaim, PrefixClaimSpec, Reason, condition, labels,
};
use berth_plan::address::parse;
use berth_plan::claim::{self, Answer, Call, Known, Leaving, Memory, Parent, ParentBlock};
use berth_plan::collect::{self, Sweep};
use ipnet::Ipv6Net;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ManagedFieldsEntry, Time};

/// Index of the parent, as a claim and as a block.
pub const PARENT: usize = 2;
/// The two blocks of the parent, and the parent.
const CIDRS: [&str; 3] = ["3fff:a10:1180::/56", "3fff:a10:1180:100::/56", "3fff:a10:1180::/55"];
const NAMES: [&str; 3] = ["tenant-aaaaaa", "tenant-bbbbbb", "agency-ag-62"];

/// A claim as one write left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimV {
    pub uid: u8,
    pub rev: u8,
    /// Index of the candidate.
    pub candidate: Option<u8>,
    /// Index and UID of the bound block.
    pub bound: Option<(u8, u8)>,
    /// The reason that the status tells, when it is one to wait for.
    pub told: Option<Told>,
    pub deleting: bool,
    pub finalizer: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    Exhausted,
    InUse,
}

/// A block as one write left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockV {
    pub uid: u8,
    pub rev: u8,
    pub state: StateV,
    /// Index and UID of the claim, and who claimed: claims of one index are of one claimant.
    pub owner: (u8, u8),
    pub parent_uid: u8,
    /// Whether the API server wrote it after the first quarantine ended.
    pub late: bool,
    /// End of the quarantine: the first one, or a later one.
    pub until: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateV {
    Pending,
    Confirmed,
    Releasing,
    Quarantined,
}

/// What a run knows besides its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KnownV {
    pub parent_uid: u8,
    /// Candidates that are thought to be taken.
    pub taken: u8,
    /// Candidates that are thought to wait in quarantine for this claimant.
    pub returning: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeavingV {
    pub looked: bool,
    pub children: Option<u8>,
    pub users: Option<u8>,
}

pub const NOT_LEAVING: LeavingV = LeavingV { looked: false, children: None, users: None };

/// Memory of a run on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoryV {
    pub index: u8,
    pub claim: ClaimV,
    pub block: Option<(u8, BlockV)>,
    pub adopted: bool,
    pub verified: bool,
    pub avoid: u8,
    pub leaving: LeavingV,
}

/// Memory of a look of the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SweepV {
    pub index: u8,
    pub block: Option<BlockV>,
    pub leaving: LeavingV,
    pub asked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallV {
    WriteClaim(ClaimV),
    LetGo(ClaimV),
    GetClaim(u8),
    Create(u8, BlockV),
    GetBlock(u8),
    WriteBlock(u8, BlockV),
    DeleteBlock(u8, BlockV),
    GetParent,
    ListChildren,
    ListUsers,
    /// Wait, After and Done: the run is over.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnswerV {
    Start,
    Claim(ClaimV),
    FoundClaim(u8, Option<ClaimV>),
    Block(u8, BlockV),
    Taken,
    Found(u8, Option<BlockV>),
    Parent(Option<BlockV>),
    Children(u8),
    Users(u8),
    Deleted,
}

fn instant(late: bool) -> Timestamp {
    let begin: Timestamp = "2026-11-02T08:00:00Z".parse().unwrap();
    if late { begin + SignedDuration::from_hours(31 * 24) } else { begin }
}

fn net(index: usize) -> Ipv6Net {
    parse(CIDRS[index]).unwrap()
}

fn index(cidr: &str) -> u8 {
    CIDRS.iter().position(|c| *c == cidr).unwrap() as u8
}

fn nets(mask: u8) -> BTreeSet<Ipv6Net> {
    (0..2).filter(|i| mask >> i & 1 == 1).map(net).collect()
}

fn mask(nets: &BTreeSet<Ipv6Net>) -> u8 {
    (0..2).filter(|i| nets.contains(&net(*i))).map(|i| 1 << i).sum()
}

fn number(text: Option<&String>) -> u8 {
    text.unwrap().rsplit('-').next().unwrap().parse().unwrap()
}

fn claimant(i: usize) -> Claimant {
    let kind = if i == PARENT { ClaimantKind::Agency } else { ClaimantKind::Tenant };
    Claimant { kind, name: NAMES[i].into(), uid: format!("claimant-{i}") }
}

fn real_claim(i: u8, v: ClaimV) -> PrefixClaim {
    let i = usize::from(i);
    let parent = (i != PARENT).then(|| NameRef::to(NAMES[PARENT].to_owned()));
    let level = if i == PARENT { PrefixLevel::Agency } else { PrefixLevel::System };
    let spec = PrefixClaimSpec {
        level,
        claimant: claimant(i),
        parent_claim_ref: parent,
        grows_claim_ref: None,
        site_ref: NameRef::to("dc1".to_owned()),
        requested_cidr: None,
    };
    let mut claim = PrefixClaim::new(NAMES[i], spec);
    claim.metadata.uid = Some(format!("claim-{i}-{}", v.uid));
    claim.metadata.resource_version = Some(v.rev.to_string());
    claim.metadata.deletion_timestamp = v.deleting.then(|| Time(instant(false)));
    claim.metadata.finalizers = v.finalizer.then(|| vec![labels::PREFIX_FINALIZER.to_owned()]);
    let reason = v.told.map(|t| if t == Told::Exhausted { Reason::PoolExhausted } else { Reason::StillInUse });
    let mut conditions: Vec<Condition> = Vec::new();
    if let Some(reason) = reason {
        let (no, now) = (condition::Is::False, Time(instant(false)));
        // What it says is the same in every state: there is one parent.
        let parent = ParentBlock { uid: String::new(), cidr: net(PARENT) };
        let message = claim::waiting(&Known::new(Parent::Blocks(vec![parent]), 56, now.clone()), reason);
        condition::set(&mut conditions, ConditionType::Ready, no, reason, message, None, &now);
    }
    claim.status = Some(PrefixClaimStatus {
        conditions,
        candidate: v.candidate.map(|c| CIDRS[usize::from(c)].to_owned()),
        bound: v
            .bound
            .map(|(i, uid)| BoundPrefix { cidr: CIDRS[usize::from(i)].to_owned(), block_uid: format!("block-{uid}") }),
        ..Default::default()
    });
    claim
}

fn small_claim(claim: &PrefixClaim) -> ClaimV {
    let status = claim.status.clone().unwrap_or_default();
    let reason = condition::get(&status.conditions, ConditionType::Ready).and_then(|c| Reason::parse(&c.reason));
    let told = match reason {
        Some(Reason::PoolExhausted) => Some(Told::Exhausted),
        Some(Reason::StillInUse) => Some(Told::InUse),
        _ => None,
    };
    ClaimV {
        uid: number(claim.metadata.uid.as_ref()),
        rev: number(claim.metadata.resource_version.as_ref()),
        candidate: status.candidate.as_deref().map(index),
        bound: status.bound.as_ref().map(|b| (index(&b.cidr), number(Some(&b.block_uid)))),
        told,
        deleting: claim.metadata.deletion_timestamp.is_some(),
        finalizer: claim.metadata.finalizers.as_ref().is_some_and(|f| !f.is_empty()),
    }
}

fn real_block(i: u8, v: BlockV) -> PrefixBlock {
    let (owner, owner_uid) = v.owner;
    let state = match v.state {
        StateV::Pending => BlockState::Pending,
        StateV::Confirmed => BlockState::Confirmed,
        StateV::Releasing => BlockState::Releasing,
        StateV::Quarantined => BlockState::Quarantined,
    };
    let until = |later| instant(later) + claim::quarantine(PrefixLevel::System);
    let spec = PrefixBlockSpec {
        cidr: CIDRS[usize::from(i)].to_owned(),
        parent: CIDRS[PARENT].to_owned(),
        parent_uid: format!("block-{}", v.parent_uid),
        level: PrefixLevel::System,
        claim_ref: UidRef { name: NAMES[usize::from(owner)].into(), uid: format!("claim-{owner}-{owner_uid}") },
        claimant: claimant(usize::from(owner)),
        state,
        quarantine_until: v.until.map(|later| until(later).to_string()),
    };
    let mut block = PrefixBlock::new(&berth_crds::names::block(CIDRS[usize::from(i)]), spec);
    block.metadata.uid = Some(format!("block-{}", v.uid));
    block.metadata.resource_version = Some(v.rev.to_string());
    let written = ManagedFieldsEntry { time: Some(Time(instant(v.late))), ..Default::default() };
    block.metadata.managed_fields = Some(vec![written]);
    block
}

fn small_block(block: &PrefixBlock) -> (u8, BlockV) {
    let owner = NAMES.iter().position(|n| *n == block.spec.claim_ref.name).unwrap() as u8;
    let state = match block.spec.state {
        BlockState::Pending => StateV::Pending,
        BlockState::Confirmed => StateV::Confirmed,
        BlockState::Releasing => StateV::Releasing,
        BlockState::Quarantined => StateV::Quarantined,
    };
    let first = (instant(false) + claim::quarantine(PrefixLevel::System)).to_string();
    let v = BlockV {
        // A block that is about to be created has neither.
        uid: block.metadata.uid.as_ref().map_or(0, |u| number(Some(u))),
        rev: block.metadata.resource_version.as_ref().map_or(0, |r| number(Some(r))),
        state,
        owner: (owner, number(Some(&block.spec.claim_ref.uid))),
        parent_uid: number(Some(&block.spec.parent_uid)),
        late: claim::server_time(&block.metadata) == instant(true),
        until: block.spec.quarantine_until.as_ref().map(|t| *t != first),
    };
    (index(&block.spec.cidr), v)
}

fn real_leaving(v: LeavingV) -> Leaving {
    Leaving { looked: v.looked, children: v.children.map(usize::from), users: v.users.map(usize::from) }
}

fn small_leaving(l: &Leaving) -> LeavingV {
    LeavingV { looked: l.looked, children: l.children.map(|n| n as u8), users: l.users.map(|n| n as u8) }
}

fn real_answer(answer: AnswerV) -> Answer {
    let block = |(i, v)| Box::new(real_block(i, v));
    match answer {
        AnswerV::Start => Answer::Start,
        AnswerV::Claim(_) => unreachable!("the claim's index is needed"),
        AnswerV::FoundClaim(i, v) => Answer::FoundClaim(v.map(|v| Box::new(real_claim(i, v)))),
        AnswerV::Block(i, v) => Answer::Block(block((i, v))),
        AnswerV::Taken => Answer::Taken,
        AnswerV::Found(i, v) => Answer::Found(v.map(|v| block((i, v)))),
        AnswerV::Parent(v) => Answer::Parent(v.map(|v| block((PARENT as u8, v)))),
        AnswerV::Children(n) => Answer::Children(usize::from(n)),
        AnswerV::Users(n) => Answer::Users(usize::from(n)),
        AnswerV::Deleted => Answer::Deleted,
    }
}

fn small_call(call: &Call) -> CallV {
    let named = |name: &String| NAMES.iter().position(|n| n == name).unwrap() as u8;
    let block = |name: &String| CIDRS.iter().position(|c| berth_crds::names::block(c) == *name).unwrap() as u8;
    match call {
        Call::WriteClaim(c) => CallV::WriteClaim(small_claim(c)),
        Call::LetGo(c) => CallV::LetGo(small_claim(c)),
        Call::GetClaim(name) => CallV::GetClaim(named(name)),
        Call::CreateBlock(b) => CallV::Create(small_block(b).0, small_block(b).1),
        Call::GetBlock(name) => CallV::GetBlock(block(name)),
        Call::WriteBlock(b) => CallV::WriteBlock(small_block(b).0, small_block(b).1),
        Call::DeleteBlock(b) => CallV::DeleteBlock(small_block(b).0, small_block(b).1),
        Call::GetParent(_) => CallV::GetParent,
        Call::ListChildren(_) => CallV::ListChildren,
        Call::ListUsers(_) => CallV::ListUsers,
        Call::GetPlan => unreachable!("no parent here is a pool"),
        Call::Wait(_) | Call::After(_) | Call::Done => CallV::End,
    }
}

type Steps<K, V> = RefCell<HashMap<K, V>>;

thread_local! {
    static CLAIMS: Steps<(MemoryV, KnownV, AnswerV), (MemoryV, CallV)> = RefCell::default();
    static SWEEPS: Steps<(SweepV, bool, AnswerV), (SweepV, CallV)> = RefCell::default();
}

/// `berth_plan::claim::step`.
pub fn claim_step(memory: MemoryV, known: KnownV, answer: AnswerV) -> (MemoryV, CallV) {
    let run = || {
        let mut real = Memory::new(real_claim(memory.index, memory.claim));
        real.block = memory.block.map(|(i, v)| real_block(i, v));
        (real.adopted, real.verified) = (memory.adopted, memory.verified);
        (real.avoid, real.leaving) = (nets(memory.avoid), real_leaving(memory.leaving));
        let parent = ParentBlock { uid: format!("block-{}", known.parent_uid), cidr: net(PARENT) };
        // A run that leaves a block to another run ends, which changes nothing; so each block may be taken for one at rest.
        let at_rest = match answer {
            AnswerV::Found(_, Some(block)) => Some(block),
            _ => memory.block.map(|(_, block)| block),
        };
        let world = Known {
            rested: at_rest.map(|block| block.rev.to_string()),
            taken: nets(known.taken),
            returning: nets(known.returning),
            ..Known::new(Parent::Blocks(vec![parent]), 56, Time(instant(false)))
        };
        let answer = match answer {
            AnswerV::Claim(v) => Answer::Claim(Box::new(real_claim(memory.index, v))),
            other => real_answer(other),
        };
        let call = claim::step(&mut real, &world, answer);
        let after = MemoryV {
            index: memory.index,
            claim: small_claim(&real.claim),
            block: real.block.as_ref().map(small_block),
            adopted: real.adopted,
            verified: real.verified,
            avoid: mask(&real.avoid),
            leaving: small_leaving(&real.leaving),
        };
        (after, small_call(&call))
    };
    CLAIMS.with_borrow_mut(|known_steps| *known_steps.entry((memory, known, answer)).or_insert_with(run))
}

/// `berth_plan::collect::step`.
pub fn sweep_step(sweep: SweepV, late: bool, answer: AnswerV) -> (SweepV, CallV) {
    let run = || {
        let mut real = Sweep::new(berth_crds::names::block(CIDRS[usize::from(sweep.index)]));
        real.block = sweep.block.map(|v| real_block(sweep.index, v));
        (real.leaving, real.asked) = (real_leaving(sweep.leaving), sweep.asked);
        let call = collect::step(&mut real, instant(late), real_answer(answer));
        let after = SweepV {
            index: sweep.index,
            block: real.block.as_ref().map(|b| small_block(b).1),
            leaving: small_leaving(&real.leaving),
            asked: real.asked,
        };
        (after, small_call(&call))
    };
    SWEEPS.with_borrow_mut(|known_steps| *known_steps.entry((sweep, late, answer)).or_insert_with(run))
}
