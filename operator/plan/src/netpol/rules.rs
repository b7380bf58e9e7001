//! Rules: who is selected, who is a peer, which ports are open.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::{Attempt, Blocks, Direction, End, Pod};

/// Whether a policy is about a pod: one of its namespace that its selector picks (an absent selector picks all).
pub(super) fn selects(policy: &NetworkPolicy, spec: &NetworkPolicySpec, pod: &Pod) -> bool {
    policy.namespace().as_deref() == Some(&pod.namespace)
        && spec.pod_selector.as_ref().is_none_or(|s| picks(s, &pod.labels))
}

/// Whether a policy isolates in a direction. Without types it is about ingress, and about egress if it has a rule for it
/// (the API's own defaulting: an empty `egress` is none).
pub(super) fn covers(spec: &NetworkPolicySpec, direction: Direction) -> bool {
    let types = spec.policy_types.as_deref().unwrap_or_default();
    let named = |name: &str| types.iter().any(|t| t == name);
    match direction {
        Direction::Ingress => types.is_empty() || named("Ingress"),
        Direction::Egress if types.is_empty() => spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
        Direction::Egress => named("Egress"),
    }
}

/// Whether a selector picks labels; an empty one picks everything.
fn picks(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let equal = selector.match_labels.iter().flatten().all(|(k, v)| labels.get(k) == Some(v));
    equal && selector.match_expressions.iter().flatten().all(|e| meets(e, labels))
}

fn meets(expression: &LabelSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let value = labels.get(&expression.key);
    let listed = |v: &String| expression.values.iter().flatten().any(|one| one == v);
    match expression.operator.as_str() {
        "In" => value.is_some_and(listed),
        "NotIn" => !value.is_some_and(listed),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        // The API server refuses others; picking nothing opens nothing.
        _ => false,
    }
}

/// An attempt as one side sees it.
pub(super) struct Seen<'a> {
    /// The other end.
    pub peer: &'a End,
    /// Its address in the family.
    pub address: IpAddr,
    /// The attempt.
    pub attempt: &'a Attempt<'a>,
    /// What an `ipBlock` matches.
    pub blocks: Blocks,
}

impl Seen<'_> {
    /// Whether some rule of a policy lets it pass.
    pub fn allowed(&self, spec: &NetworkPolicySpec, direction: Direction, namespace: &str) -> bool {
        let one = |peers: Option<&Vec<NetworkPolicyPeer>>, ports: Option<&Vec<NetworkPolicyPort>>| {
            let peers = peers.map(Vec::as_slice).unwrap_or_default();
            let ports = ports.map(Vec::as_slice).unwrap_or_default();
            // An absent or empty list in a rule restricts nothing; an absent or empty list of rules opens nothing.
            (peers.is_empty() || peers.iter().any(|p| self.is_peer(p, namespace)))
                && (ports.is_empty() || ports.iter().any(|p| self.is_port(p)))
        };
        match direction {
            Direction::Ingress => spec.ingress.iter().flatten().any(|r| one(r.from.as_ref(), r.ports.as_ref())),
            Direction::Egress => spec.egress.iter().flatten().any(|r| one(r.to.as_ref(), r.ports.as_ref())),
        }
    }

    fn is_peer(&self, peer: &NetworkPolicyPeer, namespace: &str) -> bool {
        if let Some(block) = &peer.ip_block {
            let reachable = self.blocks == Blocks::MatchPods || !matches!(self.peer, End::Pod(_));
            return reachable && within(block, self.address);
        }
        let End::Pod(pod) = self.peer else { return false };
        let here = match &peer.namespace_selector {
            Some(selector) => picks(selector, &pod.namespace_labels),
            None => pod.namespace == namespace,
        };
        // A peer that says nothing at all is refused by the API server.
        (peer.namespace_selector.is_some() || peer.pod_selector.is_some())
            && here
            && peer.pod_selector.as_ref().is_none_or(|s| picks(s, &pod.labels))
    }

    fn is_port(&self, wanted: &NetworkPolicyPort) -> bool {
        let Attempt { protocol, port, to, .. } = *self.attempt;
        if wanted.protocol.as_deref().unwrap_or("TCP") != protocol.as_str() {
            return false;
        }
        let port = i32::from(port);
        match &wanted.port {
            None => true,
            Some(IntOrString::Int(first)) => (*first..=wanted.end_port.unwrap_or(*first)).contains(&port),
            // Names are the destination pod's in both directions; outside of pods there are none.
            Some(IntOrString::String(name)) => match to {
                End::Pod(pod) => {
                    pod.ports.iter().any(|p| p.name == *name && p.protocol == protocol && i32::from(p.port) == port)
                }
                End::Outside(_) | End::OwnNode(_) => false,
            },
        }
    }
}

fn within(block: &IPBlock, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let holds = |cidr: &String| cidr.parse::<IpNet>().is_ok_and(|net| net.contains(&address));
    holds(&block.cidr) && !block.except.iter().flatten().any(holds)
}
