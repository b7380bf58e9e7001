//! A prefix that the cluster has lost comes back: create-only, for its own claimant, and by the same protocol.
//!
//! A claim that is there and has no prefix yet intends what it had, and its block is locked for it: the operator adopts,
//! verifies, confirms and binds it as after any crash. Without a claim the block comes back in quarantine, and a claimant
//! that stands finds it there when it claims anew.

use berth_crds::address::{BlockState, PrefixClaimStatus};
use berth_crds::{PrefixBlock, PrefixClaim, labels, names};
use jiff::Timestamp;

use super::quarantine;
use crate::address;
use crate::ledger::prefixes::Lost;

/// What is written for one lost prefix: first the intent, if a claim is there, then the lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The claim with its intent, to be written by compare-and-swap.
    pub intent: Option<PrefixClaim>,
    /// The block, to be created.
    pub block: PrefixBlock,
}

/// How a lost prefix comes back; `parent_uid` is of the live parent, `claim` is the live claim of the recorded name.
///
/// A prefix that was given and whose claim is gone is kept from others as if it were given up now: those who route it
/// have not been told.
pub fn import(lost: &Lost, parent_uid: &str, claim: Option<PrefixClaim>, now: Timestamp) -> Option<Import> {
    let cidr = address::parse(&lost.spec.cidr)?;
    let mut spec = lost.spec.clone();
    spec.parent_uid = parent_uid.to_owned();
    let given = spec.state != BlockState::Quarantined;
    let intent = claim.filter(|claim| given && waits_for(claim, lost)).map(|mut claim| {
        let status: &mut PrefixClaimStatus = claim.status.get_or_insert_default();
        status.candidate = Some(spec.cidr.clone());
        status.choice = Some(format!("{} was this claim's in the exported ledger and comes back.", spec.cidr));
        status.wish_refused = None;
        claim
    });
    match (&intent, given) {
        (Some(_), _) => spec.state = BlockState::Pending,
        (None, true) => {
            spec.state = BlockState::Quarantined;
            spec.quarantine_until = Some((now + quarantine(spec.level)).to_string());
        }
        (None, false) => {}
    }
    let mut block = PrefixBlock::new(&names::block(&spec.cidr), spec);
    block.metadata.labels = Some([(labels::ADDRESS_HEX.to_owned(), address::hex(cidr))].into());
    Some(Import { intent, block })
}

/// Whether a claim is the very one that had the prefix, and has none now.
fn waits_for(claim: &PrefixClaim, lost: &Lost) -> bool {
    claim.metadata.uid.as_deref() == Some(lost.spec.claim_ref.uid.as_str())
        && claim.metadata.deletion_timestamp.is_none()
        && claim.spec.claimant == lost.spec.claimant
        && claim.status.as_ref().is_none_or(|status| status.bound.is_none())
}
