//! Steps 6 and 8: a claim that is being deleted gives its block up. The block stays, and with it the lock.
//!
//! `Releasing` is written first: from then on nothing below can be confirmed. Only then children and users are
//! counted, and only a block without both goes to quarantine.

use berth_crds::address::{BlockState, PrefixLevel};
use berth_crds::{PrefixBlock, Reason, labels, names};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Call, Known, Memory, owns, say};

/// What is known about a block that is given up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaving {
    /// Whether the block was read in this run.
    pub looked: bool,
    /// Blocks numbered in it, counted after `Releasing` was written.
    pub children: Option<usize>,
    /// Objects that carry its addresses, counted after `Releasing` was written.
    pub users: Option<usize>,
}

/// How a block is given up further.
pub(crate) enum GiveUp {
    /// By this call.
    Next(Call),
    /// Not yet: something is numbered in it or carries its addresses.
    InUse,
    /// It is given up.
    Over,
}

/// The answer to the look at the claim's block.
pub(super) fn found(memory: &mut Memory, found: Option<PrefixBlock>) {
    memory.leaving.looked = true;
    memory.block = found.filter(|block| owns(&memory.claim, block));
}

/// The next call of a claim that is being deleted.
pub(super) fn next(memory: &Memory, known: &Known) -> Call {
    let status = memory.claim.status.as_ref();
    let bound = status.and_then(|s| s.bound.as_ref()).map(|b| b.cidr.as_str());
    let Some(cidr) = bound.or(memory.candidate()) else { return let_go(memory) };
    if !memory.leaving.looked {
        return Call::GetBlock(names::block(cidr));
    }
    match memory.block.as_ref().map_or(GiveUp::Over, |block| give_up(block, &memory.leaving)) {
        GiveUp::Next(call) => call,
        GiveUp::InUse => say(memory, known, Reason::StillInUse),
        GiveUp::Over => let_go(memory),
    }
}

/// The next call for a block that nobody is to have any longer.
pub(crate) fn give_up(block: &PrefixBlock, leaving: &Leaving) -> GiveUp {
    let mut next = block.clone();
    let call = match block.spec.state {
        // It was handed back and never confirmed: what was left of its quarantine goes on.
        BlockState::Pending if block.spec.quarantine_until.is_some() => {
            next.spec.state = BlockState::Quarantined;
            Call::WriteBlock(Box::new(next))
        }
        BlockState::Pending => Call::DeleteBlock(Box::new(next)),
        BlockState::Confirmed => {
            next.spec.state = BlockState::Releasing;
            Call::WriteBlock(Box::new(next))
        }
        BlockState::Releasing => match (leaving.children, leaving.users) {
            (None, _) => Call::ListChildren(Box::new(next)),
            (Some(0), None) => Call::ListUsers(block.spec.claimant.clone()),
            (Some(0), Some(0)) => {
                let until = server_time(&block.metadata) + quarantine(block.spec.level);
                next.spec.state = BlockState::Quarantined;
                next.spec.quarantine_until = Some(until.to_string());
                Call::WriteBlock(Box::new(next))
            }
            (Some(_), _) => return GiveUp::InUse,
        },
        BlockState::Quarantined => return GiveUp::Over,
    };
    GiveUp::Next(call)
}

fn let_go(memory: &Memory) -> Call {
    let mut claim = memory.claim.clone();
    let finalizers = claim.metadata.finalizers.get_or_insert_default();
    if !finalizers.iter().any(|f| f == labels::PREFIX_FINALIZER) {
        return Call::Done;
    }
    finalizers.retain(|f| f != labels::PREFIX_FINALIZER);
    Call::LetGo(Box::new(claim))
}

/// How long a block is kept from others (reference/ipv6.md §2.6): as long as other bodies need to take an agency's
/// prefix out of their firewalls, a month for one system's.
pub fn quarantine(level: PrefixLevel) -> SignedDuration {
    let days = match level {
        PrefixLevel::Agency | PrefixLevel::Commune => 90,
        PrefixLevel::System => 30,
    };
    SignedDuration::from_hours(24 * days)
}

/// The latest instant that the API server wrote into an object: deadlines never rest on a clock of ours.
///
/// `managedFields` carry the server's time of each manager's last change.
pub fn server_time(meta: &ObjectMeta) -> Timestamp {
    let writes = meta.managed_fields.iter().flatten().filter_map(|m| m.time.as_ref());
    let times = writes.chain(&meta.creation_timestamp).chain(&meta.deletion_timestamp);
    times.map(|t| t.0).max().unwrap_or(Timestamp::UNIX_EPOCH)
}
