//! The plan as a tree: root, a site's part, pool, agency, system, environment, leaf; each with what is used of it, what
//! is left and, in quarantine, until when.

use berth_crds::address::Assignment;
use ipnet::{IpNet, Ipv6Net};
use jiff::Timestamp;

use super::held::{Hold, Holding};
use super::view::View;
use crate::address;

/// Level of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A root of the plan.
    Root,
    /// What a site numbers from and announces.
    Site,
    /// A pool of agencies' blocks.
    Pool,
    /// An agency's block, of a department or a commune.
    Agency,
    /// A system's block.
    System,
    /// An environment's prefix.
    Environment,
    /// Prefix of a namespace's pods.
    Leaf,
    /// Assigned by another authority.
    Assignment,
}

/// One prefix of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The prefix.
    pub net: IpNet,
    /// Level.
    pub level: Level,
    /// Site, agency, plate, environment, namespace or network.
    pub name: String,
    /// Owner at the instant; of an agency's block the agency that it was numbered for.
    pub agency: Option<String>,
    /// Whether it is given up and kept from others.
    pub quarantined: bool,
    /// Held: since when. Quarantined: when it was given up.
    pub since: Option<Timestamp>,
    /// Until when it is kept from others.
    pub until: Option<Timestamp>,
    /// Log2 of how many prefixes of the next level fit: no count of a plan overflows so. `None` where nothing is counted.
    pub capacity_log2: Option<u8>,
    /// How many of them are held.
    pub used: u64,
    /// How many of them are in quarantine.
    pub kept: u64,
    /// Prefixes in it, in order of address.
    pub children: Vec<Node>,
}

impl Node {
    fn new(net: impl Into<IpNet>, level: Level, name: impl Into<String>) -> Self {
        Self {
            net: net.into(),
            level,
            name: name.into(),
            agency: None,
            quarantined: false,
            since: None,
            until: None,
            capacity_log2: None,
            used: 0,
            kept: 0,
            children: vec![],
        }
    }

    /// The children, counted: `next` is the length of the next level.
    fn counted(mut self, next: u8, mut children: Vec<Self>) -> Self {
        children.sort_by_key(|child| child.net);
        self.capacity_log2 = next.checked_sub(self.net.prefix_len());
        let (kept, used): (Vec<_>, Vec<_>) = children.iter().partition(|child| child.quarantined);
        (self.used, self.kept) = (count(used.len()), count(kept.len()));
        self.children = children;
        self
    }

    /// How many prefixes of the next level are left; saturates at the largest number.
    pub fn free(&self) -> Option<u64> {
        let all = 1u64.checked_shl(u32::from(self.capacity_log2?)).unwrap_or(u64::MAX);
        Some(all.saturating_sub(self.used).saturating_sub(self.kept))
    }

    /// The node and everything in it with its depth, from above.
    pub fn flat(&self) -> Vec<(usize, &Self)> {
        let below = self.children.iter().flat_map(Self::flat).map(|(depth, node)| (depth + 1, node));
        std::iter::once((0, self)).chain(below).collect()
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// The roots of the plan, then what other authorities assigned.
pub fn tree(view: &View) -> Vec<Node> {
    let roots = view.roots().into_iter().map(|net| root(view, net));
    let mut assigned: Vec<_> = view.assignments().collect();
    assigned.sort_by(|(a, one), (b, other)| (a, &one.network).cmp(&(b, &other.network)));
    let assigned = assigned.into_iter().map(|(net, assignment)| Node {
        agency: view.owner(assignment),
        ..Node::new(net, Level::Assignment, assigned_to(assignment))
    });
    roots.chain(assigned).collect()
}

/// The network, and what has the prefix in it besides an agency, which is shown as the owner.
fn assigned_to(assignment: &Assignment) -> String {
    let holder = &assignment.holder;
    let named = holder.environment_ref.as_ref().or(holder.tenant_ref.as_ref()).map(|reference| reference.name.as_str());
    let holder = named.or(holder.infrastructure.as_deref()).unwrap_or_default();
    format!("{} {holder}", assignment.network).trim_end().to_owned()
}

fn root(view: &View, net: Ipv6Net) -> Node {
    let parts = view.sites().into_iter().filter(|(part, _)| net.contains(part));
    let parts = parts.map(|(part, site)| site_part(view, part, &site)).collect();
    let of_plan = view.world.plan.as_ref().and_then(|plan| {
        let root = plan.spec.roots.iter().find(|root| root.cidr == net.to_string())?;
        root.authority.clone()
    });
    Node::new(net, Level::Root, of_plan.unwrap_or_default()).counted(address::bits(view.lengths().site), parts)
}

fn site_part(view: &View, net: Ipv6Net, site: &str) -> Node {
    let pools = view.pools(site).into_iter().filter(|pool| net.contains(pool)).map(|pool| of_pool(view, pool));
    Node::new(net, Level::Site, site).counted(address::bits(view.lengths().pool), pools.collect())
}

fn of_pool(view: &View, net: Ipv6Net) -> Node {
    let blocks: Vec<_> = view.held().filter(|(holding, _)| net.contains(&holding.net)).collect();
    let agencies = blocks.iter().filter(|(holding, _)| holding.tenant().is_none());
    let agencies: Vec<Node> = agencies.map(|(holding, hold)| of_agency(view, holding, *hold)).collect();
    // Blocks of a pool have one length, the next level's.
    let length = agencies.iter().map(|node| node.net.prefix_len()).max();
    let communes = view.world.plan.as_ref().is_some_and(|plan| {
        let digit = format!("{:x}", (u128::from(net.network()) >> (128 - u32::from(net.prefix_len()))) & 0xf);
        plan.spec.commune_pools.contains(&digit)
    });
    let lengths = view.lengths();
    let usual = if communes { lengths.commune } else { lengths.agency };
    Node::new(net, Level::Pool, "").counted(length.unwrap_or(address::bits(usual)), agencies)
}

fn of_agency(view: &View, holding: &Holding, hold: Hold) -> Node {
    let inside = view.held().filter(|(below, _)| below.tenant().is_some() && holding.net.contains(&below.net));
    let systems = inside.map(|(below, hold)| of_system(view, below, hold)).collect();
    let agency = holding.agency().unwrap_or_default();
    let node = Node { agency: Some(agency.to_owned()), ..Node::new(holding.net, Level::Agency, agency) };
    standing(node, holding, hold).counted(address::bits(view.lengths().system), systems)
}

fn standing(node: Node, holding: &Holding, hold: Hold) -> Node {
    let quarantined = hold == Hold::Quarantined;
    let (since, until) = if quarantined { (holding.until, holding.free_from) } else { (holding.since, None) };
    Node { quarantined, since, until, ..node }
}

fn of_system(view: &View, holding: &Holding, hold: Hold) -> Node {
    let plate = holding.tenant().unwrap_or_default();
    let places = if hold == Hold::Held { view.places(plate) } else { vec![] };
    let agency = view.system(plate).agency;
    let owned = |node| Node { agency: agency.clone(), ..node };
    let environments = places.into_iter().filter_map(|place| {
        let net = view.environment(holding.net, place.kind)?;
        let stands = view.world.register.environments.get(&place.name);
        let leaves = stands
            .into_iter()
            .flat_map(|e| e.status.iter().flat_map(|s| &s.namespaces))
            .filter_map(|n| Some(owned(Node::new(address::parse(n.prefix.as_deref()?)?, Level::Leaf, &n.name))));
        let node = Node { since: place.since, ..Node::new(net, Level::Environment, &place.name) };
        Some(owned(node).counted(address::bits(view.lengths().leaf), leaves.collect()))
    });
    let environments: Vec<Node> = environments.collect();
    let next = address::bits(view.lengths().environment);
    standing(owned(Node::new(holding.net, Level::System, plate)), holding, hold).counted(next, environments)
}

/// Only what concerns the agencies that are seen, and what lies above it; counts of what is above are not shown.
pub fn seen_by(nodes: Vec<Node>, sees: &impl Fn(&str) -> bool) -> Vec<Node> {
    let mut kept = Vec::new();
    for node in nodes {
        let own = node.agency.as_deref().is_some_and(sees);
        if own && node.level != Level::Agency {
            kept.push(node);
            continue;
        }
        let children = seen_by(node.children, sees);
        if own || !children.is_empty() {
            // An agency's block may have systems of others in it: what is counted there is not all theirs.
            kept.push(Node {
                agency: node.agency.filter(|agency| sees(agency)),
                children,
                ..Node::new(node.net, node.level, if own { node.name } else { String::new() })
            });
        }
    }
    kept
}
