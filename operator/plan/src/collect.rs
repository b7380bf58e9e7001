//! Step 7: the collector. It takes away blocks that no claim is about to bind or has bound, and those whose quarantine
//! is over.
//!
//! It reads the block, *then* the claim, and every write carries the block's UID and resourceVersion: an adoption in
//! between changes the block, and the write misses. A Confirmed block may carry live addresses whoever lost its claim:
//! it goes through the same release as a claim's own, quarantine included.

use berth_crds::address::BlockState;
use berth_crds::{PrefixBlock, PrefixClaim, Reason};
use jiff::Timestamp;

use crate::claim::{Answer, Call, GiveUp, Leaving, give_up, owns, server_time, touch};

/// What the collector's own calls have shown so far.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Name of the block.
    pub name: String,
    /// The block as last read or written.
    pub block: Option<PrefixBlock>,
    /// How far its giving up is.
    pub leaving: Leaving,
    /// Whether the API server was asked for its time.
    pub asked: bool,
}

impl Sweep {
    /// Begins to look at a block.
    pub fn new(name: String) -> Self {
        Self { name, block: None, leaving: Leaving::default(), asked: false }
    }
}

/// Takes the last answer in and says what to do next. A conflict is no answer: somebody adopted the block.
pub fn step(sweep: &mut Sweep, now: Timestamp, answer: Answer) -> Call {
    match answer {
        Answer::Start => return Call::GetBlock(sweep.name.clone()),
        Answer::Found(None) | Answer::Deleted => return Call::Done,
        Answer::Found(Some(block)) => {
            let call = Call::GetClaim(block.spec.claim_ref.name.clone());
            let quarantined = block.spec.state == BlockState::Quarantined;
            sweep.block = Some(*block);
            if !quarantined {
                return call;
            }
        }
        Answer::FoundClaim(claim) => {
            if sweep.block.as_ref().is_some_and(|block| is_wanted(block, claim.as_deref())) {
                return Call::Done;
            }
        }
        Answer::Block(block) => sweep.block = Some(*block),
        Answer::Children(n) => sweep.leaving.children = Some(n),
        Answer::Users(n) => sweep.leaving.users = Some(n),
        Answer::Claim(_) | Answer::Taken | Answer::Plan(_) | Answer::Parent(_) => {}
    }
    let Some(block) = &sweep.block else { return Call::Done };
    match give_up(block, &sweep.leaving) {
        GiveUp::Next(call) => call,
        GiveUp::InUse => Call::Wait(Reason::StillInUse),
        GiveUp::Over => expire(block, now, &mut sweep.asked),
    }
}

/// Whether a block is its claim's business. One that is being released by its own claim is, too.
///
/// A claim that is bound elsewhere, or intends another prefix, no longer wants it: to bind it later, the claim must
/// intend it again and touch it first.
pub fn is_wanted(block: &PrefixBlock, claim: Option<&PrefixClaim>) -> bool {
    let Some(claim) = claim.filter(|claim| owns(claim, block)) else { return false };
    let Some(status) = &claim.status else { return false };
    match &status.bound {
        Some(bound) => Some(bound.block_uid.as_str()) == block.metadata.uid.as_deref(),
        None => status.candidate.as_deref() == Some(block.spec.cidr.as_str()),
    }
}

/// The end of a quarantine. Our clock only says when to ask: a touch makes the API server tell its own.
fn expire(block: &PrefixBlock, now: Timestamp, asked: &mut bool) -> Call {
    let until = block.spec.quarantine_until.as_deref().and_then(|t| t.parse::<Timestamp>().ok());
    let Some(until) = until else { return Call::Wait(Reason::InvalidSpec) };
    if now < until {
        return Call::After(now.duration_until(until));
    }
    let server = server_time(&block.metadata);
    if server >= until {
        return Call::DeleteBlock(Box::new(block.clone()));
    }
    if std::mem::replace(asked, true) { Call::After(server.duration_until(until)) } else { touch(block) }
}
