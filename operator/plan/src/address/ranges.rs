//! What the platform keeps for itself: ranges that are never given, and pools that are withheld because they meet one.

use std::collections::BTreeSet;
use std::fmt;

use berth_crds::address::{PrefixLevel, RangePurpose};
use berth_crds::{AddressPlan, AddressPlanSpec};
use ipnet::{IpNet, Ipv6Net};

use super::{assignable, overlap, parse_any, pools};

/// A range of the platform that meets a pool of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The pool.
    pub pool: Ipv6Net,
    /// The range.
    pub range: IpNet,
    /// What the range is for.
    pub purpose: RangePurpose,
    /// Whether an object of the cluster says so, not the plan.
    pub live: bool,
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pool, range, .. } = self;
        let of = match self.purpose {
            RangePurpose::Nodes => "nodes",
            RangePurpose::Pods => "pods",
            RangePurpose::Services => "Services",
            RangePurpose::Infrastructure => "the infrastructure",
        };
        let how = if self.live { "is in use by" } else { "is reserved for" };
        write!(f, "{range} {how} {of} and meets the pool {pool}")
    }
}

/// Ranges of the platform, each with its purpose and whether the cluster shows it: those of the plan, then the live ones.
fn ranges(plan: &AddressPlan) -> impl Iterator<Item = (IpNet, RangePurpose, bool)> {
    let declared = plan.spec.reservations.iter().filter_map(|r| Some((parse_any(&r.cidr)?, r.purpose, false)));
    let live = plan.status.iter().flat_map(|s| &s.cluster_ranges);
    declared.chain(live.filter_map(|r| Some((parse_any(&r.cidr)?, r.purpose, true))))
}

/// IPv6 ranges that are never given, as the plan and its status name them.
pub fn reserved(plan: &AddressPlan) -> BTreeSet<Ipv6Net> {
    let v6 = |net| if let IpNet::V6(net) = net { Some(net) } else { None };
    ranges(plan).filter_map(|(range, ..)| v6(range)).collect()
}

/// Where ranges of the platform meet space from which agencies are numbered. A plan with one is refused: what stands
/// stays, and the pool that is met gives nothing new.
pub fn clashes(plan: &AddressPlan) -> Vec<Clash> {
    let pools = assignable(&plan.spec);
    let meets = |range: IpNet| pools.iter().copied().filter(move |pool| overlap(range, IpNet::V6(*pool)));
    ranges(plan)
        .flat_map(|(range, purpose, live)| meets(range).map(move |pool| Clash { pool, range, purpose, live }))
        .collect()
}

/// Whether the plan as it is now was held against the cluster's own ranges: nothing is chosen before.
pub fn is_judged(plan: &AddressPlan) -> bool {
    plan.status
        .as_ref()
        .is_some_and(|s| s.observed_generation.is_some() && s.observed_generation == plan.metadata.generation)
}

/// Whether a range meets space of the plan: a root, whatever of it is assigned.
pub fn meets_root(plan: &AddressPlanSpec, range: IpNet) -> bool {
    plan.roots.iter().filter_map(|root| parse_any(&root.cidr)).any(|root| overlap(root, range))
}

/// Pools that may still give blocks: those of the plan without the ones that meet a range of the platform.
pub fn open_pools(plan: &AddressPlan, site_digit: &str, level: PrefixLevel) -> Vec<Ipv6Net> {
    let reserved = reserved(plan);
    let met = |pool: &Ipv6Net| reserved.iter().any(|range| overlap(IpNet::V6(*range), IpNet::V6(*pool)));
    pools(&plan.spec, site_digit, level).into_iter().filter(|pool| !met(pool)).collect()
}
