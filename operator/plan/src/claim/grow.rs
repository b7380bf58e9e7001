//! Growing: blocks are never resized. An agency whose blocks are full claims a further one, beside the first if that is
//! free, so that routers may announce both as one (reference/ipv6.md §2.3).
//!
//! A further block is a claim like any other and goes through the same protocol. Its name follows from the number of
//! blocks, so that everybody who finds the agency full at once makes the same claim.

use std::collections::BTreeSet;

use berth_crds::common::NameRef;
use berth_crds::{PrefixClaim, PrefixClaimSpec, labels, names};
use ipnet::Ipv6Net;
use kube::ResourceExt;

use crate::address;

/// Most blocks of one agency; more is an agency that needs another place in the plan.
pub const MOST_BLOCKS: usize = 16;

/// The claim for a further block of `length`-long children, when every block of the agency is full.
///
/// `blocks` are the agency's claims in order, the first one first. While one of them has no block yet, more room is on its
/// way; `taken` is a hint, and one that is too large costs a block early. A block inside a range of the platform
/// (`reserved`) has no room, whatever stands in it.
pub fn further(
    blocks: &[&PrefixClaim],
    length: u8,
    taken: &BTreeSet<Ipv6Net>,
    reserved: &BTreeSet<Ipv6Net>,
) -> Option<PrefixClaim> {
    let first = blocks.first().filter(|_| blocks.len() < MOST_BLOCKS)?;
    if blocks.iter().any(|claim| claim.metadata.deletion_timestamp.is_some()) {
        return None;
    }
    let bound = |claim: &&PrefixClaim| address::parse(&claim.status.as_ref()?.bound.as_ref()?.cidr);
    let mut parents: Vec<Ipv6Net> = blocks.iter().map(bound).collect::<Option<_>>()?;
    parents.retain(|parent| !reserved.iter().any(|range| range.contains(parent)));
    let taken: BTreeSet<Ipv6Net> = taken.union(reserved).copied().collect();
    if address::choose(&parents, length, &taken).is_some() {
        return None;
    }
    let name = names::grown_claim(&first.name_any(), blocks.len() + 1);
    let spec = PrefixClaimSpec {
        grows_claim_ref: Some(NameRef::to(first.name_any())),
        requested_cidr: None,
        ..first.spec.clone()
    };
    let mut claim = PrefixClaim::new(&name, spec);
    claim.metadata.finalizers = Some(vec![labels::PREFIX_FINALIZER.to_owned()]);
    Some(claim)
}
