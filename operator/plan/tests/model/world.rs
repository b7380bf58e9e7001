//! The API server, its clients and time, as far as the protocol can tell them apart.

use crate::compact::{
    AnswerV, BlockV, CallV, ClaimV, KnownV, LeavingV, MemoryV, NOT_LEAVING, PARENT, StateV, SweepV, claim_step,
    sweep_step,
};

/// How the protocol is weakened (reference/ipv6.md §2.4), to see that the model notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutant {
    None,
    NoIntent,
    NoParentCheck,
    ChildrenListedBeforeReleasing,
    AdopterDeletesConfirmed,
    AdoptionWithoutTouch,
    CollectorWithoutRevision,
    RevisionsRepeat,
}

/// What may happen, and how often: the search is exhaustive within these bounds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub mutant: Mutant,
    /// Blocks that the claims contend for, 1 or 2.
    pub blocks: u8,
    /// Writes of blocks, the parent's included.
    pub block_writes: u8,
    /// Writes of each claim.
    pub claim_writes: [u8; 2],
    /// Whether the parent was re-created before it begins: caches may still know the former one.
    pub old_parent: bool,
    pub crashes: u8,
    /// Times that the parent is released and re-created.
    pub parents: u8,
    /// Times that a claim is deleted and claimed again.
    pub releases: u8,
}

/// One operator at work on one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    pub memory: MemoryV,
    pub known: KnownV,
    pub call: CallV,
    /// Children of the parent when the run began: what the mutant lists.
    pub children: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// Every version of every claim; the last one is stored while the claim exists.
    pub claims: [Vec<ClaimV>; 3],
    pub exists: [bool; 3],
    pub blocks: [Option<BlockV>; 3],
    /// Two operators, and one that releases the parent.
    pub runs: [Option<Run>; 3],
    pub sweep: Option<(SweepV, CallV)>,
    /// Whether the first quarantines are over.
    pub late: bool,
    /// Whose quarantine keeps a block: no other claimant may take it.
    pub kept_for: [Option<u8>; 2],
    /// Blocks that each claim was told to have.
    pub held: [u8; 2],
    pub writes: u8,
    pub crashes: u8,
    pub parents: u8,
    pub releases: u8,
}

/// What a call may meet besides an answer.
pub enum Fail {
    /// Read again and start over.
    Conflict,
    /// One write more than the bounds allow: this way is not followed.
    Beyond,
}

pub enum Who {
    Operator,
    Collector,
}

fn fresh_claim(uid: u8) -> ClaimV {
    ClaimV { uid, rev: 1, candidate: None, bound: None, told: None, deleting: false, finalizer: true }
}

impl State {
    pub fn new(bounds: &Bounds) -> Self {
        let uid = u8::from(bounds.old_parent);
        let mut parent = fresh_claim(uid);
        (parent.candidate, parent.bound) = (Some(PARENT as u8), Some((PARENT as u8, uid)));
        let block = BlockV {
            uid,
            rev: 0,
            state: StateV::Confirmed,
            owner: (PARENT as u8, uid),
            parent_uid: 0,
            late: false,
            until: None,
        };
        Self {
            claims: [vec![fresh_claim(0)], vec![fresh_claim(0)], vec![parent]],
            exists: [true; 3],
            blocks: [None, None, Some(block)],
            runs: [None; 3],
            sweep: None,
            late: false,
            kept_for: [None; 2],
            held: [0; 2],
            writes: 0,
            crashes: 0,
            parents: uid,
            releases: 0,
        }
    }

    pub fn claim(&self, i: u8) -> Option<ClaimV> {
        let i = usize::from(i);
        self.claims[i].last().copied().filter(|_| self.exists[i])
    }

    pub fn children(&self) -> u8 {
        self.blocks[..PARENT].iter().flatten().count() as u8
    }

    /// The revision of the next write of a block: never one that was, unless revisions repeat.
    fn revision(&mut self, bounds: &Bounds) -> Result<u8, Fail> {
        if self.writes == bounds.block_writes {
            return Err(Fail::Beyond);
        }
        self.writes += 1;
        Ok(self.writes)
    }

    fn is_current(&self, bounds: &Bounds, i: u8, seen: BlockV) -> bool {
        let same_uid = |now: BlockV| now.uid == seen.uid || bounds.mutant == Mutant::RevisionsRepeat;
        self.blocks[usize::from(i)].is_some_and(|now| same_uid(now) && now.rev == seen.rev)
    }

    fn write_block(&mut self, bounds: &Bounds, i: u8, block: BlockV) -> Result<AnswerV, Fail> {
        if !self.is_current(bounds, i, block) {
            return Err(Fail::Conflict);
        }
        let mut rev = self.revision(bounds)?;
        if bounds.mutant == Mutant::RevisionsRepeat {
            rev = block.rev + 1;
        }
        let written = BlockV { rev, late: self.late, ..block };
        self.blocks[usize::from(i)] = Some(written);
        if let Some(kept) = self.kept_for.get_mut(usize::from(i)) {
            match written.state {
                StateV::Quarantined => *kept = Some(block.owner.0),
                // Handed back, it is kept for its claimant until it is confirmed: the claim may go again before.
                StateV::Confirmed if *kept == Some(block.owner.0) => *kept = None,
                _ => {}
            }
        }
        Ok(AnswerV::Block(i, written))
    }

    fn create(&mut self, bounds: &Bounds, i: u8, block: BlockV) -> Result<AnswerV, Fail> {
        if self.blocks[usize::from(i)].is_some() {
            return Ok(AnswerV::Taken);
        }
        let rev = self.revision(bounds)?;
        let (uid, rev) = if bounds.mutant == Mutant::RevisionsRepeat { (0, 1) } else { (rev, rev) };
        let block = BlockV { uid, rev, late: self.late, ..block };
        self.blocks[usize::from(i)] = Some(block);
        Ok(AnswerV::Block(i, block))
    }

    fn delete(&mut self, bounds: &Bounds, who: &Who, i: u8, seen: BlockV) -> Result<AnswerV, Fail> {
        let Some(now) = self.blocks[usize::from(i)] else { return Ok(AnswerV::Deleted) };
        let any_revision = match who {
            Who::Operator => bounds.mutant == Mutant::AdopterDeletesConfirmed,
            Who::Collector => bounds.mutant == Mutant::CollectorWithoutRevision,
        };
        if !(self.is_current(bounds, i, seen) || any_revision && now.uid == seen.uid) {
            return Err(Fail::Conflict);
        }
        self.revision(bounds)?;
        self.blocks[usize::from(i)] = None;
        if self.late
            && let Some(kept) = self.kept_for.get_mut(usize::from(i))
        {
            *kept = None;
        }
        Ok(AnswerV::Deleted)
    }

    fn write_claim(&mut self, bounds: &Bounds, i: u8, claim: ClaimV) -> Result<AnswerV, Fail> {
        if bounds.mutant == Mutant::NoIntent && i < PARENT as u8 && !claim.deleting {
            // Choose, POST, done: nothing is written on the claim.
            if let Some((block, _)) = claim.bound {
                self.held[usize::from(i)] |= 1 << block;
            }
            return Ok(AnswerV::Claim(claim));
        }
        let now = self.claim(i).filter(|now| now.uid == claim.uid && now.rev == claim.rev).ok_or(Fail::Conflict)?;
        let versions = &mut self.claims[usize::from(i)];
        if bounds.claim_writes.get(usize::from(i)).is_some_and(|most| versions.len() > usize::from(*most)) {
            return Err(Fail::Beyond);
        }
        let written = ClaimV { rev: now.rev + 1, ..claim };
        versions.push(written);
        if let (Some((block, _)), Some(held)) = (written.bound, self.held.get_mut(usize::from(i))) {
            *held |= 1 << block;
        }
        Ok(AnswerV::Claim(written))
    }

    /// One call, made to its end.
    pub fn make(&mut self, bounds: &Bounds, who: &Who, index: u8, call: CallV, snapshot: u8) -> Result<AnswerV, Fail> {
        Ok(match call {
            CallV::WriteClaim(claim) => self.write_claim(bounds, index, claim)?,
            CallV::LetGo(claim) => {
                self.claim(index).filter(|c| c.uid == claim.uid && c.rev == claim.rev).ok_or(Fail::Conflict)?;
                self.exists[usize::from(index)] = false;
                AnswerV::Claim(claim)
            }
            CallV::GetClaim(i) => AnswerV::FoundClaim(i, self.claim(i)),
            CallV::Create(i, block) => self.create(bounds, i, block)?,
            CallV::GetBlock(i) => AnswerV::Found(i, self.blocks[usize::from(i)]),
            CallV::WriteBlock(i, block) => {
                let touch = self.blocks[usize::from(i)].is_some_and(|now| now == block);
                if touch && bounds.mutant == Mutant::AdoptionWithoutTouch {
                    return Ok(AnswerV::Block(i, block));
                }
                self.write_block(bounds, i, block)?
            }
            CallV::DeleteBlock(i, block) => self.delete(bounds, who, i, block)?,
            CallV::GetParent => {
                let mut parent = self.blocks[PARENT];
                if bounds.mutant == Mutant::NoParentCheck
                    && let Some(Run { memory: MemoryV { block: Some((_, ours)), .. }, .. }) =
                        self.runs.iter().flatten().find(|r| r.memory.index == index)
                {
                    let seen = parent.get_or_insert(*ours);
                    (seen.uid, seen.state) = (ours.parent_uid, StateV::Confirmed);
                }
                AnswerV::Parent(parent)
            }
            CallV::ListChildren if index < PARENT as u8 => AnswerV::Children(0),
            CallV::ListChildren if bounds.mutant == Mutant::ChildrenListedBeforeReleasing => {
                AnswerV::Children(snapshot)
            }
            CallV::ListChildren => AnswerV::Children(self.children()),
            CallV::ListUsers => AnswerV::Users(0),
            CallV::End => AnswerV::Start,
        })
    }

    /// An operator begins a run with a claim as old as `version` and an idea of the world.
    pub fn begin(&self, bounds: &Bounds, index: u8, version: usize, known: KnownV) -> Option<Run> {
        let memory = MemoryV {
            index,
            claim: self.claims[usize::from(index)][version],
            block: None,
            adopted: false,
            verified: false,
            avoid: 0,
            leaving: NOT_LEAVING,
        };
        let (memory, call) = claim_step(memory, known, AnswerV::Start);
        let listed = bounds.mutant == Mutant::ChildrenListedBeforeReleasing;
        let children = if listed { self.children() } else { 0 };
        (call != CallV::End).then_some(Run { memory, known, call, children })
    }

    /// A run makes its call; `None` when it ends or starts over.
    pub fn go_on(&mut self, bounds: &Bounds, run: Run) -> Result<Option<Run>, ()> {
        let answer = match self.make(bounds, &Who::Operator, run.memory.index, run.call, run.children) {
            Ok(answer) => answer,
            Err(Fail::Conflict) => return Ok(None),
            Err(Fail::Beyond) => return Err(()),
        };
        if matches!(run.call, CallV::LetGo(_)) {
            return Ok(None);
        }
        let (memory, call) = claim_step(run.memory, run.known, answer);
        Ok((call != CallV::End).then_some(Run { memory, call, ..run }))
    }

    pub fn begin_sweep(&mut self, index: u8) {
        let leaving: LeavingV = NOT_LEAVING;
        let sweep = SweepV { index, block: None, leaving, asked: false };
        let next = sweep_step(sweep, self.late, AnswerV::Start);
        self.sweep = (next.1 != CallV::End).then_some(next);
    }

    pub fn go_on_sweeping(&mut self, bounds: &Bounds) -> Result<(), ()> {
        let Some((sweep, call)) = self.sweep else { return Err(()) };
        self.sweep = match self.make(bounds, &Who::Collector, sweep.index, call, 0) {
            Ok(answer) => Some(sweep_step(sweep, self.late, answer)).filter(|(_, call)| *call != CallV::End),
            Err(Fail::Conflict) => None,
            Err(Fail::Beyond) => return Err(()),
        };
        Ok(())
    }
}

/// The parent's block as a new claim took it.
pub fn new_parent(block: BlockV, uid: u8, owner: (u8, u8)) -> BlockV {
    BlockV { uid, rev: 0, state: StateV::Confirmed, owner, until: None, ..block }
}
