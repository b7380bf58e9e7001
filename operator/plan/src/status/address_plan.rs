//! AddressPlan → its status: what is due for its roots, which ranges of the cluster meet it, whether it is in use.

use std::net::IpAddr;

use berth_crds::address::{
    AddressPlanStatus, AddressRoot, ClusterRange, PlanUse, RangePurpose, RootKind, UnannouncedRoot,
};
use berth_crds::condition::{self, Is};
use berth_crds::{AddressPlan, ConditionType, Reason};
use ipnet::IpNet;
use jiff::Span;
use jiff::civil::Date;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::networking::v1::ServiceCIDR;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{address, day};

/// Months after which a registered prefix that is not announced may be revoked (VNNIC, procedure of registration [D]).
const REVOKED_AFTER: i32 = 6;
/// Months after which somebody should act (reference/ipv6.md §4.3, K1).
const WARNED_AFTER: i32 = 5;
/// Most ranges of the cluster that are shown.
const MOST_RANGES: usize = 64;
/// Most sentences of one kind in a message.
const MOST_TOLD: usize = 4;

/// What was seen besides the plan.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Ranges that objects of the cluster use.
    pub ranges: Vec<(IpNet, RangePurpose)>,
    /// Whether a block exists, in any state.
    pub blocks: bool,
}

impl Seen {
    /// What the cluster's own objects show: Services have the ranges of ServiceCIDRs (KEP-1880), pods those of their nodes,
    /// and a node is reached under its addresses.
    pub fn of(services: &[ServiceCIDR], nodes: &[Node], blocks: bool) -> Self {
        let net = |text: &String| text.parse::<IpNet>().ok().map(|net| net.trunc());
        let services = services.iter().filter_map(|s| s.spec.as_ref()?.cidrs.as_ref()).flatten().filter_map(net);
        let pods = nodes.iter().filter_map(|n| n.spec.as_ref()?.pod_cidrs.as_ref()).flatten().filter_map(net);
        let addresses = nodes.iter().filter_map(|n| n.status.as_ref()?.addresses.as_ref()).flatten();
        let own = addresses.filter_map(|a| a.address.parse::<IpAddr>().ok()).map(IpNet::from);
        let ranges = services.map(|net| (net, RangePurpose::Services));
        let ranges = ranges.chain(pods.map(|net| (net, RangePurpose::Pods)));
        Self { ranges: ranges.chain(own.map(|net| (net, RangePurpose::Nodes))).collect(), blocks }
    }
}

/// The status of a plan on a day.
pub fn judge(plan: &AddressPlan, seen: &Seen, today: Date, now: &Time) -> AddressPlanStatus {
    let mut status = plan.status.clone().unwrap_or_default();
    let generation = plan.metadata.generation;
    status.observed_generation = generation;
    status.use_ = Some(if seen.blocks { PlanUse::InUse } else { PlanUse::Unused });
    status.cluster_ranges = shown(plan, &seen.ranges);
    let due = due(plan, today);
    status.unannounced = due.iter().map(Due::shown).collect();
    status.announce_by = due.iter().filter_map(|d| d.by).min().map(|by| by.to_string());
    let clashes = address::clashes(&AddressPlan { status: Some(status.clone()), ..plan.clone() });
    let bad = unreadable(plan);
    let clashing = sentences(clashes.iter().map(ToString::to_string));
    let (reason, message) = if let Some(bad) = bad {
        (Reason::InvalidSpec, format!("{} {bad}", Reason::InvalidSpec.en()))
    } else if clashes.is_empty() {
        (Reason::Ready, Reason::Ready.en().to_owned())
    } else {
        (Reason::AddressPlanRefused, format!("{} {clashing}", Reason::AddressPlanRefused.en()))
    };
    let apart = if clashes.is_empty() { Reason::RangesApart } else { Reason::RangesOverlap };
    let (announced, told) = announced(plan, &due);
    let mut set = |type_, is, reason: Reason, message: &str| {
        condition::set(&mut status.conditions, type_, is, reason, message, generation, now);
    };
    set(ConditionType::Ready, Is::from(reason == Reason::Ready), reason, &message);
    set(ConditionType::Reconciling, Is::False, reason, &message);
    set(ConditionType::Stalled, Is::from(reason != Reason::Ready), reason, &message);
    set(
        ConditionType::RangesApart,
        Is::from(clashes.is_empty()),
        apart,
        format!("{} {clashing}", apart.en()).trim_end(),
    );
    set(ConditionType::Announced, Is::from(announced == Reason::RootsAnnounced), announced, &told);
    status
}

/// A root that is registered and not announced on the day.
struct Due {
    cidr: String,
    by: Option<Date>,
    state: Reason,
}

impl Due {
    fn shown(&self) -> UnannouncedRoot {
        UnannouncedRoot { cidr: self.cidr.clone(), announce_by: self.by.map(|by| by.to_string()) }
    }
}

/// Documentation space is assigned by nobody, and a provider's prefix is announced by the provider.
fn due(plan: &AddressPlan, today: Date) -> Vec<Due> {
    let independent = plan.spec.roots.iter().filter(|r| r.kind == RootKind::Independent);
    let announced = |root: &AddressRoot| {
        root.first_announced_on.as_deref().and_then(day::parse).is_some_and(|first| first <= today)
    };
    independent
        .filter(|root| !announced(root))
        .map(|root| {
            let registered = root.registered_on.as_deref().and_then(day::parse);
            let after = |months| registered.map(|day| day.saturating_add(Span::new().months(months)));
            let state = match (after(WARNED_AFTER), after(REVOKED_AFTER)) {
                (_, Some(by)) if today > by => Reason::AnnouncementOverdue,
                (Some(warned), _) if today >= warned => Reason::AnnouncementDue,
                (Some(_), _) => Reason::AnnouncementPending,
                (None, _) => Reason::RegistrationUnknown,
            };
            Due { cidr: root.cidr.clone(), by: after(REVOKED_AFTER), state }
        })
        .collect()
}

/// The worst of the roots, and each with its day.
fn announced(plan: &AddressPlan, due: &[Due]) -> (Reason, String) {
    let worst = [
        Reason::AnnouncementOverdue,
        Reason::AnnouncementDue,
        Reason::RegistrationUnknown,
        Reason::AnnouncementPending,
    ]
    .into_iter()
    .find(|state| due.iter().any(|d| d.state == *state));
    let registered = plan.spec.roots.iter().any(|r| r.kind != RootKind::Documentation);
    let reason = worst.unwrap_or(if registered { Reason::RootsAnnounced } else { Reason::NoRegisteredRoot });
    let told = due.iter().map(|d| match d.by {
        Some(by) => format!("{}: announce it by {by} and enter `firstAnnouncedOn`", d.cidr),
        None => format!("{}: enter `registeredOn`", d.cidr),
    });
    (reason, format!("{} {}", reason.en(), sentences(told)).trim_end().to_owned())
}

/// The first few as sentences, and how many more there are.
fn sentences(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(MOST_TOLD);
    let told: Vec<String> = all.into_iter().take(MOST_TOLD).map(|text| format!("{text}.")).collect();
    if more == 0 { told.join(" ") } else { format!("{} And {more} more.", told.join(" ")) }
}

/// A date that is none.
fn unreadable(plan: &AddressPlan) -> Option<String> {
    plan.spec.roots.iter().find_map(|root| {
        let dates = [("registeredOn", &root.registered_on), ("firstAnnouncedOn", &root.first_announced_on)];
        let (field, text) =
            dates.into_iter().find(|(_, text)| text.as_deref().is_some_and(|t| day::parse(t).is_none()))?;
        Some(format!("`{field}` {:?} of {} is no date.", text.as_deref().unwrap_or_default(), root.cidr))
    })
}

/// The cluster's ranges, neighbours as one, those that meet a root first.
fn shown(plan: &AddressPlan, ranges: &[(IpNet, RangePurpose)]) -> Vec<ClusterRange> {
    use RangePurpose::{Infrastructure, Nodes, Pods, Services};
    let mut all = Vec::new();
    for purpose in [Services, Pods, Nodes, Infrastructure] {
        let of: Vec<IpNet> = ranges.iter().filter(|(_, p)| *p == purpose).map(|(net, _)| net.trunc()).collect();
        all.extend(IpNet::aggregate(&of).into_iter().map(|net| (net, purpose)));
    }
    all.sort_by_key(|(net, purpose)| (!address::meets_root(&plan.spec, *net), *purpose, *net));
    all.truncate(MOST_RANGES);
    all.into_iter().map(|(net, purpose)| ClusterRange { cidr: net.to_string(), purpose }).collect()
}
