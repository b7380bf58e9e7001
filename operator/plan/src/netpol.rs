//! What NetworkPolicies come to: may this source reach that destination, on this port, in this family — and which policy says
//! so. The semantics are those of `networking.k8s.io/v1` (KEP-2079 for `endPort`, the API's own defaulting for
//! `policyTypes`), held to the scenarios of Kubernetes' own `test/e2e/network/netpol`.
//!
//! Three things the API leaves to the network are arguments here, not assumptions: whether an `ipBlock` also matches pods
//! ([`Blocks`]; Cilium's does not, measured), what a pod's addresses are, and whether an end is the node itself (whose
//! traffic to its own pods nothing may stop). ICMP and neighbour discovery are outside of the API and of this module.
//!
//! [`lint`] judges text instead of traffic: every `ipBlock` rule for both families, or an explicit "none for this family".

mod ends;
mod lint;
mod rules;

use std::net::IpAddr;

use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicySpec};
use kube::ResourceExt;

pub use ends::{Blocks, End, Family, NamedPort, Pod, Protocol};
pub use lint::{Finding, lint};

/// One attempt to connect.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Who connects.
    pub from: &'a End,
    /// To whom.
    pub to: &'a End,
    /// Transport.
    pub protocol: Protocol,
    /// Destination port.
    pub port: u16,
    /// Address family.
    pub family: Family,
}

/// What the policies of one end say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// No policy selects it in this direction: everything passes.
    NotIsolated,
    /// This policy has a rule for it, as `namespace/name`.
    AllowedBy(String),
    /// These select it and none has a rule for it.
    DeniedBy(Vec<String>),
    /// A pod and itself, a node and its own pods: no policy applies.
    Exempt,
}

/// The answer to an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One end has no address in the family.
    NoAddress,
    /// What each end's policies say; both must let it pass.
    Judged {
        /// Egress of the source.
        leaving: Judgement,
        /// Ingress of the destination.
        entering: Judgement,
    },
}

impl Judgement {
    fn open(&self) -> bool {
        !matches!(self, Self::DeniedBy(_))
    }
}

impl Verdict {
    /// Whether the connection is made.
    pub fn open(&self) -> bool {
        match self {
            Self::NoAddress => false,
            Self::Judged { leaving, entering } => leaving.open() && entering.open(),
        }
    }
}

/// Directions of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ingress,
    Egress,
}

/// Judges an attempt by all policies of the cluster.
pub fn judge(policies: &[NetworkPolicy], attempt: &Attempt, blocks: Blocks) -> Verdict {
    let (Some(source), Some(destination)) = (attempt.from.address(attempt.family), attempt.to.address(attempt.family))
    else {
        return Verdict::NoAddress;
    };
    let addresses = (source, destination);
    Verdict::Judged {
        leaving: side(policies, attempt, Direction::Egress, addresses, blocks),
        entering: side(policies, attempt, Direction::Ingress, addresses, blocks),
    }
}

fn side(
    policies: &[NetworkPolicy],
    attempt: &Attempt,
    direction: Direction,
    (source, destination): (IpAddr, IpAddr),
    blocks: Blocks,
) -> Judgement {
    let (subject, peer, address) = match direction {
        Direction::Ingress => (attempt.to, attempt.from, source),
        Direction::Egress => (attempt.from, attempt.to, destination),
    };
    let End::Pod(pod) = subject else { return Judgement::NotIsolated };
    if attempt.from == attempt.to || (direction == Direction::Ingress && *peer == End::OwnNode(address)) {
        return Judgement::Exempt;
    }
    let isolating: Vec<(&NetworkPolicy, &NetworkPolicySpec)> = policies
        .iter()
        .filter_map(|p| Some((p, p.spec.as_ref()?)))
        .filter(|(p, spec)| rules::selects(p, spec, pod) && rules::covers(spec, direction))
        .collect();
    if isolating.is_empty() {
        return Judgement::NotIsolated;
    }
    let seen = rules::Seen { peer, address, attempt, blocks };
    let allowing = isolating.iter().find(|(p, spec)| seen.allowed(spec, direction, &p.namespace().unwrap_or_default()));
    match allowing {
        Some((policy, _)) => Judgement::AllowedBy(full_name(policy)),
        None => Judgement::DeniedBy(isolating.into_iter().map(|(p, _)| full_name(p)).collect()),
    }
}

fn full_name(policy: &NetworkPolicy) -> String {
    format!("{}/{}", policy.namespace().unwrap_or_default(), policy.name_any())
}
